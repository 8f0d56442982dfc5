//! How much happens per second right now: the mean over the last second and a half.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::stats::Counts;

/// Samples whose mean is the rate, and what lies between two. Redis's values.
const SAMPLES: usize = 16;
const INTERVAL_US: i64 = 100_000;

/// What can have a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rate {
    pub(crate) commands: f64,
    pub(crate) bytes_received: f64,
    pub(crate) bytes_sent: f64,
    pub(crate) turns: f64,
    /// Ticks that the turns took, per second.
    pub(crate) turn_ticks: f64,
}

impl Rate {
    /// What happened per second between two counts.
    fn between(earlier: &Counts, later: &Counts, elapsed_us: i64) -> Self {
        // CONFIG RESETSTAT makes counts smaller.
        let per_second = |count: fn(&Counts) -> u64| {
            count(later).saturating_sub(count(earlier)) as f64 * 1e6 / elapsed_us as f64
        };
        Self {
            commands: per_second(|counts| counts.commands_processed),
            bytes_received: per_second(|counts| counts.bytes_received),
            bytes_sent: per_second(|counts| counts.bytes_sent),
            turns: per_second(|counts| counts.turns),
            turn_ticks: per_second(|counts| counts.turn_ticks),
        }
    }
}

/// A thread's counts at the times of the last samples.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    samples: RefCell<VecDeque<(i64, Counts)>>,
}

impl Rates {
    /// Takes a sample if it is time.
    pub(crate) fn sample(&self, now_us: i64, counts: Counts) {
        let mut samples = self.samples.borrow_mut();
        // A timer that is late by a little must not skip every other sample.
        let is_due = |last: i64| now_us - last >= INTERVAL_US * 9 / 10;
        if samples.back().is_none_or(|(last_us, _)| is_due(*last_us)) {
            samples.push_back((now_us, counts));
        }
        // So many intervals have one end more.
        while samples.len() > SAMPLES + 1 {
            samples.pop_front();
        }
    }

    /// The rates now.
    pub(crate) fn get(&self) -> Rate {
        let samples = self.samples.borrow();
        match (samples.front(), samples.back()) {
            (Some((from_us, earlier)), Some((to_us, later))) if to_us > from_us => {
                Rate::between(earlier, later, to_us - from_us)
            }
            _ => Rate::default(),
        }
    }
}

#[cfg(test)]
mod tests;
