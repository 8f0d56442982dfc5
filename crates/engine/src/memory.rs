//! The shard's part in `maxmemory`: evict before a command runs, or refuse it.

use keyspace::{Keyspace, Policy};

/// Evictions per command at most, so that none pays for a lowered limit alone.
const EVICTIONS_MAX: usize = 64;

/// Whether memory is below its limit after eviction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressure {
    /// Below, or on the way there.
    Relieved,
    /// Above, with nothing left here that may go.
    Exceeded,
}

/// `maxmemory` and its policy, as this shard obeys them.
#[derive(Clone, Copy, Debug)]
pub struct MemoryGate {
    /// Bytes; 0 = no limit.
    pub limit_bytes: usize,
    /// What may go.
    pub policy: Policy,
    /// `maxmemory-samples`.
    pub samples: u32,
}

impl Default for MemoryGate {
    fn default() -> Self {
        Self { limit_bytes: 0, policy: Policy::NoEviction, samples: 5 }
    }
}

impl MemoryGate {
    /// Whether there is a limit at all.
    #[inline]
    pub fn is_limited(&self) -> bool {
        self.limit_bytes != 0
    }

    /// Evicts keys of this shard until the process is below its limit.
    pub(crate) fn relieve(
        &self,
        keyspace: &mut Keyspace,
        locked: &dyn Fn(usize, u64) -> bool,
    ) -> Pressure {
        for _ in 0..EVICTIONS_MAX {
            stdx::alloc::publish();
            if stdx::alloc::allocated_bytes() <= self.limit_bytes {
                return Pressure::Relieved;
            }
            if keyspace.evict(self.policy, self.samples, locked).is_none() {
                return Pressure::Exceeded;
            }
        }
        Pressure::Relieved
    }
}
