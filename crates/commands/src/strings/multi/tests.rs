use crate::harness::{Engine, START_MS};

fn on_one_and_on_four_shards(story: &str) {
    Engine::new(1).check(story);
    Engine::new(4).check(story);
}

#[test]
fn mset_and_mget() {
    on_one_and_on_four_shards(
        r#"
        MSET a 1 b two c 3 d 4 => OK
        MGET d absent b a a => ["4" nil "two" "1" "1"]
        MSET a x a y => OK
        GET a => "y"
        SETEX a 10 v => OK
        MSET b 1 a 2 => OK
        TTL a => -1
        "#,
    );
}

#[test]
fn a_key_without_value_sets_nothing() {
    on_one_and_on_four_shards(
        "
        MSET a 1 b 2 c => -ERR wrong number of arguments for 'mset' command
        MSETNX a 1 b 2 c => -ERR wrong number of arguments for 'msetnx' command
        DBSIZE => 0
        ",
    );
}

#[test]
fn msetnx_sets_all_or_none() {
    on_one_and_on_four_shards(
        r#"
        MSETNX a 1 b 2 c 3 => 1
        MSETNX d 1 e 2 f 3 c 4 => 0
        EXISTS d e f => 0
        GET c => "3"
        MSETNX g 1 g 2 => 1
        GET g => "2"
        "#,
    );
}

#[test]
fn msetex() {
    on_one_and_on_four_shards(
        r#"
        MSETEX 2 a 1 b 2 EX 10 => 1
        TTL a => 10
        TTL b => 10
        MSETEX 3 a 3 c 3 d 3 XX => 0
        MSETEX 3 a 3 c 3 d 3 NX => 0
        EXISTS c d => 0
        MSETEX 2 a 4 b 5 xx KEEPTTL => 1
        MGET a b => ["4" "5"]
        TTL b => 10
        MSETEX 2 a 4 c 5 => 1
        TTL a => -1
        MSETEX 2 a 4 c 5 PXAT 1 => 1
        EXISTS a b c => 1
        "#,
    );
}

#[test]
fn msetex_refuses() {
    on_one_and_on_four_shards(
        "
        MSETEX a 1 b => -ERR invalid numkeys value
        MSETEX 0 a 1 => -ERR invalid numkeys value
        MSETEX 2147483648 a 1 => -ERR invalid numkeys value
        MSETEX 2147483647 a 1 => -ERR wrong number of key-value pairs
        MSETEX 2 a 1 b => -ERR wrong number of key-value pairs
        MSETEX 2 a 1 b 2 NX XX => -ERR syntax error
        MSETEX 2 a 1 b 2 EX 10 KEEPTTL => -ERR syntax error
        MSETEX 2 a 1 b 2 c => -ERR syntax error
        MSETEX 2 a 1 b 2 EX 0 => -ERR invalid expire time in 'msetex' command
        MSETEX 2 a 1 b 2 EX x NX => -ERR value is not an integer or out of range
        DBSIZE => 0
        ",
    );
}

#[test]
fn effects_have_one_moment() {
    let engine = Engine::new(1);
    let at = START_MS + 10_000;
    let sets = [format!("SET a 1 PXAT {at}"), format!("SET b 2 PXAT {at}")];
    assert_eq!(engine.effects("MSETEX 2 a 1 b 2 EX 10"), sets);
    assert_eq!(engine.effects("MSETEX 2 a 1 b 2"), Vec::<String>::new());
}
