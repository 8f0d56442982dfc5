//! Replies of parts, and the one that they become.

use super::{Merge, merge};

fn check(how: Merge, answers: &[&str], keys: &[usize], expected: &str) {
    let answers: Vec<(usize, &[u8])> =
        answers.iter().enumerate().map(|(part, answer)| (part, answer.as_bytes())).collect();
    let mut out = Vec::new();
    merge(how, &answers, keys, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn each_way_of_merging() {
    check(Merge::Sum, &[":2\r\n", ":40\r\n"], &[], ":42\r\n");
    check(Merge::First, &["+OK\r\n", "+OK\r\n"], &[], "+OK\r\n");
    check(Merge::Concat, &["*1\r\n$1\r\na\r\n", "*0\r\n"], &[], "*1\r\n$1\r\na\r\n");
    check(
        Merge::PerKey,
        &["*2\r\n$1\r\na\r\n$-1\r\n", "*1\r\n$1\r\nb\r\n"],
        &[0, 1, 0],
        "*3\r\n$1\r\na\r\n$1\r\nb\r\n$-1\r\n",
    );
}

#[test]
fn an_error_of_any_part_is_the_reply() {
    check(Merge::Sum, &[":2\r\n", "-ERR no\r\n"], &[], "-ERR no\r\n");
}
