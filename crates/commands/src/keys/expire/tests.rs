use crate::harness::{Engine, START_MS};

#[test]
fn deadlines_are_set_told_and_taken_away() {
    let at = START_MS / 1000 + 100;
    Engine::new(1).check(&format!(
        "
        EXPIRE k 10 => 0
        TTL k => -2
        PTTL k => -2
        EXPIRETIME k => -2
        PERSIST k => 0
        SET k v => OK
        TTL k => -1
        PEXPIRETIME k => -1
        PERSIST k => 0
        EXPIRE k 10 => 1
        TTL k => 10
        PEXPIRE k 1499 => 1
        TTL k => 1
        PTTL k => 1499
        PEXPIRE k 1500 => 1
        TTL k => 2
        EXPIREAT k {at} => 1
        TTL k => 100
        EXPIRETIME k => {at}
        PEXPIREAT k {at}000 => 1
        PEXPIRETIME k => {at}000
        PERSIST k => 1
        TTL k => -1
        "
    ));
}

#[test]
fn conditions() {
    Engine::new(1).check(
        "
        SET k v => OK
        EXPIRE k 10 XX => 0
        EXPIRE k 10 GT => 0
        EXPIRE k 10 NX => 1
        EXPIRE k 20 NX => 0
        EXPIRE k 10 GT => 0
        EXPIRE k 10 LT => 0
        EXPIRE k 20 GT => 1
        EXPIRE k 15 xx lt => 1
        TTL k => 15
        PERSIST k => 1
        EXPIRE k 10 LT => 1
        EXPIRE k 10 NX XX => -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE k 10 LT NX => -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE k 10 GT LT => -ERR GT and LT options at the same time are not compatible
        EXPIRE k x what => -ERR Unsupported option what
        ",
    );
}

#[test]
fn numbers_must_fit() {
    Engine::new(1).check(
        "
        SET k v => OK
        EXPIRE k 9223372036854775807 => -ERR invalid expire time in 'expire' command
        EXPIRE k -9223372036854775808 => -ERR invalid expire time in 'expire' command
        EXPIRE absent 9223372036854775 => -ERR invalid expire time in 'expire' command
        PEXPIRE k 9223372036854775807 => -ERR invalid expire time in 'pexpire' command
        EXPIREAT k 9223372036854775807 => -ERR invalid expire time in 'expireat' command
        PEXPIREAT k 9223372036854775808 => -ERR value is not an integer or out of range
        PEXPIREAT k 9223372036854775807 => 1
        PEXPIRETIME k => 9223372036854775807
        EXPIRETIME k => 9223372036854775
        PEXPIRE k -9223372036854775808 => 1
        EXISTS k => 0
        ",
    );
}

#[test]
fn effects_are_absolute() {
    let engine = Engine::new(1);
    engine.call("SET k v");
    let at = START_MS + 10_000;
    for (line, effects) in [
        ("EXPIRE k 10", vec![format!("PEXPIREAT k {at}")]),
        ("EXPIRE k 5 GT", vec![]),
        ("PERSIST k", vec![]),
        ("PEXPIRE k 10000 NX", vec![format!("PEXPIREAT k {at}")]),
        ("EXPIRE k 0", vec!["DEL k".to_owned()]),
        ("EXPIRE k 10", vec![]),
    ] {
        assert_eq!(engine.effects(line), effects, "{line}");
    }
}
