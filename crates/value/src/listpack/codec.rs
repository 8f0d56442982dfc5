//! How one element is written.

/// An element of a listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// The text of this integer.
    Int(i64),
    /// These bytes.
    Bytes(&'a [u8]),
}

const INT16: u8 = 0xf1;
const INT24: u8 = 0xf2;
const INT32: u8 = 0xf3;
const INT64: u8 = 0xf4;
const LONG_STRING: u8 = 0xf0;

/// Bytes of the encoding and data of the element that `bytes` begins with.
#[inline]
pub(super) fn element_len(bytes: &[u8]) -> usize {
    match bytes[0] {
        0x00..=0x7f => 1,
        head @ 0x80..=0xbf => 1 + usize::from(head & 0x3f),
        0xc0..=0xdf => 2,
        head @ 0xe0..=0xef => 2 + (usize::from(head & 0x0f) << 8 | usize::from(bytes[1])),
        LONG_STRING => 5 + long_len(bytes),
        INT16 => 3,
        INT24 => 4,
        INT32 => 5,
        INT64 => 9,
        head => unreachable!("{head:#x} begins no element of a well-formed listpack"),
    }
}

fn long_len(bytes: &[u8]) -> usize {
    u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize
}

/// Bytes of the element that `bytes` begins with, its backward length included.
#[inline]
pub(super) fn total_len(bytes: &[u8]) -> usize {
    let len = element_len(bytes);
    len + back_bytes(len)
}

/// The element that `bytes` begins with.
#[inline]
pub(super) fn decode(bytes: &[u8]) -> Item<'_> {
    match bytes[0] {
        small @ 0x00..=0x7f => Item::Int(i64::from(small)),
        head @ 0x80..=0xbf => Item::Bytes(&bytes[1..1 + usize::from(head & 0x3f)]),
        head @ 0xc0..=0xdf => {
            let raw = i64::from(head & 0x1f) << 8 | i64::from(bytes[1]);
            Item::Int(raw << 51 >> 51)
        }
        0xe0..=0xef => Item::Bytes(&bytes[2..element_len(bytes)]),
        LONG_STRING => Item::Bytes(&bytes[5..5 + long_len(bytes)]),
        INT16 => Item::Int(i64::from(i16::from_le_bytes([bytes[1], bytes[2]]))),
        INT24 => Item::Int(i64::from(i32::from_le_bytes([0, bytes[1], bytes[2], bytes[3]]) >> 8)),
        INT32 => Item::Int(i64::from(i32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]))),
        INT64 => {
            let (number, _) = bytes[1..].split_first_chunk().expect("a well-formed listpack");
            Item::Int(i64::from_le_bytes(*number))
        }
        head => unreachable!("{head:#x} begins no element of a well-formed listpack"),
    }
}

/// Bytes that an element takes, its backward length included.
#[inline]
pub(super) fn encoded_len(item: Item<'_>) -> usize {
    let len = match item {
        Item::Int(0..=127) => 1,
        Item::Int(-4096..=4095) => 2,
        Item::Int(-32_768..=32_767) => 3,
        Item::Int(-8_388_608..=8_388_607) => 4,
        Item::Int(-2_147_483_648..=2_147_483_647) => 5,
        Item::Int(_) => 9,
        Item::Bytes(bytes) => match bytes.len() {
            len @ 0..=63 => 1 + len,
            len @ 64..=4095 => 2 + len,
            len => 5 + len,
        },
    };
    len + back_bytes(len)
}

/// Writes an element to `out`, which has [`encoded_len`] bytes.
#[inline]
pub(super) fn encode(item: Item<'_>, out: &mut [u8]) {
    let len = match item {
        Item::Int(number @ 0..=127) => {
            out[0] = number as u8;
            1
        }
        Item::Int(number @ -4096..=4095) => {
            out[0] = 0xc0 | (number >> 8 & 0x1f) as u8;
            out[1] = number as u8;
            2
        }
        Item::Int(number) => encode_wide(number, out),
        Item::Bytes(bytes) => {
            let start = match bytes.len() {
                len @ 0..=63 => {
                    out[0] = 0x80 | len as u8;
                    1
                }
                len @ 64..=4095 => {
                    out[0] = 0xe0 | (len >> 8) as u8;
                    out[1] = len as u8;
                    2
                }
                len => {
                    out[0] = LONG_STRING;
                    out[1..5].copy_from_slice(&(len as u32).to_le_bytes());
                    5
                }
            };
            out[start..start + bytes.len()].copy_from_slice(bytes);
            start + bytes.len()
        }
    };
    encode_back(len, &mut out[len..]);
}

fn encode_wide(number: i64, out: &mut [u8]) -> usize {
    let (head, width) = match number {
        -32_768..=32_767 => (INT16, 2),
        -8_388_608..=8_388_607 => (INT24, 3),
        -2_147_483_648..=2_147_483_647 => (INT32, 4),
        _ => (INT64, 8),
    };
    out[0] = head;
    out[1..=width].copy_from_slice(&number.to_le_bytes()[..width]);
    1 + width
}

/// Bytes of a backward length.
#[inline]
const fn back_bytes(len: usize) -> usize {
    // Redis's bounds, one below what would fit.
    match len {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

/// Seven bits a byte, the highest first; all but the first are marked.
#[inline]
fn encode_back(len: usize, out: &mut [u8]) {
    let bytes = back_bytes(len);
    for (at, byte) in out[..bytes].iter_mut().enumerate() {
        let bits = (len >> (7 * (bytes - 1 - at)) & 0x7f) as u8;
        *byte = if at == 0 { bits } else { bits | 0x80 };
    }
}

/// The length that `bytes` end with, and how many bytes it takes.
#[inline]
pub(super) fn back_len(bytes: &[u8]) -> (usize, usize) {
    let mut len = 0;
    for (at, byte) in bytes.iter().rev().take(5).enumerate() {
        len |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return (len, at + 1);
        }
    }
    unreachable!("a well-formed listpack")
}

/// How many elements there are, if all of `bytes` is one listpack in which every element can be
/// reached both ways.
pub(super) fn well_formed_len(bytes: &[u8]) -> Option<usize> {
    let end = bytes.len().wrapping_sub(1);
    if bytes.len() <= super::HEADER_BYTES || bytes.len() > super::BYTES_MAX || bytes[end] != 0xff {
        return None;
    }
    let said_bytes = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    let said_len = usize::from(u16::from_le_bytes([bytes[4], bytes[5]]));
    let (mut at, mut len) = (super::HEADER_BYTES, 0);
    while at < end {
        let element = checked_len(&bytes[at..end])?;
        let back = back_bytes(element);
        if element + back > end - at {
            return None;
        }
        let mut expected = [0; 5];
        encode_back(element, &mut expected);
        if bytes[at + element..at + element + back] != expected[..back] {
            return None;
        }
        at += element + back;
        len += 1;
    }
    let is_right = said_len == super::UNKNOWN_LEN || said_len == len;
    (said_bytes == bytes.len() && is_right).then_some(len)
}

/// [`element_len`] of bytes that may be anything.
fn checked_len(bytes: &[u8]) -> Option<usize> {
    let head_bytes = match bytes[0] {
        0xe0..=0xef => 2,
        LONG_STRING => 5,
        0xf5..=0xff => return None,
        _ => 1,
    };
    let len = (bytes.len() >= head_bytes).then(|| element_len(bytes))?;
    (len <= bytes.len()).then_some(len)
}
