//! The judge on fabricated histories: it must acquit the innocent and convict the guilty.

use super::*;
use Operation::{Copy, Del, Get, Mget, Mset, Msetnx, Rename, Set};

fn bulk(value: i64) -> Reply {
    Reply::Bulk(value.to_string().into_bytes())
}

fn bulks(values: &[Option<i64>]) -> Reply {
    Reply::Array(values.iter().map(|value| value.map_or(Reply::Null, bulk)).collect())
}

fn ok() -> Reply {
    Reply::Simple(b"OK".to_vec())
}

fn call(operation: Operation, reply: Reply, start_ns: u64, end_ns: u64) -> Call {
    Call { operation, reply, start_ns, end_ns }
}

fn check(clients: &[Vec<Call>]) -> bool {
    explain(clients, vec![Some(1), Some(1), None]).is_ok()
}

#[test]
fn overlapping_calls_may_go_either_way() {
    let write = call(Set(0, 5), ok(), 10, 20);
    for seen in [1, 5] {
        let read = call(Get(0), bulk(seen), 10, 20);
        assert!(check(&[vec![write.clone()], vec![read]]));
    }
}

#[test]
fn a_stale_read_is_found() {
    let write = call(Set(0, 5), ok(), 10, 20);
    assert!(!check(&[vec![write.clone()], vec![call(Get(0), bulk(1), 21, 30)]]));
    assert!(!check(&[vec![write.clone()], vec![call(Get(0), bulk(5), 1, 9)]]));
    // Nor may a later read go back behind an earlier one.
    let reads = vec![call(Get(0), bulk(5), 10, 12), call(Get(0), bulk(1), 13, 14)];
    assert!(!check(&[vec![write], reads]));
}

#[test]
fn a_torn_write_is_found() {
    let write = call(Mset(vec![(0, 7), (1, 7)]), ok(), 0, 100);
    let read = |a, b| call(Mget(vec![0, 1]), bulks(&[Some(a), Some(b)]), 0, 100);
    assert!(check(&[vec![write.clone()], vec![read(1, 1)]]));
    assert!(check(&[vec![write.clone()], vec![read(7, 7)]]));
    assert!(!check(&[vec![write.clone()], vec![read(7, 1)]]));
    let apart = |a, b| vec![call(Get(0), bulk(a), 0, 50), call(Get(1), bulk(b), 51, 100)];
    assert!(check(&[vec![write.clone()], apart(1, 7)]));
    assert!(!check(&[vec![write], apart(7, 1)]));
}

#[test]
fn two_readers_must_agree_on_the_order_of_writes() {
    let writers = [vec![call(Set(0, 5), ok(), 0, 100)], vec![call(Set(1, 6), ok(), 0, 100)]];
    let reader = |a, b| vec![call(Mget(vec![0, 1]), bulks(&[Some(a), Some(b)]), 0, 100)];
    let history = |first, second| [writers.to_vec(), vec![first, second]].concat();
    assert!(check(&history(reader(5, 1), reader(5, 6))));
    assert!(!check(&history(reader(5, 1), reader(1, 6))));
}

#[test]
fn a_value_that_is_moved_is_in_one_place() {
    let rename = call(Rename(0, 2), ok(), 0, 100);
    let read = |a, c| call(Mget(vec![0, 2]), bulks(&[a, c]), 0, 100);
    assert!(check(&[vec![rename.clone()], vec![read(Some(1), None)]]));
    assert!(check(&[vec![rename.clone()], vec![read(None, Some(1))]]));
    assert!(!check(&[vec![rename.clone()], vec![read(None, None)]]));
    assert!(!check(&[vec![rename.clone()], vec![read(Some(1), Some(1))]]));
    assert!(!check(&[vec![rename.clone()], vec![call(Rename(0, 1), ok(), 0, 100)]]));
    let copy = call(Copy(0, 2), Reply::Integer(1), 0, 100);
    assert!(!check(&[vec![copy], vec![read(None, Some(1))]]));
}

#[test]
fn all_or_nothing() {
    let set = call(Msetnx(vec![(1, 8), (2, 8)]), Reply::Integer(1), 0, 100);
    assert!(!check(&[vec![set.clone()]]));
    assert!(check(&[vec![set.clone()], vec![call(Del(vec![0, 1]), Reply::Integer(2), 0, 100)]]));
    assert!(!check(&[vec![set], vec![call(Del(vec![0, 1]), Reply::Integer(1), 0, 100)]]));
}

#[test]
fn a_pipeline_keeps_its_order() {
    // All sent at once: only the order of sending says that the second read is the later one.
    let writer = vec![call(Set(0, 5), ok(), 0, 100), call(Set(1, 6), ok(), 0, 100)];
    let reader = |b, a| vec![call(Get(1), bulk(b), 0, 100), call(Get(0), bulk(a), 0, 100)];
    assert!(check(&[writer.clone(), reader(6, 5)]));
    assert!(check(&[writer.clone(), reader(1, 5)]));
    assert!(!check(&[writer, reader(6, 1)]));
}

#[test]
fn the_description_marks_what_cannot_be() {
    let clients = [vec![call(Get(0), bulk(1), 5, 6), call(Get(0), bulk(2), 7, 8)]];
    let verdict = explain(&clients, vec![Some(1)]).expect_err("nobody wrote 2");
    let text = verdict.describe(&clients, &["key".to_owned()]);
    assert!(text.lines().nth(1).is_some_and(|line| line.starts_with('?')), "{text}");
    assert!(text.contains("GET key → \"2\""), "{text}");
}
