//! Integers in ascending order, all as wide as the widest needs: Redis's intset.
//!
//! Invariant: `bytes` is empty, or begins with the width in bytes (2, 4 or 8), behind which the
//! integers lie, little-endian, ascending, without repetition; at least one of them, once, needed
//! that width.

use std::cmp::Ordering;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Ints {
    bytes: Box<[u8]>,
}

/// The width that `number` needs.
fn width_of(number: i64) -> usize {
    if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

fn read(bytes: &[u8], width: usize, index: usize) -> i64 {
    let at = 1 + index * width;
    match bytes[at..at + width] {
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("integers are 2, 4 or 8 bytes wide"),
    }
}

impl Ints {
    fn width(&self) -> usize {
        self.bytes.first().copied().map_or(2, usize::from)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(1) / self.width()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        stdx::alloc::block_bytes(self.bytes.len())
    }

    /// The integer at a place below [`Self::len`].
    #[inline]
    pub(super) fn at(&self, index: usize) -> i64 {
        read(&self.bytes, self.width(), index)
    }

    /// Where `number` is, or would be.
    fn search(&self, number: i64) -> Result<usize, usize> {
        let width = self.width();
        let (mut low, mut high) = (0, self.len());
        // Most often integers come in ascending order.
        if high > 0 && read(&self.bytes, width, high - 1) < number {
            return Err(high);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match read(&self.bytes, width, middle).cmp(&number) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    #[inline]
    pub(super) fn contains(&self, number: i64) -> bool {
        self.search(number).is_ok()
    }

    /// Adds an integer. Answers whether it is new.
    pub(super) fn add(&mut self, number: i64) -> bool {
        let width = self.width().max(width_of(number));
        if width != self.width() || self.bytes.is_empty() {
            self.widen(width);
        }
        let Err(index) = self.search(number) else { return false };
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        let (at, len) = (1 + index * width, bytes.len());
        bytes.reserve_exact(width);
        bytes.resize(len + width, 0);
        bytes.copy_within(at..len, at + width);
        bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
        self.bytes = bytes.into_boxed_slice();
        true
    }

    /// Removes an integer. Answers whether it was there.
    pub(super) fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.search(number) else { return false };
        let width = self.width();
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        let at = 1 + index * width;
        bytes.drain(at..at + width);
        if bytes.len() > 1 {
            self.bytes = bytes.into_boxed_slice();
        }
        true
    }

    fn widen(&mut self, width: usize) {
        let mut bytes = Vec::with_capacity(1 + self.len() * width);
        bytes.push(width as u8);
        for number in self.iter() {
            bytes.extend_from_slice(&number.to_le_bytes()[..width]);
        }
        self.bytes = bytes.into_boxed_slice();
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = i64> + Clone + use<'_> {
        (0..self.len()).map(|index| self.at(index))
    }

    /// The least and the greatest.
    pub(super) fn bounds(&self) -> Option<(i64, i64)> {
        let last = self.len().checked_sub(1)?;
        Some((self.at(0), self.at(last)))
    }
}
