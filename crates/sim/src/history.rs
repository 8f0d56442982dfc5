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
    /// The id and the stamp of each part.
    parts: Vec<(Option<TxId>, u64)>,
}

/// What an operation has done to a key.
#[derive(Clone, Copy, Debug)]
struct Happened {
    operation: Operation,
    write: bool,
    /// Of the transaction, if it was one.
    id: Option<TxId>,
    stamp: u64,
}

#[derive(Default)]
pub(crate) struct History {
    operations: Vec<Record>,
    /// The accesses of each key, as they happened.
    keys: Vec<Vec<Happened>>,
}

impl History {
    pub(crate) fn new(keys: usize) -> History {
        History { operations: Vec::new(), keys: vec![Vec::new(); keys] }
    }

    pub(crate) fn request(&mut self, now: u64) -> Operation {
        let parts = Vec::new();
        let record =
            Record { requested: now, answered: None, finished: false, stamps: None, parts };
        self.operations.push(record);
        self.operations.len() - 1
    }

    /// A part of an operation has run.
    pub(crate) fn run(&mut self, of: Operation, id: Option<TxId>, stamp: u64, part: &[Access]) {
        let record = &mut self.operations[of];
        let (low, high) = record.stamps.unwrap_or((stamp, stamp));
        record.stamps = Some((low.min(stamp), high.max(stamp)));
        record.parts.push((id, stamp));
        for Access { key, write } in part {
            self.keys[*key].push(Happened { operation: of, write: *write, id, stamp });
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
        keys.map(|key| self.keys[key].iter().filter(|one| one.write).count()).sum()
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
            for &Happened { operation, write, id, .. } in accesses {
                let Some(id) = id else { continue };
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

    /// A transaction has one stamp, and stamps go up along conflicts and in real time.
    fn check_stamps(&self) -> Result<(), Failure> {
        for (operation, record) in self.operations.iter().enumerate() {
            let differs = |(id, stamp): &(Option<TxId>, u64)| {
                record.parts.iter().any(|(other, at)| other == id && at != stamp)
            };
            if record.parts.iter().any(differs) {
                return Err(Failure::StampsDiffer(operation));
            }
        }
        for (before, after) in self.conflicts() {
            if before.stamp > after.stamp {
                return Err(Failure::StampBack(before.operation, after.operation));
            }
        }
        for (after, record) in self.operations.iter().enumerate() {
            let is_earlier = |before: &Operation| {
                let answered = self.operations[*before].answered;
                answered.is_some_and(|answered| answered < record.requested)
            };
            let last = |before: Operation| self.operations[before].stamps.map(|(_, high)| high);
            let latest = (0..after).filter(is_earlier).max_by_key(|&before| last(before));
            if let (Some(before), Some((low, _))) = (latest, record.stamps)
                && last(before) > Some(low)
            {
                return Err(Failure::StampBack(before, after));
            }
        }
        Ok(())
    }

    /// Pairs of accesses of which the first came first on a key, those that follow from others
    /// left out.
    fn conflicts(&self) -> Vec<(Happened, Happened)> {
        let mut pairs = Vec::new();
        for accesses in &self.keys {
            let mut writer = None;
            let mut readers = Vec::new();
            for &access in accesses {
                pairs.extend(writer.map(|writer| (writer, access)));
                if access.write {
                    pairs.extend(readers.drain(..).map(|reader| (reader, access)));
                    writer = Some(access);
                } else {
                    readers.push(access);
                }
            }
        }
        pairs.retain(|(before, after)| before.operation != after.operation);
        pairs
    }

    /// Looks for a cycle of conflicts and real time.
    fn check_cycles(&self) -> Result<(), Failure> {
        let interval = |record: &Record| Interval { begin: record.requested, end: record.answered };
        let intervals: Vec<Interval> = self.operations.iter().map(interval).collect();
        let conflicts = self.conflicts().into_iter().map(|(a, b)| (a.operation, b.operation));
        match find_cycle(&intervals, conflicts) {
            None => Ok(()),
            Some(cycle) => Err(Failure::Cycle(cycle)),
        }
    }
}

#[cfg(test)]
mod tests;
