//! Choosing keys to remove when memory is short.

use crate::changes::Cause;
use crate::keyspace::{Key, Keyspace};
use crate::raw::RawEntry;

/// Which keys go when memory is short, by Redis's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// None: writes are refused.
    #[default]
    NoEviction,
    /// The least recently used.
    AllKeysLru,
    /// The least frequently used.
    AllKeysLfu,
    /// Any.
    AllKeysRandom,
    /// The least recently used of those with a deadline.
    VolatileLru,
    /// The least frequently used of those with a deadline.
    VolatileLfu,
    /// Any of those with a deadline.
    VolatileRandom,
    /// The one whose deadline is next.
    VolatileTtl,
}

impl Policy {
    /// Whether only keys with a deadline may go.
    pub fn is_volatile(self) -> bool {
        matches!(
            self,
            Self::VolatileLru | Self::VolatileLfu | Self::VolatileRandom | Self::VolatileTtl
        )
    }
}

/// A key that has been evicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evicted {
    /// Its database.
    pub db: usize,
    /// The key.
    pub key: Vec<u8>,
}

impl Keyspace {
    /// Removes one key, the best by `policy` of `samples` in each database, unless `locked` says
    /// of its database and hash that a transaction holds it. None if there is nothing to remove.
    pub fn evict(
        &mut self,
        policy: Policy,
        samples: u32,
        locked: &dyn Fn(usize, u64) -> bool,
    ) -> Option<Evicted> {
        if policy == Policy::NoEviction {
            return None;
        }
        let mut best: Option<(u64, usize, u64, RawEntry)> = None;
        for db in 0..self.databases.len() {
            let mut consider = |keyspace: &Self, hash: u64, raw: RawEntry| {
                let volatile = raw.expire_at_ms().is_some();
                if locked(db, hash) || policy.is_volatile() && !volatile {
                    return;
                }
                let score = keyspace.score(policy, raw);
                if best.is_none_or(|(highest, ..)| score > highest) {
                    best = Some((score, db, hash, raw));
                }
            };
            for _ in 0..samples {
                if let Some((hash, raw)) = self.databases[db].table.random(&mut self.rng) {
                    consider(self, hash, raw);
                }
            }
        }
        let (_, db, hash, raw) = best?;
        let key = raw.key().to_vec();
        let place = self.databases[db].find(Key { bytes: &key, hash }).expect("it was there");
        self.remove_for(db, place, hash, Cause::Evicted);
        Some(Evicted { db, key })
    }

    /// The higher, the sooner it goes.
    fn score(&self, policy: Policy, raw: RawEntry) -> u64 {
        match policy {
            Policy::NoEviction | Policy::AllKeysRandom | Policy::VolatileRandom => 0,
            Policy::AllKeysLru | Policy::VolatileLru => {
                u64::from(self.clock.idle_seconds(raw.clock()))
            }
            Policy::AllKeysLfu | Policy::VolatileLfu => {
                u64::from(u8::MAX - self.clock.frequency(raw.clock()))
            }
            Policy::VolatileTtl => {
                let deadline_ms = raw.expire_at_ms().unwrap_or(i64::MAX);
                u64::MAX - deadline_ms.max(0) as u64
            }
        }
    }
}
