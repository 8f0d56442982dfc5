//! Against the values that the cluster specification gives.

use super::*;

#[test]
fn known_slots() {
    assert_eq!(crc16(b"123456789"), 0x31C3);
    assert_eq!(slot(b"foo"), 12_182);
    assert_eq!(slot(b"{user1000}.following"), slot(b"{user1000}.followers"));
    assert_eq!(slot(b"{user1000}.following"), slot(b"user1000"));
    assert_eq!(hash_tag(b"foo{}{bar}"), b"foo{}{bar}");
    assert_eq!(hash_tag(b"foo{{bar}}zap"), b"{bar");
    assert_eq!(hash_tag(b"foo{bar}{zap}"), b"bar");
}

#[test]
fn a_key_for_every_shard() {
    for wanted in 0..16 {
        assert_eq!(shard(key_on("k", wanted, 16).as_bytes(), 16), wanted);
    }
}
