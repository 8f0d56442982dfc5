//! Words of a protocol whose words are ASCII.

use std::str::FromStr;

/// Whether `word` is `other` but for the case of its ASCII letters.
#[inline]
pub fn eq_ignore_case(word: &[u8], other: &[u8]) -> bool {
    word.eq_ignore_ascii_case(other)
}

/// `bytes` as a `T`, by `T`'s own text rules; None when they are not UTF-8 or not a `T`.
pub fn parse<T: FromStr>(bytes: &[u8]) -> Option<T> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
