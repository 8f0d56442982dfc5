//! Strings and integers in one allocation: Redis's listpack, byte for byte.
//!
//! ```text
//! bytes in all: u32, elements: u16 (65,535: more than that), elements, 0xff
//! element: encoding with the data, then the length of both, to be read backwards
//! ```
//!
//! A string that is an integer's canonical text is kept as that integer. All numbers but the
//! backward lengths are little-endian.
//!
//! Invariant: `bytes` is a well-formed listpack; what comes from outside enters by
//! [`Listpack::from_untrusted`].

mod buffer;
mod codec;

use std::fmt;

use stdx::number;

use self::buffer::Buffer;
pub use self::codec::Item;
use self::codec::{back_len, encode, encoded_len, total_len};

const HEADER_BYTES: usize = 6;
const END: u8 = 0xff;
/// The header's count when it does not know.
const UNKNOWN_LEN: usize = u16::MAX as usize;
/// No listpack grows beyond; as Redis's.
pub const BYTES_MAX: usize = 1 << 30;

/// Where an element begins. Valid until the listpack changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(usize);

/// See the module.
#[derive(Clone)]
pub struct Listpack {
    buffer: Buffer,
}

impl fmt::Debug for Listpack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Listpack {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Listpack {}

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl Listpack {
    /// An empty one; it allocates 8 bytes.
    pub fn new() -> Self {
        Self { buffer: Buffer::new(&[0, 0, 0, 0, 0, 0, END]) }
    }

    /// The bytes of a listpack from outside, if they are well-formed in every part; then it knows how
    /// many elements it has, even if they did not say. O(bytes).
    pub fn from_untrusted(bytes: impl AsRef<[u8]>) -> Option<Self> {
        let bytes = bytes.as_ref();
        let len = codec::well_formed_len(bytes)?;
        let mut pack = Self { buffer: Buffer::new(bytes) };
        pack.set_len(len);
        Some(pack)
    }

    /// The bytes of a listpack that [`Self::as_bytes`] gave.
    pub(crate) fn from_trusted(bytes: &[u8]) -> Self {
        debug_assert!(codec::well_formed_len(bytes).is_some());
        Self { buffer: Buffer::new(bytes) }
    }

    /// All its bytes, as Redis has them.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// How many bytes it has. O(1).
    #[inline]
    pub fn byte_len(&self) -> usize {
        self.buffer.len()
    }

    /// Heap bytes behind it. O(1).
    pub fn memory_bytes(&self) -> usize {
        stdx::alloc::block_bytes(self.byte_len())
    }

    /// How many elements there are. O(1) up to 65,534, else O(n).
    #[inline]
    pub fn len(&self) -> usize {
        let len = self.said_len();
        if len == UNKNOWN_LEN { self.iter().count() } else { len }
    }

    /// Whether there are no elements.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.byte_len() == HEADER_BYTES + 1
    }

    /// The first element.
    #[inline]
    pub fn first(&self) -> Option<At> {
        (!self.is_empty()).then_some(At(HEADER_BYTES))
    }

    /// The last element.
    #[inline]
    pub fn last(&self) -> Option<At> {
        self.before(self.byte_len() - 1)
    }

    /// The element behind one.
    #[inline]
    pub fn next(&self, at: At) -> Option<At> {
        let next = at.0 + total_len(&self.as_bytes()[at.0..]);
        (self.as_bytes()[next] != END).then_some(At(next))
    }

    /// The element before one.
    #[inline]
    pub fn prev(&self, at: At) -> Option<At> {
        self.before(at.0)
    }

    fn before(&self, end: usize) -> Option<At> {
        (end > HEADER_BYTES).then(|| {
            let (len, len_bytes) = back_len(&self.as_bytes()[..end]);
            At(end - len_bytes - len)
        })
    }

