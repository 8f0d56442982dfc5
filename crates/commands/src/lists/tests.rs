//! What lists do on one shard and on several.

use crate::harness::Engine;

#[track_caller]
fn check(story: &str) {
    for shards in [1, 3] {
        Engine::new(shards).check(story);
    }
}

#[test]
fn both_ends() {
    check(
        "
        RPUSH l a b c => 3
        LPUSH l z y => 5
        LRANGE l 0 -1 => [\"y\" \"z\" \"a\" \"b\" \"c\"]
        LPOP l => \"y\"
        RPOP l 2 => [\"c\" \"b\"]
        LPOP l 0 => []
        LPOP l 9 => [\"z\" \"a\"]
        EXISTS l => 0
        LPOP l => nil
        LPOP l 1 => nil
        LPOP l -1 => -ERR value is out of range, must be positive
        LPUSHX l a => 0
        RPUSHX l a => 0
        LLEN l => 0
        SET s x => OK
        LPUSH s a => -WRONGTYPE Operation against a key holding the wrong kind of value
        LPOP s => -WRONGTYPE Operation against a key holding the wrong kind of value
        ",
    );
}

#[test]
fn positions() {
    check(
        "
        RPUSH l a b c b d => 5
        LINDEX l -1 => \"d\"
        LINDEX l 5 => nil
        LSET l 1 B => OK
        LSET l 9 x => -ERR index out of range
        LSET none 0 x => -ERR no such key
        LRANGE l -100 100 => [\"a\" \"B\" \"c\" \"b\" \"d\"]
        LRANGE l 3 1 => []
        LINSERT l BEFORE c x => 6
        LINSERT l AFTER d y => 7
        LINSERT l AFTER none y => -1
        LINSERT none AFTER a y => 0
        LINSERT l BETWEEN a y => -ERR syntax error
        LRANGE l 0 -1 => [\"a\" \"B\" \"x\" \"c\" \"b\" \"d\" \"y\"]
        LTRIM l 1 -2 => OK
        LRANGE l 0 -1 => [\"B\" \"x\" \"c\" \"b\" \"d\"]
        LTRIM l 5 9 => OK
        EXISTS l => 0
        ",
    );
}

#[test]
fn by_value() {
    check(
        "
        RPUSH l a b a c a 1 01 => 7
        LREM l -2 a => 2
        LRANGE l 0 -1 => [\"a\" \"b\" \"c\" \"1\" \"01\"]
        LREM l 0 1 => 1
        LREM l 0 none => 0
        LREM none 0 a => 0
        RPUSH p a b c d 1 2 3 3 => 8
        LPOS p 3 => 6
        LPOS p 3 RANK -1 => 7
        LPOS p 3 COUNT 0 => [6 7]
        LPOS p 3 COUNT 0 RANK -1 => [7 6]
        LPOS p 3 RANK 2 COUNT 1 => [7]
        LPOS p 3 COUNT 0 MAXLEN 7 => [6]
        LPOS p none => nil
        LPOS p none COUNT 0 => []
        LPOS none a => nil
        LPOS p a COUNT -1 => -ERR COUNT can't be negative
        LPOS p a RANK => -ERR syntax error
        ",
    );
}

#[test]
fn moving() {
    for (source, target) in [("a", "b"), ("a", "c"), ("{t}a", "{t}b"), ("a", "a")] {
        for shards in [1, 2, 5] {
            let engine = Engine::new(shards);
            engine.call(&format!("RPUSH {source} 1 2 3"));
            assert_eq!(engine.call(&format!("LMOVE {source} {target} LEFT RIGHT")), "\"1\"");
            assert_eq!(engine.call(&format!("RPOPLPUSH {source} {target}")).len(), 3);
            let shown = |key: &str| engine.call(&format!("LRANGE {key} 0 -1"));
            if source == target {
                assert_eq!(shown(source), "[\"1\" \"2\" \"3\"]");
            } else {
                assert_eq!(
                    (shown(source), shown(target)),
                    ("[\"2\"]".into(), "[\"3\" \"1\"]".into())
                );
                assert_eq!(engine.call(&format!("LMOVE {source} {target} LEFT LEFT")), "\"2\"");
                assert_eq!(engine.call(&format!("EXISTS {source}")), "0");
            }
            assert_eq!(engine.call(&format!("LMOVE none {target} LEFT LEFT")), "nil");
            engine.call("SET s x");
            let wrong = engine.call(&format!("LMOVE {target} s LEFT LEFT"));
            assert!(wrong.starts_with("-WRONGTYPE"));
            assert_eq!(
                engine.call(&format!("LMOVE {source} {target} UP LEFT")),
                "-ERR syntax error"
            );
        }
    }
}

#[test]
fn moving_many_orders_them() {
    for shards in [1, 4] {
        let engine = Engine::new(shards);
        for (ends, how, moved, target) in [
            ("LEFT LEFT", "COUNT 2 OBO", "[\"2\" \"1\"]", "[\"2\" \"1\" \"x\"]"),
            ("LEFT LEFT", "COUNT 2 BULK", "[\"1\" \"2\"]", "[\"1\" \"2\" \"x\"]"),
            ("LEFT RIGHT", "COUNT 2 OBO", "[\"1\" \"2\"]", "[\"x\" \"1\" \"2\"]"),
            ("RIGHT LEFT", "COUNT 2 OBO", "[\"3\" \"4\"]", "[\"3\" \"4\" \"x\"]"),
            ("RIGHT RIGHT", "COUNT 2 OBO", "[\"4\" \"3\"]", "[\"x\" \"4\" \"3\"]"),
            ("RIGHT RIGHT", "EXACTLY 2 BULK", "[\"3\" \"4\"]", "[\"x\" \"3\" \"4\"]"),
            ("LEFT LEFT", "", "[\"1\"]", "[\"1\" \"x\"]"),
            ("LEFT LEFT", "EXACTLY 5 BULK", "nil", "[\"x\"]"),
            (
                "LEFT RIGHT",
                "COUNT 9 OBO",
                "[\"1\" \"2\" \"3\" \"4\"]",
                "[\"x\" \"1\" \"2\" \"3\" \"4\"]",
            ),
        ] {
            engine.call("FLUSHALL");
            engine.call("RPUSH from 1 2 3 4");
            engine.call("RPUSH to x");
            assert_eq!(engine.call(&format!("LMOVEM from to {ends} {how}")), moved, "{ends} {how}");
            assert_eq!(engine.call("LRANGE to 0 -1"), target, "{ends} {how}");
        }
        engine.check(
            "
            FLUSHALL => OK
            RPUSH l a b c => 3
            LMOVEM l l LEFT LEFT EXACTLY 2 OBO => [\"b\" \"a\"]
            LRANGE l 0 -1 => [\"b\" \"a\" \"c\"]
            LMOVEM l l LEFT LEFT COUNT 2 BULK => [\"b\" \"a\"]
            LRANGE l 0 -1 => [\"b\" \"a\" \"c\"]
            LMOVEM none l LEFT LEFT COUNT 2 BULK => []
            LMOVEM l l LEFT LEFT COUNT 2 => -ERR syntax error
            LMOVEM l l LEFT LEFT COUNT 0 OBO => -ERR count should be greater than 0
            ",
        );
    }
}

#[test]
fn the_first_list_that_has_some() {
    check(
        "
        RPUSH b 1 2 3 => 3
        LMPOP 3 a b c LEFT => [\"b\" [\"1\"]]
        LMPOP 3 a b c RIGHT COUNT 5 => [\"b\" [\"3\" \"2\"]]
        LMPOP 3 a b c LEFT => nil
        LMPOP 0 a LEFT => -ERR numkeys should be greater than 0
        LMPOP 2 a LEFT => -ERR syntax error
        LMPOP 1 a LEFT COUNT 0 => -ERR count should be greater than 0
        RPUSH c 1 => 1
        BLPOP a b c 0 => [\"c\" \"1\"]
        BLPOP a b c 0.1 => nil
        BLPOP a b x => -ERR timeout is not a float or out of range
        BLPOP a b -1 => -ERR timeout is negative
        BLMOVE a b LEFT LEFT 1 => nil
        BLMOVE a b LEFT UP x => -ERR syntax error
        ",
    );
}

#[test]
fn waits_are_logged_as_what_came_of_them() {
    let engine = Engine::new(1);
    engine.call("RPUSH l a b c d");
    assert_eq!(engine.effects("BLPOP l 0"), ["LPOP l 1"]);
    assert_eq!(engine.effects("BLMOVE l m RIGHT LEFT 0"), ["RPOP l 1", "LPUSH m d"]);
    assert_eq!(engine.effects("BLMPOP 0 1 l LEFT COUNT 9"), ["LPOP l 2"]);
}
