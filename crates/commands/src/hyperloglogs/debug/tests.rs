use crate::harness::Engine;

#[test]
fn how_it_is_kept() {
    let engine = Engine::new(1);
    engine.check(
        r#"
        PFADD h a b => 1
        PFDEBUG ENCODING h => sparse
        PFDEBUG DECODE h => "Z:12711 v:2,1 Z:3068 v:1,1 Z:603"
        PFDEBUG todense h => 1
        PFDEBUG TODENSE h => 0
        PFDEBUG ENCODING h => dense
        PFDEBUG DECODE h => -ERR HLL encoding is not sparse
        PFCOUNT h => 2
        PFDEBUG WHAT h => -ERR Unknown PFDEBUG subcommand 'WHAT'
        PFDEBUG GETREG absent => -ERR The specified key does not exist
        SET k foo => OK
        PFDEBUG GETREG k => -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFADD g a => 1
        PFSELFTEST => OK
        "#,
    );
    let registers = engine.call("PFDEBUG GETREG g");
    assert_eq!(registers.split(' ').count(), 16384);
    assert_eq!(registers.matches('2').count(), 1);
    assert_eq!(engine.call("PFDEBUG ENCODING g"), "dense");
}
