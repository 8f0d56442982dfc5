use crate::harness::{Engine, START_MS};

#[test]
fn deadlines_of_fields() {
    Engine::new(1).check(
        r#"
        HSET h a 1 b 2 => 2
        HEXPIRE h 100 FIELDS 2 a x => [1 -2]
        OBJECT ENCODING h => "listpackex"
        HTTL h FIELDS 3 a b x => [100 -1 -2]
        HPTTL h FIELDS 1 a => [100000]
        HEXPIRETIME h FIELDS 1 a => [1700000100]
        HPEXPIRETIME h FIELDS 1 a => [1700000100000]
        HEXPIRE h 50 GT FIELDS 2 a b => [0 0]
        HEXPIRE h 50 LT FIELDS 2 a b => [1 1]
        HEXPIRE h 60 NX FIELDS 1 a => [0]
        HEXPIRE h 60 XX FIELDS 1 a => [1]
        HPERSIST h FIELDS 3 a b x => [1 1 -2]
        HPERSIST h FIELDS 1 a => [-1]
        HEXPIRE absent 1 FIELDS 1 a => [-2]
        HTTL absent FIELDS 1 a => [-2]
        HEXPIRE h 0 FIELDS 1 a => [2]
        HPEXPIREAT h 1 FIELDS 1 b => [2]
        EXISTS h => 0
        "#,
    );
}

#[test]
fn refusals() {
    Engine::new(1).check(
        "
        HSET h a 1 => 1
        HEXPIRE h x FIELDS 1 a => -ERR value is not an integer or out of range
        HEXPIRE h -1 FIELDS 1 a => -ERR invalid expire time, must be >= 0
        HEXPIRE h 70368744177664 FIELDS 1 a => -ERR invalid expire time in 'hexpire' command
        HPEXPIREAT h 70368744177664 FIELDS 1 a => -ERR invalid expire time in 'hpexpireat' command
        HPEXPIREAT h 70368744177663 FIELDS 1 a => [1]
        HEXPIRE h 1 JUNK 1 a => -ERR Mandatory argument FIELDS is missing or not at the right position
        HEXPIRE h 1 FIELDS 0 a => -ERR Parameter `numFields` should be greater than 0
        HEXPIRE h 1 FIELDS 2 a => -ERR The `numfields` parameter must match the number of arguments
        HTTL h FIELDS 0 a => -ERR Number of fields must be a positive integer
        HTTL h FIELDS 1 a b => -ERR The `numfields` parameter must match the number of arguments
        ",
    );
}

#[test]
fn what_has_expired_is_not_there() {
    for filler in [0, 600] {
        let mut engine = Engine::new(1);
        for number in 0..filler {
            engine.call(&format!("HSET h filler:{number} v"));
        }
        engine.check(
            r#"
            HSET h a 1 b 2 c 3 => 3
            HPEXPIRE h 10 FIELDS 2 a b => [1 1]
            "#,
        );
        engine.wait_ms(11);
        assert_eq!(engine.call("HLEN h"), (filler + 3).to_string());
        engine.check(
            r#"
            HGET h a => nil
            HEXISTS h a => 0
            HTTL h FIELDS 1 a => [-2]
            HSCAN h 0 MATCH b COUNT 1000 => ["0" []]
            HDEL h b => 1
            HINCRBY h b 5 => 5
            HTTL h FIELDS 1 b => [-1]
            "#,
        );
        assert_eq!(engine.call("HLEN h"), (filler + 2).to_string());
        engine.resp3();
    }
}

#[test]
fn the_last_field_takes_the_hash_with_it() {
    let engine = Engine::new(1);
    engine.check("HSETEX h PX 10 FIELDS 1 a 1 => 1");
    engine.wait_ms(11);
    engine.check(
        "
        HGETALL h => []
        HGET h a => nil
        EXISTS h => 0
        ",
    );
}

#[test]
fn effects_are_absolute() {
    let engine = Engine::new(1);
    engine.call("HSET h a 1 b 2 c 3");
    let at = START_MS + 5000;
    let set = format!("HPEXPIREAT h {at} FIELDS 2 a b");
    assert_eq!(engine.effects("HEXPIRE h 5 FIELDS 3 a x b"), [set]);
    assert_eq!(engine.effects("HEXPIRE h 0 FIELDS 1 c"), ["HDEL h c"]);
    assert_eq!(engine.effects("HEXPIRE h 5 FIELDS 1 x"), Vec::<String>::new());
    engine.wait_ms(5001);
    assert_eq!(engine.effects("HSET h a 2"), ["HDEL h a"]);
    engine.check("HRANDFIELD h 9 => [\"a\"]");
    assert_eq!(engine.call("HLEN h"), "1");
}
