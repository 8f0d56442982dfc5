//! Growing, splitting, joining and shrinking.

use std::ptr::NonNull;

use super::directory::Directory;
use super::page::{self, Page};
use super::{Segment, Table, hash, item};

/// A page with more items is split.
const COUNT_MAX: usize = 64;
/// A page with more bytes of items is split.
const DATA_BYTES_MAX: usize = 4096;
/// Two pages are joined when both together have no more.
const JOINED_COUNT_MAX: usize = COUNT_MAX * 5 / 8;
const JOINED_BYTES_MAX: usize = DATA_BYTES_MAX * 5 / 8;
/// A segment with as many slots, as a power of two, is split.
const SEGMENT_BITS_MAX: u8 = 9;
/// Pages of this depth are not split: no keyed hash has so many equal bits in so many items.
const DEPTH_MAX: u8 = 56;

impl<const MAP: bool> Table<MAP> {
    /// The page for a hash, with room for an item of so many bytes.
    #[inline]
    pub(super) fn make_room(&mut self, hash: u64, bytes: usize) -> Page {
        loop {
            let page = self.segment(hash).page(hash);
            let is_full = page.count() >= COUNT_MAX || page.data_bytes() + bytes > DATA_BYTES_MAX;
            if is_full && page.depth() < DEPTH_MAX {
                self.split(hash, page);
            } else if page.has_room(bytes) {
                return page;
            } else {
                return self.resize(hash, page, bytes);
            }
        }
    }

    /// Puts a page into a block that has room for an item of so many bytes more, and not for much
    /// else.
    fn resize(&mut self, hash: u64, page: Page, more: usize) -> Page {
        let resized = page.resized::<MAP>(more);
        self.heap_bytes += resized.block_bytes();
        self.heap_bytes -= page.block_bytes();
        self.segment_mut(hash).set_page(hash, resized);
        page.free();
        resized
    }

    fn split(&mut self, hash: u64, page: Page) {
        let segment = self.segment_mut(hash);
        if page.depth() == segment.depth_max() {
            if segment.pages.bits() == SEGMENT_BITS_MAX {
                return self.split_segment(hash);
            }
            let old_bytes = segment.heap_bytes();
            segment.pages.double();
            let new_bytes = segment.heap_bytes();
            self.heap_bytes += new_bytes - old_bytes;
        }
        let parts = split_page::<MAP>(page);
        self.heap_bytes += parts.iter().map(|part| part.block_bytes()).sum::<usize>();
        self.heap_bytes -= page.block_bytes();
        self.pages += 1;
        let bit = 1 << (63 - page.depth());
        let segment = self.segment_mut(hash);
        segment.set_page(hash & !bit, parts[0]);
        segment.set_page(hash | bit, parts[1]);
        if parts[0].depth() == segment.depth_max() {
            segment.pages.deepest += 2;
        }
        page.free();
    }

    fn split_segment(&mut self, hash: u64) {
        let old = self.segments.get(hash);
        // SAFETY: the segment is the table's, which puts others in its place below.
        let old = unsafe { Box::from_raw(old.as_ptr()) };
        if old.depth == self.segments.bits() {
            self.segments.double();
        }
        let bit = 1 << (63 - old.depth);
        let depth = old.depth + 1;
        self.heap_bytes -= old.heap_bytes();
        for (pages, hash) in old.pages.split().into_iter().zip([hash & !bit, hash | bit]) {
            let part = Segment { depth, due: old.due, pages };
            self.put_segment(hash, part);
        }
    }

    fn put_segment(&mut self, hash: u64, segment: Segment) {
        self.heap_bytes += segment.heap_bytes();
        let depth = segment.depth;
        self.segments.set(hash, depth, NonNull::from(Box::leak(Box::new(segment))));
        self.segments.deepest += usize::from(depth == self.segments.bits());
    }

    /// Joins or shrinks the page for a hash when it has become sparse.
    pub(super) fn after_removal(&mut self, hash: u64) {
        while self.join(hash) {}
        let page = self.segment(hash).page(hash);
        if page.is_roomy() {
            self.resize(hash, page, 0);
        }
    }

