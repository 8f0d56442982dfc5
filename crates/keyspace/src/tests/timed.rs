//! Hashes with timed fields are counted, however they come and go.

use stdx::rng::Rng;
use value::{Hash, Limits, Value};

use crate::{Key, Keyspace, Loaded, LoadedEntry, Options};

const START_MS: i64 = 1_700_000_000_000;
const DATABASES: usize = 2;
const KEYS: u64 = 40;

fn name(number: u64) -> Vec<u8> {
    format!("key:{number}").into_bytes()
}

fn timed_hash(rng: &mut Rng, deadline_ms: i64) -> Hash {
    let mut hash = Hash::new();
    // Of both encodings.
    for n in 0..1 + rng.below(600) {
        hash.set(
            n.to_string().as_bytes(),
            b"v",
            (n == 0).then_some(deadline_ms),
            &Limits::default(),
        );
    }
    hash
}

fn step(keyspace: &mut Keyspace, rng: &mut Rng) {
    let (db, key) = (rng.below(DATABASES as u64) as usize, name(rng.below(KEYS)));
    let key = Key::new(&key);
    let deadline_ms = keyspace.now_ms() + rng.below(5_000) as i64;
    let field = rng.below(3).to_string();
    match rng.below(40) {
        0 => keyspace.discard_database(db),
        1 => keyspace.swap(0, 1),
        2..6 => {
            let value = Loaded::Value(Value::Hash(timed_hash(rng, deadline_ms)));
            let entry =
                LoadedEntry { value, expire_at_ms: None, idle_seconds: None, frequency: None };
            keyspace.load(db, key, entry, true);
        }
        6..10 => {
            let other = name(rng.below(KEYS));
            let taken = keyspace.edit(db, key).take();
            if let Some(taken) = taken {
                keyspace.edit(1 - db, Key::new(&other)).put(taken);
            }
        }
        10 => keyspace.edit(db, key).set(b"text", None),
        11 => _ = keyspace.edit(db, key).remove(),
        12..16 => keyspace.edit(db, key).set_expiry((deadline_ms % 2 == 0).then_some(deadline_ms)),
        16..20 => keyspace.edit(db, key).expire_fields([field.as_bytes()].into_iter()),
        step => {
            let mut edit = keyspace.edit(db, key);
            let Ok(hash) = edit.get_or_create::<Hash>() else { return };
            match step {
                20..28 => {
                    _ = hash.set(field.as_bytes(), b"v", Some(deadline_ms), &Limits::default())
                }
                28..34 => _ = hash.remove(field.as_bytes()),
                _ => _ = hash.set_deadline(field.as_bytes(), None),
            }
        }
    }
}

#[test]
fn are_counted() {
    let mut keyspace = Keyspace::new(Options { databases: DATABASES, ..Options::default() });
    let mut rng = Rng::new(3);
    let (mut now_ms, mut most) = (START_MS, 0);
    for _ in 0..20_000 {
        now_ms += rng.below(20) as i64;
        keyspace.begin(now_ms);
        step(&mut keyspace, &mut rng);
        if rng.below(10) == 0 {
            keyspace.expire_some(20, &|_, _| false);
        }
        for db in 0..DATABASES {
            let is_timed = |number| {
                let entry = keyspace.peek_kept(db, Key::new(&name(number)));
                let hash = entry.and_then(|entry| entry.get::<Hash>().ok().cloned());
                hash.is_some_and(|hash| {
                    hash.iter(i64::MIN).any(|field| field.deadline_ms.is_some())
                })
            };
            let timed = (0..KEYS).filter(|number| is_timed(*number)).count();
            assert_eq!(keyspace.timed_hashes(db), timed);
            most = most.max(timed);
        }
    }
    assert!(most > 10, "{most}");
}
