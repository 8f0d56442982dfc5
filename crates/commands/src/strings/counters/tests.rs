use crate::harness::Engine;

#[test]
fn integers() {
    Engine::new(1).check(
        r#"
        INCR k => 1
        INCRBY k 41 => 42
        DECR k => 41
        DECRBY k -1 => 42
        OBJECT ENCODING k => "int"
        SETEX k 10 9223372036854775806 => OK
        INCR k => 9223372036854775807
        TTL k => 10
        INCR k => -ERR increment or decrement would overflow
        SET k -9223372036854775808 => OK
        DECR k => -ERR increment or decrement would overflow
        INCRBY k 9223372036854775807 => -1
        DECRBY k -9223372036854775808 => -ERR decrement would overflow
        DECRBY k x => -ERR value is not an integer or out of range
        SET k 007 => OK
        INCR k => -ERR value is not an integer or out of range
        SET k "" => OK
        INCR k => -ERR value is not an integer or out of range
        SET k 1 => OK
        APPEND k 1 => 2
        INCR k => 12
        OBJECT ENCODING k => "int"
        "#,
    );
}

#[test]
fn floats() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        INCRBYFLOAT k 1 => "1"
        INCRBYFLOAT k 0.25 => "1.25"
        SETEX k 10 10.5 => OK
        INCRBYFLOAT k 0.1 => "10.6"
        TTL k => 10
        SET k 5.0e3 => OK
        INCRBYFLOAT k 2.0e2 => "5200"
        SET k " 1" => OK
        INCRBYFLOAT k 1 => -ERR value is not a valid float
        SET k 1 => OK
        INCRBYFLOAT k x => -ERR value is not a valid float
        INCRBYFLOAT k inf => -ERR increment would produce NaN or Infinity
        SET k -inf => OK
        INCRBYFLOAT k inf => -ERR increment would produce NaN or Infinity
        SET k 3 => OK
        "#,
    );
    assert_eq!(engine.effects("INCRBYFLOAT k 1.1"), ["SET k 4.1 KEEPTTL"]);
}
