use crate::harness::{Engine, START_MS};

#[test]
fn hgetdel() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        HSET h a 1 b 2 c 3 => 3
        HGETDEL h FIELDS 2 a x => ["1" nil]
        HGETDEL h FIELDS 1 a => [nil]
        HGETDEL absent FIELDS 1 a => [nil]
        HGETDEL h FIELDS 2 a => -ERR The `numfields` parameter must match the number of arguments
        "#,
    );
    assert_eq!(engine.effects("HGETDEL h FIELDS 3 x b c"), ["HDEL h b c"]);
    assert_eq!(engine.call("EXISTS h"), "0");
}

#[test]
fn hgetex() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        HSET h a 1 b 2 => 2
        HGETEX h FIELDS 2 a x => ["1" nil]
        HGETEX h EX 10 FIELDS 1 a => ["1"]
        HTTL h FIELDS 2 a b => [10 -1]
        HGETEX h PERSIST FIELDS 2 a b => ["1" "2"]
        HTTL h FIELDS 1 a => [-1]
        HGETEX h PXAT 1 FIELDS 1 a => ["1"]
        HEXISTS h a => 0
        HGETEX h EX x FIELDS 1 b => -ERR value is not an integer or out of range
        HGETEX h JUNK FIELDS 1 b => -ERR Mandatory argument FIELDS is missing or not at the right position
        HGETEX absent FIELDS 1 a => [nil]
        "#,
    );
    let at = START_MS + 7;
    let set = format!("HPEXPIREAT h {at} FIELDS 1 b");
    assert_eq!(engine.effects("HGETEX h PX 7 FIELDS 1 b"), [set]);
    assert_eq!(engine.effects("HGETEX h PERSIST FIELDS 1 b"), ["HPERSIST h FIELDS 1 b"]);
    assert_eq!(engine.effects("HGETEX h FIELDS 1 b"), Vec::<String>::new());
}

#[test]
fn hsetex() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        HSETEX h FXX FIELDS 1 a 1 => 0
        EXISTS h => 0
        HSETEX h FNX EX 10 FIELDS 2 a 1 b 2 => 1
        HTTL h FIELDS 2 a b => [10 10]
        HSETEX h FNX FIELDS 2 a 1 c 2 => 0
        HSETEX h KEEPTTL FIELDS 1 a 3 => 1
        HTTL h FIELDS 1 a => [10]
        HSETEX h FXX FIELDS 2 a 4 b 5 => 1
        HTTL h FIELDS 2 a b => [-1 -1]
        HMGET h a b => ["4" "5"]
        HSETEX h NX FIELDS 1 a 1 => 0
        HSETEX h XX FIELDS 1 a 1 => 1
        HSETEX h PXAT 1 FIELDS 2 a 1 b 2 => 1
        EXISTS h => 0
        HSETEX h FNX FIELDS 1 a => -ERR wrong number of arguments for 'hsetex' command
        HSETEX h FIELDS 2 a b c => -ERR wrong number of arguments for 'hsetex' command
        HSETEX h FIELDS 0 a b => -ERR invalid number of fields
        HSETEX h JUNK FIELDS 1 a b => -ERR unknown argument: JUNK
        HSETEX h FNX FXX FIELDS 1 a b => -ERR Only one of FXX or FNX arguments can be specified
        HSETEX h EX 1 KEEPTTL FIELDS 1 a b => -ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified
        HSETEX h FIELDS 1 a b PX => -ERR wrong number of arguments for 'hsetex' command
        "#,
    );
    let at = START_MS + 1000;
    let set = format!("HSETEX h PXAT {at} FIELDS 1 a 1");
    assert_eq!(engine.effects("HSETEX h EX 1 FIELDS 1 a 1"), [set]);
    assert_eq!(engine.effects("HSETEX h PXAT 5 FIELDS 1 a 1"), ["HDEL h a"]);
}
