//! A lock table's decisions, one by one and against a model that decides by its definition.

use super::*;
use crate::id::Ids;
use Mode::{Exclusive, Shared};

fn keys(keys: &[(u32, Mode)]) -> Locks {
    let mut locks = Locks::new();
    keys.iter().for_each(|&(slot, mode)| locks.add(slot, mode));
    locks
}

fn whole(mode: Mode) -> Locks {
    let mut locks = Locks::new();
    locks.whole(mode);
    locks
}

fn draw<const N: usize>() -> [TxId; N] {
    let ids = Ids::default();
    std::array::from_fn(|_| ids.draw())
}

fn release(table: &mut LockTable, id: TxId) -> Vec<TxId> {
    let mut granted = Vec::new();
    table.release(id, &mut granted).expect("scheduled");
    granted
}

#[track_caller]
fn assert_refused(scheduled: Scheduled, by: TxId) {
    let Scheduled::Refused { watermark, .. } = scheduled else { panic!("{scheduled:?}") };
    assert_eq!(watermark, by);
}

#[test]
fn readers_share_and_a_writer_waits_for_all() {
    let [a, b, c] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(a, keys(&[(1, Shared)])), Scheduled::Granted);
    assert_eq!(table.schedule(b, keys(&[(1, Shared)])), Scheduled::Granted);
    assert_eq!(table.schedule(c, keys(&[(1, Exclusive)])), Scheduled::Queued);
    assert_eq!(release(&mut table, a), []);
    assert_eq!(release(&mut table, b), [c]);
    assert!(table.holds(c));
    assert_eq!(release(&mut table, c), []);
    assert!(table.is_idle());
}

#[test]
fn readers_do_not_pass_a_waiting_writer() {
    let [a, b, c, d] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(a, keys(&[(1, Shared)])), Scheduled::Granted);
    assert_eq!(table.schedule(b, keys(&[(1, Exclusive)])), Scheduled::Queued);
    assert_eq!(table.schedule(c, keys(&[(1, Shared)])), Scheduled::Queued);
    assert_eq!(table.schedule(d, keys(&[(1, Shared)])), Scheduled::Queued);
    assert_eq!(release(&mut table, a), [b]);
    assert_eq!(release(&mut table, b), [c, d], "all at once, in order");
}

#[test]
fn other_keys_overtake() {
    let [a, b, c] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(a, keys(&[(1, Exclusive)])), Scheduled::Granted);
    assert_eq!(table.schedule(b, keys(&[(1, Exclusive), (2, Exclusive)])), Scheduled::Queued);
    assert_eq!(table.schedule(c, keys(&[(3, Exclusive)])), Scheduled::Granted);
    assert!(table.admits(2, Exclusive), "what waits holds nothing yet");
    assert!(!table.admits(1, Shared));
    assert_eq!(table.oldest(), Some(a));
    assert_eq!((table.scheduled(), table.waiting()), (3, 1));
}

#[test]
fn late_ids_are_refused_after_a_conflicting_grant_alone() {
    let [low, high] = draw();
    for (first, then, refused) in [
        (Shared, Shared, false),
        (Shared, Exclusive, true),
        (Exclusive, Shared, true),
        (Exclusive, Exclusive, true),
    ] {
        for gone in [false, true] {
            let mut table = LockTable::new();
            assert_eq!(table.schedule(high, keys(&[(5, first)])), Scheduled::Granted);
            if gone {
                release(&mut table, high);
            }
            let scheduled = table.schedule(low, keys(&[(4, Shared), (5, then)]));
            if refused {
                assert_refused(scheduled, high);
                assert_eq!(table.release(low, &mut Vec::new()), None, "nothing is kept");
            } else {
                assert_eq!(scheduled, Scheduled::Granted);
            }
        }
    }
}

#[test]
fn late_ids_go_before_those_that_only_wait() {
    let [a, late, b, c] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(a, keys(&[(1, Exclusive)])), Scheduled::Granted);
    assert_eq!(table.schedule(c, keys(&[(1, Exclusive), (2, Exclusive)])), Scheduled::Queued);
    assert_eq!(table.schedule(late, keys(&[(2, Exclusive)])), Scheduled::Granted);
    assert_eq!(table.schedule(b, keys(&[(1, Exclusive)])), Scheduled::Queued);
    assert_eq!(release(&mut table, a), [b]);
    assert_eq!(release(&mut table, b), [], "the late one still holds slot 2");
    assert_eq!(release(&mut table, late), [c]);
}

