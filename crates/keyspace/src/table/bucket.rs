//! A bucket: one cache line with seven slots. Its fields are cells, as a home and the buckets that
//! its displaced entries lie in are looked at and changed together.
//!
//! A slot is 0 when empty, else `x << 48 | address of the entry`, where `x` is the 16 hash bits
//! that follow the prefix of the bucket's segment. Addresses in user space have 48 bits.
//!
//! Invariants:
//! - used slots come before empty ones;
//! - `overflow` is the number of entries whose home is this bucket and that lie in another;
//! - `due` is not later than the deadline of any entry in this bucket.

use std::cell::Cell;

use super::tags::Tags;
use crate::raw::RawEntry;

/// Slots of a bucket.
pub(super) const SLOTS: usize = 7;

const X_SHIFT: u32 = 48;
const ADDRESS: u64 = (1 << X_SHIFT) - 1;

/// Seven slots and what concerns all of them.
#[repr(C, align(64))]
pub(super) struct Bucket {
    pub(super) slots: [Cell<u64>; SLOTS],
    /// When the walk of the active expiry must look here, in [`due_units`].
    pub(super) due: Cell<u32>,
    /// The snapshot that has last seen this bucket.
    pub(super) version: Cell<u16>,
    pub(super) overflow: Cell<u16>,
}

const _: () = assert!(size_of::<Bucket>() == 64);

/// `due` of a bucket or segment without deadlines.
pub(super) const NEVER: u32 = u32::MAX;

/// A deadline in units of 1.024 s since the epoch, rounded down; enough until 2109.
pub(super) fn due_units(at_ms: i64) -> u32 {
    (at_ms >> 10).clamp(0, i64::from(NEVER) - 1) as u32
}

/// The slot for an entry.
#[inline]
pub(super) fn slot(x: u16, entry: RawEntry) -> u64 {
    let address = entry.address();
    assert!(address >> X_SHIFT == 0, "addresses have 48 bits");
    u64::from(x) << X_SHIFT | address
}

/// The hash bits in a slot.
#[inline]
pub(super) fn slot_x(slot: u64) -> u16 {
    (slot >> X_SHIFT) as u16
}

/// The entry in a used slot.
#[inline]
pub(super) fn slot_entry(slot: u64) -> RawEntry {
    debug_assert!(slot & ADDRESS != 0);
    // SAFETY: the slot was made of an entry, and is emptied before the entry is freed.
    unsafe { RawEntry::from_address(slot & ADDRESS) }
}

impl Bucket {
    pub(super) fn empty(version: u16) -> Self {
        Self {
            slots: [const { Cell::new(0) }; SLOTS],
            due: Cell::new(NEVER),
            version: Cell::new(version),
            overflow: Cell::new(0),
        }
    }

    /// The slots that hold `x`; also empty ones, if `x` is 0.
    #[inline]
    pub(super) fn candidates(&self, x: u16) -> Mask {
        self.select(|tags| tags.equal(x))
    }

    /// The used slots of entries whose home is bucket `home` of `count`.
    #[inline]
    pub(super) fn homed(&self, home: usize, count: usize) -> Mask {
        let selected = self.select(|tags| tags.scaled(count as u16).equal(home as u16));
        // Empty slots look like `x` = 0.
        if home == 0 { selected.below(self.len()) } else { selected }
    }

    /// What `choose` says of the slots' hash bits.
    #[inline]
    fn select(&self, choose: impl Fn(Tags) -> u32) -> Mask {
        Mask(choose(Tags::of(self))).below(SLOTS)
    }

    /// Whether a slot is empty.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.slots[SLOTS - 1].get() == 0
    }

    /// How many slots are used.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.slots.iter().map(|slot| usize::from(slot.get() != 0)).sum()
    }

    /// The used slots.
    #[inline]
    pub(super) fn used(&self) -> impl Iterator<Item = u64> {
        self.slots.iter().map(Cell::get).take_while(|slot| *slot != 0)
    }

    /// The entries.
    #[inline]
    pub(super) fn entries(&self) -> impl Iterator<Item = RawEntry> {
        self.used().map(slot_entry)
    }

    /// Counts `displaced` entries more that have their home here and lie elsewhere.
    #[inline]
    pub(super) fn count_displaced(&self, displaced: i16) {
        let overflow = self.overflow.get().checked_add_signed(displaced);
        self.overflow.set(overflow.expect("a segment has fewer entries than that"));
    }

    /// Notes that an entry here may be due at `due`.
    #[inline]
    pub(super) fn lower_due(&self, due: u32) {
        self.due.set(self.due.get().min(due));
    }

    /// Empties a slot; the last used one takes its place.
    pub(super) fn remove(&self, index: usize) {
        let last = &self.slots[self.len() - 1];
        self.slots[index].set(last.get());
        last.set(0);
    }
}

/// A set of slots; iterates over their indices.
#[derive(Clone, Copy)]
pub(super) struct Mask(u32);

impl Mask {
    /// Those of the first `len`.
    #[inline]
    fn below(self, len: usize) -> Self {
        Self(self.0 & ((1 << len) - 1))
    }

    /// How many they are.
    #[inline]
    pub(super) fn len(self) -> usize {
        self.0.count_ones() as usize
    }
}

impl Iterator for Mask {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let index = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(index)
    }
}
