//! Memory is counted by block: what is removed is given back at once, and all of it.
//!
//! One test in a process of its own, as the count is the whole process's.

use keyspace::{Key, Keyspace, Options, Policy};
use stdx::alloc::{CountingAllocator, allocated_bytes};
use stdx::rng::Rng;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Bytes of the table per key, beyond its entry.
const TABLE_BYTES_MAX: f64 = 12.0;

/// What the test harness may allocate meanwhile; every step allocates a hundred times as much.
const HARNESS_BYTES_MAX: f64 = 65_536.0;

/// Bytes of a table however small it is.
const FIXED_BYTES_MAX: f64 = 8192.0;

fn fill(keyspace: &mut Keyspace, keys: u64, value: impl Fn(u64) -> Vec<u8>) {
    for n in 0..keys {
        let key = format!("key:{n:012}");
        keyspace.edit(0, Key::new(key.as_bytes())).set(&value(n), None);
    }
}

#[test]
fn what_keys_take_is_counted_and_comes_back() {
    let mut keyspace = Keyspace::new(Options::default());
    keyspace.begin(1_700_000_000_000);
    let start = allocated_bytes() as f64;

    // The table takes no more than it may at any size.
    let mut keys = 1000;
    while keys < 300_000 {
        fill(&mut keyspace, keys, |_| vec![b'v'; 16]);
        let table_bytes = (allocated_bytes() as f64 - start) / keys as f64 - 40.0;
        eprintln!("{keys} {table_bytes}");
        assert!(
            table_bytes < 5.0 + TABLE_BYTES_MAX + FIXED_BYTES_MAX / keys as f64,
            "{table_bytes} at {keys}"
        );
        keys = keys * 9 / 8;
    }

    // Evicting lowers the count with each key, once the list of candidates is there.
    for round in 0..1000 {
        let before = allocated_bytes();
        assert!(keyspace.evict(Policy::AllKeysLru, 5, &|_, _| false).is_some());
        assert!(before > allocated_bytes() || round < 20);
    }

    // Everything comes back: short values, long ones, long keys, by removal and by flush.
    let values = |n: u64| vec![b'v'; (n * 7919 % 3000) as usize];
    fill(&mut keyspace, 20_000, values);
    let long_key = vec![b'k'; 5000];
    keyspace.edit(0, Key::new(&long_key)).set(b"short", Some(i64::MAX));
    drop(keyspace.flush(0));
    let leaked = allocated_bytes() as f64 - start;
    assert!(leaked.abs() < HARNESS_BYTES_MAX, "{leaked} after flush");

    fill(&mut keyspace, 20_000, values);
    let mut rng = Rng::new(1);
    while let Some(key) = keyspace.random_key(0).map(|entry| entry.key().to_vec()) {
        let mut edit = keyspace.edit(0, Key::new(&key));
        match rng.below(4) {
            0 => edit.set_expiry(Some(i64::MAX)),
            1 => edit.string_buffer().expect("all are strings").append(&[b'x'; 100]),
            _ => assert!(edit.remove()),
        }
    }
    let leaked = allocated_bytes() as f64 - start;
    assert!(leaked.abs() < HARNESS_BYTES_MAX, "{leaked} after removal");
}