    /// The element with this number; a negative one counts from the end. O(distance from the
    /// nearer end).
    pub fn seek(&self, index: isize) -> Option<At> {
        let len = self.len();
        let index = if index < 0 { len.checked_sub(index.unsigned_abs())? } else { index as usize };
        if index >= len {
            return None;
        }
        if index <= len / 2 {
            let mut at = self.first()?;
            for _ in 0..index {
                at = self.next(at)?;
            }
            Some(at)
        } else {
            let mut at = self.last()?;
            for _ in index + 1..len {
                at = self.prev(at)?;
            }
            Some(at)
        }
    }

    /// The first element that does not begin before this byte of the whole. O(elements before it).
    pub(crate) fn seek_byte(&self, byte: usize) -> Option<At> {
        let mut at = self.first()?;
        while at.0 < byte {
            at = self.next(at)?;
        }
        Some(at)
    }

    /// The element there.
    #[inline]
    pub fn get(&self, at: At) -> Item<'_> {
        codec::decode(&self.as_bytes()[at.0..])
    }

    /// How many bytes the element there takes.
    pub fn element_bytes(&self, at: At) -> usize {
        total_len(&self.as_bytes()[at.0..])
    }

    /// How many bytes an element with these would take.
    pub fn bytes_for(item: &[u8]) -> usize {
        encoded_len(Item::of(item))
    }

    /// The elements in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { pack: self, front: HEADER_BYTES, back: self.byte_len() - 1 }
    }

    /// The first element from `from` on that is `wanted`, looking at it and then at every
    /// `skip + 1`st.
    #[inline]
    pub fn find(&self, from: At, wanted: &[u8], skip: usize) -> Option<At> {
        let wanted = Item::of(wanted);
        let mut at = from.0;
        while self.as_bytes()[at] != END {
            if self.get(At(at)) == wanted {
                return Some(At(at));
            }
            for _ in 0..=skip {
                if self.as_bytes()[at] == END {
                    return None;
                }
                at += total_len(&self.as_bytes()[at..]);
            }
        }
        None
    }

    /// Adds an element at the end.
    #[inline]
    pub fn push(&mut self, item: &[u8]) {
        self.push_item(Item::of(item));
    }

    /// Adds an element at the end.
    #[inline]
    pub fn push_item(&mut self, item: Item<'_>) {
        self.splice(self.byte_len() - 1, 0, Some(item));
        self.count(1);
    }

    /// Adds an element at the beginning.
    pub fn push_front(&mut self, item: &[u8]) {
        self.insert_item(At(HEADER_BYTES), Item::of(item));
    }

    /// Adds an element before the one at `at`, and answers where it is.
    pub fn insert(&mut self, at: At, item: &[u8]) -> At {
        self.insert_item(at, Item::of(item))
    }

    /// Adds an element before the one at `at`, and answers where it is.
    pub fn insert_item(&mut self, at: At, item: Item<'_>) -> At {
        self.splice(at.0, 0, Some(item));
        self.count(1);
        at
    }

    /// Adds an element behind the one at `at`, and answers where it is.
    pub fn insert_after(&mut self, at: At, item: Item<'_>) -> At {
        let behind = At(at.0 + total_len(&self.as_bytes()[at.0..]));
        self.insert_item(behind, item)
    }

    /// Puts another element in the place of one.
    pub fn replace(&mut self, at: At, item: &[u8]) {
        self.replace_item(at, Item::of(item));
    }

    /// Puts another element in the place of one.
    pub fn replace_item(&mut self, at: At, item: Item<'_>) {
        let old = total_len(&self.as_bytes()[at.0..]);
        self.splice(at.0, old, Some(item));
    }

    /// Removes an element; answers the one that was behind it.
    pub fn remove(&mut self, at: At) -> Option<At> {
        self.remove_range(at, 1)
    }

    /// Removes up to `count` elements; answers the one that was behind them.
    pub fn remove_range(&mut self, at: At, count: usize) -> Option<At> {
        let (mut end, mut removed) = (at.0, 0);
        while removed < count && self.as_bytes()[end] != END {
            end += total_len(&self.as_bytes()[end..]);
            removed += 1;
        }
        self.splice(at.0, end - at.0, None);
        self.count(-(removed as isize));
        (self.as_bytes()[at.0] != END).then_some(at)
    }

    /// Moves all elements of another one to the end.
    pub fn append(&mut self, other: &Self) {
        let (end, added) = (self.byte_len() - 1, other.len());
        let more = &other.as_bytes()[HEADER_BYTES..];
        self.buffer.resize(end + more.len());
        self.buffer.bytes_mut()[end..].copy_from_slice(more);
        self.count(added as isize);
    }

    /// Splits it in two before the element at `at`, and answers the second part.
    pub fn split_off(&mut self, at: At) -> Self {
        let mut rest = Self::new();
        let moved = &self.as_bytes()[at.0..];
        rest.buffer.resize(HEADER_BYTES + moved.len());
        rest.buffer.bytes_mut()[HEADER_BYTES..].copy_from_slice(moved);
        self.buffer.resize(at.0 + 1);
        self.buffer.bytes_mut()[at.0] = END;
        let (all, kept) = (self.said_len(), self.iter().count());
        let moved = if all == UNKNOWN_LEN { rest.iter().count() } else { all - kept };
        self.set_len(kept);
        rest.set_len(moved);
        rest
    }

    /// Replaces `old` bytes at `at` by an element, or by nothing.
    #[inline]
    fn splice(&mut self, at: usize, old: usize, item: Option<Item<'_>>) {
        let new = item.map_or(0, encoded_len);
        let len = self.byte_len();
        if new > old {
            self.buffer.resize(len + new - old);
            self.buffer.bytes_mut().copy_within(at + old..len, at + new);
        } else if new < old {
            self.buffer.bytes_mut().copy_within(at + old.., at + new);
            self.buffer.resize(len - (old - new));
        }
        if let Some(item) = item {
            encode(item, &mut self.buffer.bytes_mut()[at..at + new]);
        }
    }

    #[inline]
    fn count(&mut self, change: isize) {
        let old = self.said_len();
        if old != UNKNOWN_LEN {
            self.set_len(old.saturating_add_signed(change));
        }
    }

    #[inline]
    fn said_len(&self) -> usize {
        let bytes = self.as_bytes();
        usize::from(u16::from_le_bytes([bytes[4], bytes[5]]))
    }

    fn set_len(&mut self, len: usize) {
        let len = len.min(UNKNOWN_LEN) as u16;
        self.buffer.bytes_mut()[4..6].copy_from_slice(&len.to_le_bytes());
    }
}

