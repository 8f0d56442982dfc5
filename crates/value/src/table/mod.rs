//! A compact hash table for big sets and hashes: extendible hashing of packed pages.
//!
//! The highest bits of an item's hash choose a segment, the next ones a page, and the lowest byte
//! is its tag there. A page that is full is split in two by the next bit, and its segment by the
//! first, so that no step copies more than a page, a segment's directory (512 pointers) or the
//! directory of segments. Two that have become sparse are joined again.
//!
//! Invariants:
//! - segments and pages belong to the table alone, and each is in its directory by its depth (see
//!   [`Directory`]); the depth of a page counts from the hash's first bit;
//! - an item is in the page for its hash, once;
//! - `due` of a page, a segment and the table is not later than the first deadline in them.

mod directory;
mod expiry;
mod item;
mod page;
mod resize;
mod unhurried;
mod walk;

use std::ptr::NonNull;

use stdx::alloc::block_bytes;

use self::directory::Directory;
pub(crate) use self::item::Item;
use self::page::{NEVER, Page};
use self::unhurried::{Kept, place};
pub(crate) use self::walk::Iter;
use crate::walk::Slot;

/// Members.
pub(crate) type SetTable = Table<false>;
/// Fields with values and, some, with deadlines.
pub(crate) type MapTable = Table<true>;

/// See the module.
pub(crate) struct Table<const MAP: bool> {
    segments: Directory<NonNull<Segment>>,
    len: usize,
    pages: usize,
    /// How many items have a block of their own.
    long: usize,
    /// How many items have a deadline.
    expiring: usize,
    heap_bytes: usize,
    due: u32,
    /// A walk through all items as they were when it began.
    pub(crate) walk: Slot<Kept>,
}

/// The pages of a range of hashes.
struct Segment {
    /// How many of the hash's highest bits the range has in common.
    depth: u8,
    due: u32,
    pages: Directory<Page>,
}

// SAFETY: everything that a table points to is owned by it alone.
unsafe impl<const MAP: bool> Send for Table<MAP> {}
// SAFETY: shared references only read.
unsafe impl<const MAP: bool> Sync for Table<MAP> {}

/// Where an item is. Valid until the table changes.
#[derive(Clone, Copy)]
struct Place {
    segment: NonNull<Segment>,
    page: Page,
    index: usize,
}

/// The hash of a key, spread unevenly: the first hashes are about twice as likely as the last.
///
/// With an even hash all pages would be about as full as each other, grow from one size of block to
/// the next at about the same time, and leave the allocator with blocks of sizes that nobody needs
/// for long. So some ranges are ahead of others by up to a doubling, and blocks of all sizes are in
/// use at any time. The density falls like that of a logarithm's digits: `2^x - 1` for x from 0 to 1,
/// of which this is the parabola through both ends.
#[inline]
fn hash(key: &[u8]) -> u64 {
    /// The slope at the beginning, as a fraction of 2^64; what it lacks to 1 comes by the end.
    const SLOPE: u64 = 0xa810_0000_0000_0000;
    let even = stdx::hash::hash(key);
    let times = |a: u64, b: u64| ((u128::from(a) * u128::from(b)) >> 64) as u64;
    times(even, SLOPE + times(even, u64::MAX - SLOPE))
}

#[inline]
fn tag(hash: u64) -> u8 {
    hash as u8
}

impl Segment {
    /// The page for a hash.
    #[inline]
    fn page(&self, hash: u64) -> Page {
        self.pages.get(hash << self.depth)
    }

    /// Makes a page responsible for the range of its depth around a hash.
    fn set_page(&mut self, hash: u64, page: Page) {
        self.pages.set(hash << self.depth, page.depth() - self.depth, page);
    }

    /// The depth of a page with a single slot.
    fn depth_max(&self) -> u8 {
        self.depth + self.pages.bits()
    }

    fn heap_bytes(&self) -> usize {
        block_bytes(size_of::<Self>()) + self.pages.heap_bytes()
    }
}