#[test]
fn withdrawing_unblocks_and_is_idempotent() {
    let [a, b, c] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(a, keys(&[(1, Shared)])), Scheduled::Granted);
    assert_eq!(table.schedule(b, keys(&[(1, Exclusive)])), Scheduled::Queued);
    assert_eq!(table.schedule(c, keys(&[(1, Shared)])), Scheduled::Queued);
    assert_eq!(release(&mut table, b), [c], "it was only behind the writer");
    assert_eq!(table.release(b, &mut Vec::new()), None);
}

#[test]
fn a_slot_wanted_twice_is_counted_once() {
    let [a, b] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(a, keys(&[(1, Shared), (1, Exclusive)])), Scheduled::Granted);
    assert_eq!(table.schedule(b, keys(&[(1, Exclusive), (1, Exclusive)])), Scheduled::Queued);
    assert_eq!(release(&mut table, a), [b]);
    release(&mut table, b);
    assert!(table.admits(1, Exclusive));
}

#[test]
fn whole_locks_see_every_key() {
    let [a, b, c, d] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(a, keys(&[(1, Shared)])), Scheduled::Granted);
    assert_eq!(table.schedule(b, whole(Shared)), Scheduled::Granted, "reading goes with reading");
    assert_eq!(table.schedule(c, keys(&[(2, Exclusive)])), Scheduled::Queued);
    assert_eq!(table.schedule(d, whole(Exclusive)), Scheduled::Queued);
    assert!(!table.admits(9, Exclusive));
    assert!(table.admits(9, Shared));
    assert_eq!(release(&mut table, b), [c]);
    assert_eq!(release(&mut table, c), []);
    assert_eq!(release(&mut table, a), [d]);
    assert!(!table.admits(9, Shared));
}

#[test]
fn whole_locks_refuse_and_are_refused() {
    let [a, b, c, d] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(d, keys(&[(1, Shared)])), Scheduled::Granted);
    assert_refused(table.schedule(a, whole(Exclusive)), d);
    assert_eq!(table.schedule(c, whole(Shared)), Scheduled::Granted);
    assert_eq!(table.schedule(b, keys(&[(2, Shared)])), Scheduled::Granted);
    assert_refused(table.schedule(a, keys(&[(2, Exclusive)])), c);
}

#[test]
fn plain_batches_look_at_all_their_keys() {
    let [a, b] = draw();
    let mut table = LockTable::new();
    table.schedule(a, keys(&[(1, Shared)]));
    assert!(table.admits_all(&keys(&[(1, Shared), (2, Exclusive)])));
    assert!(!table.admits_all(&keys(&[(2, Exclusive), (1, Exclusive)])));
    assert!(!table.admits_all(&whole(Exclusive)));
    assert!(table.admits_all(&whole(Shared)));
    release(&mut table, a);
    table.schedule(b, whole(Shared));
    assert!(!table.admits_all(&keys(&[(2, Exclusive)])));
}

#[test]
fn no_locks_are_always_free() {
    let [a, b] = draw();
    let mut table = LockTable::new();
    assert_eq!(table.schedule(b, whole(Exclusive)), Scheduled::Granted);
    assert_eq!(table.schedule(a, Locks::new()), Scheduled::Granted);
    assert_eq!(release(&mut table, a), []);
}

#[test]
fn a_fence_refuses_lower_ids_in_the_way_of_one_that_waits_elsewhere() {
    let [early, holder, reader, b, c, next, after] = draw();
    let mut table = LockTable::new();
    table.schedule(holder, keys(&[(1, Exclusive)]));
    table.schedule(reader, keys(&[(2, Shared)]));
    assert_eq!(table.schedule(b, keys(&[(1, Shared), (2, Exclusive)])), Scheduled::Queued);
    assert_eq!(table.schedule(c, keys(&[(2, Shared)])), Scheduled::Queued, "behind the one before");
    let mut granted = Vec::new();
    let late = table.fence(holder, next, &mut granted);
    assert_eq!(late.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [b]);
    assert_eq!(granted, [c]);
    assert_refused(table.schedule(early, keys(&[(1, Shared)])), next);
    assert_eq!(table.schedule(after, keys(&[(1, Shared)])), Scheduled::Queued);
    assert_eq!(release(&mut table, holder), [after]);
    assert!(table.fence(holder, next, &mut granted).is_empty(), "it is gone");
}

