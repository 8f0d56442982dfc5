use crate::harness::Engine;

fn on_one_and_on_many_shards(story: &str) {
    Engine::new(1).check(story);
    Engine::new(7).check(story);
}

#[test]
fn the_target_has_all() {
    on_one_and_on_many_shards(
        r#"
        PFADD a 1 2 3 => 1
        PFADD b 3 4 5 => 1
        PFMERGE d a b absent => OK
        PFCOUNT d => 5
        OBJECT ENCODING d => "raw"
        PFDEBUG ENCODING d => sparse
        PFADD e 9 => 1
        EXPIRE e 100 => 1
        PFDEBUG TODENSE b => 1
        PFMERGE e b a => OK
        PFCOUNT e => 6
        TTL e => 100
        PFDEBUG ENCODING e => dense
        PFMERGE new => OK
        PFCOUNT new => 0
        "#,
    );
}

#[test]
fn wrong_sources_leave_the_target_alone() {
    on_one_and_on_many_shards(
        r#"
        PFADD a 1 2 3 => 1
        SET k foo => OK
        PFMERGE d a k => -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFMERGE k a => -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET x "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00" => OK
        PFMERGE d a x => -INVALIDOBJ Corrupted HLL object detected
        PFMERGE x a => -INVALIDOBJ Corrupted HLL object detected
        EXISTS d => 0
        GET k => "foo"
        "#,
    );
}
