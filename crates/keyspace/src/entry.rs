//! What a reader sees of a key.

use stdx::number::{self, Decimal};
use value::{Collection, Kind, Value, WrongType};

use crate::clock::AccessClock;
use crate::raw::{ContentRef, RawEntry};

/// Redis's limit between the encodings `embstr` and `raw`.
const EMBEDDED_BYTES_MAX: usize = 44;

/// A value, as it is kept.
#[derive(Clone, Copy, Debug)]
pub enum ValueRef<'a> {
    /// A string that is an integer's text.
    Int(i64),
    /// Any other short string.
    Bytes(&'a [u8]),
    /// Everything else, long strings included.
    Other(&'a Value),
}

/// A string, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringRef<'a> {
    /// The text of this integer.
    Int(i64),
    /// These bytes.
    Bytes(&'a [u8]),
}

impl<'a> StringRef<'a> {
    /// The bytes; an integer is written to `text`.
    #[inline]
    pub fn bytes<'b>(self, text: &'b mut Decimal) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Self::Int(number) => text.format(number),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The length in bytes.
    pub fn len(self) -> usize {
        match self {
            Self::Int(number) => number::decimal_len(number),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A copy of the bytes.
    pub fn to_vec(self) -> Vec<u8> {
        self.bytes(&mut Decimal::new()).to_vec()
    }
}

/// A key that exists, with its value.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    raw: RawEntry,
    clock: &'a AccessClock,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(raw: RawEntry, clock: &'a AccessClock) -> Self {
        Self { raw, clock }
    }

    /// The key.
    #[inline]
    pub fn key(&self) -> &'a [u8] {
        self.raw.key()
    }

    /// The data type.
    pub fn kind(&self) -> Kind {
        match self.raw.content() {
            ContentRef::Int(_) | ContentRef::Inline(_) => Kind::String,
            ContentRef::Value(value) => value.kind(),
        }
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> ValueRef<'a> {
        match self.raw.content() {
            ContentRef::Int(number) => ValueRef::Int(number),
            ContentRef::Inline(bytes) => ValueRef::Bytes(bytes),
            ContentRef::Value(value) => ValueRef::Other(value),
        }
    }

    /// The value, which must be a string.
    #[inline]
    pub fn string(&self) -> Result<StringRef<'a>, WrongType> {
        match self.raw.content() {
            ContentRef::Int(number) => Ok(StringRef::Int(number)),
            ContentRef::Inline(bytes) => Ok(StringRef::Bytes(bytes)),
            ContentRef::Value(value) => {
                value.as_string().map(|bytes| StringRef::Bytes(bytes.as_slice())).ok_or(WrongType)
            }
        }
    }

    /// The value, which must be of this type.
    #[inline]
    pub fn get<T: Collection>(&self) -> Result<&'a T, WrongType> {
        match self.raw.content() {
            ContentRef::Value(value) => T::of(value).ok_or(WrongType),
            ContentRef::Int(_) | ContentRef::Inline(_) => Err(WrongType),
        }
    }

    /// The deadline in ms since the epoch, if it has one.
    #[inline]
    pub fn expire_at_ms(&self) -> Option<i64> {
        self.raw.expire_at_ms()
    }

    /// The encoding, by Redis's names.
    pub fn encoding(&self) -> &'static str {
        match self.raw.content() {
            ContentRef::Int(_) => "int",
            ContentRef::Inline(bytes)
                if bytes.len() <= EMBEDDED_BYTES_MAX && !self.raw.is_changed_in_place() =>
            {
                "embstr"
            }
            ContentRef::Inline(_) => "raw",
            ContentRef::Value(value) => value.encoding(),
        }
    }

    /// Seconds since the last access; means something under [`ClockKind::Lru`](crate::ClockKind).
    pub fn idle_seconds(&self) -> u32 {
        self.clock.idle_seconds(self.raw.clock())
    }

    /// The access counter; means something under [`ClockKind::Lfu`](crate::ClockKind).
    pub fn frequency(&self) -> u8 {
        self.clock.frequency(self.raw.clock())
    }

    /// Bytes that the key costs: its entry, what hangs off it, and its share of the table.
    pub fn memory_bytes(&self) -> usize {
        crate::memory::entry_bytes(self.raw)
    }
}
