//! A snapshot among random changes has each entry of its instant once.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};

use stdx::rng::Rng;

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
