use crate::harness::Engine;

#[test]
fn fields_come_and_go() {
    Engine::new(1).check(
        r#"
        HSET h a 1 b 2 a 3 => 2
        HSET h a 4 c 5 => 1
        HGETALL h => ["a" "4" "b" "2" "c" "5"]
        HKEYS h => ["a" "b" "c"]
        HVALS h => ["4" "2" "5"]
        HLEN h => 3
        HGET h a => "4"
        HGET h x => nil
        HGET absent x => nil
        HMGET h a x c => ["4" nil "5"]
        HMGET absent a => [nil]
        HEXISTS h a => 1
        HEXISTS h x => 0
        HSTRLEN h a => 1
        HSTRLEN h x => 0
        HSETNX h a 9 => 0
        HSETNX h d 9 => 1
        HMSET h e 1 => OK
        HDEL h a x b => 2
        HDEL h c d e => 3
        EXISTS h => 0
        HDEL h a => 0
        HGETALL h => []
        HSET h a 1 b => -ERR wrong number of arguments for 'hset' command
        HMSET h a 1 b => -ERR wrong number of arguments for 'hmset' command
        "#,
    );
}

#[test]
fn a_string_is_no_hash() {
    Engine::new(1).check(
        "
        SET k v => OK
        HSET k a 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
        HGET k a => -WRONGTYPE Operation against a key holding the wrong kind of value
        HDEL k a => -WRONGTYPE Operation against a key holding the wrong kind of value
        HTTL k FIELDS 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
        HEXPIRE k x FIELDS 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
        ",
    );
}

#[test]
fn resp3_has_maps() {
    let mut engine = Engine::new(1);
    engine.resp3();
    engine.check(
        r#"
        HSET h a 1 => 1
        HGETALL h => {"a": "1"}
        HGETALL absent => {}
        HRANDFIELD h 1 WITHVALUES => [["a" "1"]]
        HSCAN h 0 => ["0" ["a" "1"]]
        "#,
    );
}

#[test]
fn hscan() {
    Engine::new(1).check(
        r#"
        HSET h a 1 ab 2 b 3 => 3
        HSCAN h 0 => ["0" ["a" "1" "ab" "2" "b" "3"]]
        HSCAN h 0 MATCH a* NOVALUES => ["0" ["a" "ab"]]
        HSCAN h x => -ERR invalid cursor
        HSCAN h 0 COUNT x => -ERR value is not an integer or out of range
        "#,
    );
}

#[test]
fn encodings() {
    let engine = Engine::new(1);
    engine.call(&format!("HSET h f {}", "v".repeat(64)));
    assert_eq!(engine.call("OBJECT ENCODING h"), "\"listpack\"");
    engine.call(&format!("HSET h f {}", "v".repeat(65)));
    assert_eq!(engine.call("OBJECT ENCODING h"), "\"hashtable\"");
    for number in 0..512 {
        engine.call(&format!("HSET g {number} v"));
    }
    assert_eq!(engine.call("OBJECT ENCODING g"), "\"listpack\"");
    engine.call("HSET g more v");
    assert_eq!(engine.call("OBJECT ENCODING g"), "\"hashtable\"");
    assert_eq!(engine.call("HLEN g"), "513");
    assert_eq!(engine.call("HGET g 77"), "\"v\"");
}
