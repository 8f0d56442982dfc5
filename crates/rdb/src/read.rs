//! Reading the parts that values are made of: lengths, strings, numbers.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::lzf;

/// A length, or what else stands in its place.
enum Length {
    Plain(u64),
    /// A string of a special form follows.
    Special(u8),
}

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// An unsigned integer in the form of a length.
    pub fn length(&mut self) -> Result<u64> {
        match self.length_or_special()? {
            Length::Plain(len) => Ok(len),
            Length::Special(_) => Err(Error::BadData("a length is no number")),
        }
    }

    /// How many items follow, each of at least `item_bytes_min` bytes. More than there is room for
    /// is an error, so that what is allocated for them is bounded by the input.
    pub fn count(&mut self, item_bytes_min: usize) -> Result<usize> {
        let count = self.length()?;
        let most = self.rest.len() / item_bytes_min.max(1);
        usize::try_from(count).ok().filter(|count| *count <= most).ok_or(Error::Truncated)
    }

    fn length_or_special(&mut self) -> Result<Length> {
        let first = self.byte()?;
        let low = u64::from(first & 0x3f);
        Ok(match first >> 6 {
            0 => Length::Plain(low),
            1 => Length::Plain(low << 8 | u64::from(self.byte()?)),
            2 if first == 0x80 => Length::Plain(u64::from(u32::from_be_bytes(self.array()?))),
            2 if first == 0x81 => Length::Plain(u64::from_be_bytes(self.array()?)),
            3 => Length::Special(first & 0x3f),
            _ => return Err(Error::BadData("a length has an unknown form")),
        })
    }

    /// A string; an integer comes as its text.
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>> {
        let text = |number: i64| Cow::Owned(number.to_string().into_bytes());
        match self.length_or_special()? {
            Length::Plain(len) => {
                let len = usize::try_from(len).map_err(|_| Error::Truncated)?;
                Ok(Cow::Borrowed(self.take(len)?))
            }
            Length::Special(0) => Ok(text(i8::from_le_bytes(self.array()?).into())),
            Length::Special(1) => Ok(text(i16::from_le_bytes(self.array()?).into())),
            Length::Special(2) => Ok(text(i32::from_le_bytes(self.array()?).into())),
            Length::Special(3) => {
                let packed_len = self.count(1)?;
                let len = self.length()?;
                let packed = self.take(packed_len)?;
                let unpacked = lzf::decompress(packed, len);
                Ok(Cow::Owned(unpacked.ok_or(Error::BadData("a compressed string is broken"))?))
            }
            Length::Special(_) => Err(Error::BadData("a string has an unknown form")),
        }
    }

    /// A double of eight bytes.
    pub fn double(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A double as text, after its length.
    pub fn text_double(&mut self) -> Result<f64> {
        match self.byte()? {
            253 => Ok(f64::NAN),
            254 => Ok(f64::INFINITY),
            255 => Ok(f64::NEG_INFINITY),
            len => {
                let text = self.take(usize::from(len))?;
                let number = stdx::number::parse_f64(text);
                number.ok_or(Error::BadData("a score is no number"))
            }
        }
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(&mut self) -> Result<i64> {
        Ok(i64::from_le_bytes(self.array()?))
    }
}
