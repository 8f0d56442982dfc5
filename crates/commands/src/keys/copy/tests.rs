use crate::harness::Engine;

const STORY: &str = r#"
    COPY absent b => 0
    SETEX a 10 v => OK
    COPY a b => 1
    TTL b => 10
    SET a w => OK
    COPY a b => 0
    COPY a b REPLACE => 1
    GET b => "w"
    TTL b => -1
    COPY a a => -ERR source and destination objects are the same
    COPY a a DB 0 => -ERR source and destination objects are the same
    COPY a a DB 1 => 1
    COPY a a DB 1 => 0
    COPY a c DB 1 replace => 1
    COPY a b DB => -ERR syntax error
    COPY a b DB x => -ERR value is not an integer or out of range
    COPY a b DB 16 => -ERR DB index is out of range
    COPY a b DB -1 => -ERR DB index is out of range
    COPY a b DB 2147483648 => -ERR value is out of range, value must between -2147483648 and 2147483647
    COPY a b what => -ERR syntax error
"#;

#[test]
fn copies_between_keys_databases_and_shards() {
    for shards in [1, 2, 5] {
        let mut engine = Engine::new(shards);
        engine.check(STORY);
        engine.select(1);
        engine.check("MGET a b c => [\"w\" nil \"w\"]");
    }
}

#[test]
fn moves_between_databases() {
    let mut engine = Engine::new(3);
    engine.check(
        r#"
        MOVE a 1 => 0
        SETEX a 10 v => OK
        MOVE a 0 => -ERR source and destination objects are the same
        MOVE a 16 => -ERR DB index is out of range
        MOVE a x => -ERR value is not an integer or out of range
        MOVE a 1 => 1
        EXISTS a => 0
        SET a w => OK
        MOVE a 1 => 0
        GET a => "w"
        "#,
    );
    engine.select(1);
    engine.check("GET a => \"v\"\nTTL a => 10");
}
