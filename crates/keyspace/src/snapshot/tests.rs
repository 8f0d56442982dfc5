//! A snapshot among random changes has each entry of its instant once.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};

use stdx::rng::Rng;
use value::list::End;
use value::{Hash, Kind, List, Set, Stream, Zset};

use super::*;
use crate::{Edit, Key, OnExpired, Options};

/// Database, key, value and deadline.
type Saved = (usize, Vec<u8>, Vec<u8>, Option<i64>);

/// Values and deadlines by database and key.
type Content = HashMap<(usize, Vec<u8>), (Vec<u8>, Option<i64>)>;

struct Collector(Sender<Saved>, Vec<(usize, Vec<u8>, SharedBytes, Option<i64>)>);

impl Saver for Collector {
    fn save(&mut self, db: usize, entry: Entry<'_>, _: bool) {
        let value = entry.string().expect("all are strings").to_vec();
        let saved = (db, entry.key().to_vec(), value, entry.expire_at_ms());
        self.0.send(saved).expect("the test receives");
    }

    fn save_shared(&mut self, db: usize, entry: Entry<'_>, text: SharedBytes, _: bool) {
        let saved = (db, entry.key().to_vec(), text, entry.expire_at_ms());
        self.1.push(saved);
    }

    fn begin(&mut self, _: usize, _: Entry<'_>) {
        unreachable!("there are only strings")
    }

    fn part(&mut self, _: Part<'_>) {}

    fn finish(&mut self) {}

    fn end(&mut self, is_complete: bool) {
        assert!(is_complete);
        // As late as it may be read.
        for (db, key, text, deadline) in self.1.drain(..) {
            self.0.send((db, key, text.to_vec(), deadline)).expect("the test receives");
        }
    }
}

/// What the keyspace holds.
fn content(keyspace: &mut Keyspace) -> Content {
    let mut content = HashMap::new();
    for db in 0..keyspace.databases() {
        let mut cursor = 0;
        loop {
            cursor = keyspace.scan(db, cursor, 100, |key, entry| {
                let value = entry.string().expect("all are strings").to_vec();
                content.insert((db, key.to_vec()), (value, entry.expire_at_ms()));
            });
            if cursor == 0 {
                break;
            }
        }
    }
    content
}

/// One change that a command might make.
fn change(keyspace: &mut Keyspace, rng: &mut Rng, keys: u64, grow: bool) {
    let db = rng.below(2) as usize;
    let name = format!("key:{}", rng.below(keys));
    let key = Key::new(name.as_bytes());
    let kind = rng.below(if grow { 6 } else { 8 });
    if kind >= 5 && rng.below(500) == 0 {
        match kind {
            5 => keyspace.discard_database(db),
            _ => keyspace.swap(0, 1),
        }
        return;
    }
    let mut edit = keyspace.edit(db, key);
    match kind {
        0 | 1 => edit.set(&rng.next_u64().to_le_bytes(), None),
        2 => edit.set_int(rng.next_u64() as i64),
        3 => edit.set_expiry(Some(2_000_000_000_000 + rng.below(1000) as i64)),
        4 => edit.string_buffer().expect("all are strings").append(b"more"),
        5 => {
            let len = if rng.below(8) == 0 { UNHURRIED_BYTES_MIN } else { 700 };
            edit.set(&vec![b'x'; len], Some(2_000_000_000_000));
        }
        _ => drop(edit.take()),
    }
}

#[test]
fn each_entry_of_the_instant_is_saved_once() {
    for seed in 0..8 {
        let mut rng = Rng::new(seed);
        let on_expired = OnExpired::Remove;
        let mut keyspace =
            Keyspace::new(Options { databases: 2, on_expired, ..Options::default() });
        keyspace.begin(1_700_000_000_000);
        for _ in 0..8_000 {
            change(&mut keyspace, &mut rng, 6_000, true);
        }
        let expected = content(&mut keyspace);
        let (sender, receiver) = channel();
        keyspace.arm(Box::new(Collector(sender, Vec::new())));
        let grow = seed % 2 == 0;
        while !keyspace.save_some(rng.below(4) as usize) {
            for _ in 0..rng.below(40) {
                change(&mut keyspace, &mut rng, if grow { 40_000 } else { 6_000 }, grow);
            }
        }
        keyspace.disarm(true);
        let mut saved = HashMap::new();
        for (db, key, value, deadline) in receiver.try_iter() {
            assert!(saved.insert((db, key), (value, deadline)).is_none(), "seed {seed}: twice");
        }
        assert!(saved == expected, "seed {seed}: {} of {}", saved.len(), expected.len());
        // The next one begins afresh.
        let expected = content(&mut keyspace);
        let (sender, receiver) = channel();
        keyspace.arm(Box::new(Collector(sender, Vec::new())));
        while !keyspace.save_some(100) {}
        keyspace.disarm(true);
        assert_eq!(receiver.try_iter().count(), expected.len());
    }
}

/// What a [`Bits`] is told: the big values, and parts of the first that is not finished.
enum Told {
    Begin(usize, Vec<u8>),
    Part(String),
    Finish,
}

/// Takes big values.
struct Bits(Sender<Told>);

impl Saver for Bits {
    fn save(&mut self, _: usize, entry: Entry<'_>, _: bool) {
        assert!(entry.memory_bytes() < UNHURRIED_BYTES_MIN, "big ones come bit by bit");
    }

