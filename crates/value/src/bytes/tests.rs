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
        let capacity = bytes.vec().capacity();
        bytes.append(&[0; 1024]);
        moves += usize::from(bytes.vec().capacity() != capacity);
    }
    assert!(moves < 64, "{moves} moves");
    assert!(bytes.vec().capacity() < bytes.vec().len() * 5 / 4);
    assert!(bytes.free_effort() > 100);
}

#[test]
fn what_is_shared_stays_as_it_was() {
    let mut bytes = ByteString::from(&b"abc"[..]);
    let (first, second) = (bytes.share(), bytes.share());
    bytes.append(b"d");
    bytes.as_mut_slice()[0] = b'x';
    assert_eq!(
        (&first[..], &second[..], bytes.as_slice()),
        (&b"abc"[..], &b"abc"[..], &b"xbcd"[..])
    );
    drop((first, bytes.share()));
    // Nobody reads it any more: it is changed where it is.
    let at = bytes.as_slice().as_ptr();
    bytes.as_mut_slice()[0] = b'y';
    assert_eq!(bytes.as_slice().as_ptr(), at);
}
