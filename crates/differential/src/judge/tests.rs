//! The judge lets through what it should and nothing else.

use super::*;

fn received(wire: &str) -> Received {
    let bytes = wire.replace(' ', "\r\n").into_bytes();
    let (reply, length) = resp::parse_reply(&bytes).unwrap().unwrap();
    assert_eq!(length, bytes.len());
    (reply, bytes)
}

fn same(compare: Compare, redis: &str, merops: &str) -> bool {
    is_same(compare, &received(redis), &received(merops))
}

#[test]
fn bytes() {
    assert!(same(Compare::Bytes, "$1 a ", "$1 a "));
    assert!(!same(Compare::Bytes, "$1 a ", "$1 b "));
    // Both are null to a client that asks no further.
    assert!(!same(Compare::Bytes, "$-1 ", "_ "));
}

#[test]
fn errors_are_always_compared() {
    for compare in [Compare::Bytes, Compare::AnyOrder, Compare::Within(9), Compare::Type] {
        assert!(same(compare, "-ERR_a ", "-ERR_a "));
        assert!(!same(compare, "-ERR_a ", "-ERR_b "));
        assert!(!same(compare, "-ERR_a ", ":1 "));
    }
}

#[test]
fn order() {
    assert!(same(Compare::AnyOrder, "*2 :1 :2 ", "*2 :2 :1 "));
    assert!(!same(Compare::AnyOrder, "*2 :1 :2 ", "*2 :1 :1 "));
    assert!(!same(Compare::AnyOrder, "*2 :1 :2 ", "~2 :1 :2 "));
    assert!(!same(Compare::AnyOrder, "%1 :1 :2 ", "%1 :2 :1 "));
}

#[test]
fn distance() {
    assert!(same(Compare::Within(2), ":100 ", ":98 "));
    assert!(!same(Compare::Within(2), ":100 ", ":97 "));
    assert!(!same(Compare::Within(2), ":-1 ", ":-2 "));
    assert!(!same(Compare::Within(2), ":1 ", ":-1 "));
}

#[test]
fn types() {
    assert!(same(Compare::Type, "$1 a ", "$2 bc "));
    assert!(!same(Compare::Type, "$1 a ", "$-1 "));
    assert!(!same(Compare::Type, "*0 ", "%0 "));
}
