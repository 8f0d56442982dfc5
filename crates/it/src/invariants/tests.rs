//! Each law on replies that keep it and on replies that break it.

use super::*;

fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}

#[test]
fn torn_groups() {
    let snapshot = |values: &[&str]| {
        let show = |text: &&str| if text.is_empty() { Reply::Null } else { bulk(text) };
        Reply::Array(values.iter().map(show).collect())
    };
    assert!(!is_torn(&snapshot(&["1", "1", "1"])));
    assert!(!is_torn(&snapshot(&["", "", ""])));
    assert!(is_torn(&snapshot(&["1", "1", "2"])));
    assert!(is_torn(&snapshot(&["1", "", "1"])));
    assert!(is_torn(&Reply::Error(b"ERR".to_vec())));
    assert!(is_torn(&Reply::Array(vec![Reply::Integer(1)])));
}

#[test]
fn tokens() {
    let snapshot = |tokens: &[&str]| Reply::Array(tokens.iter().map(|text| bulk(text)).collect());
    assert!(is_each_token_once(&snapshot(&["1", "0", "2"]), 3));
    assert!(!is_each_token_once(&snapshot(&["1", "0", "1"]), 3));
    assert!(!is_each_token_once(&snapshot(&["1", "0"]), 3));
    assert!(!is_each_token_once(&snapshot(&["1", "0", "2", "2"]), 3));
    assert!(!is_each_token_once(&Reply::Null, 0));
}

#[test]
fn flags() {
    assert!(!is_flag_ahead(&bulk("5"), &bulk("5")));
    assert!(!is_flag_ahead(&bulk("5"), &bulk("10")));
    assert!(!is_flag_ahead(&Reply::Null, &bulk("1")));
    assert!(is_flag_ahead(&bulk("6"), &bulk("5")));
    assert!(is_flag_ahead(&bulk("1"), &Reply::Null));
    assert!(is_flag_ahead(&bulk("1"), &Reply::Error(b"ERR".to_vec())));
}
