//! Bugs to plant, each of which the checks must find.

use txn::Fault;

/// What is wrong with the simulated server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Nothing.
    None,
    /// The lock table decides wrongly.
    Table(Fault),
    /// A transaction runs when one grant is still missing.
    ArmEarly,
    /// Answers to an attempt that was given up count for the next.
    HeedStale,
    /// A refused transaction leaves its locks where it was not refused.
    ForgetWithdrawal,
    /// Plain commands do not look at the locks.
    PlainIgnoresLocks,
    /// A plain batch looks at the lock of its first key alone.
    PlainLooksOnce,
    /// A plan lets go of its locks after each hop.
    ReleaseBetweenHops,
    /// A shortcut's own shard lets go when the remote is asked.
    ShortcutUnlocked,
    /// The stamp is taken when a transaction begins, not when every lock is held.
    StampEarly,
    /// The local part of a shortcut takes a stamp of its own.
    StampTwice,
    /// A shard stamps what runs after a transaction lower than that.
    StampFallsBack,
    /// The locks that a series adds are granted without a look at the watermark.
    GrowUnseen,
    /// The id for more locks may be lower than that of the first.
    GrowBelow,
    /// A series lets go of its first locks when it has more.
    GrowReleases,
    /// A series waits for more locks without a fence around those that it has.
    GrowUnfenced,
    /// A series that is refused more locks comes again without new fences.
    FenceOnce,
    /// A series that is refused more locks comes again before its thread does anything else.
    GrowAtOnce,
    /// A series sets no fence around what it got while it ran.
    FenceFirst,
    /// A series that gives way keeps what it waited for.
    KeepGiven,
    /// A series runs without locks beside transactions that wait for theirs.
    HereBesideWaiters,
    /// What a series has touched without locks is let go before it is locked.
    HereForgets,
}

impl Bug {
    /// Every bug there is.
    pub const ALL: [Bug; 30] = [
        Bug::Table(Fault::NeverRefuse),
        Bug::Table(Fault::ForgetReaders),
        Bug::Table(Fault::ForgetWriters),
        Bug::Table(Fault::ForgetGone),
        Bug::Table(Fault::IgnoreQueue),
        Bug::Table(Fault::IgnoreReaders),
        Bug::Table(Fault::ForgetWhole),
        Bug::Table(Fault::WholeIgnoresKeys),
        Bug::Table(Fault::FenceSparesWaiters),
        Bug::Table(Fault::FenceForgotten),
        Bug::ArmEarly,
        Bug::HeedStale,
        Bug::ForgetWithdrawal,
        Bug::PlainIgnoresLocks,
        Bug::PlainLooksOnce,
        Bug::ReleaseBetweenHops,
        Bug::ShortcutUnlocked,
        Bug::StampEarly,
        Bug::StampTwice,
        Bug::StampFallsBack,
        Bug::GrowUnseen,
        Bug::GrowBelow,
        Bug::GrowReleases,
        Bug::GrowUnfenced,
        Bug::FenceOnce,
        Bug::GrowAtOnce,
        Bug::FenceFirst,
        Bug::KeepGiven,
        Bug::HereBesideWaiters,
        Bug::HereForgets,
    ];

    pub(crate) fn fault(self) -> Fault {
        if let Bug::Table(fault) = self { fault } else { Fault::None }
    }
}
