//! The table of one database: from hashes to entries.
//!
//! Extendible hashing (Fagin et al., TODS 1979) over the highest bits of the hash, in segments of
//! up to 127 cache-line buckets, in the manner of Dash (Lu et al., VLDB 2020). Buckets are in hash
//! order whatever the number of segments and buckets, so that a position in the hashes is a scan
//! cursor. A segment grows in small steps without a look at its entries, and splits when it is at
//! its largest, so that no insertion ever pays for more than one segment.
//!
//! Invariants:
//! - an entry is in the segment of its hash, in its home bucket or, counted there, in a later one;
//! - a [`Place`] is valid until the table next inserts or removes.

mod bucket;
mod directory;
mod due;
mod grow;
mod pool;
mod save;
mod scan;
mod segment;
mod tags;

use std::cell::Cell;
use std::ptr::NonNull;

use stdx::prefetch;

use self::bucket::{Bucket, slot, slot_entry, slot_x};
use self::directory::{Depths, Directory};
use self::pool::Pool;
use self::segment::Segment;
use crate::raw::RawEntry;

/// Entries by the hash of their key.
#[derive(Default)]
pub(crate) struct Table {
    len: usize,
    /// None until the first insertion.
    segments: Option<Segments>,
    /// The version of buckets that the latest snapshot has seen, or that are newer.
    version: u16,
    /// Whether a snapshot is under way.
    armed: bool,
}

struct Segments {
    directory: Directory,
    pool: Pool,
    /// Buckets of all segments.
    buckets: usize,
    depths: Depths,
}

/// Where an entry is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    slot: NonNull<Cell<u64>>,
    segment: Segment,
}

impl Place {
    fn new(segment: Segment, bucket: usize, index: usize) -> Self {
        Self { slot: NonNull::from(&segment.bucket(bucket).slots[index]), segment }
    }

    fn bucket_and_slot(self) -> (usize, usize) {
        let bytes =
            self.slot.as_ptr() as usize - std::ptr::from_ref(self.segment.bucket(0)) as usize;
        (bytes / 64, bytes % 64 / 8)
    }
}

impl Table {
    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many entries the buckets have room for.
    pub(crate) fn slots(&self) -> usize {
        self.segments.as_ref().map_or(0, |segments| segments.buckets * bucket::SLOTS)
    }

    /// Bytes of all buckets.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.segments.as_ref().map_or(0, |segments| segments.buckets * size_of::<Bucket>())
    }

    /// Finds the entry with `hash` that is the key's.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_key: impl Fn(RawEntry) -> bool) -> Option<Place> {
        let segment = self.segments.as_ref()?.directory.segment(hash);
        let x = segment.x(hash);
        let home = segment.home(x);
        let bucket = segment.bucket(home);
        if let Some(index) = Self::find_in(bucket, x, &is_key) {
            return Some(Place::new(segment, home, index));
        }
        if bucket.overflow.get() == 0 {
            return None;
        }
        Self::find_displaced(segment, home, x, &is_key)
    }

    #[inline]
    fn find_in(bucket: &Bucket, x: u16, is_key: &impl Fn(RawEntry) -> bool) -> Option<usize> {
        bucket.candidates(x).find(|&index| {
            let slot = bucket.slots[index].get();
            slot != 0 && is_key(slot_entry(slot))
        })
    }

    /// Goes on behind the home until all entries that it misses have been seen.
    #[inline(never)]
    fn find_displaced(
        segment: Segment,
        home: usize,
        x: u16,
        is_key: &impl Fn(RawEntry) -> bool,
    ) -> Option<Place> {
        let mut displaced = usize::from(segment.bucket(home).overflow.get());
        let mut at = home;
        while displaced > 0 {
            at = segment.next(at);
            let bucket = segment.bucket(at);
            if let Some(index) = Self::find_in(bucket, x, is_key) {
                return Some(Place::new(segment, at, index));
            }
            displaced -= bucket.homed(home, segment.count()).len();
        }
        None
    }

    /// The entry at a place.
    #[inline]
    pub(crate) fn get(&self, place: Place) -> RawEntry {
        // SAFETY: the place is valid.
        slot_entry(unsafe { place.slot.as_ref() }.get())
    }

    /// Puts another entry of the same key in a place.
    pub(crate) fn replace(&mut self, place: Place, entry: RawEntry) {
        // SAFETY: the place is valid.
        let place = unsafe { place.slot.as_ref() };
        place.set(slot(slot_x(place.get()), entry));
    }

    /// Adds an entry for a key that has none. Costs amortised O(1); at worst, one segment's split.
    pub(crate) fn insert(&mut self, hash: u64, entry: RawEntry) -> Place {
        let version = self.version;
        let segments = self.segments.get_or_insert_with(|| Segments::new(version));
        let segment = segments.with_room(hash, version);
        let (bucket, index) = segment.add(slot(segment.x(hash), entry));
        self.len += 1;
        Place::new(segment, bucket, index)
    }

    /// Makes room for so many entries, where there are none: none of them pays for growth then,
    /// whatever their order.
    pub(crate) fn expect(&mut self, len: usize) {
        if self.len == 0 {
            self.segments = Some(Segments::with_room_for(len, self.version));
        }
    }

    /// Removes the entry at a place. Costs amortised O(1); at worst, two segments' merging.
    pub(crate) fn remove(&mut self, place: Place) {
        let segment = place.segment;
        let (at, index) = place.bucket_and_slot();
        let bucket = segment.bucket(at);
        let home = segment.home(slot_x(bucket.slots[index].get()));
        bucket.remove(index);
        if home != at {
            segment.bucket(home).count_displaced(-1);
        }
        let len = &segment.header().len;
        len.set(len.get() - 1);
        self.len -= 1;
        if self.armed {
            // The snapshot would have to see all that is moved first.
            return;
        }
        let segments = self.segments.as_mut().expect("there was an entry");
        if self.len == 0 && segments.directory.is_large() {
            self.segments = None;
        } else {
            segments.shrink(segment, self.version);
        }
    }

    /// Begins to load the home bucket of `hash`.
    #[inline]
    pub(crate) fn prefetch_bucket(&self, hash: u64) {
        if let Some(segments) = &self.segments {
            let segment = segments.directory.segment(hash);
            prefetch(segment.bucket(segment.home(segment.x(hash))));
        }
    }

    /// Begins to load the entry of `hash`, if it seems to be in its home bucket.
    #[inline]
    pub(crate) fn prefetch_entry(&self, hash: u64) {
        if let Some(segments) = &self.segments {
            let segment = segments.directory.segment(hash);
            let x = segment.x(hash);
            let bucket = segment.bucket(segment.home(x));
            if let Some(index) = bucket.candidates(x).next() {
                let address = slot_entry_address(bucket.slots[index].get());
                prefetch(address);
                // A short entry may straddle two lines.
                prefetch(address.wrapping_add(48));
            }
        }
    }
}

fn slot_entry_address(slot: u64) -> *const u8 {
    (slot << 16 >> 16) as *const u8
}

#[cfg(test)]
mod tests;
