//! The hash is a function of the bytes, and spreads at both ends of the word.

use std::collections::HashSet;

use super::*;

#[test]
fn equal_bytes_hash_equally_and_lengths_differ() {
    let copy = *b"key";
    assert_eq!(hash(b"key"), hash(&copy));
    let zeros = [0u8; 40];
    let hashes: HashSet<u64> = (0..=40).map(|length| hash(&zeros[..length])).collect();
    assert_eq!(hashes.len(), 41);
}

#[test]
fn both_halves_spread() {
    let hashes: Vec<u64> = (0..4096).map(|n| hash(format!("key:{n:012}").as_bytes())).collect();
    for shift in [0, 16, 32, 48] {
        let buckets: HashSet<u64> = hashes.iter().map(|h| h >> shift & 0xff).collect();
        assert_eq!(buckets.len(), 256, "bits from {shift}");
    }
}
