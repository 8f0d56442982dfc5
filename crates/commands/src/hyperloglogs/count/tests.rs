use crate::harness::Engine;

#[test]
fn one_key_keeps_its_count() {
    Engine::new(1).check(
        r#"
        PFCOUNT absent => 0
        PFADD h a b c => 1
        PFCOUNT h => 3
        GETRANGE h 8 15 => "\x03\x00\x00\x00\x00\x00\x00\x00"
        PFADD h a => 0
        GETRANGE h 8 15 => "\x03\x00\x00\x00\x00\x00\x00\x00"
        PFADD h d => 1
        GETRANGE h 15 15 => "\x80"
        SET fake "HYLL\x01\x00\x00\x00\x2a\x00\x00\x00\x00\x00\x00\x00" => OK
        PFCOUNT fake => 42
        SETRANGE fake 15 "\x80" => 16
        PFCOUNT fake => -INVALIDOBJ Corrupted HLL object detected
        SET k foo => OK
        PFCOUNT k => -WRONGTYPE Key is not a valid HyperLogLog string value.
        "#,
    );
}

#[test]
fn several_keys_count_together() {
    for shards in [1, 7] {
        Engine::new(shards).check(
            r#"
            PFADD a 1 2 3 => 1
            PFADD b 3 4 5 => 1
            PFADD c 5 6 => 1
            PFCOUNT a b c => 6
            PFCOUNT a absent a => 3
            PFCOUNT absent absent => 0
            GETRANGE a 15 15 => "\x80"
            SET k foo => OK
            PFCOUNT a k => -WRONGTYPE Key is not a valid HyperLogLog string value.
            SET x "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00" => OK
            PFCOUNT a x => -INVALIDOBJ Corrupted HLL object detected
            "#,
        );
    }
}
