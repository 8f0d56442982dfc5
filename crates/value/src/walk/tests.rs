//! Each part of the instant is told once, as it was, whatever changes meanwhile.

use stdx::rng::Rng;

use super::*;
use crate::list::End;
use crate::stream::{Group, Trim};
use crate::{Hash, Limits, List, Set, Stream, Value, Zset};

/// A part as text.
fn text(part: &Part<'_>) -> String {
    match part {
        Part::Stretch(Stretch::Pack(pack)) => format!("{pack:?}"),
        part => format!("{part:?}"),
    }
}

/// All parts that are still to be told.
fn rest(value: &mut Value) -> Vec<String> {
    let mut told = Vec::new();
    while value.walk_on(1000, &mut |part| told.push(text(&part))) {}
    told
}

/// Whether parts come in an order that means something.
fn is_ordered(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Stream(_))
}

fn limits() -> Limits {
    Limits {
        list_max_listpack_size: 8,
        list_compress_depth: 3,
        stream_node_max_entries: 5,
        ..Limits::default()
    }
}

const KEYS: u64 = 1500;

fn long_or_short(rng: &mut Rng) -> Vec<u8> {
    let len = if rng.below(50) == 0 { 400 } else { rng.below(30) };
    (0..len).map(|_| b'a' + rng.below(26) as u8).collect()
}

fn change_list(list: &mut List, rng: &mut Rng) {
    let (limits, item) = (limits(), long_or_short(rng));
    let end = if rng.below(2) == 0 { End::Left } else { End::Right };
    let at = rng.below(list.len() as u64 + 1) as usize;
    match rng.below(10) {
        0..3 => list.push(end, &item, &limits),
        3..6 => list.drop_end(end, &limits),
        6 if at < list.len() => list.set(at, &item, &limits),
        7 => list.insert(at, &item, &limits),
        8 => list.remove_range(at, rng.below(4) as usize, &limits),
        _ => _ = list.remove(&item, end, 3, &limits),
    }
}

fn change_stream(stream: &mut Stream, rng: &mut Rng) {
    let value = long_or_short(rng);
    let fields = [(&b"field"[..], &value[..])];
    let id = StreamId { ms: stream.last_id.ms + 1 + rng.below(3), seq: rng.below(9) };
    let old = StreamId { ms: rng.below(stream.last_id.ms + 1), seq: rng.below(9) };
    match rng.below(60) {
        40..60 => change_groups(stream, old, rng),
        0..15 => stream.append(id, fields.into_iter(), &limits()).expect("it fits"),
        15 => _ = stream.trim(Trim::MaxLen(stream.len().saturating_sub(9)), false, 0),
        16 => {
            let id = StreamId { ms: stream.first_id().ms + rng.below(30), seq: 0 };
            stream.trim(Trim::MinId(id), true, 100);
        }
        17 => {
            let is_chosen = rng.below(2) == 0;
            let most = stream.len().saturating_sub(5);
            stream.trim_if(Trim::MaxLen(most), false, 0, |_, _| is_chosen);
        }
        _ => _ = stream.delete(old),
    }
}

const GROUPS: [&[u8]; 3] = [b"first", b"second", b"third"];
const CONSUMERS: [&[u8]; 2] = [b"one", b"other"];

fn change_groups(stream: &mut Stream, id: StreamId, rng: &mut Rng) {
    let name = GROUPS[rng.below(3) as usize];
    if stream.group(name).is_none() {
        stream.add_group(name, Group::new(StreamId::MIN, None));
    }
    if rng.below(200) == 0 {
        stream.remove_group(name);
        return;
    }
    let consumer = CONSUMERS[rng.below(2) as usize];
    let mut group = stream.group_mut(name).expect("it is there");
    match rng.below(90) {
        0 => _ = group.remove_consumer(consumer),
        1..20 => _ = group.acknowledge(id),
        20..25 => group.release(id, 3),
        _ => {
            group.add_consumer(consumer, 5);
            group.deliver(id, consumer, rng.below(50) as i64, 1);
        }
    }
}

fn change(value: &mut Value, rng: &mut Rng) {
    let limits = limits();
    let key = format!("key {}", rng.below(KEYS));
    let key = key.as_bytes();
    match value {
        Value::Bytes(_) => unreachable!("it has no parts"),
        Value::List(list) => change_list(list, rng),
        Value::Stream(stream) => change_stream(stream, rng),
        Value::Set(set) => match rng.below(2) {
            0 => _ = set.remove(key),
            _ => _ = set.add(key, &limits),
        },
        Value::Zset(zset) => match rng.below(4) {
            0 => _ = zset.remove(key),
            1 => _ = zset.remove_range(rng.below(500) as usize, 2),
            _ => _ = zset.insert(key, rng.below(500) as f64 - 250.0, &limits),
        },
        Value::Hash(hash) => match rng.below(6) {
            0 | 1 => _ = hash.remove(key),
            2 => _ = hash.set_deadline(key, Some(rng.below(90_000) as i64)),
            3 => _ = hash.remove_expired(rng.below(20_000) as i64, 3, |_| {}),
            _ => _ = hash.set(key, &long_or_short(rng), None, &limits),
        },
    }
}

