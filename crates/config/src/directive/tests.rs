//! The redis.conf dialect.

use super::*;

fn parse(text: &[u8]) -> Vec<(usize, String, Vec<Vec<u8>>)> {
    parse_conf(text, &Source::Stdin)
        .unwrap()
        .into_iter()
        .map(|directive| {
            let name = String::from_utf8(directive.name).unwrap();
            (directive.place.line, name, directive.words)
        })
        .collect()
}

fn word(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn comments_and_blank_lines_are_nothing() {
    let text = b"# a\n\n  \t\n  # b\r\nport 1 # not a comment\r\n";
    let words = ["1", "#", "not", "a", "comment"].map(word).to_vec();
    assert_eq!(parse(text), [(5, "port".to_owned(), words)]);
}

#[test]
fn words_may_be_quoted() {
    let text = br#"requirepass "a \"b\x41\n" 'c "d\'' e'f g'"#;
    let words = ["a \"bA\n", "c \"d'", "ef g"].map(word).to_vec();
    assert_eq!(parse(text), [(1, "requirepass".to_owned(), words)]);
    assert_eq!(parse(b"save \"\""), [(1, "save".to_owned(), vec![word("")])]);
}

#[test]
fn an_open_quote_is_an_error_with_its_line() {
    for text in ["port 1\nbind \"x", "port 1\nbind \"x\"y", "port 1\nbind 'x"] {
        let error = parse_conf(text.as_bytes(), &Source::File("/x.conf".into())).unwrap_err();
        assert_eq!(error.to_string(), "/x.conf, line 2: quotes are not balanced");
    }
}
