//! A snapshot among random changes has each entry of its instant once.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};

use stdx::rng::Rng;
use value::Zset;

use super::*;
use crate::{Key, OnExpired, Options};

/// Database, key, value and deadline.
type Saved = (usize, Vec<u8>, Vec<u8>, Option<i64>);

/// Values and deadlines by database and key.
type Content = HashMap<(usize, Vec<u8>), (Vec<u8>, Option<i64>)>;

struct Collector(Sender<Saved>);

impl Saver for Collector {
    fn save(&mut self, db: usize, entry: Entry<'_>, _: bool) {
        let value = entry.string().expect("all are strings").to_vec();
        let saved = (db, entry.key().to_vec(), value, entry.expire_at_ms());
        self.0.send(saved).expect("the test receives");
    }

    fn head(&mut self, _: usize, _: Entry<'_>, _: usize) -> Vec<u8> {
        unreachable!("there are only strings")
    }

    fn open(&mut self, _: usize, _: Vec<u8>) {}

    fn member(&mut self, _: &[u8], _: f64) {}

    fn close(&mut self) {}

    fn end(&mut self, is_complete: bool) {
        assert!(is_complete);
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
        5 => edit.set(&[b'x'; 700], Some(2_000_000_000_000)),
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
        keyspace.arm(Box::new(Collector(sender)));
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
        keyspace.arm(Box::new(Collector(sender)));
        while !keyspace.save_some(100) {}
        keyspace.disarm(true);
        assert_eq!(receiver.try_iter().count(), expected.len());
    }
}

/// What a [`Bits`] is told: the sorted set, and its members once it is open.
enum Told {
    Open(Vec<u8>),
    Member(Vec<u8>, f64),
    Close,
}

/// Takes big sorted sets.
struct Bits(Sender<Told>);

impl Saver for Bits {
    fn save(&mut self, _: usize, entry: Entry<'_>, _: bool) {
        assert!(entry.get::<Zset>().is_err(), "big ones come bit by bit");
    }

    fn head(&mut self, _: usize, entry: Entry<'_>, len: usize) -> Vec<u8> {
        [entry.key(), len.to_string().as_bytes()].join(&b' ')
    }

    fn open(&mut self, _: usize, head: Vec<u8>) {
        self.0.send(Told::Open(head)).expect("the test receives");
    }

    fn member(&mut self, member: &[u8], score: f64) {
        self.0.send(Told::Member(member.to_vec(), score)).expect("the test receives");
    }

    fn close(&mut self) {
        self.0.send(Told::Close).expect("the test receives");
    }

    fn end(&mut self, _: bool) {}
}

/// One change of a sorted set, or of where it is.
fn change_sets(keyspace: &mut Keyspace, rng: &mut Rng) {
    let name = format!("set:{}", rng.below(4));
    let key = Key::new(name.as_bytes());
    let limits = value::Limits::default();
    match rng.below(400) {
        0 => keyspace.swap(0, 1),
        1 => keyspace.discard_database(0),
        2 => drop(keyspace.edit(0, key).remove()),
        3 => keyspace.edit(0, key).set(b"a string", None),
        4 => keyspace.edit(0, key).set_expiry(Some(2_000_000_000_000)),
        5 => {
            let taken = keyspace.edit(0, key).take();
            if let Some(taken) = taken {
                keyspace.edit(0, Key::new(b"set:elsewhere")).put(taken);
            }
        }
        _ => {
            let mut edit = keyspace.edit(0, key);
            if let Ok(zset) = edit.get_or_create::<Zset>() {
                let member = format!("member {}", rng.below(6_000));
                match rng.below(3) {
                    0 => drop(zset.remove(member.as_bytes())),
                    _ => drop(zset.insert(member.as_bytes(), rng.below(100) as f64, &limits)),
                }
            }
        }
    }
}

#[test]
fn big_sorted_sets_are_saved_bit_by_bit_as_they_were() {
    for seed in 0..10 {
        let mut rng = Rng::new(seed);
        let mut keyspace = Keyspace::new(Options { databases: 2, ..Options::default() });
        let limits = value::Limits::default();
        let mut expected = HashMap::new();
        for set in 0..4 {
            let name = format!("set:{set}");
            let mut edit = keyspace.edit(0, Key::new(name.as_bytes()));
            let zset = edit.get_or_create::<Zset>().expect("it is new");
            let mut members = HashMap::new();
            for number in 0..5_000 {
                let (member, score) = (format!("member {number}"), rng.below(100) as f64);
                zset.insert(member.as_bytes(), score, &limits);
                members.insert(member.into_bytes(), score);
            }
            expected.insert(format!("{name} 5000").into_bytes(), members);
        }
        let (sender, receiver) = channel();
        keyspace.arm(Box::new(Bits(sender)));
        while !keyspace.save_some(rng.below(4) as usize) {
            (0..rng.below(60)).for_each(|_| change_sets(&mut keyspace, &mut rng));
        }
        keyspace.disarm(true);
        let (mut saved, mut open) = (HashMap::new(), None);
        for told in receiver.try_iter() {
            match told {
                Told::Open(head) => assert!(open.replace((head, HashMap::new())).is_none()),
                Told::Member(member, score) => {
                    let (_, members) = open.as_mut().expect("it is open");
                    assert!(members.insert(member, score).is_none(), "twice");
                }
                Told::Close => saved.extend(open.take()),
            }
        }
        assert!(open.is_none() && saved == expected, "seed {seed}");
    }
}
