//! The table against a model, with its invariants checked.

use std::collections::HashMap;

use stdx::hash;
use stdx::rng::Rng;

use super::bucket::{Bucket, due_units};
use super::*;
use crate::raw::{Content, Shape};
use crate::slab::Arena;

/// A table with the arena of its entries, and what it should hold.
struct Fixture {
    table: Table,
    arena: Arena,
    model: HashMap<u64, RawEntry>,
}

fn key(n: u64) -> [u8; 8] {
    n.to_le_bytes()
}

impl Fixture {
    fn new() -> Self {
        Self { table: Table::default(), arena: Arena::default(), model: HashMap::new() }
    }

    fn find(&self, n: u64) -> Option<Place> {
        self.table.find(hash::hash(&key(n)), |entry| entry.key() == key(n))
    }

    fn insert(&mut self, n: u64) -> Place {
        self.insert_until(n, None)
    }

    fn add(&mut self, n: u64) {
        self.insert(n);
    }

    fn insert_until(&mut self, n: u64, expire_at_ms: Option<i64>) -> Place {
        let content = || Content::Int(1);
        let shape = Shape::of(8, expire_at_ms.is_some(), &content());
        let block = self.arena.allocate(shape.block_bytes());
        // SAFETY: the block has the shape's size, the shape is that of these parts.
        let entry = unsafe { RawEntry::write(block, shape, &key(n), 0, expire_at_ms, content()) };
        assert!(self.model.insert(n, entry).is_none());
        let place = self.table.insert(hash::hash(&key(n)), entry);
        if let Some(at_ms) = expire_at_ms {
            self.table.note_deadline(place, at_ms);
        }
        place
    }

    fn remove(&mut self, n: u64) {
        let place = self.find(n).expect("the model has it");
        self.table.remove(place);
        let entry = self.model.remove(&n).expect("the table has it");
        // SAFETY: neither table nor model has it any more.
        unsafe { self.arena.free(entry.block(), entry.block_bytes()) };
    }

    fn scan_all(&self, count: usize) -> Vec<u64> {
        let (mut cursor, mut seen) = (0, Vec::new());
        loop {
            cursor = self.table.scan(cursor, count, |entry| seen.push(number(entry)));
            assert!(cursor < 1 << 48);
            if cursor == 0 {
                return seen;
            }
        }
    }

    /// Checks every invariant of table, segments and buckets.
    fn check(&self) {
        assert_eq!(self.table.len(), self.model.len());
        let Some(segments) = &self.table.segments else { return };
        let (mut len, mut buckets, mut position) = (0, 0, 0u64);
        loop {
            let segment = segments.directory.segment(position);
            let header = segment.header();
            assert_eq!(header.prefix, position, "segments follow each other");
            assert!(segment.depth() <= segments.depths.deepest());
            let mut displaced = vec![0; segment.count()];
            let mut in_segment = 0;
            for (at, bucket) in segment.buckets().enumerate() {
                in_segment += check_bucket(segment, at, bucket, &mut displaced);
            }
            assert_eq!(in_segment, usize::from(header.len.get()));
            assert!(header.len.get() <= header.len_max);
            let counted: Vec<_> =
                segment.buckets().map(|b| usize::from(b.overflow.get())).collect();
            assert_eq!(counted, displaced);
            len += in_segment;
            buckets += segment.count();
            position = segment.position(segment.count());
            if position == 0 {
                break;
            }
        }
        assert_eq!(len, self.table.len());
        assert_eq!(buckets, segments.buckets);
        assert!(self.model.keys().all(|n| self.find(*n).is_some()));
    }
}

fn check_bucket(segment: Segment, at: usize, bucket: &Bucket, displaced: &mut [usize]) -> usize {
    assert!(
        bucket.slots[bucket.len()..].iter().all(|slot| slot.get() == 0),
        "used slots come first"
    );
    assert!(segment.header().due.get() <= bucket.due.get());
    for slot in bucket.used() {
        let entry = slot_entry(slot);
        let hash = hash::hash(entry.key());
        let depth = segment.depth();
        assert_eq!(hash >> 1 >> (63 - depth), segment.header().prefix >> 1 >> (63 - depth));
        assert_eq!(slot_x(slot), segment.x(hash));
        let home = segment.home(slot_x(slot));
        displaced[home] += usize::from(home != at);
        assert!(entry.expire_at_ms().is_none_or(|at_ms| bucket.due.get() <= due_units(at_ms)));
    }
    bucket.len()
}

