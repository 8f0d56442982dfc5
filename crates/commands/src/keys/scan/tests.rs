use std::collections::HashSet;

use resp::Reply;

use super::owner_of;
use crate::harness::Engine;

/// All keys that a full iteration gives.
fn scan_all(engine: &Engine, options: &str) -> Vec<Vec<u8>> {
    let mut cursor = b"0".to_vec();
    let mut all = Vec::new();
    for _ in 0..10_000 {
        let line = format!("SCAN {} {options}", cursor.escape_ascii());
        let words = resp::split_args(line.as_bytes()).unwrap();
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let Reply::Array(reply) = engine.reply(&words) else { panic!("{line}") };
        let [Reply::Bulk(next), Reply::Array(keys)] = &reply[..] else { panic!("{line}") };
        all.extend(keys.iter().map(|key| match key {
            Reply::Bulk(key) => key.clone(),
            other => panic!("{other:?}"),
        }));
        cursor = next.clone();
        if cursor == b"0" {
            return all;
        }
    }
    panic!("the cursor never comes back");
}

fn engine_with(shards: usize, keys: usize) -> Engine {
    let engine = Engine::new(shards);
    for key in 0..keys {
        assert_eq!(engine.call(&format!("SET key:{key} {key}")), "OK");
    }
    engine
}

#[test]
fn a_full_iteration_gives_every_key_once() {
    for shards in [1, 3] {
        let engine = engine_with(shards, 1000);
        for (options, count) in [
            ("", 1000),
            ("COUNT 7", 1000),
            ("COUNT 100000", 1000),
            ("MATCH key:1??", 100),
            ("MATCH *", 1000),
            ("TYPE STRING", 1000),
            ("TYPE list", 0),
            ("COUNT 5 TYPE string MATCH key:*", 1000),
        ] {
            let keys = scan_all(&engine, options);
            assert_eq!(keys.len(), count, "{options}");
            assert_eq!(keys.iter().collect::<HashSet<_>>().len(), count, "{options}");
        }
    }
}

#[test]
fn wanted_keys_whose_time_has_come_are_removed() {
    for shards in [1, 3] {
        let engine = engine_with(shards, 100);
        engine.check("SET text 1 PX 1 => OK\nHSET hash f v => 1\nPEXPIRE hash 1 => 1");
        engine.wait_ms(2);
        assert_eq!(engine.call("KEYS *h*"), "[]");
        assert_eq!(engine.call("DBSIZE"), "102");
        assert_eq!(scan_all(&engine, "TYPE string").len(), 100);
        assert_eq!(engine.call("DBSIZE"), "101");
        assert_eq!(scan_all(&engine, "MATCH x*").len(), 0);
        assert_eq!(engine.call("DBSIZE"), "101");
        assert_eq!(scan_all(&engine, "COUNT 3").len(), 100);
        assert_eq!(engine.call("DBSIZE"), "100");
    }
}

#[test]
fn empty_shards_are_skipped_in_one_call() {
    let engine = Engine::new(8);
    assert_eq!(engine.call("SCAN 0"), "[\"0\" []]");
    engine.call("SET k v");
    assert_eq!(engine.call("SCAN 0"), "[\"0\" [\"k\"]]");
}

#[test]
fn arguments() {
    Engine::new(1).check(
        "
        SCAN x => -ERR invalid cursor
        SCAN -1 => -ERR invalid cursor
        SCAN 18446744073709551616 => -ERR invalid cursor
        SCAN 0 COUNT 0 => -ERR syntax error
        SCAN 0 COUNT -1 => -ERR syntax error
        SCAN 0 COUNT x => -ERR value is not an integer or out of range
        SCAN 0 COUNT => -ERR syntax error
        SCAN 0 MATCH => -ERR syntax error
        SCAN 0 TYPE lists => -ERR unknown type name 'lists'
        SCAN 0 NOVALUES => -ERR NOVALUES option can only be used in HSCAN
        SCAN 0 what => -ERR syntax error
        ",
    );
}

#[test]
fn cursors_that_nobody_gave_out_do_no_harm() {
    for shards in [1, 3] {
        let engine = engine_with(shards, 100);
        for cursor in ["1", "2", "77", "123456789", "281474976710656", "18446744073709551615"] {
            let reply = engine.call(&format!("SCAN {cursor}"));
            assert!(reply.starts_with("[\""), "{cursor}: {reply}");
        }
    }
}

#[test]
fn expired_keys_are_not_given() {
    let engine = engine_with(3, 50);
    engine.call("PEXPIRE key:7 10");
    engine.wait_ms(11);
    assert_eq!(scan_all(&engine, "").len(), 49);
    let Reply::Array(keys) = engine.reply(&[b"KEYS", b"*"]) else { panic!() };
    assert_eq!(keys.len(), 49);
}

#[test]
fn keys_gives_what_matches() {
    for shards in [1, 3] {
        let engine = engine_with(shards, 3000);
        for (pattern, count) in
            [("*", 3000), ("key:12", 1), ("key:[12]?", 20), ("nothing", 0), ("k?y:2999", 1)]
        {
            let Reply::Array(keys) = engine.reply(&[b"KEYS", pattern.as_bytes()]) else { panic!() };
            assert_eq!(keys.len(), count, "{pattern}");
        }
    }
}

#[test]
fn randomkey_reaches_every_key() {
    for shards in [1, 4] {
        assert_eq!(Engine::new(shards).call("RANDOMKEY"), "nil");
        let engine = engine_with(shards, 10);
        let drawn: HashSet<String> = (0..400).map(|_| engine.call("RANDOMKEY")).collect();
        assert_eq!(drawn.len(), 10);
    }
}

#[test]
fn a_random_number_picks_a_key_of_all() {
    assert_eq!(owner_of(5, &[0, 0]), None);
    let owners: Vec<_> = (0..6).map(|random| owner_of(random, &[2, 0, 3]).unwrap()).collect();
    assert_eq!(owners, [0, 0, 2, 2, 2, 0]);
}
