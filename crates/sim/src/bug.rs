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
}

impl Bug {
    /// Every bug there is.
    pub const ALL: [Bug; 17] = [
        Bug::Table(Fault::NeverRefuse),
        Bug::Table(Fault::ForgetReaders),
        Bug::Table(Fault::ForgetWriters),
        Bug::Table(Fault::ForgetGone),
        Bug::Table(Fault::IgnoreQueue),
        Bug::Table(Fault::IgnoreReaders),
        Bug::Table(Fault::ForgetWhole),
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
    ];

    pub(crate) fn fault(self) -> Fault {
        if let Bug::Table(fault) = self { fault } else { Fault::None }
    }
}
