use crate::harness::Engine;

#[test]
fn count() {
    Engine::new(1).check(
        r#"
        SET k foobar => OK
        BITCOUNT k => 26
        BITCOUNT k 0 0 => 4
        BITCOUNT k 1 1 BYTE => 6
        BITCOUNT k 5 30 bit => 17
        BITCOUNT k 0 -1 => 26
        BITCOUNT k -2 -1 => 7
        BITCOUNT k -2 -3 => 0
        BITCOUNT k 9 10 => 0
        BITCOUNT k -8 -9 => 0
        BITCOUNT k -99 0 => 4
        BITCOUNT absent => 0
        BITCOUNT absent 0 1 BIT => 0
        SET n 1 => OK
        BITCOUNT n => 3
        BITCOUNT k 0 => -ERR syntax error
        BITCOUNT k 0 1 BIT x => -ERR syntax error
        BITCOUNT absent 0 1 WORD => -ERR syntax error
        BITCOUNT absent x 1 => -ERR value is not an integer or out of range
        "#,
    );
}

#[test]
fn position() {
    Engine::new(1).check(
        r#"
        SET k "\xff\xf0\x00" => OK
        BITPOS k 0 => 12
        BITPOS k 1 => 0
        BITPOS k 1 2 => -1
        BITPOS k 0 2 => 16
        BITPOS k 0 0 0 => -1
        BITPOS k 0 0 11 BIT => -1
        BITPOS k 0 0 12 BIT => 12
        BITPOS k 1 11 -1 BIT => 11
        BITPOS k 1 12 -1 BIT => -1
        BITPOS k 1 -13 -1 BIT => 11
        SET f "\xff\xff" => OK
        BITPOS f 0 => 16
        BITPOS f 0 1 => 16
        BITPOS f 0 0 -1 => -1
        BITPOS f 0 2 => -1
        BITPOS absent 0 => 0
        BITPOS absent 1 => -1
        BITPOS absent 0 5 6 => 0
        BITPOS f 1 -8 -9 => 0
        SET e "" => OK
        BITPOS e 0 => -1
        BITPOS k 2 => -ERR The bit argument must be 1 or 0.
        BITPOS k x => -ERR value is not an integer or out of range
        BITPOS k 1 0 1 WORD => -ERR syntax error
        BITPOS k 1 0 1 BIT x => -ERR syntax error
        "#,
    );
}
