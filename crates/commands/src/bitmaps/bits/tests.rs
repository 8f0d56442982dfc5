use crate::harness::{Engine, STRING_BYTES_MAX};

const OFFSET_ERROR: &str = "-ERR bit offset is not an integer or out of range";

#[test]
fn set_and_get() {
    Engine::new(1).check(
        r#"
        SETBIT k 1 1 => 0
        GET k => "@"
        SETBIT k 1 1 => 1
        SETBIT k 17 1 => 0
        GET k => "@\x00@"
        SETBIT k 1 0 => 1
        GETBIT k 1 => 0
        GETBIT k 17 => 1
        GETBIT k 99999 => 0
        GETBIT absent 0 => 0
        SETBIT zero 0 0 => 0
        STRLEN zero => 1
        OBJECT ENCODING zero => "raw"
        SET n 123 => OK
        GETBIT n 3 => 1
        OBJECT ENCODING n => "int"
        SETBIT n 7 0 => 1
        GET n => "023"
        SETEX t 100 a => OK
        SETBIT t 100 1 => 0
        TTL t => 100
        SETBIT k x 1 => -ERR bit offset is not an integer or out of range
        SETBIT k -1 1 => -ERR bit offset is not an integer or out of range
        SETBIT k #1 1 => -ERR bit offset is not an integer or out of range
        SETBIT k 0 2 => -ERR bit is not an integer or out of range
        SETBIT k 0 x => -ERR bit is not an integer or out of range
        GETBIT k -1 => -ERR bit offset is not an integer or out of range
        "#,
    );
}

#[test]
fn strings_do_not_grow_beyond_the_limit() {
    let engine = Engine::new(1);
    let bits = STRING_BYTES_MAX * 8;
    assert_eq!(engine.call(&format!("SETBIT k {bits} 1")), OFFSET_ERROR);
    assert_eq!(engine.call("EXISTS k"), "0");
    assert_eq!(engine.call(&format!("SETBIT k {} 1", bits - 1)), "0");
    assert_eq!(engine.call("STRLEN k"), STRING_BYTES_MAX.to_string());
    assert_eq!(engine.call(&format!("GETBIT k {bits}")), OFFSET_ERROR);
    assert_eq!(engine.call("SETBIT k 9223372036854775807 1"), OFFSET_ERROR);
}
