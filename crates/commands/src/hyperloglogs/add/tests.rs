use crate::harness::Engine;

#[test]
fn adding() {
    Engine::new(1).check(
        r#"
        PFADD h => 1
        GET h => "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
        OBJECT ENCODING h => "raw"
        PFADD h => 0
        PFADD h a b c d e f g => 1
        PFADD h a b c => 0
        PFADD new a a => 1
        GET new => "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80q\xa6\x84NW"
        SETEX t 100 "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff" => OK
        PFADD t a => 1
        TTL t => 100
        "#,
    );
}

#[test]
fn what_is_no_hyperloglog() {
    Engine::new(1).check(
        r#"
        SET k foo => OK
        PFADD k a => -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET n 1 => OK
        PFADD n a => -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET d "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" => OK
        PFADD d a => -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET u "HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff" => OK
        PFADD u a => -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET c "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" => OK
        PFADD c => 0
        PFADD c a => -INVALIDOBJ Corrupted HLL object detected
        "#,
    );
}

#[test]
fn what_changes_nothing_is_not_journalled() {
    let engine = Engine::new(1);
    engine.check("PFADD h a b => 1");
    assert_eq!(engine.effects("PFADD h a b"), Vec::<String>::new());
}
