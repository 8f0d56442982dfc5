//! Quotes.

use super::{UnbalancedQuotes, split_args};

fn check(line: &str, words: &[&[u8]]) {
    let split = split_args(line.as_bytes()).unwrap();
    assert_eq!(split.iter().map(Vec::as_slice).collect::<Vec<_>>(), words, "{line}");
}

#[test]
fn words_and_quotes() {
    check("", &[]);
    check("  set  k   v ", &[b"set", b"k", b"v"]);
    check(r#"set "a b" 'c d'"#, &[b"set", b"a b", b"c d"]);
    check(r#"x "\x41\n\"\\" '\''"#, &[b"x", b"A\n\"\\", b"'"]);
    check(r#""" ''"#, &[b"", b""]);
    check(r#"foo"bar" z"#, &[b"foobar", b"z"]);
}

#[test]
fn unbalanced_quotes_are_refused() {
    for line in [r#""open"#, "'open", r#""a"b"#, "'a'b", r#""\"#] {
        assert_eq!(split_args(line.as_bytes()), Err(UnbalancedQuotes), "{line}");
    }
}
