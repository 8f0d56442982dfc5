//! Who waits on a shard for which keys, in the order in which they began.
//!
//! Invariant: a waiter is in the queues of all its keys, or nowhere.

use std::collections::{BTreeSet, HashMap};

use command::{Args, KeySpec, Positions};
use keyspace::Key;
use value::Kind;

use crate::command::Block;
use crate::parcel::Parcel;
use crate::shard::Address;

/// A waiting call, named by its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WaiterId {
    pub(crate) thread: u32,
    pub(crate) number: u64,
}

/// A database and the hash of a key in it.
pub(crate) type Watched = (u32, u64);

/// The same with the key's name.
pub(crate) type Named = (Watched, Box<[u8]>);

/// When a waiter began to wait, relative to the others of its shard.
pub(crate) type Turn = u64;

/// How a waiter is served.
pub(crate) enum How {
    /// All its keys are on this shard, which tries its call.
    Here { parcel: Box<Parcel>, address: Address },
    /// Its thread tries, with locks on all shards.
    Across {
        /// What wakes its thread; nothing while that tries, or is about to.
        state: Across,
        /// The names of its keys on this shard, as [`Waiter::keys`] has them.
        names: Vec<Box<[u8]>>,
        /// The lock slots that are offered to it, each once: while it tries.
        offered: Vec<u32>,
    },
}

/// How far a waiter with keys on several shards is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Across {
    Asleep,
    /// Its thread was told. If a key changed again meanwhile, it must be told again.
    Trying {
        again: bool,
    },
}

/// See the module.
pub(crate) struct Waiter {
    pub(crate) id: WaiterId,
    pub(crate) block: &'static Block,
    /// Whether it is tried now and then.
    pub(crate) on_time: bool,
    pub(crate) keys: Vec<Watched>,
    pub(crate) how: How,
}

impl Waiter {
    /// Whether those behind it must wait until it has been tried: what it takes, nobody else gets.
    pub(crate) fn goes_first(&self) -> bool {
        matches!(self.block.kind, Kind::List | Kind::Zset) || self.block.ends_without_key
    }
}

/// The waiters of one shard.
#[derive(Default)]
pub(crate) struct Waiters {
    queues: HashMap<Watched, BTreeSet<Turn>>,
    waiters: HashMap<Turn, Waiter>,
    turns: HashMap<WaiterId, Turn>,
    on_time: BTreeSet<Turn>,
    next: Turn,
}

impl Waiters {
    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// Whether somebody waits for a key.
    pub(crate) fn has(&self, key: Watched) -> bool {
        self.queues.contains_key(&key)
    }

    /// The keys of a database that somebody waits for. O(keys waited for).
    pub(crate) fn keys_in(&self, db: u32) -> Vec<Watched> {
        let mut keys: Vec<Watched> =
            self.queues.keys().copied().filter(|key| key.0 == db).collect();
        // The same order in every run.
        keys.sort_unstable();
        keys
    }

    /// The first in the queue of a key whose turn is `from` or later. O(log waiters).
    pub(crate) fn next(&self, key: Watched, from: Turn) -> Option<Turn> {
        self.queues.get(&key)?.range(from..).next().copied()
    }

    pub(crate) fn get_mut(&mut self, turn: Turn) -> Option<&mut Waiter> {
        self.waiters.get_mut(&turn)
    }

    /// How many keys are waited for, and how many by somebody whose wait their end ends.
    /// O(waiters).
    pub(crate) fn keys_len(&self) -> (usize, usize) {
        let ending = self.waiters.values().filter(|waiter| waiter.block.ends_without_key);
        let keys: BTreeSet<&Watched> = ending.flat_map(|waiter| &waiter.keys).collect();
        (self.queues.len(), keys.len())
    }

    /// Those that are tried now and then.
    pub(crate) fn on_time(&self) -> Vec<Turn> {
        self.on_time.iter().copied().collect()
    }

    pub(crate) fn turn_of(&self, id: WaiterId) -> Option<Turn> {
        self.turns.get(&id).copied()
    }

    /// Adds a waiter at the end of its queues. O(keys · log waiters).
    pub(crate) fn add(&mut self, waiter: Waiter) {
        let turn = self.next;
        self.next += 1;
        for key in &waiter.keys {
            self.queues.entry(*key).or_default().insert(turn);
        }
        if waiter.on_time {
            self.on_time.insert(turn);
        }
        self.turns.insert(waiter.id, turn);
        self.waiters.insert(turn, waiter);
    }

    /// Removes a waiter. O(keys · log waiters).
    pub(crate) fn remove(&mut self, turn: Turn) -> Option<Waiter> {
        let waiter = self.waiters.remove(&turn)?;
        self.turns.remove(&waiter.id);
        self.on_time.remove(&turn);
        for key in &waiter.keys {
            let Some(queue) = self.queues.get_mut(key) else { continue };
            queue.remove(&turn);
            if queue.is_empty() {
                self.queues.remove(key);
            }
        }
        Some(waiter)
    }
}

/// The keys that a blocking call waits for, each once: those of its first run. What a second run
/// names is where elements go.
pub(crate) fn watched(args: Args<'_>, specs: &[KeySpec], db: u16) -> Vec<(Watched, usize)> {
    let positions = specs.first().and_then(|keys| keys.resolve(args));
    let mut keys: Vec<(Watched, usize)> = Vec::new();
    for position in positions.into_iter().flat_map(Positions::iter) {
        let key = (u32::from(db), Key::new(args.at(position)).hash);
        if keys.iter().all(|(known, _)| *known != key) {
            keys.push((key, position));
        }
    }
    keys
}

#[cfg(test)]
mod tests;
