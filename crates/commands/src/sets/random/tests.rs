use std::collections::HashSet;

use crate::harness::Engine;

#[test]
fn srandmember() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        SRANDMEMBER absent => nil
        SRANDMEMBER absent 3 => []
        SADD s a => 1
        SRANDMEMBER s => "a"
        SRANDMEMBER s 0 => []
        SRANDMEMBER s 3 => ["a"]
        SRANDMEMBER s -3 => ["a" "a" "a"]
        SRANDMEMBER s x => -ERR value is not an integer or out of range
        SRANDMEMBER s 1 2 => -ERR syntax error
        "#,
    );
    engine.call("SADD s b c d e f g h");
    let drawn: HashSet<String> = (0..300).map(|_| engine.call("SRANDMEMBER s")).collect();
    assert_eq!(drawn.len(), 8);
    let pairs: HashSet<String> = (0..600).map(|_| engine.call("SRANDMEMBER s 2")).collect();
    assert!(pairs.len() >= 28, "{}", pairs.len());
}

#[test]
fn spop() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        SPOP absent => nil
        SPOP absent 2 => []
        SADD s a b c => 3
        SPOP s 0 => []
        SPOP s -1 => -ERR value is out of range, must be positive
        SPOP s x => -ERR value is out of range, must be positive
        SPOP s 1 2 => -ERR syntax error
        "#,
    );
    assert_eq!(engine.call("SPOP s 2").len(), "[\"a\" \"b\"]".len());
    assert_eq!(engine.call("SCARD s"), "1");
    engine.call("SPOP s");
    assert_eq!(engine.call("EXISTS s"), "0");
}

#[test]
fn effects_name_the_members() {
    let engine = Engine::new(1);
    engine.call("SADD s a");
    assert_eq!(engine.effects("SPOP s"), ["SREM s a"]);
    engine.call("SADD s 1 2 3 4");
    let effects = engine.effects("SPOP s 3");
    assert_eq!(effects[0].split(' ').count(), 5, "{effects:?}");
    assert_eq!(engine.effects("SPOP s 3"), ["DEL s"]);
    assert_eq!(engine.effects("SPOP s 3"), Vec::<String>::new());
}
