//! What the simulated clients and shards saw, and the oracle: does a serial order explain it?
//!
//! Each key keeps the list of its accesses in the order in which they happened, as a register whose
//! writes append would show it to its readers. Two accesses of one key, of which one writes, order
//! their operations; so does an answer that came before a request. The history is strictly
//! serialisable if these orders together have no cycle (Adya, *Weak consistency*, 1999).

use std::fmt;

use testkit::order::{Interval, find_cycle};
use txn::{Mode, TxId};

/// An operation, by the order of requests.
pub(crate) type Operation = usize;

/// A key of the simulated database.
pub(crate) type Key = usize;

/// One command's effect on one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) key: Key,
    pub(crate) write: bool,
}

impl Access {
    pub(crate) fn mode(self) -> Mode {
        if self.write { Mode::Exclusive } else { Mode::Shared }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// These operations have never finished.
    Stuck(Vec<usize>),
    /// This shard keeps locks when all is done.
    NotIdle(usize),
    /// Each of these operations must come before the next, and the last before the first.
    Cycle(Vec<usize>),
    /// The first operation precedes the second, in a conflict or in real time, with a higher stamp.
    StampBack(usize, usize),
    /// The parts of this operation carry different stamps.
    StampsDiffer(usize),
    /// These conflicting transactions ran against the order of their ids.
    IdBack(usize, usize),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Stuck(operations) => write!(formatter, "never finished: {operations:?}"),
            Failure::NotIdle(shard) => write!(formatter, "locks left on shard {shard}"),
            Failure::Cycle(operations) => write!(formatter, "no serial order: {operations:?}"),
            Failure::StampBack(a, b) => write!(formatter, "{a} before {b}, stamped after it"),
            Failure::StampsDiffer(operation) => write!(formatter, "{operation} has two stamps"),
            Failure::IdBack(a, b) => write!(formatter, "{a} before {b}, with a higher id"),
        }
    }
}

struct Record {
    requested: u64,
    /// When its client had the answer; never, if it was gone by then.
    answered: Option<u64>,
    finished: bool,
    /// Lowest and highest stamp of its parts.
    stamps: Option<(u64, u64)>,
    id: Option<TxId>,
}

#[derive(Default)]
pub(crate) struct History {
    operations: Vec<Record>,
    /// The accesses of each key, as they happened.
    keys: Vec<Vec<(Operation, bool)>>,
}

impl History {
    pub(crate) fn new(keys: usize) -> History {
        History { operations: Vec::new(), keys: vec![Vec::new(); keys] }
    }

    pub(crate) fn request(&mut self, now: u64) -> Operation {
        let record =
            Record { requested: now, answered: None, finished: false, stamps: None, id: None };
        self.operations.push(record);
        self.operations.len() - 1
    }

    /// A part of an operation has run.
    pub(crate) fn run(&mut self, of: Operation, id: Option<TxId>, stamp: u64, part: &[Access]) {
        let record = &mut self.operations[of];
        let (low, high) = record.stamps.unwrap_or((stamp, stamp));
        record.stamps = Some((low.min(stamp), high.max(stamp)));
        record.id = id;
        for access in part {
            self.keys[access.key].push((of, access.write));
        }
    }

    pub(crate) fn finish(&mut self, operation: Operation, now: u64, client_is_there: bool) {
        self.operations[operation].finished = true;
        self.operations[operation].answered = client_is_there.then_some(now);
    }

    pub(crate) fn is_finished(&self, operation: Operation) -> bool {
        self.operations[operation].finished
    }

    pub(crate) fn len(&self) -> usize {
        self.operations.len()
    }

    /// What a plan decides by: how often these keys have been written.
    pub(crate) fn writes(&self, keys: impl Iterator<Item = Key>) -> usize {
        keys.map(|key| self.keys[key].iter().filter(|(_, write)| *write).count()).sum()
    }

    /// Looks for anything that no serial order explains.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let unfinished: Vec<Operation> =
            (0..self.len()).filter(|&operation| !self.is_finished(operation)).collect();
        if !unfinished.is_empty() {
            return Err(Failure::Stuck(unfinished));
        }
        self.check_cycles()?;
        self.check_stamps()?;
        self.check_ids()
    }

    /// Conflicting transactions run in the order of their ids, on every key.
    fn check_ids(&self) -> Result<(), Failure> {
        for accesses in &self.keys {
            let (mut highest, mut highest_writer) = (None, None);
            for &(operation, write) in accesses {
                let Some(id) = self.operations[operation].id else { continue };
                let earlier = if write { highest } else { highest_writer };
                if let Some((_, other)) = earlier.filter(|&(before, _)| before > id) {
                    return Err(Failure::IdBack(other, operation));
                }
                highest = highest.max(Some((id, operation)));
                if write {
                    highest_writer = highest_writer.max(Some((id, operation)));
                }
            }
        }
        Ok(())
    }

    /// An operation has one stamp, and stamps go up along conflicts and in real time.
    fn check_stamps(&self) -> Result<(), Failure> {
        for (operation, record) in self.operations.iter().enumerate() {
            if record.stamps.is_some_and(|(low, high)| low != high) {
                return Err(Failure::StampsDiffer(operation));
            }
        }
        for (before, after) in self.conflicts() {
            if self.stamp(before) > self.stamp(after) {
                return Err(Failure::StampBack(before, after));
            }
        }
        for (after, record) in self.operations.iter().enumerate() {
            let is_earlier = |before: &Operation| {
                let answered = self.operations[*before].answered;
                answered.is_some_and(|answered| answered < record.requested)
            };
            let latest = (0..after).filter(is_earlier).max_by_key(|&before| self.stamp(before));
            if let Some(before) = latest
                && record.stamps.is_some()
                && self.stamp(before) > self.stamp(after)
            {
                return Err(Failure::StampBack(before, after));
            }
        }
        Ok(())
    }

    fn stamp(&self, operation: Operation) -> Option<u64> {
        self.operations[operation].stamps.map(|(_, high)| high)
    }

    /// Pairs of operations of which the first came first on a key, those that follow from others
    /// left out.
    fn conflicts(&self) -> Vec<(Operation, Operation)> {
        let mut pairs = Vec::new();
        for accesses in &self.keys {
            let mut writer = None;
            let mut readers = Vec::new();
            for &(operation, write) in accesses {
                pairs.extend(writer.map(|writer| (writer, operation)));
                if write {
                    pairs.extend(readers.drain(..).map(|reader| (reader, operation)));
                    writer = Some(operation);
                } else {
                    readers.push(operation);
                }
            }
        }
        pairs.retain(|(before, after)| before != after);
        pairs
    }

    /// Looks for a cycle of conflicts and real time.
    fn check_cycles(&self) -> Result<(), Failure> {
        let interval = |record: &Record| Interval { begin: record.requested, end: record.answered };
        let intervals: Vec<Interval> = self.operations.iter().map(interval).collect();
        match find_cycle(&intervals, self.conflicts()) {
            None => Ok(()),
            Some(cycle) => Err(Failure::Cycle(cycle)),
        }
    }
}

#[cfg(test)]
mod tests;