fn number(entry: RawEntry) -> u64 {
    u64::from_le_bytes(entry.key().try_into().expect("keys have 8 bytes"))
}

#[test]
fn agrees_with_a_model_while_growing_and_shrinking() {
    let mut fixture = Fixture::new();
    let mut rng = Rng::new(1);
    let (mut live, mut next) = (Vec::new(), 0);
    for (round, target) in [3, 0, 40, 2_000, 30_000, 9_000, 12_000, 600, 0, 5].iter().enumerate() {
        while live.len() != *target {
            // Mostly towards the target, sometimes away from it.
            let up = live.is_empty() || (live.len() < *target) != (rng.below(8) == 0);
            if up {
                assert!(fixture.find(next).is_none(), "round {round}, key {next}");
                fixture.add(next);
                live.push(next);
                next += 1;
            } else {
                let n = live.swap_remove(rng.below(live.len() as u64) as usize);
                fixture.remove(n);
                assert!(fixture.find(n).is_none(), "round {round}, key {n}");
            }
            if fixture.model.len().is_multiple_of(1999) {
                fixture.check();
            }
        }
        fixture.check();
        let mut seen = fixture.scan_all(10);
        seen.sort_unstable();
        let mut expected: Vec<u64> = fixture.model.keys().copied().collect();
        expected.sort_unstable();
        assert_eq!(seen, expected, "round {round}: each once while nothing changes");
    }
}

#[test]
fn shrinks_to_little() {
    let mut fixture = Fixture::new();
    (0..50_000).for_each(|n| fixture.add(n));
    let buckets = |fixture: &Fixture| fixture.table.segments.as_ref().map_or(0, |s| s.buckets);
    assert!(buckets(&fixture) * 7 * 7 / 10 < 50_000, "at least 70 % full");
    (100..50_000).for_each(|n| fixture.remove(n));
    fixture.check();
    assert!(buckets(&fixture) < 100, "{} buckets for 100 keys", buckets(&fixture));
    (0..100).for_each(|n| fixture.remove(n));
    fixture.check();
}

#[test]
fn scan_misses_nothing_however_the_table_changes() {
    for seed in 0..6 {
        let mut rng = Rng::new(seed);
        let mut fixture = Fixture::new();
        let steady = 3_000;
        (0..steady).for_each(|n| fixture.add(n));
        let (mut cursor, mut seen, mut calls) = (0, Vec::new(), 0);
        let (mut next, mut extra) = (steady, Vec::new());
        loop {
            cursor = fixture.table.scan(cursor, 10, |entry| seen.push(number(entry)));
            calls += 1;
            if cursor == 0 {
                break;
            }
            // Waves of growth and shrink, of which each passes several splits and merges.
            for _ in 0..rng.below(400) {
                if calls / 40 % 2 == 0 {
                    fixture.insert(next);
                    extra.push(next);
                    next += 1;
                } else if let Some(n) = extra.pop() {
                    fixture.remove(n);
                }
            }
        }
        seen.sort_unstable();
        seen.dedup();
        assert!((0..steady).all(|n| seen.binary_search(&n).is_ok()), "seed {seed}");
    }
}

#[test]
fn random_entries_are_uniform() {
    // A count at which segments of two depths are there.
    let mut fixture = Fixture::new();
    let keys = 3_700;
    (0..keys).for_each(|n| fixture.add(n));
    let mut rng = Rng::new(9);
    let mut counts = vec![0u32; keys as usize];
    let rounds = 100;
    for _ in 0..keys * rounds {
        counts[number(fixture.table.random(&mut rng).expect("not empty")) as usize] += 1;
    }
    // The sum of squares is distributed as chi-squared: mean `keys`, variance `2 * keys`.
    let square = |count: &u32| (f64::from(*count) - rounds as f64).powi(2) / rounds as f64;
    let chi = counts.iter().map(square).sum::<f64>();
    let deviation = (chi - keys as f64) / (2.0 * keys as f64).sqrt();
    assert!(deviation.abs() < 4.0, "{deviation} standard deviations");

    let mut sampled = vec![0u32; keys as usize];
    for _ in 0..keys * 20 {
        fixture.table.sample(&mut rng).for_each(|entry| sampled[number(entry) as usize] += 1);
    }
    let mean = sampled.iter().sum::<u32>() / keys as u32;
    assert!(sampled.iter().all(|count| (mean / 2..mean * 2).contains(count)));
}

