use std::collections::BTreeSet;

use resp::Reply;

use crate::harness::Engine;

fn on_one_and_on_four_shards(story: &str) {
    Engine::new(1).check(story);
    Engine::new(4).check(story);
}

#[test]
fn small_ones() {
    on_one_and_on_four_shards(
        r#"
        SADD a 1 2 3 4 => 4
        SADD b 3 4 5 => 3
        SADD c 4 => 1
        SINTER a b => ["3" "4"]
        SINTER a b c => ["4"]
        SINTER a absent => []
        SUNION c absent => ["4"]
        SDIFF a b => ["1" "2"]
        SDIFF a b absent c => ["1" "2"]
        SDIFF absent a => []
        SINTERCARD 2 a b => 2
        SINTERCARD 2 a b LIMIT 1 => 1
        SINTERCARD 2 a b LIMIT 0 => 2
        SUNIONCARD 3 a b c => 5
        SUNIONCARD 3 a b c APPROX LIMIT 3 => 3
        SDIFFCARD 2 a b => 2
        SDIFFCARD 2 a b LIMIT 1 => 1
        SINTERCARD 0 a => -ERR numkeys should be greater than 0
        SINTERCARD x a => -ERR numkeys should be greater than 0
        SINTERCARD 2 a => -ERR Number of keys can't be greater than number of args
        SINTERCARD 1 a LIMIT => -ERR syntax error
        SINTERCARD 1 a LIMIT -1 => -ERR LIMIT can't be negative
        SINTERCARD 1 a b => -ERR syntax error
        SINTERCARD 1 a APPROX => -ERR syntax error
        "#,
    );
}

#[test]
fn storing_replaces_what_was_there() {
    on_one_and_on_four_shards(
        r#"
        SADD a 1 2 x => 3
        SADD b 2 3 y => 3
        SETEX t 100 v => OK
        SINTERSTORE t a b => 1
        TTL t => -1
        SMEMBERS t => ["2"]
        OBJECT ENCODING t => "intset"
        SUNIONSTORE t a b => 5
        SCARD t => 5
        SDIFFSTORE a a b => 2
        SISMEMBER a x => 1
        SINTERSTORE t a absent => 0
        EXISTS t => 0
        "#,
    );
}

fn members(engine: &Engine, line: &str) -> BTreeSet<Vec<u8>> {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let Reply::Array(items) = engine.reply(&words) else { panic!("{line}") };
    let len = items.len();
    let bytes = |item| match item {
        Reply::Bulk(bytes) => bytes,
        other => panic!("{other:?}"),
    };
    let members: BTreeSet<_> = items.into_iter().map(bytes).collect();
    assert_eq!(members.len(), len, "each once");
    members
}

#[test]
fn big_ones_agree_with_plain_sets() {
    for shards in [1, 4] {
        let engine = Engine::new(shards);
        let mut models = Vec::new();
        for (key, (step, len)) in
            [(2, 900), (3, 700), (5, 100), (1, 40), (7, 300)].iter().enumerate()
        {
            let all: BTreeSet<Vec<u8>> =
                (0..*len).map(|number| format!("m{}", number * step).into_bytes()).collect();
            let mut words = vec![b"SADD".to_vec(), format!("k{key}").into_bytes()];
            words.extend(all.iter().cloned());
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            assert_eq!(engine.reply(&words), Reply::Integer(all.len() as i64));
            models.push(all);
        }
        let [a, b, c, d, e] = &models[..] else { unreachable!() };
        assert_eq!(members(&engine, "SINTER k0 k1"), a & b);
        assert_eq!(members(&engine, "SUNION k0 k1 k2"), &(a | b) | c);
        assert_eq!(members(&engine, "SUNION k0 k1 k2 k3 k4"), &(&(&(a | b) | c) | d) | e);
        assert_eq!(members(&engine, "SDIFF k0 k1 k2 k3 k4"), &(&(&(a - b) - c) - d) - e);
        assert_eq!(members(&engine, "SDIFF k3 k0 k1"), &(d - a) - b);
        assert_eq!(members(&engine, "SDIFF k0 k3 k2"), &(a - d) - c);
    }
}
