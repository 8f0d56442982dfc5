use crate::harness::{Engine, STRING_BYTES_MAX};

#[test]
fn reads_and_writes() {
    Engine::new(1).check(
        r#"
        BITFIELD k => []
        BITFIELD k GET u8 0 => [0]
        EXISTS k => 0
        BITFIELD k SET u8 #0 255 SET i8 #1 100 GET i8 0 => [0 0 -1]
        BITFIELD k SET i8 #1 101 => [100]
        BITFIELD k set u4 4 1 get u8 0 => [15 241]
        BITFIELD_RO k GET u8 0 GET u16 #0 GET i5 12 GET u1 99 => [241 61797 10 0]
        OBJECT ENCODING k => "raw"
        SETEX n 100 123 => OK
        BITFIELD n GET u8 0 => [49]
        OBJECT ENCODING n => "int"
        BITFIELD n INCRBY u8 0 1 => [50]
        GET n => "223"
        TTL n => 100
        "#,
    );
}

#[test]
fn overflows() {
    Engine::new(1).check(
        r#"
        BITFIELD k SET u8 0 254 => [0]
        BITFIELD k INCRBY u8 0 1 INCRBY u8 0 1 INCRBY u8 0 -1 => [255 0 255]
        BITFIELD k OVERFLOW SAT INCRBY u8 0 9 INCRBY u8 0 -300 => [255 0]
        BITFIELD k OVERFLOW FAIL INCRBY u8 0 -1 SET u8 0 256 GET u8 0 => [nil nil 0]
        BITFIELD k OVERFLOW FAIL OVERFLOW WRAP INCRBY u8 0 -1 => [255]
        BITFIELD k OVERFLOW SAT SET i4 #3 99 OVERFLOW WRAP SET i4 #3 8 GET i4 #3 => [0 7 -8]
        BITFIELD z SET i64 0 9223372036854775807 INCRBY i64 0 1 => [0 -9223372036854775808]
        "#,
    );
}

#[test]
fn wrong_calls() {
    let engine = Engine::new(1);
    let kind = "-ERR Invalid bitfield type. Use something like i16 u8. \
        Note that u64 is not supported but i64 is.";
    for wrong in ["u64", "i65", "u0", "i", "x8", "U8", "u-1", ""] {
        assert_eq!(engine.call(&format!("BITFIELD k GET \"{wrong}\" 0")), kind);
    }
    engine.check(
        "
        BITFIELD k GET u8 => -ERR syntax error
        BITFIELD k SET u8 0 => -ERR syntax error
        BITFIELD k WHAT u8 0 => -ERR syntax error
        BITFIELD k OVERFLOW => -ERR syntax error
        BITFIELD k OVERFLOW x GET u8 0 => -ERR Invalid OVERFLOW type specified
        BITFIELD k SET u8 0 x => -ERR value is not an integer or out of range
        BITFIELD k SET u8 x 1 => -ERR bit offset is not an integer or out of range
        BITFIELD k GET u8 -1 => -ERR bit offset is not an integer or out of range
        BITFIELD k GET u8 #x => -ERR bit offset is not an integer or out of range
        BITFIELD k GET i64 #9223372036854775807 => -ERR bit offset is not an integer or out of range
        BITFIELD_RO k SET u8 0 1 => -ERR BITFIELD_RO only supports the GET subcommand
        EXISTS k => 0
        ",
    );
    let end = STRING_BYTES_MAX * 8;
    let error = "-ERR bit offset is not an integer or out of range";
    assert_eq!(engine.call(&format!("BITFIELD k SET u1 {end} 1")), error);
    assert_eq!(engine.call(&format!("BITFIELD k SET u1 {} 1", end - 1)), "[0]");
}

#[test]
fn what_changes_nothing_is_not_journalled() {
    let engine = Engine::new(1);
    engine.check("BITFIELD k SET u8 0 7 => [0]\nBITFIELD k SET u8 0 7 => [7]");
    assert_eq!(engine.effects("BITFIELD k SET u8 0 7"), Vec::<String>::new());
}
