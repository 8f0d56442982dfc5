//! Hash slots, as in Redis Cluster.

use crate::crc16::crc16;

/// How many slots there are.
pub const SLOTS: u16 = 16384;

/// The slot of `key`: by its hash tag (what stands between the first `{` and the next `}`, when
/// that is not empty), else by the whole key.
#[inline]
pub fn of(key: &[u8]) -> u16 {
    crc16(tag(key).unwrap_or(key)) % SLOTS
}

/// The hash tag of `key`, if it has one.
#[inline]
pub fn tag(key: &[u8]) -> Option<&[u8]> {
    let open = memchr::memchr(b'{', key)?;
    let inner = &key[open + 1..];
    let close = memchr::memchr(b'}', inner)?;
    (close > 0).then(|| &inner[..close])
}

#[cfg(test)]
mod tests;