    fn save_shared(&mut self, _: usize, _: Entry<'_>, _: SharedBytes, _: bool) {}

    fn begin(&mut self, db: usize, entry: Entry<'_>) {
        self.0.send(Told::Begin(db, entry.key().to_vec())).expect("the test receives");
    }

    fn part(&mut self, part: Part<'_>) {
        self.0.send(Told::Part(format!("{part:?}"))).expect("the test receives");
    }

    fn finish(&mut self) {
        self.0.send(Told::Finish).expect("the test receives");
    }

    fn end(&mut self, _: bool) {}
}

const KINDS: [Kind; 5] = [Kind::List, Kind::Hash, Kind::Set, Kind::Zset, Kind::Stream];

/// Adds an element to the collection of this type, or takes one away.
fn change_elements(edit: &mut Edit<'_>, kind: Kind, rng: &mut Rng, adds: bool) {
    let limits = value::Limits::default();
    let member = format!("member {:030}", rng.below(6_000));
    let member = member.as_bytes();
    // Another type may have come to be there.
    let _ = match kind {
        Kind::String => Ok(()),
        Kind::List => edit.get_or_create::<List>().map(|list| match adds {
            true => list.push(End::Left, member, &limits),
            false => list.drop_end(End::Right, &limits),
        }),
        Kind::Hash => edit.get_or_create::<Hash>().map(|hash| match adds {
            true => _ = hash.set(member, member, None, &limits),
            false => _ = hash.remove(member),
        }),
        Kind::Set => edit.get_or_create::<Set>().map(|set| match adds {
            true => _ = set.add(member, &limits),
            false => _ = set.remove(member),
        }),
        Kind::Zset => edit.get_or_create::<Zset>().map(|zset| match adds {
            true => _ = zset.insert(member, rng.below(100) as f64, &limits),
            false => _ = zset.remove(member),
        }),
        Kind::Stream => edit.get_or_create::<Stream>().map(|stream| match adds {
            true => {
                let id = stream.last_id.next().expect("there are more");
                let fields = [(&b"field"[..], member)];
                stream.append(id, fields.into_iter(), &limits).expect("it fits");
            }
            false => _ = stream.delete(stream.first_id()),
        }),
    };
}

/// One change of a collection, or of where it is.
fn change_collections(keyspace: &mut Keyspace, rng: &mut Rng) {
    let kind = KINDS[rng.below(5) as usize];
    let key = Key::new(kind.name().as_bytes());
    match rng.below(800) {
        0 => keyspace.swap(0, 1),
        1 => keyspace.discard_database(0),
        2 => drop(keyspace.edit(0, key).remove()),
        3 => keyspace.edit(0, key).set(b"a string", None),
        4 => keyspace.edit(0, key).set_expiry(Some(2_000_000_000_000)),
        5 => {
            let taken = keyspace.edit(0, key).take();
            if let Some(taken) = taken {
                keyspace.edit(0, Key::new(b"elsewhere")).put(taken);
            }
        }
        _ => {
            let adds = rng.below(3) > 0;
            change_elements(&mut keyspace.edit(0, key), kind, rng, adds);
        }
    }
}

/// All parts of a value.
fn parts(mut value: Value) -> Vec<String> {
    let mut parts = Vec::new();
    assert!(value.begin_walk(1), "it is a big one");
    while value.walk_on(1000, &mut |part| parts.push(format!("{part:?}"))) {}
    parts.sort();
    parts
}

#[test]
fn big_values_are_saved_bit_by_bit_as_they_were() {
    for seed in 0..10 {
        let mut rng = Rng::new(seed);
        let mut keyspace = Keyspace::new(Options { databases: 2, ..Options::default() });
        let mut expected = HashMap::new();
        for kind in KINDS {
            let mut edit = keyspace.edit(0, Key::new(kind.name().as_bytes()));
            (0..5_000).for_each(|_| change_elements(&mut edit, kind, &mut rng, true));
            let value = edit.value_mut().expect("it is a collection").clone();
            expected.insert((0, kind.name().as_bytes().to_vec()), parts(value));
        }
        let (sender, receiver) = channel();
        keyspace.arm(Box::new(Bits(sender)));
        while !keyspace.save_some(rng.below(4) as usize) {
            (0..rng.below(60)).for_each(|_| change_collections(&mut keyspace, &mut rng));
        }
        keyspace.disarm(true);
        let (mut saved, mut begun, mut parts) = (HashMap::new(), VecDeque::new(), Vec::new());
        for told in receiver.try_iter() {
            match told {
                Told::Begin(db, key) => begun.push_back((db, key)),
                Told::Part(part) => parts.push(part),
                Told::Finish => {
                    parts.sort();
                    let key = begun.pop_front().expect("it was begun");
                    saved.insert(key, std::mem::take(&mut parts));
                }
            }
        }
        assert!(begun.is_empty() && parts.is_empty(), "seed {seed}");
        assert_eq!(saved.len(), KINDS.len(), "seed {seed}");
        assert!(saved == expected, "seed {seed}");
    }
}
