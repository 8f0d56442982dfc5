//! A simulation of cross-shard transactions, to find schedules in which they go wrong.
//!
//! A seed draws a server (shards, threads, keys, links of different speed between the threads) and
//! clients, and then, step by step, which message is delivered next. The transactions are those of
//! the crate `txn`: with all locks at once, on whole shards, and series that ask for more locks
//! while they keep what they have. Shards and threads around them follow the engine's rules.
//! Afterwards an oracle looks for a serial order that explains what every command has seen, in
//! agreement with real time, stamps and ids; and everything must have come to its end. To show that
//! the oracle sees, bugs can be planted, and each must be found.
//!
//! `cargo run -p sim -- SEED [BUG]` tells one seed's story.

mod bug;
mod files;
mod history;
mod layout;
mod random;
mod series;
mod shard;
mod transaction;
mod turn;
mod world;

pub use bug::Bug;
pub use files::{FileBug, FileSummary, run_files};
pub use history::Failure;

/// What one seed has exercised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Operations that clients asked for.
    pub operations: usize,
    /// Messages that threads handled.
    pub messages: usize,
    /// Plain commands and transactions that waited for a lock.
    pub waits: usize,
    /// Refused attempts.
    pub refusals: usize,
    /// Ids drawn ahead.
    pub ahead: usize,
    /// Times that a series got more locks.
    pub grown: usize,
    /// Who waited at a fence, and was refused.
    pub fenced: usize,
    /// Series that ended as two waited for each other.
    pub gave_way: usize,
}

impl Summary {
    /// Adds what another seed has exercised.
    pub fn add(&mut self, other: Summary) {
        self.operations += other.operations;
        self.messages += other.messages;
        self.waits += other.waits;
        self.refusals += other.refusals;
        self.ahead += other.ahead;
        self.grown += other.grown;
        self.fenced += other.fenced;
        self.gave_way += other.gave_way;
    }
}

/// Simulates one seed and checks what happened.
pub fn run(seed: u64, bug: Bug) -> Result<Summary, Failure> {
    world::World::new(seed, bug, false).run()
}

/// Like [`run`], and prints every step.
pub fn tell(seed: u64, bug: Bug) -> Result<Summary, Failure> {
    world::World::new(seed, bug, true).run()
}

#[cfg(test)]
mod tests;
