use crate::harness::Engine;

#[test]
fn databases_are_counted_emptied_and_exchanged() {
    for shards in [1, 3] {
        let mut engine = Engine::new(shards);
        engine.check("MSET a 1 b 2 c 3 d 4 => OK\nDBSIZE => 4");
        engine.select(1);
        engine.check("DBSIZE => 0\nMSET a 5 e 6 => OK\nSWAPDB 0 1 => OK\nDBSIZE => 4");
        engine.check("FLUSHDB ASYNC => OK\nDBSIZE => 0");
        engine.select(0);
        engine.check("MGET a e => [\"5\" \"6\"]\nFLUSHALL => OK\nDBSIZE => 0\nGET a => nil");
        engine.check(
            "
            FLUSHALL sync => OK
            FLUSHALL now => -ERR syntax error
            FLUSHDB ASYNC SYNC => -ERR syntax error
            SWAPDB x 1 => -ERR invalid first DB index
            SWAPDB 1 x => -ERR invalid second DB index
            SWAPDB 1 9999999999 => -ERR invalid second DB index
            SWAPDB 0 16 => -ERR DB index is out of range
            SWAPDB -1 0 => -ERR DB index is out of range
            SWAPDB 0 0 => OK
            ",
        );
    }
}

#[test]
fn whole_databases_are_logged() {
    let engine = Engine::new(1);
    assert_eq!(engine.effects("FLUSHALL SYNC"), ["FLUSHALL"]);
    assert_eq!(engine.effects("FLUSHDB"), ["FLUSHDB"]);
    assert_eq!(engine.effects("SWAPDB 1 2"), ["SWAPDB 1 2"]);
}

#[test]
fn memory_usage_grows_with_the_value() {
    let engine = Engine::new(1);
    engine.check("SET a x => OK\nMEMORY USAGE absent => nil");
    engine.call(&format!("SET b {}", "x".repeat(10_000)));
    let usage = |key: &str| engine.call(&format!("MEMORY USAGE {key}")).parse::<usize>().unwrap();
    assert!((8..100).contains(&usage("a")), "{}", usage("a"));
    assert!((10_000..20_000).contains(&usage("b")), "{}", usage("b"));
    engine.check(
        "
        MEMORY USAGE a SAMPLES -1 => -ERR syntax error
        MEMORY USAGE a SAMPLES => -ERR syntax error
        MEMORY USAGE a what => -ERR syntax error
        MEMORY USAGE a SAMPLES x => -ERR value is not an integer or out of range
        ",
    );
}
