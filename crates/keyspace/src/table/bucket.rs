//! A bucket: one cache line with seven slots.
//!
//! A slot is 0 when empty, else `x << 48 | address of the entry`, where `x` is the 16 hash bits
//! that follow the prefix of the bucket's segment. Addresses of user space are below 2^47.
//!
//! Invariants:
//! - used slots come before empty ones;
//! - `overflow` is the number of entries whose home is this bucket and that lie in another;
//! - `due` is not later than the deadline of any entry in this bucket.

use crate::raw::RawEntry;

/// Slots of a bucket.
pub(super) const SLOTS: usize = 7;

const X_SHIFT: u32 = 48;
const ADDRESS: u64 = (1 << X_SHIFT) - 1;

/// Seven slots and what concerns all of them.
#[repr(C, align(64))]
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) slots: [u64; SLOTS],
    /// When the walk of the active expiry must look here, in [`due_units`].
    pub(super) due: u32,
    /// The snapshot that has last seen this bucket.
    pub(super) version: u16,
    pub(super) overflow: u8,
    spare: u8,
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
    debug_assert!(address >> (X_SHIFT - 1) == 0);
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
        Self { slots: [0; SLOTS], due: NEVER, version, overflow: 0, spare: 0 }
    }

    /// The slots that may hold `x`, as a mask. An empty slot is reported for `x` = 0.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(super) fn candidates(&self, x: u16) -> Mask {
        use std::arch::x86_64::*;
        // SAFETY: SSE2 is part of x86-64; the bucket is 64 readable, aligned bytes.
        let equal = unsafe {
            let line = std::ptr::from_ref(self).cast::<__m128i>();
            // The upper half of each of the eight words, then of those the upper 16 bits.
            let upper = |at: usize| {
                let (a, b) = (_mm_load_si128(line.add(at)), _mm_load_si128(line.add(at + 1)));
                let halves =
                    _mm_shuffle_ps::<0b11_01_11_01>(_mm_castsi128_ps(a), _mm_castsi128_ps(b));
                _mm_srai_epi32::<16>(_mm_castps_si128(halves))
            };
            let tags = _mm_packs_epi32(upper(0), upper(2));
            let equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16(x as i16));
            _mm_movemask_epi8(_mm_packs_epi16(equal, equal))
        };
        // The eighth word is not a slot.
        Mask(equal as u32 & ((1 << SLOTS) - 1))
    }

    /// The slots that may hold `x`, as a mask. An empty slot is reported for `x` = 0.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline]
    pub(super) fn candidates(&self, x: u16) -> Mask {
        let equal = |(at, slot): (usize, &u64)| u32::from(slot_x(*slot) == x) << at;
        Mask(self.slots.iter().enumerate().map(equal).sum())
    }

    /// How many slots are used.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.slots.iter().map(|slot| usize::from(*slot != 0)).sum()
    }

    /// The used slots.
    #[inline]
    pub(super) fn used(&self) -> &[u64] {
        &self.slots[..self.len()]
    }

    /// Empties a slot; the last used one takes its place.
    pub(super) fn remove(&mut self, index: usize) {
        let last = self.len() - 1;
        self.slots[index] = self.slots[last];
        self.slots[last] = 0;
    }
}

/// A set of slots; iterates over their indices.
#[derive(Clone, Copy)]
pub(super) struct Mask(u32);

impl Iterator for Mask {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let index = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (index < SLOTS).then_some(index)
    }
}
