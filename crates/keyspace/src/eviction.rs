//! Choosing keys to remove when memory is short.
//!
//! As in Redis, the best of a few random keys goes, and good candidates that did not go are kept
//! for the next time: that comes near to the exact order at a small part of its cost.

use stdx::hash;

use crate::changes::Cause;
use crate::database::Database;
use crate::keyspace::Keyspace;
use crate::raw::RawEntry;
use crate::table::Place;

/// How many candidates are kept.
const CANDIDATES_MAX: usize = 16;

/// How many random buckets are looked at per wanted sample, where few keys have a deadline; then
/// one walk goes through the table from a random place.
const BUCKETS_PER_SAMPLE: u32 = 4;

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

    fn is_random(self) -> bool {
        matches!(self, Self::AllKeysRandom | Self::VolatileRandom)
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

/// A key that may go soon. It may have been removed or used meanwhile: a hash finds it again, or
/// not.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    score: u64,
    db: usize,
    hash: u64,
}

/// Candidates for eviction, the best last.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    policy: Policy,
    kept: Vec<Candidate>,
}

impl Candidates {
    fn offer(&mut self, candidate: Candidate) {
        let Candidate { score, db, hash } = candidate;
        if self.kept.iter().any(|kept| (kept.db, kept.hash) == (db, hash)) {
            return;
        }
        let at = self.kept.partition_point(|kept| kept.score < score);
        self.kept.insert(at, candidate);
        if self.kept.len() > CANDIDATES_MAX {
            self.kept.remove(0);
        }
    }
}

impl Database {
    fn evictable(&self, policy: Policy) -> usize {
        match policy {
            Policy::NoEviction => 0,
            _ if policy.is_volatile() => self.expires_len(),
            _ => self.table.len(),
        }
    }
}

impl Keyspace {
    /// Removes one key, the best by `policy` of about `samples` in each database, unless `locked`
    /// says of its database and hash that a transaction holds it. None if nothing was found that
    /// may go.
    pub fn evict(
        &mut self,
        policy: Policy,
        samples: u32,
        locked: &dyn Fn(usize, u64) -> bool,
    ) -> Option<Evicted> {
        if policy == Policy::NoEviction {
            return None;
        }
        if self.candidates.policy != policy || policy.is_random() {
            self.candidates = Candidates { policy, kept: Vec::new() };
        }
        loop {
            let had_some = !self.candidates.kept.is_empty();
            for db in 0..self.databases.len() {
                self.sample(db, policy, samples, locked);
            }
            let evicted = self.evict_candidate(policy, locked);
            // If all those kept from before have gone otherwise, they may have had the new ones
            // left out.
            if evicted.is_some() || !had_some {
                return evicted;
            }
        }
    }

    /// Removes the best candidate that is still there.
    fn evict_candidate(
        &mut self,
        policy: Policy,
        locked: &dyn Fn(usize, u64) -> bool,
    ) -> Option<Evicted> {
        while let Some(Candidate { db, hash, .. }) = self.candidates.kept.pop() {
            let found = self.databases[db].table.find(hash, |raw| hash::hash(raw.key()) == hash);
            if let Some(place) = found
                && self.may_go(db, place, policy)
                && !locked(db, hash)
            {
                let key = self.databases[db].table.get(place).key().to_vec();
                self.remove_for(db, place, hash, Cause::Evicted);
                return Some(Evicted { db, key });
            }
        }
        None
    }

    /// How many keys a policy may remove. O(databases).
    pub fn evictable(&self, policy: Policy) -> usize {
        self.databases.iter().map(|database| database.evictable(policy)).sum()
    }

    /// Offers some keys of a database as candidates.
    fn sample(
        &mut self,
        db: usize,
        policy: Policy,
        samples: u32,
        locked: &dyn Fn(usize, u64) -> bool,
    ) {
        let database = &self.databases[db];
        if database.evictable(policy) == 0 {
            return;
        }
        let mut found = Vec::with_capacity(samples as usize + 8);
        let fits = |raw: &RawEntry| !policy.is_volatile() || raw.expire_at_ms().is_some();
        for _ in 0..samples * BUCKETS_PER_SAMPLE {
            if found.len() >= samples as usize {
                break;
            }
            found.extend(database.table.sample(&mut self.rng).filter(fits));
        }
        if found.is_empty() {
            // Few have a deadline, or few are left: take the next ones from a random place on.
            let start = self.rng.next_u64();
            found = database.table.next_from(start, samples as usize, policy.is_volatile());
        }
        for raw in found {
            let hash = hash::hash(raw.key());
            if !locked(db, hash) {
                let score = self.score(policy, raw);
                self.candidates.offer(Candidate { score, db, hash });
            }
        }
    }

    fn may_go(&self, db: usize, place: Place, policy: Policy) -> bool {
        !policy.is_volatile() || self.databases[db].table.get(place).expire_at_ms().is_some()
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

#[cfg(test)]
mod tests;
