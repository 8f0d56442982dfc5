//! The TOML dialect.

use super::*;

fn parse(text: &str) -> Vec<String> {
    let directives = parse_toml(text.as_bytes(), &Source::Stdin).unwrap();
    let shown = directives.iter().map(|directive| {
        let words: Vec<String> =
            directive.words.iter().map(|word| String::from_utf8(word.clone()).unwrap()).collect();
        let name = String::from_utf8_lossy(&directive.name);
        format!("{}: {name} {}", directive.place.line, words.join("|"))
    });
    shown.collect()
}

fn refusal(text: &[u8]) -> String {
    parse_toml(text, &Source::File("/x.toml".into())).unwrap_err().to_string()
}

#[test]
fn scalars_are_words() {
    let text = "port = 7000\ntcp_keepalive = 5\nmaxmemory = \"1gb\"\ndaemonize = true\nx = 1.5";
    assert_eq!(
        parse(text),
        ["1: port 7000", "2: tcp-keepalive 5", "3: maxmemory 1gb", "4: daemonize yes", "5: x 1.5"]
    );
}

#[test]
fn arrays_are_several_words_or_several_directives() {
    assert_eq!(parse("bind = ['a', 'b c']"), ["1: bind a|b c"]);
    assert_eq!(parse("bind = []"), ["1: bind "]);
    assert_eq!(
        parse("rename-command = [['A', ''], ['B', 'C']]"),
        ["1: rename-command A|", "1: rename-command B|C"]
    );
}

#[test]
fn tables_are_a_directive_per_entry() {
    assert_eq!(
        parse("\nlimit = { normal = [0, '1mb'], x = 2 }"),
        ["2: limit normal|0|1mb", "2: limit x|2"]
    );
    assert_eq!(
        parse("port = 1\n[rename_command]\nFLUSHALL = ''\nDEBUG = 'd'"),
        ["1: port 1", "2: rename-command FLUSHALL|", "2: rename-command DEBUG|d"]
    );
}

#[test]
fn includes_come_first() {
    assert_eq!(
        parse("port = 1\ninclude = ['a', 'b']\nhz = 2"),
        ["2: include a|b", "1: port 1", "3: hz 2"]
    );
}

#[test]
fn what_is_no_directive_is_refused_with_its_line() {
    assert_eq!(
        refusal(b"port = 1\nbind = [[['x']]]"),
        "/x.toml, line 2: 'bind' is nothing that a directive can be"
    );
    assert_eq!(
        refusal(b"a = 1\nport = 2020-01-01"),
        "/x.toml, line 2: 'port' is nothing that a directive can be"
    );
    assert_eq!(refusal(b"[[a]]\nb = 1"), "/x.toml, line 1: 'a' is nothing that a directive can be");
    assert_eq!(refusal(b"a = 1\nb = '\xff'"), "/x.toml, line 2: TOML must be UTF-8");
    assert!(refusal(b"a = 1\n\nb = = 2").starts_with("/x.toml, line 3: "));
    assert!(refusal(b"a = 1\na = 2").starts_with("/x.toml, line 2: "));
}
