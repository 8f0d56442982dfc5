//! How big a simulated server is, and what its clients ask of it.

use txn::{Locks, Mode};

use crate::history::{Access, Key};
use crate::random::Random;
use crate::series::{Needs, Stage};
use crate::transaction::{Part, Way};

/// The size of a simulated server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) shards: usize,
    /// At least as many as shards; the rest only coordinate.
    pub(crate) threads: usize,
    pub(crate) keys: usize,
    /// Lock slots per shard; with fewer than keys, keys collide.
    pub(crate) slots: usize,
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) enum Draft {
    Transaction(Way, Vec<Part>),
    /// Whether it begins without locks; the stages.
    Series(bool, Vec<Stage>),
}

impl Layout {
    pub(crate) fn draw(random: &mut Random) -> Layout {
        let shards = random.between(1, 5);
        let threads = shards + random.below(2);
        let keys = shards * random.between(1, 3);
        Layout { shards, threads, keys, slots: random.between(1, 4) }
    }

    fn shard(&self, key: Key) -> usize {
        key % self.shards
    }

    /// What the next operation of a client of this thread does, and how it goes about it.
    pub(crate) fn draw_operation(&self, random: &mut Random, thread: usize) -> Draft {
        let (way, parts) = match random.below(20) {
            0..7 => (Way::Plain, self.parts(&[self.draw_accesses(random, 1)], None)),
            7 => self.draw_whole(random),
            8..11 => {
                let hops = random.between(2, 3);
                let hops: Vec<_> = (0..hops).map(|_| self.draw_accesses(random, 3)).collect();
                (Way::Plan, self.parts(&hops, None))
            }
            11..14 => return self.draw_series(random, thread),
            // A pipeline: reads and writes of several keys, of some more than once.
            _ => {
                let parts = self.parts(&[self.draw_accesses(random, 6)], None);
                let own = parts.iter().any(|part| part.shard == thread);
                let way = match parts.len() {
                    1 => Way::Plain,
                    2 if own && !random.one_in(4) => Way::Shortcut,
                    _ => Way::OneShot,
                };
                (way, parts)
            }
        };
        Draft::Transaction(way, parts)
    }

    /// A script: of a few keys at first, then of others, at last maybe of all.
    fn draw_series(&self, random: &mut Random, thread: usize) -> Draft {
        let mut first = self.draw_accesses(random, 2);
        let is_here = thread < self.shards && random.one_in(2);
        if is_here {
            first.iter_mut().for_each(|access| access.key = self.own_key(random, thread));
        }
        let mut stages = vec![Stage::of(first)];
        for _ in 0..random.below(4) {
            stages.push(Stage::of(self.draw_accesses(random, 2)));
        }
        if random.one_in(8) {
            let run = self.every_key(random.one_in(2));
            stages.push(Stage { needs: Needs::Everything, run });
        }
        Draft::Series(is_here, stages)
    }

    fn own_key(&self, random: &mut Random, shard: usize) -> Key {
        shard + self.shards * random.below(self.keys / self.shards)
    }

    fn draw_accesses(&self, random: &mut Random, most: usize) -> Vec<Access> {
        let count = random.between(1, most);
        let mut draw = || Access { key: random.below(self.keys), write: random.one_in(2) };
        (0..count).map(|_| draw()).collect()
    }

    /// Every key under whole-shard locks: FLUSHALL, a snapshot, or a snapshot and a few writes; or a
    /// script that holds everything.
    fn draw_whole(&self, random: &mut Random) -> (Way, Vec<Part>) {
        let mode = random.pick(&[Mode::Shared, Mode::Exclusive]);
        let mut hops = vec![self.every_key(mode == Mode::Exclusive)];
        if random.one_in(3) {
            hops[0].extend(self.draw_accesses(random, 2));
        }
        if mode == Mode::Exclusive && random.one_in(2) {
            hops.insert(0, self.draw_accesses(random, 3));
            return (Way::Plan, self.parts(&hops, Some(mode)));
        }
        (Way::OneShot, self.parts(&hops, Some(mode)))
    }

    fn every_key(&self, write: bool) -> Vec<Access> {
        (0..self.keys).map(|key| Access { key, write }).collect()
    }

    /// Deals the accesses of each hop out to their shards, and adds the locks they need.
    fn parts(&self, hops: &[Vec<Access>], whole: Option<Mode>) -> Vec<Part> {
        let mut parts = Vec::new();
        for shard in 0..self.shards {
            let hops: Vec<Vec<Access>> = hops.iter().map(|hop| self.on(shard, hop)).collect();
            let mut locks = Locks::new();
            for access in hops.iter().flatten() {
                if whole != Some(access.mode()) {
                    locks.add(self.slot(access.key), access.mode());
                }
            }
            if let Some(mode) = whole {
                locks.whole(mode);
            }
            if !locks.is_empty() {
                parts.push(Part { shard, locks, hops });
            }
        }
        parts
    }

    /// Those accesses whose keys a shard has.
    pub(crate) fn on(&self, shard: usize, accesses: &[Access]) -> Vec<Access> {
        accesses.iter().filter(|access| self.shard(access.key) == shard).copied().collect()
    }

    /// The locks that accesses on one shard need.
    pub(crate) fn locks(&self, accesses: &[Access]) -> Locks {
        let mut locks = Locks::new();
        accesses.iter().for_each(|access| locks.add(self.slot(access.key), access.mode()));
        locks
    }

    /// What a stage of a series must lock on a shard.
    pub(crate) fn needs(&self, needs: &Needs, shard: usize) -> Locks {
        let mut locks = Locks::new();
        match needs {
            Needs::Keys(accesses) => {
                let slots = self.on(shard, accesses).into_iter().map(|one| self.slot(one.key));
                slots.for_each(|slot| locks.add(slot, Mode::Exclusive));
            }
            Needs::Everything => {
                (0..self.slots as u32).for_each(|slot| locks.add(slot, Mode::Exclusive));
            }
        }
        locks
    }

    /// The lock slot of a key on its shard.
    pub(crate) fn slot(&self, key: Key) -> u32 {
        (key / self.shards % self.slots) as u32
    }
}
