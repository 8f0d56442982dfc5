use crate::harness::Engine;

#[test]
fn integers() {
    Engine::new(1).check(
        r#"
        HINCRBY h n 5 => 5
        HINCRBY h n -7 => -2
        HSET h s abc max 9223372036854775807 => 2
        HINCRBY h s 1 => -ERR hash value is not an integer
        HINCRBY h max 1 => -ERR increment or decrement would overflow
        HINCRBY h n x => -ERR value is not an integer or out of range
        HINCRBY absent n x => -ERR value is not an integer or out of range
        EXISTS absent => 0
        "#,
    );
}

#[test]
fn floats() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        HINCRBYFLOAT h f 10.5 => "10.5"
        HINCRBYFLOAT h f 0.1 => "10.6"
        HSET h i 5 s abc => 2
        HINCRBYFLOAT h i 0.5 => "5.5"
        HINCRBYFLOAT h s 1 => -ERR hash value is not a float
        HINCRBYFLOAT h f x => -ERR value is not a valid float
        HINCRBYFLOAT h f inf => -ERR value is NaN or Infinity
        "#,
    );
    assert_eq!(engine.effects("HINCRBYFLOAT h f 1"), ["HSET h f 11.6"]);
    engine.call("HPEXPIREAT h 1800000000000 FIELDS 1 f");
    assert_eq!(engine.effects("HINCRBYFLOAT h f 1"), ["HSETEX h KEEPTTL FIELDS 1 f 12.6"]);
    assert_eq!(engine.call("HPEXPIRETIME h FIELDS 1 f"), "[1800000000000]");
}
