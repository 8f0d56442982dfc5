//! The shard's part in `maxmemory`: evict before a command runs, or refuse it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keyspace::{Keyspace, Policy};

/// Evictions per command at most, so that none pays for a lowered limit alone.
const EVICTIONS_MAX: usize = 64;

/// This part of the limit may be borrowed while other shards evict in this one's stead.
const BORROWED_PART: usize = 16;

/// How memory stands against its limit after eviction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// Below, or soon without this shard.
    Relieved,
    /// Above, and on the way down.
    Easing,
    /// Above, with nothing left here that may go.
    Exceeded,
}

/// `maxmemory` and its policy, as this shard obeys them.
#[derive(Clone, Debug)]
pub struct MemoryGate {
    /// Bytes; 0 = no limit.
    pub limit_bytes: usize,
    /// What may go.
    pub policy: Policy,
    /// `maxmemory-samples`.
    pub samples: u32,
    /// Whether other shards have keys that may go. They are asked for them when this one has none,
    /// and meanwhile commands run, within bounds.
    pub others_can_evict: bool,
    /// Whether a command found memory above its limit and nothing left here that may go.
    pub wants_help: bool,
    /// Whether memory is being freed otherwise just now, so that keys may stay.
    pub is_relieved_elsewhere: Arc<AtomicBool>,
}

impl Default for MemoryGate {
    fn default() -> Self {
        Self {
            limit_bytes: 0,
            policy: Policy::NoEviction,
            samples: 5,
            others_can_evict: false,
            wants_help: false,
            is_relieved_elsewhere: Arc::default(),
        }
    }
}

impl MemoryGate {
    /// Whether there is a limit at all.
    #[inline]
    pub fn is_limited(&self) -> bool {
        self.limit_bytes != 0
    }

    /// Evicts keys of this shard until the process is below its limit but for `leaving_bytes`.
    pub(crate) fn relieve(
        &self,
        keyspace: &mut Keyspace,
        leaving_bytes: usize,
        locked: &dyn Fn(usize, u64) -> bool,
    ) -> Pressure {
        let limit_bytes = self.limit_bytes.saturating_add(leaving_bytes);
        for _ in 0..EVICTIONS_MAX {
            if stdx::alloc::kept_bytes() <= limit_bytes {
                return Pressure::Relieved;
            }
            if self.is_relieved_elsewhere.load(Ordering::Relaxed) {
                return Pressure::Relieved;
            }
            if keyspace.evict(self.policy, self.samples, locked).is_none() {
                return Pressure::Exceeded;
            }
        }
        Pressure::Easing
    }

    /// Whether a command that needs memory must be refused, with nothing left here that may go.
    pub fn refuses(&mut self) -> bool {
        self.wants_help = true;
        let borrowed_bytes = self.limit_bytes / BORROWED_PART;
        !self.others_can_evict || stdx::alloc::kept_bytes() > self.limit_bytes + borrowed_bytes
    }
}
