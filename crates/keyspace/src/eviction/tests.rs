//! Every policy takes what it is named after, and nothing else.

use super::*;
use crate::Key;
use crate::{ClockKind, Options};

const START_MS: i64 = 1_700_000_000_000;

/// `keys` keys, each used a second after the one before; every tenth has a deadline, the later the
/// key the sooner.
fn keyspace(keys: i64) -> Keyspace {
    let mut keyspace = Keyspace::new(Options::default());
    for n in 0..keys {
        keyspace.begin(START_MS + n * 1000);
        let name = n.to_string();
        let deadline = (n % 10 == 0).then(|| START_MS + 1_000_000_000 - n * 1000);
        keyspace.edit((n % 2) as usize, Key::new(name.as_bytes())).set(b"v", deadline);
    }
    keyspace
}

fn evict(keyspace: &mut Keyspace, policy: Policy, samples: u32) -> Option<i64> {
    let evicted = keyspace.evict(policy, samples, &|_, _| false)?;
    let n: i64 = String::from_utf8(evicted.key).expect("digits").parse().expect("digits");
    assert_eq!(evicted.db as i64, n % 2);
    Some(n)
}

#[test]
fn lru_takes_old_keys_and_ttl_those_that_go_next() {
    let keys = 10_000;
    for (policy, is_good) in [
        (Policy::AllKeysLru, (|n| n < 3_000) as fn(i64) -> bool),
        (Policy::VolatileLru, |n| n < 3_000 && n % 10 == 0),
        (Policy::VolatileTtl, |n| n > 7_000 && n % 10 == 0),
    ] {
        let mut keyspace = keyspace(keys);
        let good =
            (0..100).filter(|_| evict(&mut keyspace, policy, 5).is_some_and(is_good)).count();
        assert!(good > 85, "{policy:?}: {good} of 100");
    }
}

#[test]
fn candidates_that_have_gone_keep_nobody_out() {
    let mut keyspace = keyspace(100);
    assert!(evict(&mut keyspace, Policy::AllKeysLru, 20).is_some());
    let _ = (keyspace.flush(0), keyspace.flush(1));
    // Younger than all that were there.
    keyspace.edit(0, Key::new(b"100")).set(b"v", None);
    assert_eq!(evict(&mut keyspace, Policy::AllKeysLru, 20), Some(100));
}

#[test]
fn lfu_takes_what_is_rarely_used() {
    let options = Options { clock: ClockKind::Lfu, lfu_log_factor: 1, ..Options::default() };
    let mut keyspace = Keyspace::new(options);
    keyspace.begin(START_MS);
    for n in 0..1000 {
        keyspace.edit(0, Key::new(n.to_string().as_bytes())).set_int(n);
    }
    for n in (0..1000).filter(|n| n % 4 != 0) {
        for _ in 0..50 {
            assert!(keyspace.read(0, Key::new(n.to_string().as_bytes())).is_some());
        }
    }
    let rare = |key: Vec<u8>| {
        String::from_utf8(key).is_ok_and(|n| n.parse().is_ok_and(|n: u32| n.is_multiple_of(4)))
    };
    let evict = |_: &i32| {
        keyspace
            .evict(Policy::AllKeysLfu, 5, &|_, _| false)
            .is_some_and(|evicted| rare(evicted.key))
    };
    let good = (0..200).filter(evict).count();
    assert!(good > 180, "{good} of 200");
}

#[test]
fn random_policies_empty_the_keyspace_down_to_the_last_key() {
    let mut keyspace = keyspace(3_000);
    let volatile = (0..).take_while(|_| evict(&mut keyspace, Policy::VolatileRandom, 5).is_some());
    assert_eq!(volatile.count(), 300);
    assert_eq!(keyspace.evictable(Policy::VolatileLru), 0);
    let all = (0..).take_while(|_| evict(&mut keyspace, Policy::AllKeysRandom, 5).is_some());
    assert_eq!(all.count(), 2_700);
    assert_eq!(keyspace.stats().evicted, 3_000);
}

#[test]
fn one_key_with_a_deadline_among_many_is_found() {
    let mut keyspace = Keyspace::new(Options::default());
    keyspace.begin(START_MS);
    for n in 0..30_000 {
        keyspace.edit(0, Key::new(n.to_string().as_bytes())).set_int(n);
    }
    keyspace.edit(0, Key::new(b"777")).set_expiry(Some(START_MS + 1));
    assert_eq!(
        keyspace.evict(Policy::VolatileLru, 5, &|_, _| false).map(|e| e.key),
        Some(b"777".to_vec())
    );
    assert_eq!(keyspace.evict(Policy::VolatileLru, 5, &|_, _| false), None);
}
