use crate::harness::{Engine, START_MS};

const MAX: &str = "9223372036854775807";

#[test]
fn integers_within_bounds() {
    Engine::new(1).check(
        r#"
        INCREX k => [1 1]
        INCREX k BYINT 5 => [6 5]
        INCREX k byint -10 => [-4 -10]
        SET k 10 => OK
        INCREX k BYINT 10 UBOUND 15 => [10 0]
        INCREX k BYINT 10 UBOUND 15 SATURATE => [15 5]
        INCREX k BYINT -100 LBOUND 0 => [15 0]
        INCREX k LBOUND 0 SATURATE BYINT -100 => [0 -15]
        SET k 50 => OK
        INCREX k BYINT 5 UBOUND 30 SATURATE => [30 -20]
        SET k 50 => OK
        INCREX k BYINT -25 UBOUND 30 => [25 -25]
        INCREX absent UBOUND 0 => [0 0]
        EXISTS absent => 0
        INCREX absent LBOUND 5 SATURATE => [5 5]
        "#,
    );
}

#[test]
fn integers_at_their_limits() {
    let engine = Engine::new(1);
    engine.call(&format!("SET k {MAX}"));
    assert_eq!(engine.call("INCREX k"), format!("[{MAX} 0]"));
    assert_eq!(engine.call("INCREX k SATURATE"), format!("[{MAX} 0]"));
    assert_eq!(
        engine.call("INCREX k SATURATE UBOUND -9223372036854775808"),
        "-ERR applied increment would overflow"
    );
    assert_eq!(engine.call("GET k"), format!("\"{MAX}\""));
    engine.call("SET k -9223372036854775800");
    assert_eq!(
        engine.call("INCREX k BYINT -9223372036854775800 SATURATE"),
        "[-9223372036854775808 -8]"
    );
}

#[test]
fn floats() {
    let mut engine = Engine::new(1);
    engine.check(
        r#"
        SET k 1.5 => OK
        INCREX k BYFLOAT 0.25 => ["1.75" "0.25"]
        INCREX k BYFLOAT 10 UBOUND 5.5 => ["1.75" "0"]
        INCREX k BYFLOAT 10 UBOUND 5.5 SATURATE => ["5.5" "3.75"]
        INCREX k BYFLOAT 1 UBOUND inf => ["6.5" "1"]
        INCREX k BYFLOAT 1 LBOUND inf UBOUND inf => ["6.5" "0"]
        INCREX k BYFLOAT 1 LBOUND inf UBOUND inf SATURATE => -ERR applied increment would be Infinity
        INCREX k BYFLOAT +inf => -ERR BYFLOAT increment cannot be Infinity
        INCREX k BYFLOAT 1 UBOUND -inf => -ERR LBOUND can't be greater than UBOUND
        INCREX k => -ERR value is not an integer or out of range
        SET k inf => OK
        INCREX k BYFLOAT 1 => -ERR value cannot be Infinity
        SET k 10 => OK
        INCREX k BYFLOAT 0 UBOUND 9 SATURATE => ["9" "-1"]
        "#,
    );
    engine.resp3();
    assert_eq!(engine.call("INCREX k BYFLOAT 0.5"), "[9.5f 0.5f]");
    assert_eq!(engine.call("SET k 1"), "OK");
    assert_eq!(engine.call("INCREX k"), "[2 1]");
}

#[test]
fn options_come_once() {
    let engine = Engine::new(1);
    for options in [
        "BYINT 1 BYFLOAT 1",
        "BYINT 1 BYINT 2",
        "LBOUND 0 LBOUND 1",
        "SATURATE SATURATE",
        "SAT",
        "EX 10 EX 20",
        "EX 10 PERSIST",
        "PERSIST ENX",
        "ENX PERSIST",
        "ENX ENX EX 1",
        "UBOUND",
    ] {
        let line = format!("INCREX k {options}");
        assert_eq!(engine.call(&line), "-ERR syntax error", "{options}");
    }
    engine.check(
        "
        INCREX k ENX => -ERR ENX flag requires an expiration
        INCREX k BYINT x => -ERR Increment is not an integer or out of range
        INCREX k BYFLOAT x => -ERR Increment is not a valid float
        INCREX k UBOUND 1.5 => -ERR UBOUND is not an integer or out of range
        INCREX k LBOUND x BYFLOAT 1 => -ERR LBOUND is not a valid float
        INCREX k LBOUND 2 UBOUND 1 => -ERR LBOUND can't be greater than UBOUND
        INCREX k EX 0 => -ERR invalid expire time in 'increx' command
        EXISTS k => 0
        ",
    );
}

#[test]
fn deadlines() {
    Engine::new(1).check(
        "
        INCREX k EX 100 => [1 1]
        TTL k => 100
        INCREX k => [2 1]
        INCREX k EX 10 ENX => [3 1]
        TTL k => 100
        INCREX k UBOUND 3 EX 10 => [3 0]
        TTL k => 100
        INCREX k EXAT 1 ENX => [4 1]
        INCREX k PERSIST => [5 1]
        TTL k => -1
        INCREX k PX 5000 ENX => [6 1]
        PTTL k => 5000
        INCREX k EXAT 1 => [7 1]
        EXISTS k => 0
        ",
    );
}

#[test]
fn effects_are_sums() {
    let engine = Engine::new(1);
    let at = START_MS + 10_000;
    for (line, effects) in [
        ("INCREX k BYINT 7", vec!["SET k 7 KEEPTTL".to_owned()]),
        ("INCREX k BYINT 7 UBOUND 9", vec![]),
        ("INCREX k BYFLOAT 0.5 EX 10", vec![format!("SET k 7.5 PXAT {at}")]),
        ("INCREX k BYFLOAT 1 EX 20 ENX", vec!["SET k 8.5 KEEPTTL".to_owned()]),
        ("INCREX k BYFLOAT 1 PERSIST", vec!["SET k 9.5".to_owned()]),
        ("INCREX k BYFLOAT 1 EXAT 1", vec!["DEL k".to_owned()]),
    ] {
        assert_eq!(engine.effects(line), effects, "{line}");
    }
}
