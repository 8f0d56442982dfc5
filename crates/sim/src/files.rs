//! The journal on a disk that fails: what a crash at any point leaves is a prefix of what happened,
//! with everything that was durable in it.
//!
//! Shards run plain steps, transactions whose parts run one after the other, and long steps with
//! several stamps, under locks as the engine has them. Rounds close meanwhile, are written and
//! synced file by file, bases are cut, the disk refuses things; then the process or the machine
//! dies, and the next life, perhaps with another number of shards, goes on with what is there.

mod keeper;
mod life;
mod oracle;

pub use journal::Bug as FileBug;

use crate::random::Random;
use life::Life;
use oracle::History;

/// What one seed has exercised.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSummary {
    /// Steps that shards ran.
    pub steps: usize,
    /// Rounds that became durable.
    pub rounds: usize,
    /// Bases that took the place of increments.
    pub rewrites: usize,
    /// Faults of the disk that were repaired.
    pub repairs: usize,
    /// Starts that left something out.
    pub cuts: usize,
}

impl FileSummary {
    /// Adds what another seed has exercised.
    pub fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.rounds += other.rounds;
        self.rewrites += other.rewrites;
        self.repairs += other.repairs;
        self.cuts += other.cuts;
    }
}

/// Simulates one seed's lives; the error says what was lost, or is there against the rules.
pub fn run_files(seed: u64, bug: FileBug) -> Result<FileSummary, String> {
    let mut random = Random::new(seed);
    let mut summary = FileSummary::default();
    let mut history = History::default();
    let mut disk = journal::FakeDisk::new(seed);
    for _ in 0..random.between(1, 4) {
        let (mut life, cut) = Life::start(&disk, &mut history, &mut random, bug)?;
        summary.cuts += usize::from(cut);
        for _ in 0..random.between(1, 120) {
            life.step(&mut history, &mut random);
        }
        life.count(&mut summary);
        disk = life.end(&mut history, &mut random);
    }
    Life::start(&disk, &mut history, &mut random, bug)?;
    Ok(summary)
}

#[cfg(test)]
mod tests;
