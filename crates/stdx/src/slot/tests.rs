//! Slots as `CLUSTER KEYSLOT` of Redis 7.0 answers them.

use super::*;

#[test]
fn known_slots() {
    assert_eq!(of(b"foo"), 12182);
    assert_eq!(of(b"bar"), 5061);
    assert_eq!(of(b""), 0);
    assert_eq!(of(b"123456789"), 12739);
}

#[test]
fn hash_tags() {
    assert_eq!(of(b"{user1000}.following"), of(b"user1000"));
    assert_eq!(of(b"foo{bar}{zap}"), of(b"bar"));
    assert_eq!(of(b"foo{{bar}}zap"), of(b"{bar"));
    assert_eq!(tag(b"foo{}{bar}"), None, "an empty tag is none");
    assert_eq!(tag(b"foo{bar"), None);
    assert_eq!(tag(b"foo}bar{x}"), Some(&b"x"[..]));
}
