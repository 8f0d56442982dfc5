use super::*;

fn refusal(body: &str) -> String {
    Source::parse(body).unwrap_err().to_string()
}

#[test]
fn a_script_without_a_first_line_of_ours_is_taken_as_it_is() {
    let source = Source::parse("return 1").unwrap();
    assert_eq!(source.digest(), b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    assert_eq!(source.code(), b"return 1");
    assert_eq!(source.flags(), None);
}

#[test]
fn the_first_line_says_flags() {
    let source = Source::parse("#!lua flags=no-writes,allow-stale\nreturn 1").unwrap();
    assert_eq!(source.code(), b"\nreturn 1");
    let flags = source.flags().unwrap();
    assert_eq!(flags.names().collect::<Vec<_>>(), ["no-writes", "allow-stale"]);
    assert_eq!(Source::parse("#!lua\nreturn 1").unwrap().flags(), Some(Flags::default()));
}

#[test]
fn what_is_wrong_with_a_first_line_is_said() {
    assert_eq!(refusal("#!lua"), "ERR Invalid script shebang");
    assert_eq!(refusal("#!lua \"\n"), "ERR Invalid engine in script shebang");
    assert_eq!(refusal("#!luax\n"), "ERR Unexpected engine in script shebang: #!luax");
    assert_eq!(refusal("#!lua flags=x\n"), "ERR Unexpected flag in script shebang: x");
    assert_eq!(refusal("#!lua a=b\n"), "ERR Unknown lua shebang option: a=b");
}
