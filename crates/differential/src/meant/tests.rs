//! The rules let through what they describe and nothing beside it.

use super::*;

fn meant(line: &str, redis: &str, merops: &str) -> bool {
    let words = resp::split_args(line.as_bytes()).unwrap();
    let reply = |text: &str| match text.strip_prefix('-') {
        Some(error) => Reply::Error(error.as_bytes().to_vec()),
        None => Reply::Bulk(text.as_bytes().to_vec()),
    };
    is_meant(&words, &reply(redis), &reply(merops))
}

#[test]
fn each_is_a_case_and_its_neighbour_is_not() {
    assert!(meant("getrange k -9 -8", "a", ""));
    assert!(!meant("getrange k -9 -8", "", "a"));
    assert!(meant("SCAN -1", "x", "-ERR invalid cursor"));
    assert!(!meant("SCAN -1", "-ERR invalid cursor", "x"));
    assert!(meant("CLIENT LIST TYPE x ID 1", "-ERR syntax error", "-ERR Unknown client type 'x'"));
    assert!(!meant("CLIENT LIST TYPE", "-ERR syntax error", "x"));
    assert!(meant("OBJECT ENCODING k", "embstr", "int"));
    assert!(!meant("OBJECT ENCODING k", "int", "embstr"));
    assert!(!meant("GET k", "embstr", "int"));
    assert!(meant("ZSCORE k m", "11202.086972783662", "1.1202086972783662e+4"));
    assert!(!meant("ZSCORE k m", "11202.086972783672", "1.1202086972783662e+4"));
    assert!(!meant("ZSCORE k m", "1.0", "1"));
    assert!(!meant("ZSCORE k m", "edge", "else"));
}

#[test]
fn words_end_at_a_zero_byte() {
    let line = r#""a\x00b" "c\x00\r\n""#;
    assert!(meant(line, "-ERR 'a', 'c'", "-ERR 'a\0b', 'c\0  '"));
    assert!(!meant(line, "-ERR 'a', 'c'", "-ERR 'a\0b', 'd'"));
    assert!(!meant(line, "-ERR 'a'", "-ERR 'b'"));
}
