//! Planted bugs, for the simulation to show that its checks would find real ones.
//!
//! Without the feature `planted-bugs` every question below is a constant `false`.

use crate::claims::Claims;

/// A bug to plant in a lock table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// No bug.
    #[default]
    None,
    /// Accept every id, whatever has been granted.
    NeverRefuse,
    /// Let writers in behind higher readers.
    ForgetReaders,
    /// Let anybody in behind higher writers.
    ForgetWriters,
    /// Let anybody in behind higher ids that have come and gone.
    ForgetGone,
    /// Grant past conflicting transactions that are queued.
    IgnoreQueue,
    /// Grant a writer while readers hold its slot.
    IgnoreReaders,
    /// Let key locks and whole-shard locks not see each other.
    ForgetWhole,
    /// Grant a whole-shard lock while keys are held.
    WholeIgnoresKeys,
    /// Let those wait on whom a fence should refuse.
    FenceSparesWaiters,
    /// Refuse those who wait at a fence, and let others wait who come after them.
    FenceForgotten,
}

/// Where a planted bug, if any, is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Planted {
    #[cfg(feature = "planted-bugs")]
    pub(crate) fault: Fault,
}

impl Planted {
    #[cfg(feature = "planted-bugs")]
    pub(crate) fn is(self, fault: Fault) -> bool {
        self.fault == fault
    }

    #[cfg(not(feature = "planted-bugs"))]
    pub(crate) const fn is(self, _fault: Fault) -> bool {
        false
    }

    /// Of the claims that a newcomer excludes, those whose watermark it minds.
    #[inline]
    pub(crate) fn minded(self, whole: bool, held: Claims, excluded: Claims) -> Claims {
        if self.is(Fault::ForgetReaders) {
            excluded.without(Claims::SHARED | Claims::READS)
        } else if self.is(Fault::ForgetWriters) {
            excluded.without(Claims::EXCLUSIVE | Claims::WRITES)
        } else if self.is(Fault::ForgetGone) {
            Claims(excluded.0 & held.0)
        } else if whole && self.is(Fault::ForgetWhole) {
            Claims::NONE
        } else {
            excluded
        }
    }

    /// Of the claims that are held, those that a newcomer notices.
    #[inline]
    pub(crate) fn noticed(self, whole: bool, held: Claims) -> Claims {
        if self.is(Fault::IgnoreReaders) {
            held.without(Claims::SHARED)
        } else if whole && self.is(Fault::ForgetWhole) {
            Claims::NONE
        } else if whole && self.is(Fault::WholeIgnoresKeys) {
            held.without(Claims::READS | Claims::WRITES)
        } else {
            held
        }
    }
}
