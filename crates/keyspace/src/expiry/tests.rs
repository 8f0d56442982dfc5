//! The walk removes what is due, in small steps, and passes by what is locked.

use super::*;
use crate::Options;

const START_MS: i64 = 1_700_000_000_000;

/// Keys `0..keys` over three databases; key `n` is due `n` seconds after the start, every second
/// one.
fn keyspace(keys: i64) -> Keyspace {
    let mut keyspace = Keyspace::new(Options::default());
    keyspace.begin(START_MS);
    for n in 0..keys {
        let deadline = (n % 2 == 0).then_some(START_MS + n * 1000);
        keyspace.edit((n % 3) as usize, Key::new(n.to_string().as_bytes())).set(b"v", deadline);
    }
    keyspace
}

fn left(keyspace: &Keyspace) -> usize {
    (0..keyspace.databases()).map(|db| keyspace.len(db)).sum()
}

#[test]
fn small_steps_remove_all_that_is_due() {
    let mut keyspace = keyspace(30_000);
    assert_eq!(keyspace.expire_some(1_000_000, &|_, _| false).removed, 0);
    keyspace.begin(START_MS + 10_000_000);
    let mut steps = 0;
    while left(&keyspace) > 25_000 {
        let done = keyspace.expire_some(20, &|_, _| false);
        assert!(done.visited <= 21 && done.removed <= 7 * 20, "{done:?}");
        steps += 1;
    }
    assert!(steps > 100);
    // The key of the very millisecond is still alive.
    assert!(keyspace.peek(1, Key::new(b"10000")).is_some());
    assert_eq!(keyspace.expire_some(1_000_000, &|_, _| false).removed, 0);
    assert_eq!(keyspace.stats().expired, 5_000);
}

#[test]
fn what_is_not_due_costs_little() {
    let mut keyspace = keyspace(60_000);
    // Growth has blurred the hints; one walk makes them exact.
    assert_eq!(keyspace.expire_some(1_000_000, &|_, _| false).removed, 0);
    let done = keyspace.expire_some(1_000_000, &|_, _| false);
    assert!(done.visited < 400, "{done:?}: a visit per segment, not per bucket");
}

#[test]
fn locked_keys_stay_and_are_found_again() {
    let mut keyspace = keyspace(3_000);
    keyspace.begin(START_MS + 1_000_000_000);
    let locked_hash = Key::new(b"30").hash;
    let locked = |db: usize, hash: u64| db == 0 && hash == locked_hash;
    // What shrinking moves behind the walk is for the next one.
    let removed: usize = (0..5).map(|_| keyspace.expire_some(1_000_000, &locked).removed).sum();
    assert_eq!((removed, keyspace.len(0)), (1_499, 501));
    assert_eq!(keyspace.expire_some(1_000_000, &|_, _| false).removed, 1);
}

#[test]
fn replicas_hide_and_loaders_keep() {
    let mut keyspace = keyspace(100);
    keyspace.begin(START_MS + 1_000_000);
    for (on_expired, found) in [(OnExpired::Hide, false), (OnExpired::Keep, true)] {
        keyspace.set_on_expired(on_expired);
        assert_eq!(keyspace.read(1, Key::new(b"10")).is_some(), found);
        assert_eq!(keyspace.expire_some(1_000, &|_, _| false), Expired::default());
        assert_eq!(left(&keyspace), 100);
    }
    keyspace.set_on_expired(OnExpired::Remove);
    assert!(keyspace.edit(1, Key::new(b"10")).entry().is_none());
    assert_eq!(left(&keyspace), 99);
}

fn fields_left(keyspace: &Keyspace, key: &[u8]) -> Option<usize> {
    let entry = keyspace.peek(0, Key::new(key))?;
    Some(entry.get::<value::Hash>().unwrap().len())
}

#[test]
fn fields_go_and_take_their_hash_with_them() {
    let limits = value::Limits::default();
    let mut keyspace = keyspace(0);
    for (key, len, timed) in [(b"some", 1000, 400), (b"all_", 300, 300), (b"none", 300, 0)] {
        let mut edit = keyspace.edit(0, Key::new(key));
        let hash: &mut value::Hash = edit.get_or_create().unwrap();
        for n in 0..len {
            let deadline_ms = (n < timed).then_some(START_MS + 5000 + n * 10);
            hash.set(n.to_string().as_bytes(), b"v", deadline_ms, &limits);
        }
    }
    keyspace.changes().set_recording(true);
    let walk = |keyspace: &mut Keyspace, now_ms| {
        keyspace.begin(now_ms);
        (0..20).for_each(|_| _ = keyspace.expire_some(1_000_000, &|_, _| false));
    };
    walk(&mut keyspace, START_MS + 4000);
    assert_eq!(keyspace.changes().effects().count(), 0);
    assert_eq!(keyspace.stats().expired_fields, 0);
    walk(&mut keyspace, START_MS + 5000 + 1000 + 1);
    assert_eq!(keyspace.stats().expired_fields, 202);
    assert_eq!(fields_left(&keyspace, b"some"), Some(899));
    assert_eq!(fields_left(&keyspace, b"all_"), Some(199));
    let locked_hash = Key::new(b"some").hash;
    keyspace.begin(START_MS + 1_000_000);
    let locked = |db: usize, hash: u64| db == 0 && hash == locked_hash;
    (0..20).for_each(|_| _ = keyspace.expire_some(1_000_000, &locked));
    assert_eq!(fields_left(&keyspace, b"some"), Some(899));
    assert_eq!(fields_left(&keyspace, b"all_"), None);
    walk(&mut keyspace, START_MS + 1_000_000);
    assert_eq!(fields_left(&keyspace, b"some"), Some(600));
    assert_eq!(fields_left(&keyspace, b"none"), Some(300));
    assert_eq!(keyspace.stats().expired, 0, "no key had a deadline of its own");
    let effect = keyspace.changes().effects().next().unwrap();
    assert_eq!((effect.cause, effect.args().next()), (Cause::Expired, Some(&b"HDEL"[..])));
}
