//! Planted bugs, for the simulation to show that its checks would find real ones.
//!
//! Without the feature `planted-bugs` every question below is a constant `false`.

/// A mistake that a test makes on purpose, to see that it would be found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bug {
    /// None.
    #[default]
    None,
    /// A round closes as if nothing were under way.
    IgnoresOpenSteps,
    /// What is under way is asked for together with what shards hand over, not before.
    AsksTooLate,
    /// A round may close in the middle of a step with several stamps.
    IgnoresGaps,
    /// After a failed sync the file is written on, and the next sync believed.
    TrustsAfterFault,
    /// A sync counts for what was written after it had begun.
    CreditsSync,
    /// What a failed file was to take does not go to the next.
    ForgetsUnsynced,
    /// A rewrite's base takes the place of what was before it is durable.
    CommitsEarly,
    /// Recovery takes the blocks that it finds, whoever else is missing.
    KeepsHalfRounds,
}

impl Bug {
    /// Every bug there is.
    pub const ALL: [Self; 8] = [
        Self::IgnoresOpenSteps,
        Self::AsksTooLate,
        Self::IgnoresGaps,
        Self::TrustsAfterFault,
        Self::CreditsSync,
        Self::ForgetsUnsynced,
        Self::CommitsEarly,
        Self::KeepsHalfRounds,
    ];
}

/// Where a planted bug, if any, is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planted {
    #[cfg(feature = "planted-bugs")]
    bug: Bug,
}

impl Planted {
    /// Plants one.
    #[cfg(feature = "planted-bugs")]
    pub const fn new(bug: Bug) -> Self {
        Self { bug }
    }

    #[cfg(feature = "planted-bugs")]
    pub(crate) fn is(self, bug: Bug) -> bool {
        self.bug == bug
    }

    #[cfg(not(feature = "planted-bugs"))]
    pub(crate) const fn is(self, _: Bug) -> bool {
        false
    }
}
