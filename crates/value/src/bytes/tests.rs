//! Growth.

use super::*;

#[test]
fn grows_with_zeros_and_keeps_its_bytes() {
    let mut bytes = ByteString::from(&b"abc"[..]);
    assert_eq!(bytes.memory_bytes(), 8);
    bytes.resize(5);
    bytes.append(b"xy");
    assert_eq!(bytes.as_slice(), b"abc\0\0xy");
    bytes.resize(2);
    assert_eq!(bytes.as_slice(), b"ab");
}

#[test]
fn appending_reallocates_rarely_and_wastes_little() {
    let mut bytes = ByteString::default();
    let mut moves = 0;
    for _ in 0..8 << 10 {
        let capacity = bytes.0.capacity();
        bytes.append(&[0; 1024]);
        moves += usize::from(bytes.0.capacity() != capacity);
    }
    assert!(moves < 64, "{moves} moves");
    assert!(bytes.0.capacity() < bytes.0.len() * 5 / 4);
    assert!(bytes.free_effort() > 100);
}
