//! What is shown is read back; patterns match what they should and nothing else.

use super::*;

fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}

#[test]
fn shown_replies_are_read_back() {
    let error = |text: &str| Reply::Error(text.as_bytes().to_vec());
    let nested = Reply::Array(vec![
        Reply::Simple(b"OK".to_vec()),
        error("ERR a, \"b\""),
        Reply::Map(vec![(bulk("k"), Reply::Null), (Reply::Integer(-1), Reply::NullArray)]),
        Reply::Set(vec![Reply::Double(1.5), Reply::Double(f64::INFINITY)]),
        Reply::Push(vec![Reply::Boolean(true), Reply::Verbatim(b"a\nb".to_vec())]),
        Reply::BigNumber(b"123456789012345678901234567890".to_vec()),
        Reply::Array(vec![]),
    ]);
    for reply in [nested, error("ERR no \"such\" key"), bulk("\0\u{ff}\" \\"), error("\"odd\"")] {
        let text = show(&reply);
        let parsed = Expected::parse(&text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert!(parsed.matches(&reply), "{text}: {parsed:?}");
        assert!(!parsed.matches(&Reply::Integer(7)), "{text}");
    }
}

#[test]
fn patterns() {
    let list = Reply::Array(vec![bulk("a"), bulk("b"), Reply::Integer(5)]);
    let cases = [
        ("(any)", true),
        ("(integer)", false),
        ("[\"a\", \"b\", (integer 1..5)]", true),
        ("[\"a\", \"b\", (integer -1..4)]", false),
        ("[\"a\", (bulk), :5]", true),
        ("[(like \"?\"), ...]", true),
        ("[...]", true),
        ("[\"b\", ...]", false),
        ("[\"a\", \"b\"]", false),
        ("~[\"a\", \"b\", :5]", false),
        ("(unordered [:5, \"b\", \"a\"])", true),
        ("(unordered [:5, \"b\", \"b\"])", false),
    ];
    for (text, wanted) in cases {
        assert_eq!(Expected::parse(text).unwrap().matches(&list), wanted, "{text}");
    }
    assert!(Expected::parse("(like \"*a*c\")").unwrap().matches(&bulk("xabc")));
    assert!(!Expected::parse("(like \"*a*d\")").unwrap().matches(&bulk("xabc")));
}

#[test]
fn nonsense_is_refused() {
    for text in ["", "[\"a\"", "\"a", "(what)", ":x", "[:1 :2]", ":1 :2", "{:1, :2}"] {
        assert!(Expected::parse(text).is_err(), "{text}");
    }
}
