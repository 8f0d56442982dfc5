//! The packed forms of older versions: ziplists, zipmaps, and sets of integers.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::read::Reader;

const BROKEN_ZIPLIST: Error = Error::BadData("a ziplist is broken");
const BROKEN_ZIPMAP: Error = Error::BadData("a zipmap is broken");
const BROKEN_INTSET: Error = Error::BadData("a set of integers is broken");

/// Elements in order; integers as their texts.
pub(crate) type Elements<'a> = Vec<Cow<'a, [u8]>>;

/// The elements of a ziplist.
///
/// ```text
/// bytes in all: u32, place of the last entry: u32, entries: u16, entries, 0xff
/// entry: length of the one before (1 byte, or 0xfe and a u32), encoding, data
/// ```
pub(crate) fn ziplist(bytes: &[u8]) -> Result<Elements<'_>> {
    let mut reader = Reader::new(bytes);
    let said_bytes = u32::from_le_bytes(reader.array()?);
    let said_tail = u32::from_le_bytes(reader.array()?);
    let said_count = u16::from_le_bytes(reader.array()?);
    let mut elements = Vec::new();
    let (mut previous, mut last) = (0, bytes.len() - reader.remaining());
    loop {
        let start = bytes.len() - reader.remaining();
        let before = match reader.byte()? {
            0xff => break,
            0xfe => u32::from_le_bytes(reader.array()?) as usize,
            short => usize::from(short),
        };
        if before != previous {
            return Err(BROKEN_ZIPLIST);
        }
        elements.push(ziplist_entry(&mut reader)?);
        last = start;
        previous = bytes.len() - reader.remaining() - start;
    }
    let count_is_right = said_count == u16::MAX || usize::from(said_count) == elements.len();
    let is_whole = reader.remaining() == 0
        && said_bytes as usize == bytes.len()
        && said_tail as usize == last
        && count_is_right;
    if is_whole { Ok(elements) } else { Err(BROKEN_ZIPLIST) }
}

fn ziplist_entry<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, [u8]>> {
    let first = reader.byte()?;
    let integer = match first {
        0x00..=0x3f => return reader.take(usize::from(first)).map(Cow::Borrowed),
        0x40..=0x7f => {
            let len = usize::from(first & 0x3f) << 8 | usize::from(reader.byte()?);
            return reader.take(len).map(Cow::Borrowed);
        }
        0x80 => {
            let len = u32::from_be_bytes(reader.array()?) as usize;
            return reader.take(len).map(Cow::Borrowed);
        }
        0xc0 => i64::from(i16::from_le_bytes(reader.array()?)),
        0xd0 => i64::from(i32::from_le_bytes(reader.array()?)),
        0xe0 => i64::from_le_bytes(reader.array()?),
        0xf0 => {
            let [a, b, c] = reader.array()?;
            i64::from(i32::from_le_bytes([0, a, b, c]) >> 8)
        }
        0xfe => i64::from(i8::from_le_bytes(reader.array()?)),
        0xf1..=0xfd => i64::from(first & 0x0f) - 1,
        _ => return Err(BROKEN_ZIPLIST),
    };
    Ok(Cow::Owned(integer.to_string().into_bytes()))
}

/// Fields and values of a zipmap, in turns.
///
/// ```text
/// pairs: u8 (254: more), pairs, 0xff
/// pair: length, field, length, free bytes: u8, value, free bytes
/// length: 1 byte, or 0xfe and a u32
/// ```
pub(crate) fn zipmap(bytes: &[u8]) -> Result<Elements<'_>> {
    let mut reader = Reader::new(bytes);
    let said_count = reader.byte()?;
    let mut elements: Elements<'_> = Vec::new();
    while let Some(len) = zipmap_length(&mut reader)? {
        elements.push(Cow::Borrowed(reader.take(len)?));
        let len = zipmap_length(&mut reader)?.ok_or(BROKEN_ZIPMAP)?;
        let free = usize::from(reader.byte()?);
        elements.push(Cow::Borrowed(reader.take(len)?));
        reader.take(free)?;
    }
    let count = elements.len() / 2;
    let is_whole = reader.remaining() == 0
        && count > 0
        && (said_count >= 254 || usize::from(said_count) == count);
    if is_whole { Ok(elements) } else { Err(BROKEN_ZIPMAP) }
}

/// None at the end.
fn zipmap_length(reader: &mut Reader<'_>) -> Result<Option<usize>> {
    Ok(match reader.byte()? {
        0xff => None,
        0xfe => Some(u32::from_le_bytes(reader.array()?) as usize),
        short => Some(usize::from(short)),
    })
}

/// The members of a set of integers, which must ascend.
///
/// ```text
/// bytes per integer: u32, integers: u32, integers
/// ```
pub(crate) fn intset(bytes: &[u8]) -> Result<Vec<i64>> {
    let mut reader = Reader::new(bytes);
    let width = u32::from_le_bytes(reader.array()?) as usize;
    let count = u32::from_le_bytes(reader.array()?) as usize;
    if !matches!(width, 2 | 4 | 8)
        || count == 0
        || count.checked_mul(width) != Some(reader.remaining())
    {
        return Err(BROKEN_INTSET);
    }
    let mut members = Vec::with_capacity(count);
    for chunk in reader.take(count * width)?.chunks_exact(width) {
        let mut wide = [0; 8];
        wide[8 - width..].copy_from_slice(chunk);
        members.push(i64::from_le_bytes(wide) >> (64 - 8 * width));
    }
    if members.is_sorted_by(|a, b| a < b) { Ok(members) } else { Err(BROKEN_INTSET) }
}

#[cfg(test)]
mod tests;