/// The definition, in quadratic time: what has been granted, and what is scheduled, in id order.
#[derive(Default)]
struct Model {
    seen: Vec<(TxId, Locks)>,
    scheduled: Vec<(TxId, Locks, bool)>,
}

impl Model {
    fn conflict(a: &Locks, b: &Locks) -> bool {
        a.places().any(|(place, mine)| {
            b.places().any(|(other, theirs)| place == other && mine.conflicts(theirs))
        })
    }

    fn schedule(&mut self, id: TxId, locks: Locks) -> Option<Vec<TxId>> {
        if self.seen.iter().any(|(other, theirs)| *other > id && Self::conflict(theirs, &locks)) {
            return None;
        }
        let at = self.scheduled.partition_point(|(other, ..)| *other < id);
        self.scheduled.insert(at, (id, locks, false));
        Some(self.settle())
    }

    fn release(&mut self, id: TxId) -> Vec<TxId> {
        self.scheduled.retain(|(other, ..)| *other != id);
        self.settle()
    }

    /// Answers who is refused, and who is granted.
    fn fence(&mut self, holder: TxId, next: TxId) -> (Vec<TxId>, Vec<TxId>) {
        let locks = self.scheduled.iter().find(|(id, ..)| *id == holder).expect("held").1.clone();
        self.seen.push((next, locks.clone()));
        let is_late = |(id, wants, held): &(TxId, Locks, bool)| {
            !held && *id < next && Self::conflict(&locks, wants)
        };
        let late = self.scheduled.iter().filter(|&one| is_late(one)).map(|one| one.0).collect();
        self.scheduled.retain(|one| !is_late(one));
        (late, self.settle())
    }

    fn settle(&mut self) -> Vec<TxId> {
        let mut granted = Vec::new();
        for at in 0..self.scheduled.len() {
            let (id, locks, held) = &self.scheduled[at];
            let in_the_way = |(other, theirs, held): &(TxId, Locks, bool)| {
                (other < id || *held && other != id) && Self::conflict(theirs, locks)
            };
            if !held && !self.scheduled.iter().any(in_the_way) {
                granted.push(*id);
                self.seen.push((*id, locks.clone()));
                self.scheduled[at].2 = true;
            }
        }
        granted
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ mixed >> 31) % bound
    }

    fn mode(&mut self) -> Mode {
        if self.below(2) == 0 { Shared } else { Exclusive }
    }
}

#[test]
fn decides_as_the_model_does() {
    for seed in 0..300 {
        let mut random = Random(seed);
        let ids = Ids::default();
        let (mut table, mut model) = (LockTable::new(), Model::default());
        let mut drawn: Vec<TxId> = (0..8).map(|_| ids.draw()).collect();
        for _ in 0..120 {
            let scheduled = model.scheduled.len() as u64;
            if scheduled > 0 && random.below(2) == 0 {
                let id = model.scheduled[random.below(scheduled) as usize].0;
                assert_eq!(release(&mut table, id), model.release(id), "seed {seed}");
                continue;
            }
            let held = model.scheduled.iter().find(|(.., held)| *held && random.below(8) == 0);
            if let Some(&(holder, ..)) = held {
                let next = ids.draw();
                let mut granted = Vec::new();
                let late = table.fence(holder, next, &mut granted);
                granted.sort_unstable();
                let late: Vec<TxId> = late.into_iter().map(|(id, _)| id).collect();
                assert_eq!((late, granted), model.fence(holder, next), "seed {seed}");
                continue;
            }
            drawn.push(ids.draw());
            let id = drawn.swap_remove(random.below(drawn.len() as u64) as usize);
            let mut locks = Locks::new();
            if random.below(10) == 0 {
                locks.whole(random.mode());
            }
            for _ in 0..random.below(4) {
                locks.add(random.below(6) as u32, random.mode());
            }
            let expected = model.schedule(id, locks.clone());
            match table.schedule(id, locks) {
                Scheduled::Granted => assert_eq!(expected, Some(vec![id]), "seed {seed}"),
                Scheduled::Queued => assert_eq!(expected, Some(vec![]), "seed {seed}"),
                Scheduled::Refused { .. } => assert_eq!(expected, None, "seed {seed}"),
            }
        }
        let left: Vec<TxId> = model.scheduled.iter().map(|(id, ..)| *id).collect();
        for id in left {
            assert_eq!(release(&mut table, id), model.release(id), "seed {seed}");
        }
        assert!(table.is_idle() && table.waiting() == 0);
        assert!((0..6).all(|slot| table.admits(slot, Exclusive)));
    }
}