/// The elements of a listpack, from both ends.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    pack: &'a Listpack,
    front: usize,
    back: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        if self.front >= self.back {
            return None;
        }
        let element = &self.pack.as_bytes()[self.front..];
        self.front += total_len(element);
        Some(codec::decode(element))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        self.back = self.pack.before(self.back)?.0;
        Some(codec::decode(&self.pack.as_bytes()[self.back..]))
    }
}

impl<'a> Item<'a> {
    /// `bytes` as an element: an integer if they are one's canonical text.
    #[inline]
    pub fn of(bytes: &'a [u8]) -> Self {
        // No i64 has a longer text than 20 bytes.
        match bytes {
            [b'-' | b'0'..=b'9', ..] if bytes.len() <= 20 => {
                number::parse_i64(bytes).map_or(Self::Bytes(bytes), Self::Int)
            }
            _ => Self::Bytes(bytes),
        }
    }

    /// The bytes; an integer is written to `text`.
    #[inline]
    pub fn bytes<'b>(self, text: &'b mut number::Decimal) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Int(number) => text.format(number),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// How many bytes its text has.
    pub fn len(self) -> usize {
        match self {
            Self::Int(number) => number::decimal_len(number),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether its text is empty.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A copy of the bytes.
    pub fn to_vec(self) -> Vec<u8> {
        self.bytes(&mut number::Decimal::new()).to_vec()
    }
}

#[cfg(test)]
mod tests;