impl<const MAP: bool> Table<MAP> {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let page = Page::new(0, NEVER, 0, 0);
        let segment = Segment { depth: 0, due: NEVER, pages: Directory::new(page) };
        let heap_bytes = segment.heap_bytes() + page.block_bytes();
        let segments = Directory::new(NonNull::from(Box::leak(Box::new(segment))));
        let walk = Slot::default();
        Self { segments, len: 0, pages: 1, long: 0, expiring: 0, heap_bytes, due: NEVER, walk }
    }

    /// How many items there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many items have a deadline.
    pub(crate) fn expiring(&self) -> usize {
        self.expiring
    }

    /// Heap bytes behind it, with the table's own, which is boxed. O(1).
    pub(crate) fn memory_bytes(&self) -> usize {
        block_bytes(size_of::<Self>()) + self.segments.heap_bytes() + self.heap_bytes
    }

    /// How many allocations there are, about. O(1).
    pub(crate) fn free_effort(&self) -> usize {
        self.pages + self.long
    }

    #[inline]
    fn segment(&self, hash: u64) -> &Segment {
        // SAFETY: segments in the directory are the table's, which is borrowed.
        unsafe { self.segments.get(hash).as_ref() }
    }

    #[inline]
    fn segment_mut(&mut self, hash: u64) -> &mut Segment {
        // SAFETY: segments in the directory are the table's, which is borrowed mutably.
        unsafe { self.segments.get(hash).as_mut() }
    }

    #[inline]
    fn find(&self, hash: u64, key: &[u8]) -> Option<Place> {
        let segment = self.segments.get(hash);
        let page = self.segment(hash).page(hash);
        // SAFETY: the page gives places of its items only, which the borrowed table owns.
        let is_it = |at| stdx::bytes::equal(unsafe { item::key::<MAP>(at) }, key);
        let index = page.find(tag(hash), is_it)?;
        Some(Place { segment, page, index })
    }

    #[inline]
    fn read(&self, page: Page, index: usize) -> Item<'_> {
        // SAFETY: the page's item at a place below its count is written, and the table is borrowed.
        unsafe { item::read::<MAP>(page.item(index)) }
    }

    /// Begins to load the page for a key; on the next level what in it may be the key's item.
    #[inline]
    pub(crate) fn prefetch(&self, key: &[u8], level: usize) {
        let hash = hash(key);
        let page = self.segment(hash).page(hash);
        match level {
            0 => page.prefetch(),
            1 => {
                let load = |at| {
                    stdx::prefetch(at);
                    false
                };
                page.find(tag(hash), load);
            }
            _ => {}
        }
    }

    /// Whether there is an item with this key.
    #[inline]
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.find(hash(key), key).is_some()
    }

    /// The item with this key.
    #[inline]
    pub(crate) fn get(&self, key: &[u8]) -> Option<Item<'_>> {
        let place = self.find(hash(key), key)?;
        Some(self.read(place.page, place.index))
    }

    /// Puts an item in the place of the one with its key, or adds it. Answers whether it is new.
    #[inline]
    pub(crate) fn set(&mut self, item: &Item<'_>) -> bool {
        let hash = hash(item.key);
        let Some(place) = self.find(hash, item.key) else {
            self.insert(hash, item);
            return true;
        };
        self.before_removal(place.page, place.index);
        let at = place.page.item(place.index).cast_mut();
        // SAFETY: the old item's block, if it has one, is freed, and the item then overwritten by
        // one of the same size, or removed.
        unsafe {
            let old_bytes = item::written_bytes::<MAP>(at);
            self.free_long(at);
            if old_bytes == item::page_bytes::<MAP>(item) {
                self.before_insertion(hash, item);
                self.write(item, at);
                self.note_deadline(place.segment, place.page, item.deadline_ms);
            } else {
                place.page.remove(place.index, old_bytes);
                self.len -= 1;
                self.insert(hash, item);
            }
        }
        false
    }

    /// Adds an item whose key is not there.
    fn insert(&mut self, hash: u64, item: &Item<'_>) {
        self.before_insertion(hash, item);
        let bytes = item::page_bytes::<MAP>(item);
        let page = self.make_room(hash, bytes);
        // SAFETY: there is room for the item where the page says so.
        unsafe { self.write(item, page.push(tag(hash), bytes)) };
        self.len += 1;
        self.note_deadline(self.segments.get(hash), page, item.deadline_ms);
    }

    /// Removes the item with this key. Answers whether there was one.
    pub(crate) fn remove(&mut self, key: &[u8]) -> bool {
        let hash = hash(key);
        let found = self.find(hash, key);
        if let Some(place) = found {
            self.remove_at(place.page, place.index);
            self.after_removal(hash);
        }
        found.is_some()
    }

    /// Removes an item and leaves its page as large as it is.
    fn remove_at(&mut self, page: Page, index: usize) {
        self.before_removal(page, index);
        let at = page.item(index).cast_mut();
        // SAFETY: the item is written, and removed when its block is freed.
        unsafe {
            let bytes = item::written_bytes::<MAP>(at);
            self.free_long(at);
            page.remove(index, bytes);
        }
        self.len -= 1;
    }

    /// The item at a place is about to be removed, or to be replaced.
    #[inline]
    fn before_removal(&mut self, page: Page, index: usize) {
        if MAP && self.expiring > 0 && self.read(page, index).deadline_ms.is_some() {
            self.expiring -= 1;
        }
        if self.walk.id().is_some() {
            self.set_aside(page, index);
        }
    }

    /// An item is about to be added, or to take another's place.
    #[inline]
    fn before_insertion(&mut self, hash: u64, item: &Item<'_>) {
        self.expiring += usize::from(item.deadline_ms.is_some());
        if let Some(walk) = self.walk.get() {
            walk.before_insertion(&place(hash, item.key));
        }
    }

    /// # Safety
    /// As of [`item::write`].
    unsafe fn write(&mut self, item: &Item<'_>, to: *mut u8) {
        // SAFETY: the caller's contract.
        let own_bytes = unsafe { item::write::<MAP>(item, to) };
        self.heap_bytes += own_bytes;
        self.long += usize::from(own_bytes > 0);
    }

    /// # Safety
    /// As of [`item::free`].
    unsafe fn free_long(&mut self, at: *const u8) {
        // SAFETY: the caller's contract.
        let own_bytes = unsafe { item::free(at) };
        self.heap_bytes -= own_bytes;
        self.long -= usize::from(own_bytes > 0);
    }
}

