use crate::harness::Engine;

fn on_one_and_on_many_shards(story: &str) {
    Engine::new(1).check(story);
    Engine::new(7).check(story);
}

#[test]
fn text_length_and_indexes() {
    on_one_and_on_many_shards(
        r#"
        MSET a ohmytext b mynewtext => OK
        LCS a b => "mytext"
        LCS b a => "mytext"
        LCS a b LEN => 6
        LCS a b IDX => ["matches" [[[4 7] [5 8]] [[2 3] [0 1]]] "len" 6]
        LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN => ["matches" [[[4 7] [5 8] 4]] "len" 6]
        LCS a b IDX MINMATCHLEN -5 => ["matches" [[[4 7] [5 8]] [[2 3] [0 1]]] "len" 6]
        LCS a b MINMATCHLEN 9 WITHMATCHLEN => "mytext"
        LCS a absent => ""
        LCS a absent IDX => ["matches" [] "len" 0]
        LCS a b LEN IDX => -ERR If you want both the length and indexes, please just use IDX.
        LCS a b MINMATCHLEN => -ERR syntax error
        LCS a b MINMATCHLEN x => -ERR value is not an integer or out of range
        LCS a b what => -ERR syntax error
        "#,
    );
}

#[test]
fn resp3_has_a_map() {
    let mut engine = Engine::new(1);
    engine.check("MSET a ab b ab => OK");
    engine.resp3();
    assert_eq!(engine.call("LCS a b IDX"), r#"{"matches": [[[0 1] [0 1]]], "len": 2}"#);
}

#[test]
fn the_table_has_a_limit() {
    let engine = Engine::new(1);
    let long = "x".repeat(600);
    engine.call(&format!("MSET a {long} b {long}"));
    let error = "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
    assert_eq!(engine.call("LCS a b LEN"), error);
}
