//! A page: some dozens of items in one block.
//!
//! ```text
//! Header | groups of eight items: a tag of one byte each, an offset of two bytes each | room
//!        | items, each pushed in front of the last
//! ```
//!
//! Invariants:
//! - a `Page` points to a block of `units * 8` bytes, which only the table frees, and of which it
//!   holds the only copies that outlive a call;
//! - the first `count` tags and offsets are written, and each offset is that of a written item
//!   between `data` and the block's end; there are no gaps between items.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use stdx::alloc::block_bytes;

use super::item;

/// The hint of a page in which no item has a deadline.
pub(super) const NEVER: u32 = u32::MAX;
/// No page has more bytes: offsets have 16 bits.
pub(super) const BYTES_MAX: usize = 56 * 1024;

const GROUP: usize = 8;
const GROUP_BYTES: usize = GROUP + GROUP * size_of::<u16>();
const HEADER_BYTES: usize = size_of::<Header>();

/// A pointer to a page's block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page(NonNull<Header>);

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Header {
    /// The block's bytes, divided by 8.
    units: u16,
    /// Where the items begin.
    data: u16,
    count: u8,
    groups: u8,
    /// How many of the hash's highest bits all items have in common.
    depth: u8,
    /// When the first deadline comes, at the earliest, in the units of [`due_units`].
    due: u32,
}

/// A moment as hints have it: seconds, about, rounded down; never [`NEVER`].
#[inline]
pub(super) fn due_units(at_ms: i64) -> u32 {
    (at_ms >> 10).clamp(0, i64::from(NEVER) - 1) as u32
}

/// Bytes of a block for so many items of so many bytes together.
fn needed(count: usize, data_bytes: usize) -> usize {
    block_bytes(HEADER_BYTES + count.div_ceil(GROUP) * GROUP_BYTES + data_bytes)
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, align_of::<Header>()).expect("pages are small")
}

impl Page {
    /// An empty page with room for so many items of so many bytes together.
    pub(super) fn new(depth: u8, due: u32, count: usize, data_bytes: usize) -> Self {
        let bytes = needed(count, data_bytes);
        assert!(bytes <= BYTES_MAX, "no page is that large: splitting sees to it");
        let layout = layout(bytes);
        // SAFETY: the layout is not empty, and has room for a header.
        unsafe {
            let Some(block) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            let page = Self(block.cast());
            let (units, data) = ((bytes / 8) as u16, bytes as u16);
            page.0.write(Header { units, data, count: 0, groups: 0, depth, due });
            page
        }
    }

    /// A copy, byte for byte. The items' own blocks are still the original's.
    pub(super) fn duplicate(self) -> Self {
        let layout = layout(self.block_bytes());
        // SAFETY: both blocks have this layout.
        unsafe {
            let Some(block) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            block.copy_from_nonoverlapping(self.0.cast(), layout.size());
            Self(block.cast())
        }
    }

    /// Gives the block back. The page must not be used afterwards.
    pub(super) fn free(self) {
        // SAFETY: the block was allocated with this layout; the caller lets go of it.
        unsafe { dealloc(self.0.as_ptr().cast(), layout(self.block_bytes())) };
    }

    /// Begins to load header and tags.
    #[inline]
    pub(super) fn prefetch(self) {
        const LINE_BYTES: usize = 64;
        let block = self.0.as_ptr().cast::<u8>();
        for line in 0..3 {
            stdx::prefetch(block.wrapping_add(line * LINE_BYTES));
        }
    }

    #[inline]
    fn header(self) -> Header {
        // SAFETY: the block begins with a header.
        unsafe { self.0.read() }
    }

    #[inline]
    fn change(self, change: impl FnOnce(&mut Header)) {
        // SAFETY: the block begins with a header, of which nobody keeps a reference.
        change(unsafe { &mut *self.0.as_ptr() });
    }

    #[inline]
    pub(super) fn block_bytes(self) -> usize {
        usize::from(self.header().units) * 8
    }

    #[inline]
    pub(super) fn count(self) -> usize {
        self.header().count.into()
    }

    #[inline]
    pub(super) fn depth(self) -> u8 {
        self.header().depth
    }

    /// When the first deadline comes, at the earliest.
    pub(super) fn due(self) -> u32 {
        self.header().due
    }

    pub(super) fn set_due(self, due: u32) {
        self.change(|header| header.due = due);
    }

    /// Bytes of all items.
    #[inline]
    pub(super) fn data_bytes(self) -> usize {
        self.block_bytes() - usize::from(self.header().data)
    }

    /// Whether an item of so many bytes can be pushed.
    #[inline]
    pub(super) fn has_room(self, bytes: usize) -> bool {
        let Header { data, count, groups, .. } = self.header();
        let groups = usize::from(groups).max(usize::from(count) / GROUP + 1);
        count < u8::MAX && HEADER_BYTES + groups * GROUP_BYTES + bytes <= usize::from(data)
    }

