use crate::harness::{Engine, START_MS};

#[test]
fn set_takes_options_in_any_order_and_twice() {
    Engine::new(1).check(
        r#"
        SET k v => OK
        GET k => "v"
        SET k w NX => nil
        SET k w nx get => "v"
        SET a w XX => nil
        SET a w XX GET => nil
        SET k w XX GET EX 10 => "v"
        TTL k => 10
        SET k x KEEPTTL => OK
        TTL k => 10
        SET k x => OK
        TTL k => -1
        SET k v EX 5 EX 100 => OK
        TTL k => 100
        SET k v NX NX => nil
        SET k 12 GET GET => "v"
        GET k => "12"
        GET absent => nil
        "#,
    );
}

#[test]
fn set_refuses_options_that_exclude_each_other() {
    let engine = Engine::new(1);
    for options in [
        "NX XX",
        "NX IFEQ v",
        "IFEQ a IFNE b",
        "IFDEQ a IFEQ b",
        "EX 1 PX 1",
        "EX 1 KEEPTTL",
        "KEEPTTL PXAT 1",
        "EX",
        "IFEQ",
        "PERSIST",
        "ex 1 exat 1",
        "what",
    ] {
        assert_eq!(engine.call(&format!("SET k v {options}")), "-ERR syntax error", "{options}");
    }
    assert_eq!(engine.call("EXISTS k"), "0");
}

#[test]
fn moments_must_be_positive_and_fit() {
    Engine::new(1).check(
        "
        SET k v EX 0 => -ERR invalid expire time in 'set' command
        SET k v PX -1 => -ERR invalid expire time in 'set' command
        SET k v EXAT 0 => -ERR invalid expire time in 'set' command
        SET k v EX 9223372036854775 => -ERR invalid expire time in 'set' command
        SET k v EX 9223372036854776 => -ERR invalid expire time in 'set' command
        SET k v PX 9223372036854775807 => -ERR invalid expire time in 'set' command
        SET k v EX 1x => -ERR value is not an integer or out of range
        SET k v EX 1x NX XX => -ERR syntax error
        SETEX k 0 v => -ERR invalid expire time in 'setex' command
        PSETEX k 0 v => -ERR invalid expire time in 'psetex' command
        GETEX k EX 0 => nil
        SET k v PXAT 9223372036854775807 => OK
        GETEX k EX 0 => -ERR invalid expire time in 'getex' command
        GETEX k KEEPTTL => -ERR syntax error
        GETEX k EX 1 PERSIST => -ERR syntax error
        ",
    );
}

#[test]
fn keys_go_when_their_time_has_come() {
    let engine = Engine::new(1);
    engine.check("SETEX k 1 v => OK\nPSETEX l 1000 v => OK\nSET m v PXAT 1 => OK\nDBSIZE => 2");
    engine.wait_ms(1000);
    engine.check("EXISTS k l m => 2\nPTTL k => 0");
    engine.wait_ms(1);
    engine.check("EXISTS k l m => 0\nGET k => nil\nDBSIZE => 0");
}

#[test]
fn relatives_of_set() {
    Engine::new(1).check(
        r#"
        SETNX k v => 1
        SETNX k w => 0
        GETSET k w => "v"
        GETSET absent 1 => nil
        SETEX k 10 v => OK
        GETSET k 5 => "v"
        TTL k => -1
        GETEX k => "5"
        GETEX k PX 1500 => "5"
        PTTL k => 1500
        GETEX k PERSIST => "5"
        GETEX k PERSIST => "5"
        TTL k => -1
        GETEX k EXAT 1 => "5"
        EXISTS k => 0
        GETDEL absent => "1"
        GETDEL absent => nil
        "#,
    );
}

#[test]
fn effects_are_absolute() {
    let engine = Engine::new(1);
    let at = START_MS + 10_000;
    for (line, effects) in [
        ("SET k v", vec![]),
        ("SET k v NX", vec![]),
        ("SET k v EX 10", vec![format!("SET k v PXAT {at}")]),
        ("SET k v GET PX 10000", vec![format!("SET k v PXAT {at}")]),
        ("PSETEX k 10000 v", vec![format!("SET k v PXAT {at}")]),
        ("GETEX k", vec![]),
        ("GETEX k EX 10", vec![format!("PEXPIREAT k {at}")]),
        ("GETEX k PERSIST", vec!["PERSIST k".to_owned()]),
        ("GETEX k PERSIST", vec![]),
        ("SET k v EXAT 1", vec!["DEL k".to_owned()]),
        ("SET k v EXAT 1", vec![]),
        ("GETDEL k", vec![]),
        ("SETNX k v", vec![]),
        ("GETDEL k", vec!["DEL k".to_owned()]),
    ] {
        assert_eq!(engine.effects(line), effects, "{line}");
    }
}

#[test]
fn what_answers_the_old_value_counts_as_a_read() {
    let engine = Engine::new(1);
    engine.check("SET k v => OK");
    assert_eq!(engine.hits_and_misses(), (0, 0));
    let reads = ["GETSET k v", "SET k v GET", "GETEX k", "COPY k other", "GETDEL k"];
    for (count, call) in (1..).zip(reads) {
        engine.call(call);
        assert_eq!(engine.hits_and_misses(), (count, 0), "{call}");
    }
    for (count, call) in (1..).zip(["GETDEL k", "GETEX k", "COPY k x", "SET k v GET"]) {
        engine.call(call);
        assert_eq!(engine.hits_and_misses(), (5, count), "{call}");
    }
    engine.check("SETNX k v => 0\nINCR n => 1\nSET k v XX => OK");
    assert_eq!(engine.hits_and_misses(), (5, 4));
}
