//! A directory of extendible hashing: who is responsible for which range of hashes.
//!
//! Invariants:
//! - there are `2^bits` slots, in the order of the hashes' highest bits;
//! - an item of depth `d` is in the `2^(bits - d)` slots, side by side, whose first `d` bits are
//!   its own.

/// See the module.
#[derive(Debug)]
pub(super) struct Directory<T> {
    slots: Vec<T>,
    bits: u8,
    /// How many items have a single slot; who changes slots keeps count.
    pub(super) deepest: usize,
}

/// The highest `bits` bits.
#[inline]
fn top(hash: u64, bits: u8) -> usize {
    (hash >> 1 >> (63 - bits)) as usize
}

impl<T: Copy + PartialEq> Directory<T> {
    pub(super) fn new(only: T) -> Self {
        Self { slots: vec![only], bits: 0, deepest: 1 }
    }

    #[inline]
    pub(super) fn bits(&self) -> u8 {
        self.bits
    }

    pub(super) fn heap_bytes(&self) -> usize {
        stdx::alloc::block_bytes(self.slots.capacity() * size_of::<T>())
    }

    /// The item for this hash.
    #[inline]
    pub(super) fn get(&self, hash: u64) -> T {
        self.slots[top(hash, self.bits)]
    }

    /// Makes an item of this depth responsible for this hash, and its like.
    pub(super) fn set(&mut self, hash: u64, depth: u8, item: T) {
        let width = self.bits - depth;
        let first = top(hash, depth) << width;
        self.slots[first..first + (1 << width)].fill(item);
    }

    /// Every item once, in the order of hashes.
    pub(super) fn items(&self) -> impl Iterator<Item = T> + use<'_, T> {
        let mut last = None;
        self.slots.iter().copied().filter(move |slot| last.replace(*slot) != Some(*slot))
    }

    /// Doubles the slots.
    pub(super) fn double(&mut self) {
        let mut slots = Vec::with_capacity(self.slots.len() * 2);
        slots.extend(self.slots.iter().flat_map(|slot| [*slot; 2]));
        self.slots = slots;
        self.bits += 1;
        self.deepest = 0;
    }

    /// Halves the slots, while none is an item's only one.
    pub(super) fn shrink(&mut self) {
        while self.deepest == 0 && self.bits > 0 {
            self.slots = self.slots.iter().copied().step_by(2).collect();
            self.bits -= 1;
            self.count_deepest();
        }
    }

    /// Both halves as directories of their own.
    pub(super) fn split(&self) -> [Self; 2] {
        let (low, high) = self.slots.split_at(self.slots.len() / 2);
        [low, high].map(|half| {
            let mut half = Self { slots: half.to_vec(), bits: self.bits - 1, deepest: 0 };
            half.count_deepest();
            half
        })
    }

    /// Two directories as the halves of one.
    pub(super) fn join(low: &Self, high: &Self) -> Self {
        let bits = low.bits.max(high.bits);
        let mut slots = Vec::with_capacity(2 << bits);
        for half in [low, high] {
            let repeats = 1 << (bits - half.bits);
            slots.extend(half.slots.iter().flat_map(|slot| std::iter::repeat_n(*slot, repeats)));
        }
        let mut joined = Self { slots, bits: bits + 1, deepest: 0 };
        joined.count_deepest();
        joined
    }

    /// The same with other items, each made of one of these.
    pub(super) fn map(&self, mut copy: impl FnMut(T) -> T) -> Self {
        let mut last: Option<(T, T)> = None;
        let mut slots = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            let copied = match last {
                Some((old, new)) if old == *slot => new,
                _ => copy(*slot),
            };
            last = Some((*slot, copied));
            slots.push(copied);
        }
        Self { slots, ..*self }
    }

    fn count_deepest(&mut self) {
        let (slots, len) = (&self.slots, self.slots.len());
        let is_single = |index: &usize| {
            let slot = slots[*index];
            (*index == 0 || slots[*index - 1] != slot)
                && (*index + 1 == len || slots[*index + 1] != slot)
        };
        self.deepest = (0..len).filter(is_single).count();
    }
}
