use crate::harness::Engine;

fn on_one_and_on_many_shards(story: &str) {
    Engine::new(1).check(story);
    Engine::new(7).check(story);
}

#[test]
fn lists_by_number_and_text() {
    on_one_and_on_many_shards(
        r#"
        RPUSH l 3 10 1 2 => 4
        SORT l => ["1" "2" "3" "10"]
        SORT l DESC => ["10" "3" "2" "1"]
        SORT l alpha => ["1" "10" "2" "3"]
        SORT_RO l ALPHA DESC ASC LIMIT 1 2 => ["10" "2"]
        SORT l LIMIT 2 10 => ["3" "10"]
        SORT l LIMIT 9 10 => []
        SORT l LIMIT -5 2 => ["1" "2"]
        SORT l LIMIT 1 -1 => ["2" "3" "10"]
        SORT l LIMIT 1 0 => []
        SORT l BY nosort => ["3" "10" "1" "2"]
        SORT l BY nosort DESC => ["2" "1" "10" "3"]
        SORT l BY nosort LIMIT 1 2 => ["10" "1"]
        SORT l BY nosort DESC LIMIT 1 2 => ["1" "10"]
        SORT l BY nosort LIMIT 4 2 => []
        SORT absent => []
        RPUSH texts b a => 2
        SORT texts => -ERR One or more scores can't be converted into double
        SORT texts ALPHA => ["a" "b"]
        RPUSH zeros "a\x00z" "a\x00a" "" => 3
        SORT zeros ALPHA => ["" "a\x00z" "a\x00a"]
        SORT zeros ALPHA STORE zeros => 3
        LRANGE zeros 0 -1 => ["" "a\x00a" "a\x00z"]
        "#,
    );
}

#[test]
fn other_keys_give_order_and_answers() {
    on_one_and_on_many_shards(
        r#"
        RPUSH l 1 2 3 4 => 4
        MSET w_1 5 w_2 3 w_3 9 n_1 one n_2 two n_4 four => OK
        SORT l BY w_* => ["4" "2" "1" "3"]
        SORT l BY w_* DESC GET n_* GET # GET none => [nil "3" nil "one" "1" nil "two" "2" nil "four" "4" nil]
        SORT l BY w_* LIMIT 1 2 GET n_* => ["two" "one"]
        SORT l BY n_* ALPHA => ["3" "4" "1" "2"]
        SORT l BY n_* ALPHA DESC => ["2" "1" "4" "3"]
        SORT l BY n_* => -ERR One or more scores can't be converted into double
        SORT l BY nosort BY w_* => ["1" "2" "3" "4"]
        SORT l BY w_* BY nosort => ["1" "2" "3" "4"]
        SORT_RO l BY w_* GET n_* LIMIT 0 1 => ["four"]
        SORT l BY absent_* => ["1" "2" "3" "4"]
        SORT l BY absent_* DESC => ["4" "3" "2" "1"]
        SORT l BY w_*->x GET n_*-> => [nil nil nil nil]
        "#,
    );
}

#[test]
fn results_are_stored() {
    on_one_and_on_many_shards(
        r#"
        RPUSH l 3 1 2 => 3
        MSET n_1 one n_2 two => OK
        SETEX d 100 old => OK
        SORT l STORE d => 3
        LRANGE d 0 -1 => ["1" "2" "3"]
        TTL d => -1
        SORT l GET n_* GET # STORE d => 6
        LRANGE d 0 -1 => ["one" "1" "two" "2" "" "3"]
        SORT l STORE other STORE l => 3
        EXISTS other => 0
        LRANGE l 0 -1 => ["1" "2" "3"]
        SORT l LIMIT 5 1 STORE d => 0
        EXISTS d => 0
        SORT absent STORE l => 0
        EXISTS l => 0
        "#,
    );
}

#[test]
fn wrong_calls() {
    on_one_and_on_many_shards(
        r#"
        SET s v => OK
        SORT s => -WRONGTYPE Operation against a key holding the wrong kind of value
        SORT s BY => -ERR syntax error
        SORT s LIMIT 1 => -ERR syntax error
        SORT s LIMIT 1 x => -ERR value is not an integer or out of range
        SORT s STORE => -ERR syntax error
        SORT_RO s STORE d => -ERR syntax error
        SORT s WHAT => -ERR syntax error
        "#,
    );
}

#[test]
fn a_stored_result_is_journalled_as_the_list() {
    let engine = Engine::new(1);
    engine.check("RPUSH l 3 1 => 2\nMSET n_1 one d old => OK");
    let effects = engine.effects("SORT l GET n_* STORE d");
    assert!(matches!(&effects[..], [restored] if restored.starts_with("RESTORE d 0 ")));
    assert_eq!(engine.effects("SORT absent STORE d"), ["DEL d"]);
    assert_eq!(engine.effects("SORT l"), Vec::<String>::new());
}

#[test]
fn sets() {
    on_one_and_on_many_shards(
        r#"
        SADD s 3 10 1 2 => 4
        SORT s => ["1" "2" "3" "10"]
        SORT s DESC LIMIT 0 2 => ["10" "3"]
        SADD t b a c => 3
        SORT t ALPHA DESC => ["c" "b" "a"]
        SORT t BY w_* ALPHA => ["a" "b" "c"]
        SORT t BY nosort STORE d => 3
        LRANGE d 0 -1 => ["a" "b" "c"]
        SORT t BY nosort DESC LIMIT 0 1 STORE d => 1
        LRANGE d 0 -1 => ["c"]
        "#,
    );
}

#[test]
fn fields_of_hashes() {
    on_one_and_on_many_shards(
        r#"
        RPUSH l a b c => 3
        HSET h_a w 3 name x => 2
        HSET h_b w 1 => 1
        HSET h_c w 2 name 7 => 2
        SORT l BY h_*->w => ["b" "c" "a"]
        SORT l BY h_*->w GET h_*->name => [nil "7" "x"]
        SORT l BY h_*->name GET h_*->none -> x => -ERR syntax error
        SORT l BY h_* => ["a" "b" "c"]
        SORT l BY nosort GET h_* => [nil nil nil]
        "#,
    );
}

#[test]
fn sorted_sets() {
    on_one_and_on_many_shards(
        r#"
        ZADD z 1 3 2 1 3 10 4 2 => 4
        SORT z => ["1" "2" "3" "10"]
        SORT z ALPHA DESC => ["3" "2" "10" "1"]
        SORT z BY nosort => ["3" "1" "10" "2"]
        SORT z BY nosort DESC => ["2" "10" "1" "3"]
        SORT z BY nosort LIMIT 1 2 => ["1" "10"]
        SORT z BY nosort DESC LIMIT 1 2 => ["10" "1"]
        SORT z BY nosort DESC LIMIT 4 2 => []
        SORT z BY nosort LIMIT 3 9 STORE d => 1
        LRANGE d 0 -1 => ["2"]
        OBJECT ENCODING z => "listpack"
        "#,
    );
}
