//! Memory for segments, without holes.
//!
//! As a table grows, nearly all its segments move from one size to the next. An allocator with
//! size classes would keep the pages of the old size until their last block is free. Here the
//! last segment of a size moves into the place that becomes free, so that memory is always dense.
//!
//! Invariants: the segments of a size have the indices `0..len`, each is `Header::index` of the
//! segment there, and all but the last chunk in use are full.

use std::alloc::{GlobalAlloc, Layout, handle_alloc_error};
use std::ptr::NonNull;

use stdx::alloc::{UNCOUNTED, adjust};

use super::bucket::Bucket;
use super::segment::{Header, LINES, Segment};

/// Segments come in chunks of this size.
const CHUNK_BYTES: usize = 64 * 1024;

/// Smaller segments than this are rare: each has a chunk of its own.
const POOLED_LINES_MIN: usize = 64;

/// Segments of all sizes.
#[derive(Default)]
pub(super) struct Pool {
    /// In the order of [`LINES`].
    sizes: [Size; LINES.len()],
}

#[derive(Default)]
struct Size {
    chunks: Vec<NonNull<u8>>,
    len: usize,
}

/// Bytes of a segment with its header.
fn segment_bytes(count: usize) -> usize {
    size_of::<Header>() + count * size_of::<Bucket>()
}

fn segments_per_chunk(count: usize) -> usize {
    if count + 1 < POOLED_LINES_MIN { 1 } else { CHUNK_BYTES / segment_bytes(count) }
}

fn chunk_layout(count: usize) -> Layout {
    let segments = segments_per_chunk(count);
    // mimalloc wastes nothing on whole pages of the system.
    let (bytes, align) = match segments {
        1 => (segment_bytes(count), align_of::<Bucket>()),
        _ => (CHUNK_BYTES, 4096),
    };
    Layout::from_size_align(bytes, align).expect("chunks are small")
}

impl Size {
    /// Where the segment with `index` is.
    fn place(&self, count: usize, index: usize) -> NonNull<u8> {
        let per_chunk = segments_per_chunk(count);
        let chunk = self.chunks[index / per_chunk];
        // SAFETY: the chunk holds that many segments.
        unsafe { chunk.add(index % per_chunk * segment_bytes(count)) }
    }
}

impl Pool {
    fn size_mut(&mut self, count: usize) -> &mut Size {
        let index = LINES.iter().position(|lines| *lines == count + 1);
        &mut self.sizes[index.expect("segments have one of these sizes")]
    }

    /// A new, empty segment.
    pub(super) fn allocate(
        &mut self,
        count: usize,
        prefix: u64,
        depth: u32,
        version: u16,
    ) -> Segment {
        let size = self.size_mut(count);
        let index = size.len;
        size.len += 1;
        if index / segments_per_chunk(count) == size.chunks.len() {
            let layout = chunk_layout(count);
            // SAFETY: the layout is not empty.
            let chunk = unsafe { UNCOUNTED.alloc(layout) };
            size.chunks.push(NonNull::new(chunk).unwrap_or_else(|| handle_alloc_error(layout)));
        }
        adjust(segment_bytes(count) as isize);
        // SAFETY: the header is as large as a bucket, and lies in the chunk.
        let first = unsafe { size.place(count, index).cast::<Bucket>().add(1) };
        let segment = Segment::new(first, count, depth);
        segment.initialise(prefix, version, index as u32);
        segment
    }

    /// Frees a segment. If another has moved into its place, answers that one, as it is now: the
    /// directory must be told.
    #[must_use]
    pub(super) fn free(&mut self, segment: Segment) -> Option<Segment> {
        let count = segment.count();
        let index = segment.header().index.get() as usize;
        let size = self.size_mut(count);
        size.len -= 1;
        adjust(-(segment_bytes(count) as isize));
        let moved = (index != size.len).then(|| {
            let last = size.place(count, size.len);
            // SAFETY: both are places of segments of this size, and not the same.
            unsafe { segment.block().copy_from_nonoverlapping(last, segment_bytes(count)) };
            let header = segment.header();
            header.index.set(index as u32);
            Segment::new(
                // SAFETY: the first bucket follows the header.
                unsafe { segment.block().cast::<Bucket>().add(1) },
                count,
                u32::from(header.depth),
            )
        });
        if size.len.is_multiple_of(segments_per_chunk(count)) {
            free_chunk(size.chunks.pop(), count);
        }
        moved
    }
}

fn free_chunk(chunk: Option<NonNull<u8>>, count: usize) {
    let chunk = chunk.expect("there are more chunks than needed");
    // SAFETY: allocated with this layout; no segment is left in it.
    unsafe { UNCOUNTED.dealloc(chunk.as_ptr(), chunk_layout(count)) };
}

impl Drop for Pool {
    fn drop(&mut self) {
        for (lines, size) in LINES.iter().zip(&mut self.sizes) {
            let count = lines - 1;
            adjust(-((size.len * segment_bytes(count)) as isize));
            while !size.chunks.is_empty() {
                free_chunk(size.chunks.pop(), count);
            }
        }
    }
}
