//! Many byte strings in one buffer: cheap to fill, and one move from shard to shard.

use std::ops::Range;

use stdx::number::Decimal;
use value::listpack::Item;

/// Byte strings by number; some may be absent.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each ends and the next begins; those that are absent end with [`ABSENT`].
    ends: Vec<usize>,
}

/// In an end: there is no string.
const ABSENT: usize = 1 << (usize::BITS - 1);

impl Texts {
    /// How many there are, absent ones included.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a string.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// Adds a string that is made of parts.
    pub(super) fn push_parts(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.ends.push(self.bytes.len());
    }

    /// Adds an element of a collection.
    pub(super) fn push_item(&mut self, item: Item<'_>) {
        match item {
            Item::Bytes(bytes) => self.push(bytes),
            Item::Int(number) => self.push(Decimal::new().format(number)),
        }
    }

    /// Adds a string that is absent.
    pub(super) fn push_absent(&mut self) {
        self.ends.push(self.bytes.len() | ABSENT);
    }

    /// Adds a string, or one that is absent.
    pub(super) fn push_maybe(&mut self, text: Option<&[u8]>) {
        match text {
            Some(text) => self.push(text),
            None => self.push_absent(),
        }
    }

    /// A string, unless it is absent.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        let end = self.ends[index];
        (end & ABSENT == 0).then(|| &self.bytes[self.start(index)..end])
    }

    /// A string; nothing where it is absent.
    #[inline]
    pub(super) fn at(&self, index: usize) -> &[u8] {
        self.get(index).unwrap_or_default()
    }

    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before] & !ABSENT)
    }

    /// All numbers.
    pub(super) fn indexes(&self) -> Range<usize> {
        0..self.len()
    }
}