    /// Joins the page for a hash with its neighbour, if they are few items together. Answers
    /// whether it did.
    fn join(&mut self, hash: u64) -> bool {
        let segment = self.segment_mut(hash);
        let page = segment.page(hash);
        if page.count() > JOINED_COUNT_MAX / 2 || page.depth() == segment.depth {
            return false;
        }
        let bit = 1 << (64 - page.depth());
        let other = segment.page(hash ^ bit);
        if other.depth() != page.depth()
            || page.count() + other.count() > JOINED_COUNT_MAX
            || page.data_bytes() + other.data_bytes() > JOINED_BYTES_MAX
        {
            return false;
        }
        let joined = join_pages::<MAP>(page, other);
        let old_bytes = segment.heap_bytes() + page.block_bytes() + other.block_bytes();
        if page.depth() == segment.depth_max() {
            segment.pages.deepest -= 2;
        }
        segment.set_page(hash, joined);
        segment.pages.shrink();
        let new_bytes = segment.heap_bytes() + joined.block_bytes();
        self.heap_bytes = self.heap_bytes + new_bytes - old_bytes;
        self.pages -= 1;
        page.free();
        other.free();
        while self.join_segments(hash) {}
        true
    }

    /// Joins the segment for a hash with its neighbour, if their directories are small. Answers
    /// whether it did.
    fn join_segments(&mut self, hash: u64) -> bool {
        let (old, depth) = (self.segments.get(hash), self.segment(hash).depth);
        if depth == 0 {
            return false;
        }
        let bit = 1 << (64 - depth);
        let other = self.segments.get(hash ^ bit);
        let is_small = |hash| {
            let segment = self.segment(hash);
            segment.depth == depth && segment.pages.bits() <= SEGMENT_BITS_MAX - 2
        };
        if !is_small(hash) || !is_small(hash ^ bit) {
            return false;
        }
        let (low, high) = if hash & bit == 0 { (old, other) } else { (other, old) };
        // SAFETY: both are the table's, which puts another in their place below.
        let (low, high) = unsafe { (Box::from_raw(low.as_ptr()), Box::from_raw(high.as_ptr())) };
        self.heap_bytes -= low.heap_bytes() + high.heap_bytes();
        if depth == self.segments.bits() {
            self.segments.deepest -= 2;
        }
        let pages = Directory::join(&low.pages, &high.pages);
        self.put_segment(hash, Segment { depth: depth - 1, due: low.due.min(high.due), pages });
        self.segments.shrink();
        true
    }
}

/// Two pages for the items of one, by the next bit of their hashes.
fn split_page<const MAP: bool>(page: Page) -> [Page; 2] {
    let bit = 1 << (63 - page.depth());
    let mut is_high = [false; u8::MAX as usize];
    let (mut counts, mut bytes) = ([0; 2], [0; 2]);
    for index in 0..page.count() {
        let at = page.item(index);
        // SAFETY: there is a written item, which nobody changes meanwhile.
        let (key, len) = unsafe { (item::key::<MAP>(at), item::written_bytes::<MAP>(at)) };
        is_high[index] = hash(key) & bit != 0;
        counts[usize::from(is_high[index])] += 1;
        bytes[usize::from(is_high[index])] += len;
    }
    [false, true].map(|high| {
        let part = usize::from(high);
        let half = Page::new(page.depth() + 1, page.due(), counts[part], bytes[part]);
        half.take_items::<MAP>(page, |index| is_high[index] == high);
        half
    })
}

/// One page with the items of two.
fn join_pages<const MAP: bool>(page: Page, other: Page) -> Page {
    let due = page.due().min(other.due());
    let count = page.count() + other.count();
    let joined = Page::new(page.depth() - 1, due, count, page.data_bytes() + other.data_bytes());
    joined.take_items::<MAP>(page, |_| true);
    joined.take_items::<MAP>(other, |_| true);
    joined
}

const _: () = assert!(DATA_BYTES_MAX * 4 < page::BYTES_MAX);
