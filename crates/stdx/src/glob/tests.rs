//! Patterns with the answers of Redis 7.0 (`KEYS pattern` over one key).

use super::*;

#[test]
fn answers_as_redis_does() {
    for (pattern, text, expected) in [
        ("*", "", false),
        ("", "", true),
        ("", "a", false),
        ("h?llo", "hello", true),
        ("h?llo", "hllo", false),
        ("h*llo", "heeeello", true),
        ("h[ae]llo", "hallo", true),
        ("h[ae]llo", "hillo", false),
        ("h[^e]llo", "hallo", true),
        ("h[^e]llo", "hello", false),
        ("h[a-b]llo", "hbllo", true),
        ("h[b-a]llo", "hallo", true),
        ("h[a-b]llo", "hcllo", false),
        ("a\\*b", "a*b", true),
        ("a\\*b", "axb", false),
        ("a[\\]]b", "a]b", true),
        ("a[\\-z]b", "a-b", true),
        ("[abc", "b", true),
        ("[^", "b", true),
        ("[", "b", false),
        ("a\\", "a\\", true),
        ("*a*b*c*", "xxaxxbxxcxx", true),
        ("*a*b*c*", "xxaxxcxxbxx", false),
        ("**", "anything", true),
        ("a**", "a", true),
    ] {
        assert_eq!(
            matches(pattern.as_bytes(), text.as_bytes(), false),
            expected,
            "{pattern} {text}"
        );
    }
}

#[test]
fn nocase_folds_letters_and_ranges() {
    assert!(matches(b"HeL*", b"hello", true));
    assert!(!matches(b"HeL*", b"hello", false));
    assert!(matches(b"[A-C]x", b"bX", true));
}

#[test]
fn many_stars_stay_cheap() {
    let pattern = b"a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
    assert!(!matches(pattern, &[b'a'; 50_000], false));
}

#[test]
fn too_many_stars_match_nothing() {
    let text = "a".repeat(2000);
    let matches = |pattern: &str| matches(pattern.as_bytes(), text.as_bytes(), false);
    assert!(matches(&("*a".repeat(1000) + "*")));
    assert!(matches(&("*".repeat(5000) + "a")));
    assert!(!matches(&"*a".repeat(1001)));
}
