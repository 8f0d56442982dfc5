use crate::harness::Engine;

fn on_one_and_on_many_shards(story: &str) {
    Engine::new(1).check(story);
    Engine::new(7).check(story);
}

#[test]
fn every_operation() {
    on_one_and_on_many_shards(
        r#"
        MSET a "\x0f\xff" b "\x33" c "\x55\x01" => OK
        BITOP AND d a b c => 2
        GET d => "\x01\x00"
        BITOP or d a b => 2
        GET d => "?\xff"
        BITOP XOR d a b c => 2
        GET d => "i\xfe"
        BITOP NOT d a => 2
        GET d => "\xf0\x00"
        BITOP DIFF d a b c => 2
        GET d => "\x08\xfe"
        BITOP DIFF1 d a b c => 2
        GET d => "p\x00"
        BITOP ANDOR d a b c => 2
        GET d => "\x07\x01"
        BITOP ONE d a b c => 2
        GET d => "h\xfe"
        OBJECT ENCODING d => "raw"
        "#,
    );
}

#[test]
fn the_target_is_replaced_or_removed() {
    on_one_and_on_many_shards(
        r#"
        SETEX d 100 old => OK
        SET n 12 => OK
        BITOP OR d n absent => 2
        GET d => "12"
        TTL d => -1
        OBJECT ENCODING d => "raw"
        BITOP AND d d absent => 2
        GET d => "\x00\x00"
        BITOP NOT d absent => 0
        EXISTS d => 0
        BITOP NOT d absent => 0
        "#,
    );
}

#[test]
fn wrong_calls() {
    on_one_and_on_many_shards(
        r#"
        BITOP NAND d a => -ERR syntax error
        BITOP NOT d a b => -ERR BITOP NOT must be called with a single source key.
        BITOP diff d a => -ERR BITOP DIFF must be called with at least two source keys.
        BITOP DIFF1 d a => -ERR BITOP DIFF1 must be called with at least two source keys.
        BITOP ANDOR d a => -ERR BITOP ANDOR must be called with at least two source keys.
        BITOP ONE d a => 0
        "#,
    );
}