impl SetTable {
    /// Adds a member. Answers whether it is new.
    #[inline]
    pub(crate) fn add(&mut self, member: &[u8]) -> bool {
        let hash = hash(member);
        let is_new = self.find(hash, member).is_none();
        if is_new {
            self.insert(hash, &Item { key: member, value: &[], deadline_ms: None });
        }
        is_new
    }
}

impl<const MAP: bool> Drop for Table<MAP> {
    fn drop(&mut self) {
        for segment in self.segments.items() {
            // SAFETY: the table goes, and each segment, page and item is visited once.
            unsafe {
                let segment = Box::from_raw(segment.as_ptr());
                for page in segment.pages.items() {
                    if self.long > 0 {
                        (0..page.count()).for_each(|index| _ = item::free(page.item(index)));
                    }
                    page.free();
                }
            }
        }
    }
}

impl<const MAP: bool> Clone for Table<MAP> {
    fn clone(&self) -> Self {
        let segments = self.segments.map(|segment| {
            // SAFETY: the segment is the borrowed table's.
            let segment = unsafe { segment.as_ref() };
            let pages = segment.pages.map(|page| self.copy_page(page));
            NonNull::from(Box::leak(Box::new(Segment { pages, ..*segment })))
        });
        Self { segments, walk: Slot::default(), ..*self }
    }
}

impl<const MAP: bool> Table<MAP> {
    /// A page with copies of all items.
    fn copy_page(&self, page: Page) -> Page {
        let copy = page.duplicate();
        for index in 0..copy.count() {
            let at = copy.item(index).cast_mut();
            // SAFETY: the copied item still has the original's block: it is written anew, with the
            // same size.
            unsafe {
                if item::is_long(at) {
                    item::write::<MAP>(&item::read::<MAP>(at), at);
                }
            }
        }
        copy
    }
}

impl<const MAP: bool> std::fmt::Debug for Table<MAP> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
