//! Strings bit by bit: bit 0 is the highest of the first byte.

use std::ops::Range;

mod combine;
mod field;

pub use combine::{Operation, combine};
pub use field::{Field, Overflow};

/// The bits from `start` to `end`, both included, negative ones counted from the end of `total`
/// bits (or bytes) and at the least the first one; none if nothing is left of them.
pub fn clamp(start: i64, end: i64, total: usize) -> Option<Range<usize>> {
    let total = total as i64;
    let from_start =
        |index: i64| if index < 0 { (index.saturating_add(total)).max(0) } else { index };
    let (start, end) = (from_start(start), from_start(end).min(total - 1));
    (start <= end).then(|| start as usize..end as usize + 1)
}

/// How many bits are set in `range`, which must lie within `bytes`. Eight bytes at a time, or more
/// where the processor can.
pub fn count(bytes: &[u8], range: Range<usize>) -> u64 {
    if range.is_empty() {
        return 0;
    }
    let touched = &bytes[range.start / 8..range.end.div_ceil(8)];
    let before = touched[0] & !(0xff >> (range.start % 8));
    let behind = match range.end % 8 {
        0 => 0,
        kept => touched[touched.len() - 1] & (0xff >> kept),
    };
    count_all(touched) - u64::from(before.count_ones() + behind.count_ones())
}

fn count_all(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { count_wide(bytes) };
    }
    count_words(bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn count_wide(bytes: &[u8]) -> u64 {
    count_words(bytes)
}

#[inline(always)]
fn count_words(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks();
    let words: u64 = words.iter().map(|word| ones(u64::from_ne_bytes(*word))).sum();
    words + rest.iter().map(|byte| ones(u64::from(*byte))).sum::<u64>()
}

#[inline(always)]
fn ones(word: u64) -> u64 {
    u64::from(word.count_ones())
}

/// The first bit in `range`, which must lie within `bytes`, that is set, or that is not.
pub fn position(bytes: &[u8], range: Range<usize>, is_set: bool) -> Option<usize> {
    if range.is_empty() {
        return None;
    }
    let boring = if is_set { 0 } else { 0xff };
    let first = range.start / 8;
    let head = (bytes[first] ^ boring) & (0xff >> (range.start % 8));
    let found = if head != 0 {
        first * 8 + head.leading_zeros() as usize
    } else {
        let behind = first + 1;
        let rest = &bytes[behind..range.end.div_ceil(8)];
        let at = first_other(rest, boring)?;
        (behind + at) * 8 + (rest[at] ^ boring).leading_zeros() as usize
    };
    (found < range.end).then_some(found)
}

/// The first byte that is not `boring`.
fn first_other(bytes: &[u8], boring: u8) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<128>();
    let is_boring =
        |block: &&[u8; 128]| block.iter().fold(0, |other, byte| other | (byte ^ boring)) == 0;
    let start = blocks.iter().take_while(is_boring).count() * 128;
    let at = bytes[start..].iter().position(|byte| *byte != boring)?;
    Some(start + at)
}

#[cfg(test)]
mod tests;
