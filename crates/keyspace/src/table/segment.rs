//! A segment: the buckets for all hashes with one prefix, and a header before them.
//!
//! An entry's home is the bucket `x * count >> 16`, so that buckets are in hash order whatever
//! their count. An entry that finds its home full lies in the next bucket that has room, around
//! the end if need be, and its home counts it in `overflow`.

use std::cell::Cell;
use std::ptr::NonNull;

use super::bucket::{Bucket, NEVER, SLOTS, slot_entry, slot_x};
use crate::raw::RawEntry;

/// The sizes of segments in cache lines, header included: from 64 on, as many as share a chunk of
/// 64 KB without a rest.
pub(super) const LINES: [usize; 12] = [2, 4, 8, 16, 32, 64, 73, 85, 93, 102, 113, 128];

/// The most buckets of a segment: what one growth step handles at once.
pub(super) const BUCKETS_MAX: usize = LINES[LINES.len() - 1] - 1;

/// A segment grows when this share of its slots is used...
const LOAD_MAX_PERCENT: usize = 90;
/// ...is given so many buckets that about this share is...
pub(super) const LOAD_FRESH_PERCENT: usize = 80;
/// ...and shrinks when less than this share is.
const LOAD_MIN_PERCENT: usize = 50;

/// What concerns a whole segment; lies just before its first bucket.
#[repr(C, align(64))]
pub(super) struct Header {
    /// The hash bits that the segment's hashes have in common, as the highest bits; zeros below.
    pub(super) prefix: u64,
    /// How many bits the prefix has.
    pub(super) depth: u8,
    /// How many entries there are.
    pub(super) len: Cell<u16>,
    /// How many of them make the segment grow.
    pub(super) len_max: u16,
    /// Not later than `due` of any bucket.
    pub(super) due: Cell<u32>,
    /// Where the segment is in its pool.
    pub(super) index: Cell<u32>,
}

/// A segment as the directory refers to it: address of the first bucket (48 bits), number of
/// buckets minus 1 (8 bits), depth (8 bits). So finding a bucket does not touch the header.
///
/// A copy is valid until the table gives the segment another size or place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment(u64);

impl Segment {
    /// The segment at `buckets`, with its header before it.
    pub(super) fn new(buckets: NonNull<Bucket>, count: usize, depth: u32) -> Self {
        let address = buckets.as_ptr() as u64;
        assert!(address >> 48 == 0 && (1..=BUCKETS_MAX).contains(&count));
        Self(u64::from(depth) << 56 | (count as u64 - 1) << 48 | address)
    }

    /// Writes the header and empty buckets at a segment's place.
    pub(super) fn initialise(self, prefix: u64, version: u16, index: u32) {
        let len_max = (self.count() * SLOTS * LOAD_MAX_PERCENT / 100) as u16;
        let header = Header {
            prefix,
            depth: self.depth() as u8,
            len: Cell::new(0),
            len_max,
            due: Cell::new(NEVER),
            index: Cell::new(index),
        };
        // SAFETY: the pool gave room for the header and `count` buckets.
        unsafe {
            self.first().sub(1).cast::<Header>().write(header);
            for index in 0..self.count() {
                self.first().add(index).write(Bucket::empty(version));
            }
        }
    }

    #[inline]
    fn first(self) -> NonNull<Bucket> {
        // SAFETY: made of a NonNull by `new`.
        unsafe { NonNull::new_unchecked((self.0 & ((1 << 48) - 1)) as *mut Bucket) }
    }

    /// Where the segment's memory begins: at its header.
    pub(super) fn block(self) -> NonNull<u8> {
        // SAFETY: the header lies before the first bucket.
        unsafe { self.first().sub(1).cast() }
    }

    #[inline]
    pub(super) fn count(self) -> usize {
        (self.0 >> 48) as u8 as usize + 1
    }

    #[inline]
    pub(super) fn depth(self) -> u32 {
        (self.0 >> 56) as u32
    }

    /// The header.
    #[inline]
    pub(super) fn header<'a>(self) -> &'a Header {
        // SAFETY: initialised, and valid as this copy is.
        unsafe { self.first().sub(1).cast::<Header>().as_ref() }
    }

    /// A bucket.
    #[inline]
    pub(super) fn bucket<'a>(self, index: usize) -> &'a Bucket {
        debug_assert!(index < self.count());
        // SAFETY: initialised, valid as this copy is, and the index is below the count.
        unsafe { self.first().add(index).as_ref() }
    }

    /// The 16 bits of `hash` that follow the prefix.
    #[inline]
    pub(super) fn x(self, hash: u64) -> u16 {
        (hash << self.depth() >> 48) as u16
    }

    /// The home of entries with `x`.
    #[inline]
    pub(super) fn home(self, x: u16) -> usize {
        (usize::from(x) * self.count()) >> 16
    }

    /// The lowest `x` whose home is not before bucket `index`; 2^16 for the end.
    pub(super) fn x_from(self, index: usize) -> u32 {
        ((index << 16).div_ceil(self.count())) as u32
    }

    /// The bucket after `index`, around the end.
    #[inline]
    pub(super) fn next(self, index: usize) -> usize {
        if index + 1 == self.count() { 0 } else { index + 1 }
    }

    /// Whether an entry can be added only after growing.
    #[inline]
    pub(super) fn must_grow(self) -> bool {
        let header = self.header();
        header.len.get() >= header.len_max
    }

    /// Puts an entry's slot in the first bucket with room from its home on: there is one, as no
    /// segment is full. Answers bucket and slot.
    #[inline]
    pub(super) fn add(self, slot: u64) -> (usize, usize) {
        let home = self.home(slot_x(slot));
        let mut index = home;
        while !self.bucket(index).has_room() {
            index = self.next(index);
        }
        if index != home {
            self.bucket(home).count_displaced(1);
        }
        let bucket = self.bucket(index);
        let at = bucket.len();
        bucket.slots[at].set(slot);
        let len = &self.header().len;
        len.set(len.get() + 1);
        (index, at)
    }

    /// Visits the entries whose home is bucket `home`, with their `x`.
    pub(super) fn visit_home(self, home: usize, mut visit: impl FnMut(u16, RawEntry)) {
        let mut missing = usize::from(self.bucket(home).overflow.get());
        let mut index = home;
        loop {
            let bucket = self.bucket(index);
            let homed = bucket.homed(home, self.count());
            for slot in homed.map(|at| bucket.slots[at].get()) {
                visit(slot_x(slot), slot_entry(slot));
            }
            if index != home {
                missing -= homed.len();
            }
            if missing == 0 {
                return;
            }
            index = self.next(index);
        }
    }

    /// All buckets, in order.
    pub(super) fn buckets<'a>(self) -> impl Iterator<Item = &'a Bucket> {
        (0..self.count()).map(move |index| self.bucket(index))
    }
}

/// The number of buckets for `len` entries: neither near growing nor near shrinking.
pub(super) fn buckets_for(len: usize) -> usize {
    let slots = len * 100 / LOAD_FRESH_PERCENT;
    buckets_at_least(slots.div_ceil(SLOTS))
}

/// The smallest number of buckets that is not below `count`, or the largest.
pub(super) fn buckets_at_least(count: usize) -> usize {
    let lines = LINES.iter().find(|lines| **lines > count);
    lines.map_or(BUCKETS_MAX, |lines| lines - 1)
}

/// Whether a segment of so many buckets has become too empty.
pub(super) fn is_sparse(len: usize, count: usize) -> bool {
    len * 100 < count * SLOTS * LOAD_MIN_PERCENT
}
