use crate::harness::Engine;

fn on_one_and_on_four_shards(story: &str) {
    Engine::new(1).check(story);
    Engine::new(4).check(story);
}

#[test]
fn members_come_and_go() {
    on_one_and_on_four_shards(
        r#"
        SADD s 3 1 2 2 => 3
        SADD s 1 4 => 1
        SMEMBERS s => ["1" "2" "3" "4"]
        OBJECT ENCODING s => "intset"
        SADD s x => 1
        OBJECT ENCODING s => "listpack"
        SCARD s => 5
        SISMEMBER s x => 1
        SISMEMBER s y => 0
        SISMEMBER absent y => 0
        SMISMEMBER s x y 1 01 => [1 0 1 0]
        SMISMEMBER absent x y => [0 0]
        SREM s x y 1 1 => 2
        SREM s 2 3 4 => 3
        EXISTS s => 0
        SREM s 1 => 0
        SMEMBERS s => []
        "#,
    );
}

#[test]
fn a_string_is_no_set() {
    on_one_and_on_four_shards(
        "
        SET k v => OK
        SADD k a => -WRONGTYPE Operation against a key holding the wrong kind of value
        SREM k a => -WRONGTYPE Operation against a key holding the wrong kind of value
        SCARD k => -WRONGTYPE Operation against a key holding the wrong kind of value
        SSCAN k 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
        SADD s a => 1
        SMOVE s k a => -WRONGTYPE Operation against a key holding the wrong kind of value
        SMOVE k s a => -WRONGTYPE Operation against a key holding the wrong kind of value
        SMOVE absent k a => 0
        SINTER s k => -WRONGTYPE Operation against a key holding the wrong kind of value
        SUNIONSTORE t absent k => -WRONGTYPE Operation against a key holding the wrong kind of value
        ",
    );
}

#[test]
fn smove() {
    on_one_and_on_four_shards(
        r#"
        SADD a 1 2 => 2
        SMOVE a b 1 => 1
        SMEMBERS b => ["1"]
        SMOVE a b 1 => 0
        SMOVE a a 2 => 1
        SMOVE a a 3 => 0
        SADD b 2 => 1
        SMOVE a b 2 => 1
        EXISTS a => 0
        SCARD b => 2
        "#,
    );
}

#[test]
fn sscan() {
    on_one_and_on_four_shards(
        r#"
        SSCAN absent x => -ERR invalid cursor
        SSCAN absent 0 JUNK => ["0" []]
        SADD s a ab b 1 => 4
        SSCAN s 0 MATCH a* => ["0" ["a" "ab"]]
        SSCAN s 0 COUNT 1 => ["0" ["a" "ab" "b" "1"]]
        SSCAN s 0 COUNT 0 => -ERR syntax error
        SSCAN s 0 NOVALUES => -ERR NOVALUES option can only be used in HSCAN
        "#,
    );
}

#[test]
fn encodings_follow_one_call_s_size() {
    let engine = Engine::new(1);
    let numbers: Vec<String> = (0..513).map(|number| number.to_string()).collect();
    engine.call(&format!("SADD ints {}", numbers[..512].join(" ")));
    assert_eq!(engine.call("OBJECT ENCODING ints"), "\"intset\"");
    engine.call("SADD ints 512");
    assert_eq!(engine.call("OBJECT ENCODING ints"), "\"hashtable\"");
    engine.call(&format!("SADD many {}", numbers.join(" ")));
    assert_eq!(engine.call("OBJECT ENCODING many"), "\"hashtable\"");
    engine.call(&format!("SADD texts x {}", numbers[..127].join(" ")));
    assert_eq!(engine.call("OBJECT ENCODING texts"), "\"listpack\"");
    engine.call("SADD texts y");
    assert_eq!(engine.call("OBJECT ENCODING texts"), "\"hashtable\"");
    engine.call(&format!("SADD long {}", "x".repeat(65)));
    assert_eq!(engine.call("OBJECT ENCODING long"), "\"hashtable\"");
}
