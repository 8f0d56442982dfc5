//! Random edits, reads, moves and the passing of time, against a map.

use std::collections::HashMap;

use stdx::rng::Rng;

use crate::{Key, Keyspace, Options};

const START_MS: i64 = 1_700_000_000_000;
const DATABASES: usize = 3;

/// A value with its deadline.
type Expiring = (Vec<u8>, Option<i64>);

/// What should be there, by database and key.
#[derive(Default)]
struct Model(HashMap<(usize, Vec<u8>), Expiring>);

impl Model {
    fn expire(&mut self, now_ms: i64) {
        self.0.retain(|_, (_, deadline)| deadline.is_none_or(|at_ms| at_ms >= now_ms));
    }
}

/// A value of any form: integer, inline of any length, or out of line.
fn value(rng: &mut Rng) -> Vec<u8> {
    match rng.below(8) {
        0..3 => ((rng.next_u64() >> rng.below(64)) as i64).to_string().into_bytes(),
        3..7 => vec![b'v'; rng.below(300) as usize],
        _ => vec![b'w'; rng.below(2_000) as usize],
    }
}

/// One random step on both.
fn step(keyspace: &mut Keyspace, model: &mut Model, rng: &mut Rng) {
    let mut random_key = || {
        let mut key = format!("key:{}", rng.below(3_000)).into_bytes();
        // A few keys are too long for one byte of length.
        key.resize(key.len() + if key.ends_with(b"7") { 300 } else { 0 }, b'.');
        (rng.below(DATABASES as u64) as usize, key)
    };
    let (at, to) = (random_key(), random_key());
    let deadline = (rng.below(3) == 0).then(|| keyspace.now_ms() + rng.below(20_000) as i64);
    let name = at.1.clone();
    let mut edit = keyspace.edit(at.0, Key::new(&name));
    assert_eq!(edit.exists(), model.0.contains_key(&at));
    match rng.below(8) {
        0..3 => {
            let value = value(rng);
            edit.set(&value, deadline);
            model.0.insert(at, (value, deadline));
        }
        3 => {
            let value = value(rng);
            edit.set_string(&value);
            model.0.entry(at).or_default().0 = value;
        }
        4 => {
            edit.set_expiry(deadline);
            model.0.entry(at).and_modify(|(_, old)| *old = deadline);
        }
        5 => {
            let more = vec![b'+'; rng.below(40) as usize];
            edit.string_buffer().expect("all are strings").append(&more);
            model.0.entry(at).or_default().0.extend_from_slice(&more);
        }
        6 => assert_eq!(edit.remove(), model.0.remove(&at).is_some()),
        _ => {
            let taken = edit.take();
            drop(edit);
            if let Some(taken) = taken {
                keyspace.edit(to.0, Key::new(&to.1)).put(taken);
                let moved = model.0.remove(&at).expect("it was taken");
                model.0.insert(to, moved);
            }
        }
    }
}

fn assert_equal(keyspace: &mut Keyspace, model: &Model) {
    for ((db, key), (value, deadline)) in &model.0 {
        let entry = keyspace.read(*db, Key::new(key)).expect("the model has it");
        assert_eq!(entry.string().expect("all are strings").to_vec(), *value);
        assert_eq!(entry.expire_at_ms(), *deadline);
        assert!(entry.memory_bytes() > key.len());
    }
    for db in 0..DATABASES {
        let own = || model.0.iter().filter(|((own, _), _)| *own == db).map(|(_, value)| value.1);
        assert_eq!(keyspace.len(db), own().count());
        assert_eq!(keyspace.expires_len(db), own().flatten().count());
        let ttl_ms = own().flatten().map(|at_ms| at_ms - keyspace.now_ms()).sum::<i64>();
        let mean_ms = ttl_ms / own().flatten().count().max(1) as i64;
        assert!((keyspace.average_ttl_ms(db) - mean_ms).abs() <= 1);
    }
}

#[test]
fn agrees_with_a_map() {
    for seed in 0..4 {
        let mut rng = Rng::new(seed);
        let mut keyspace =
            Keyspace::new(Options { databases: DATABASES, seed, ..Options::default() });
        let mut model = Model::default();
        let mut now_ms = START_MS;
        for round in 0..20_000 {
            if rng.below(20) == 0 {
                now_ms += rng.below(200) as i64;
            }
            keyspace.begin(now_ms);
            model.expire(now_ms);
            step(&mut keyspace, &mut model, &mut rng);
            if round % 5_000 == 4_999 {
                // Nothing that is due may be left for the counts to agree.
                while keyspace.expire_some(1_000_000, &|_, _| false).removed > 0 {}
                assert_equal(&mut keyspace, &model);
            }
        }
    }
}