/// Removes nearly everything.
fn empty(value: &mut Value) {
    for number in 0..KEYS {
        let key = format!("key {number}");
        match value {
            Value::Bytes(_) => unreachable!("it has no parts"),
            Value::List(list) => list.remove_range(3, list.len().saturating_sub(5), &limits()),
            Value::Set(set) => _ = set.remove(key.as_bytes()),
            Value::Zset(zset) => _ = zset.remove(key.as_bytes()),
            Value::Hash(hash) => _ = hash.remove(key.as_bytes()),
            Value::Stream(stream) => {
                stream.trim(Trim::MaxLen(2), false, 0);
                stream.remove_group(GROUPS[0]);
                if let Some(mut group) = stream.group_mut(GROUPS[1]) {
                    for consumer in CONSUMERS {
                        group.remove_consumer(consumer);
                    }
                }
            }
        }
    }
}

/// A big value of each type.
fn each_type(rng: &mut Rng) -> [Value; 5] {
    let (mut list, mut stream) = (List::new(), Stream::new());
    for ms in 1..3000 {
        list.push(End::Right, &long_or_short(rng), &limits());
        let value = long_or_short(rng);
        let fields = [(&b"field"[..], &value[..])];
        stream.append(StreamId { ms, seq: 3 }, fields.into_iter(), &limits()).expect("it fits");
    }
    let mut values = [
        Value::List(list),
        Value::Set(Set::new()),
        Value::Hash(Hash::new()),
        Value::Zset(Zset::new()),
        Value::Stream(Box::new(stream)),
    ];
    for value in &mut values {
        (0..3000).for_each(|_| change(value, rng));
    }
    values
}

#[test]
fn each_part_of_the_instant_is_told_once() {
    for seed in 0..8 {
        let mut rng = Rng::new(seed);
        for mut value in each_type(&mut rng) {
            let mut reference = value.clone();
            assert!(reference.begin_walk(1), "it is a big one");
            let mut expected = rest(&mut reference);
            assert!(value.begin_walk(7));
            assert_eq!((value.walk_id(), value.clone().walk_id()), (Some(7), None));
            let mut told = Vec::new();
            while value.walk_on(rng.below(60) as usize, &mut |part| told.push(text(&part))) {
                (0..rng.below(80)).for_each(|_| change(&mut value, &mut rng));
                if rng.below(30) == 0 {
                    empty(&mut value);
                }
            }
            assert_eq!(value.walk_id(), None);
            if !is_ordered(&value) {
                expected.sort();
                told.sort();
            }
            assert!(expected.len() > 50, "{}: {}", value.encoding(), expected.len());
            assert_eq!(told, expected, "{} with seed {seed}", value.encoding());
        }
    }
}

#[test]
fn a_walk_of_what_does_not_change_tells_everything() {
    let count = |value: &Value| match value {
        Value::Set(set) => Some(set.len()),
        Value::Zset(zset) => Some(zset.len()),
        Value::Hash(hash) => Some(hash.len()),
        Value::Bytes(_) | Value::List(_) | Value::Stream(_) => None,
    };
    for mut value in each_type(&mut Rng::new(3)) {
        assert!(value.begin_walk(1));
        let mut elements = 0;
        let mut parts = 0;
        while value.walk_on(7, &mut |part| {
            parts += 1;
            elements += match part {
                Part::Stretch(Stretch::Pack(pack)) => pack.len(),
                _ => 1,
            };
        }) {}
        match &value {
            Value::List(list) => assert_eq!(elements, list.len()),
            Value::Stream(stream) => {
                let groups = stream.groups().values().map(|group| 2 + group.pending().len());
                assert_eq!(parts, stream.blocks().len() + groups.sum::<usize>());
            }
            other => assert_eq!(Some(parts), count(other)),
        }
    }
}

#[test]
fn however_much_went_a_turn_is_short() {
    for mut value in each_type(&mut Rng::new(5)) {
        assert!(value.begin_walk(1));
        empty(&mut value);
        loop {
            let mut told = 0;
            let has_more = value.walk_on(10, &mut |_| told += 1);
            assert!(told <= 80, "{}: {told}", value.encoding());
            if !has_more {
                break;
            }
        }
    }
}

#[test]
fn an_ended_walk_leaves_nothing() {
    for mut value in each_type(&mut Rng::new(4)) {
        assert!(value.begin_walk(1));
        value.walk_on(10, &mut |_| {});
        value.end_walk();
        assert_eq!(value.walk_id(), None);
        assert!(!value.walk_on(10, &mut |_| panic!("there is no walk")));
    }
}