    /// Whether a smaller block would do, by far.
    pub(super) fn is_roomy(self) -> bool {
        needed(self.count(), self.data_bytes()) * 4 <= self.block_bytes() * 3
    }

    /// A copy with room for another item of so many bytes, and nothing more. The items' own blocks
    /// are now the copy's.
    pub(super) fn resized<const MAP: bool>(self, more: usize) -> Self {
        let (count, bytes) = (self.count() + usize::from(more > 0), self.data_bytes() + more);
        let copy = Self::new(self.depth(), self.due(), count, bytes);
        copy.take_items::<MAP>(self, |_| true);
        copy
    }

    /// Copies those items of another page of which `is_wanted` says so by their place. The items'
    /// own blocks are now this page's.
    pub(super) fn take_items<const MAP: bool>(
        self,
        other: Page,
        mut is_wanted: impl FnMut(usize) -> bool,
    ) {
        for index in 0..other.count() {
            if is_wanted(index) {
                let from = other.item(index);
                // SAFETY: there is a written item; it is copied whole to where there is room.
                unsafe {
                    let bytes = item::written_bytes::<MAP>(from);
                    let to = self.push(other.tag(index), bytes);
                    to.copy_from_nonoverlapping(from, bytes);
                }
            }
        }
    }

    /// Makes room for an item, which the caller writes there at once.
    ///
    /// # Panics
    /// Unless [`Self::has_room`].
    #[inline]
    pub(super) fn push(self, tag: u8, bytes: usize) -> *mut u8 {
        assert!(self.has_room(bytes));
        let index = self.count();
        self.change(|header| {
            header.data -= bytes as u16;
            header.count += 1;
            header.groups = header.groups.max((index / GROUP + 1) as u8);
        });
        let data = self.header().data;
        // SAFETY: the group is within the block, as there was room for it.
        unsafe {
            self.tag_at(index).write(tag);
            self.offset_at(index).write(data);
            self.byte(usize::from(data))
        }
    }

    /// Removes the item at `index`, of so many bytes. Its own block must have been taken care of.
    pub(super) fn remove(self, index: usize, bytes: usize) {
        let last = self.count() - 1;
        let data = usize::from(self.header().data);
        // SAFETY: places and offsets are those of written items; what lies in front of the removed
        // item moves over it.
        unsafe {
            let removed = self.offset_at(index).read();
            let moved = usize::from(removed) - data;
            self.byte(data + bytes).copy_from(self.byte(data), moved);
            for other in 0..=last {
                let offset = self.offset_at(other);
                if offset.read() < removed {
                    offset.write(offset.read() + bytes as u16);
                }
            }
            self.tag_at(index).write(self.tag_at(last).read());
            self.offset_at(index).write(self.offset_at(last).read());
        }
        self.change(|header| {
            header.data += bytes as u16;
            header.count -= 1;
            header.groups = header.count.div_ceil(GROUP as u8);
        });
    }

    /// The place of an item with this tag of which `is_it` says that it is the one.
    #[inline]
    pub(super) fn find(self, tag: u8, is_it: impl Fn(*const u8) -> bool) -> Option<usize> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        let count = self.count();
        let wanted = u64::from(tag) * ONES;
        for first in (0..count).step_by(GROUP) {
            // SAFETY: the group is within the block; what is not written in it is not looked at.
            let tags = unsafe { self.tag_at(first).cast::<u64>().read_unaligned() };
            let differing = u64::from_le(tags) ^ wanted;
            // A byte of zeros becomes a high bit; so may, rarely, one behind it.
            let mut found = differing.wrapping_sub(ONES) & !differing & HIGHS;
            while found != 0 {
                let index = first + (found.trailing_zeros() / 8) as usize;
                if index >= count {
                    break;
                }
                if is_it(self.item(index)) {
                    return Some(index);
                }
                found &= found - 1;
            }
        }
        None
    }

    /// Where the item at a place is written.
    #[inline]
    pub(super) fn item(self, index: usize) -> *const u8 {
        debug_assert!(index < self.count());
        // SAFETY: a place below the count has an offset.
        unsafe { self.byte(usize::from(self.offset_at(index).read())) }
    }

    #[inline]
    fn tag(self, index: usize) -> u8 {
        // SAFETY: a place below the count has a tag.
        unsafe { self.tag_at(index).read() }
    }

    #[inline]
    fn byte(self, offset: usize) -> *mut u8 {
        debug_assert!(offset <= self.block_bytes());
        // SAFETY: offsets are within the block, or at its end.
        unsafe { self.0.as_ptr().cast::<u8>().add(offset) }
    }

    #[inline]
    fn tag_at(self, index: usize) -> *mut u8 {
        self.byte(HEADER_BYTES + index / GROUP * GROUP_BYTES + index % GROUP)
    }

    #[inline]
    fn offset_at(self, index: usize) -> *mut u16 {
        let group = HEADER_BYTES + index / GROUP * GROUP_BYTES + GROUP;
        self.byte(group + index % GROUP * size_of::<u16>()).cast()
    }
}
