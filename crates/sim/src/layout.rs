//! How big a simulated server is, and what its clients ask of it.

use txn::{Locks, Mode};

use crate::history::{Access, Key};
use crate::random::Random;
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
    pub(crate) fn draw_operation(&self, random: &mut Random, thread: usize) -> (Way, Vec<Part>) {
        match random.below(20) {
            0..8 => (Way::Plain, self.parts(&[self.draw_accesses(random, 1)], None)),
            8 => (Way::OneShot, self.draw_whole(random)),
            9..12 => {
                let hops = random.between(2, 3);
                let hops: Vec<_> = (0..hops).map(|_| self.draw_accesses(random, 3)).collect();
                (Way::Plan, self.parts(&hops, None))
            }
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
        }
    }

    fn draw_accesses(&self, random: &mut Random, most: usize) -> Vec<Access> {
        let count = random.between(1, most);
        let mut draw = || Access { key: random.below(self.keys), write: random.one_in(2) };
        (0..count).map(|_| draw()).collect()
    }

    /// Every key under whole-shard locks: FLUSHALL, a snapshot, or a snapshot and a few writes.
    fn draw_whole(&self, random: &mut Random) -> Vec<Part> {
        let mode = random.pick(&[Mode::Shared, Mode::Exclusive]);
        let write = mode == Mode::Exclusive;
        let mut accesses: Vec<Access> = (0..self.keys).map(|key| Access { key, write }).collect();
        if random.one_in(3) {
            accesses.extend(self.draw_accesses(random, 2));
        }
        self.parts(&[accesses], Some(mode))
    }

    /// Deals the accesses of each hop out to their shards, and adds the locks they need.
    fn parts(&self, hops: &[Vec<Access>], whole: Option<Mode>) -> Vec<Part> {
        let mut parts = Vec::new();
        for shard in 0..self.shards {
            let here = |accesses: &Vec<Access>| -> Vec<Access> {
                accesses.iter().filter(|access| self.shard(access.key) == shard).copied().collect()
            };
            let hops: Vec<Vec<Access>> = hops.iter().map(here).collect();
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

    /// The lock slot of a key on its shard.
    pub(crate) fn slot(&self, key: Key) -> u32 {
        (key / self.shards % self.slots) as u32
    }
}