#[test]
fn one_operation_moves_at_most_three_segments() {
    let mut fixture = Fixture::new();
    let segments = |fixture: &Fixture| -> Vec<Segment> {
        let mut all: Vec<_> =
            fixture.table.segments.iter().flat_map(|s| s.directory.segments()).collect();
        all.dedup();
        all
    };
    let keys = 40_000;
    let mut before = segments(&fixture);
    for round in 0..2 * keys {
        if round < keys {
            fixture.insert(round);
        } else {
            fixture.remove(round - keys);
        }
        let after = segments(&fixture);
        // Both halves of a split, or what was merged; and one that filled a hole in the pool.
        let changed = after.iter().filter(|segment| !before.contains(segment)).count();
        assert!(changed <= 3, "{changed} at {round}");
        assert!(after.iter().all(|segment| usize::from(segment.header().len.get()) <= 256 * 7));
        before = after;
    }
}

#[test]
fn overdue_entries_are_found_by_hints() {
    let mut fixture = Fixture::new();
    let now_ms = 1_700_000_000_000;
    for n in 0..20_000u64 {
        let deadline = (n % 3 == 0).then(|| now_ms + (n as i64) * 1000);
        fixture.insert_until(n, deadline);
    }
    fixture.check();
    for (later_ms, most) in [(-5_000, 100), (3_000_000, 100_000), (10_000_000, 100_000)] {
        let now_ms = now_ms + later_ms;
        let (mut position, mut visits, mut removed) = (0, 1_000_000, 0);
        loop {
            let overdue = fixture.table.next_overdue(&mut position, now_ms, &mut visits);
            for entry in overdue.into_iter().flatten().flatten() {
                assert!(entry.expire_at_ms().is_some_and(|at_ms| at_ms < now_ms));
                fixture.remove(number(entry));
                removed += 1;
            }
            if position == 0 {
                break;
            }
        }
        fixture.check();
        let is_overdue = |e: &RawEntry| e.expire_at_ms().is_some_and(|at_ms| at_ms < now_ms);
        assert!(!fixture.model.values().any(is_overdue), "after {later_ms}");
        assert!(1_000_000 - visits <= most + 2 * removed);
    }
}

#[test]
fn entries_may_come_and_go_in_the_order_of_their_hashes() {
    // So they come from a snapshot of the same process, or from who moves what SCAN gives.
    const COUNT: u64 = 30_000;
    let mut ordered: Vec<u64> = (0..COUNT).collect();
    ordered.sort_by_key(|n| hash::hash(&key(*n)));
    for backwards in [false, true] {
        if backwards {
            ordered.reverse();
        }
        let mut fixture = Fixture::new();
        for (count, n) in ordered.iter().enumerate() {
            fixture.add(*n);
            if count % 3_000 == 500 {
                fixture.check();
            }
        }
        fixture.check();
        assert!(ordered.iter().all(|n| fixture.find(*n).is_some()));
        for (count, n) in ordered.iter().enumerate() {
            fixture.remove(*n);
            if count % 3_000 == 500 {
                fixture.check();
            }
        }
        fixture.check();
    }
}

#[test]
fn what_was_expected_goes_in_without_growth_in_any_order() {
    for len in [1, 700, 5_000, 90_000] {
        for is_sorted in [false, true] {
            let mut fixture = Fixture::new();
            fixture.table.expect(len);
            fixture.check();
            let slots = fixture.table.slots();
            assert!(slots <= len * 2 + 8, "{slots} for {len}");
            let mut numbers: Vec<u64> = (0..len as u64).collect();
            if is_sorted {
                numbers.sort_by_key(|n| hash::hash(&key(*n)));
            }
            numbers.iter().for_each(|n| fixture.add(*n));
            fixture.check();
            // A segment in hundreds has drawn more than its share.
            assert!(fixture.table.slots() <= slots + slots / 50, "{slots} for {len}");
            numbers.iter().for_each(|n| fixture.remove(*n));
            fixture.check();
        }
    }
    // What is there stays.
    let mut fixture = Fixture::new();
    fixture.add(1);
    fixture.table.expect(1_000_000);
    fixture.check();
}
