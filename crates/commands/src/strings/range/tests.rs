use crate::harness::{Engine, STRING_BYTES_MAX};

#[test]
fn append() {
    Engine::new(1).check(
        r#"
        APPEND k "" => 0
        EXISTS k => 1
        APPEND k 12 => 2
        APPEND n 12 => 2
        OBJECT ENCODING n => "int"
        APPEND n 3 => 3
        OBJECT ENCODING n => "raw"
        GET n => "123"
        STRLEN n => 3
        STRLEN absent => 0
        SETEX t 10 v => OK
        APPEND t w => 2
        TTL t => 10
        "#,
    );
}

#[test]
fn setrange() {
    Engine::new(1).check(
        r#"
        SETRANGE k 0 "" => 0
        EXISTS k => 0
        SETRANGE k 1 foo => 4
        GET k => "\x00foo"
        SETRANGE k 5 x => 6
        GET k => "\x00foo\x00x"
        SETRANGE k 1 "" => 6
        SET n 1234 => OK
        SETRANGE n 0 "" => 4
        OBJECT ENCODING n => "int"
        SETRANGE n 1 3 => 4
        OBJECT ENCODING n => "raw"
        GET n => "1334"
        SETRANGE n -1 x => -ERR offset is out of range
        SETRANGE n x x => -ERR value is not an integer or out of range
        "#,
    );
}

#[test]
fn strings_do_not_grow_beyond_the_limit() {
    let engine = Engine::new(1);
    let error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    let end = STRING_BYTES_MAX - 1;
    assert_eq!(engine.call(&format!("SETRANGE k {end} xx")), error);
    assert_eq!(engine.call("EXISTS k"), "0");
    assert_eq!(engine.call(&format!("SETRANGE k {end} x")), STRING_BYTES_MAX.to_string());
    assert_eq!(engine.call("APPEND k x"), error);
    assert_eq!(engine.call("SETRANGE k 9223372036854775807 x"), error);
    assert_eq!(engine.call("STRLEN k"), STRING_BYTES_MAX.to_string());
}

#[test]
fn getrange_counts_from_both_ends() {
    let engine = Engine::new(1);
    engine.check("SET k \"Hello World\" => OK\nSET n 1234 => OK\nSET e \"\" => OK");
    for (range, text) in [
        ("k 0 3", "Hell"),
        ("k 0 -1", "Hello World"),
        ("k -4 -1", "orld"),
        ("k 5 3", ""),
        ("k 5 5000", " World"),
        ("k -5000 10000", "Hello World"),
        ("k 0 -100", ""),
        ("k -100 -99", ""),
        ("k 11 20", ""),
        ("k -9223372036854775808 9223372036854775807", "Hello World"),
        ("n -3 -1", "234"),
        ("n 3 5000", "4"),
        ("e 0 -1", ""),
        ("absent 0 -1", ""),
    ] {
        assert_eq!(engine.call(&format!("GETRANGE {range}")), format!("\"{text}\""), "{range}");
        assert_eq!(engine.call(&format!("SUBSTR {range}")), format!("\"{text}\""), "{range}");
    }
    let error = "-ERR value is not an integer or out of range";
    assert_eq!(engine.call("GETRANGE absent x 1"), error);
}
