//! Values there and back, and what RESTORE refuses.

use resp::Reply;

use crate::harness::{Engine, START_MS};

fn dump(engine: &Engine, key: &str) -> Vec<u8> {
    match engine.reply(&[b"DUMP", key.as_bytes()]) {
        Reply::Bulk(payload) => payload,
        other => panic!("DUMP says {other:?}"),
    }
}

#[test]
fn strings_come_back() {
    let engine = Engine::new(2);
    let long = "x".repeat(10_000);
    for value in ["", "hello", "12", "-70000", "123456789012", &long] {
        engine.reply(&[b"SET", b"a", value.as_bytes()]);
        let payload = dump(&engine, "a");
        engine.call("DEL b");
        assert_eq!(engine.reply(&[b"RESTORE", b"b", b"0", &payload]), Reply::Simple(b"OK".into()));
        assert_eq!(engine.reply(&[b"GET", b"b"]), Reply::Bulk(value.as_bytes().to_vec()));
    }
}

/// As Redis 7.0.15 gives it.
#[test]
fn payloads_are_redis_s() {
    let engine = Engine::new(1);
    engine.call("SET a hello");
    assert_eq!(dump(&engine, "a"), b"\x00\x05hello\x0a\x00cr\xdfve4 \x0a");
    engine.call("SET a 12");
    assert_eq!(dump(&engine, "a"), b"\x00\xc0\x0c\x0a\x00<*\xf8Q\\\x04\xbc\xd5");
}

#[test]
fn every_damage_is_refused_and_the_key_stays() {
    let engine = Engine::new(1);
    engine.call("SET a hello");
    let payload = dump(&engine, "a");
    let damaged = (0..payload.len()).flat_map(|at| {
        let flipped = (0..8).map(move |bit| (at, Some(bit)));
        flipped.chain([(at, None)])
    });
    for (at, bit) in damaged {
        let mut bytes = payload.clone();
        match bit {
            Some(bit) => bytes[at] ^= 1 << bit,
            None => bytes.truncate(at),
        }
        let reply = engine.reply(&[b"RESTORE", b"a", b"0", &bytes, b"REPLACE"]);
        assert!(matches!(reply, Reply::Error(_)), "{at} {bit:?}");
    }
    assert_eq!(engine.call("GET a"), "\"hello\"");
}

#[test]
fn options_are_checked_in_redis_s_order() {
    let engine = Engine::new(1);
    engine.check(
        "
        SET a hello => OK
        RESTORE a 0 junk => -BUSYKEY Target key name already exists.
        RESTORE b x junk => -ERR value is not an integer or out of range
        RESTORE b -1 junk => -ERR Invalid TTL value, must be >= 0
        RESTORE b 0 junk => -ERR DUMP payload version or checksum are wrong
        RESTORE b 0 junk JUNK => -ERR syntax error
        RESTORE b 0 junk IDLETIME -1 => -ERR Invalid IDLETIME value, must be >= 0
        RESTORE b 0 junk FREQ 256 => -ERR Invalid FREQ value, must be >= 0 and <= 255
        RESTORE b 0 junk FREQ 1 IDLETIME 1 => -ERR syntax error
        RESTORE b 0 junk FREQ => -ERR syntax error
        DUMP absent => nil
        ",
    );
}

#[test]
fn a_deadline_is_kept_in_absolute_terms() {
    let engine = Engine::new(1);
    engine.call("SET a hello");
    let payload = dump(&engine, "a");
    engine.reply(&[b"RESTORE", b"b", b"5000", &payload]);
    assert_eq!(engine.call("PTTL b"), "5000");
    let at = (START_MS + 7000).to_string();
    engine.reply(&[b"RESTORE", b"b", at.as_bytes(), &payload, b"REPLACE", b"ABSTTL"]);
    assert_eq!(engine.call("PTTL b"), "7000");
    engine.reply(&[b"RESTORE", b"b", b"1", &payload, b"REPLACE", b"ABSTTL"]);
    assert_eq!(engine.call("EXISTS b"), "0");
}
