//! What the lock table costs: once per transaction and shard, free of contention and under it.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use txn::{Ids, LockTable, Locks, Mode, SLOTS};

/// Slots all over the table, each once before any comes again.
struct Slots(u32);

impl Slots {
    fn next(&mut self) -> u32 {
        self.0 = (self.0 + 0x9E5) % SLOTS as u32;
        self.0
    }

    fn fill(&mut self, locks: &mut Locks, keys: usize, mode: Mode) {
        locks.clear();
        (0..keys).for_each(|_| locks.add(self.next(), mode));
    }
}

/// Build the lock set, schedule, release, with as many other transactions held as a busy shard has.
fn uncontended(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("txn/uncontended");
    for (keys, others) in [(1, 0), (8, 0), (8, 64), (64, 0)] {
        group.bench_function(format!("{keys}_keys_{others}_others"), |bencher| {
            let (ids, mut table, mut slots) = (Ids::default(), LockTable::new(), Slots(0));
            for slot in 0..others {
                let mut locks = Locks::new();
                // Shared, so that nobody waits.
                locks.add(slot, Mode::Shared);
                table.schedule(ids.draw(), locks);
            }
            let mut buffer = Some(Locks::new());
            let mut granted = Vec::new();
            bencher.iter(|| {
                let mut locks = buffer.take().expect("given back below");
                slots.fill(&mut locks, keys, Mode::Shared);
                let id = ids.draw();
                black_box(table.schedule(id, locks));
                buffer = table.release(id, &mut granted);
            });
        });
    }
    group.finish();
}

/// A line of writers of one key: each schedules at the back, and the front one releases.
fn one_hot_key(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("txn/hot_key");
    for waiting in [1, 100, 1000] {
        group.bench_function(format!("{waiting}_waiting"), |bencher| {
            let (ids, mut table, mut slots) = (Ids::default(), LockTable::new(), Slots(1));
            let (mut buffer, mut granted) = (Some(Locks::new()), Vec::new());
            let mut push = |table: &mut LockTable, mut locks: Locks| {
                slots.fill(&mut locks, 7, Mode::Exclusive);
                locks.add(0, Mode::Exclusive);
                table.schedule(ids.draw(), locks);
            };
            (0..waiting).for_each(|_| push(&mut table, Locks::new()));
            bencher.iter(|| {
                push(&mut table, buffer.take().expect("given back below"));
                let front = table.oldest().expect("a line");
                granted.clear();
                buffer = table.release(front, &mut granted);
            });
        });
    }
    group.finish();
}

/// What a plain command pays to look at one lock while transactions are about.
fn plain(criterion: &mut Criterion) {
    let (ids, mut table, mut slots) = (Ids::default(), LockTable::new(), Slots(0));
    let mut locks = Locks::new();
    slots.fill(&mut locks, 8, Mode::Exclusive);
    table.schedule(ids.draw(), locks);
    criterion.bench_function("txn/plain_admits", |bencher| {
        bencher.iter(|| black_box(table.admits(slots.next(), Mode::Exclusive)));
    });
    criterion.bench_function("txn/draw_id", |bencher| {
        bencher.iter_batched(|| (), |()| ids.draw(), BatchSize::SmallInput);
    });
}

criterion_group!(benches, uncontended, one_hot_key, plain);
criterion_main!(benches);
