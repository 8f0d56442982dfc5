//! The keyspace's table and entries at a million keys: reading, overwriting, adding.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use keyspace::{Key, Keyspace, Options};
use stdx::rng::Rng;

#[global_allocator]
static ALLOCATOR: stdx::alloc::CountingAllocator = stdx::alloc::CountingAllocator;

/// A few only where the benchmarks are run as tests.
const KEYS: u64 = if cfg!(debug_assertions) { 10_000 } else { 1_000_000 };

/// Keys of a pipeline, prefetched together.
const BATCH: usize = 16;

fn key(n: u64) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    let (mut at, mut rest) = (16, n);
    while rest > 0 {
        at -= 1;
        key[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

fn filled() -> Keyspace {
    let mut keyspace = Keyspace::new(Options::default());
    keyspace.begin(1_700_000_000_000);
    for n in 0..KEYS {
        keyspace.edit(0, Key::new(&key(n))).set(b"sixteen byte val", None);
    }
    keyspace
}

/// Reads random keys from `first` on, in batches that are prefetched.
fn get(criterion: &mut Criterion, name: &str, first: u64) {
    let mut keyspace = filled();
    let mut rng = Rng::new(1);
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            let key = key(first + rng.below(KEYS));
            let entry = keyspace.read(0, Key::new(&key));
            black_box(entry.is_some_and(|entry| entry.string().is_ok()))
        });
    });
    criterion.bench_function(&format!("{name}, batch of {BATCH}"), |bencher| {
        bencher.iter(|| {
            let keys: [_; BATCH] = std::array::from_fn(|_| key(first + rng.below(KEYS)));
            let keys = keys.each_ref().map(|key| Key::new(key));
            keys.iter().for_each(|key| keyspace.prefetch_bucket(0, key.hash));
            keys.iter().for_each(|key| keyspace.prefetch_entry(0, key.hash));
            for key in keys {
                let entry = keyspace.read(0, key);
                black_box(entry.is_some_and(|entry| entry.string().is_ok()));
            }
        });
    });
}

fn reads(criterion: &mut Criterion) {
    get(criterion, "get hit", 0);
    get(criterion, "get miss", KEYS);
}

fn writes(criterion: &mut Criterion) {
    let mut keyspace = filled();
    let mut rng = Rng::new(1);
    criterion.bench_function("set, key exists", |bencher| {
        bencher.iter(|| {
            let key = key(rng.below(KEYS));
            keyspace.edit(0, Key::new(&key)).set(b"another 16 bytes", None);
        });
    });
    criterion.bench_function("set, other size", |bencher| {
        bencher.iter(|| {
            let key = key(rng.below(KEYS));
            let value = &[b'v'; 40][..16 + rng.below(24) as usize];
            keyspace.edit(0, Key::new(&key)).set(value, None);
        });
    });
    let mut next = KEYS;
    criterion.bench_function("set, key is new", |bencher| {
        bencher.iter(|| {
            keyspace.edit(0, Key::new(&key(next))).set(b"another 16 bytes", None);
            next += 1;
        });
    });
    let mut oldest = 0;
    criterion.bench_function("remove and set, size stays", |bencher| {
        bencher.iter(|| {
            keyspace.edit(0, Key::new(&key(oldest))).remove();
            keyspace.edit(0, Key::new(&key(next))).set(b"another 16 bytes", None);
            (oldest, next) = (oldest + 1, next + 1);
        });
    });
}

criterion_group!(benches, reads, writes);
criterion_main!(benches);
