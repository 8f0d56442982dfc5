//! Does one serial order explain what transactions have seen of lists that only grow?
//!
//! Every element is written once, so that a list tells who wrote it, in which order, and between
//! which writes a reader was (Kingsbury and Alvaro, *Elle: inferring isolation anomalies from
//! experimental observations*, VLDB 2020). Writes of one list order their transactions, so does a
//! read after the write that it shows and before the one that it does not show, so do a session's
//! sequence and real time; all together must have no cycle. That takes time linear in the history,
//! where [`crate::history`], which knows more commands, takes short ones only.

use std::collections::HashMap;
use std::fmt::Write;

use testkit::order::{Interval, find_cycle};

#[cfg(test)]
mod tests;

/// A list.
pub type Key = u32;

/// What is appended, once in all.
pub type Element = u64;

/// What a transaction did, in sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It saw all of a list.
    Read(Key, Vec<Element>),
    /// It appended this; the list then had so many elements, as far as it was told.
    Append(Key, Element, Option<usize>),
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its client had the answer.
    Done,
    /// Its client went away after it had asked.
    Unknown,
    /// It was refused, given up, or never asked for completely.
    Never,
}

/// One step for everybody else.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Those of a session happened in the order in which the history has them.
    pub session: usize,
    /// What it was asked by.
    pub means: &'static str,
    /// What it did, or was to do.
    pub steps: Vec<Step>,
    /// What became of it.
    pub fate: Fate,
    /// When it was sent, on a clock that all clients share.
    pub start_ns: u64,
    /// When the answer was there.
    pub end_ns: u64,
}

/// What no serial order explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two reads of a list of which neither is the other's beginning.
    Forked,
    /// A list has an element twice.
    Doubled,
    /// A list has an element that nobody has written.
    Ghost,
    /// What was written and answered is not there in the end.
    Lost,
    /// A transaction took effect in part, or does not see its own effects.
    Torn,
    /// A list had another length than the writer was told.
    Misplaced,
    /// Something took effect, and something sent before it did not.
    Overtaken,
    /// Each of these must come before the next, and the last before the first.
    Cycle,
}

/// A verdict on a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: Kind,
    /// With which transactions, by their place in the history.
    pub transactions: Vec<usize>,
}

/// Looks for anything that no serial order explains. The history ends with reads of all lists, and
/// has each session's transactions in their order.
///
/// # Errors
/// The first fault that is found.
pub fn check(history: &[Transaction]) -> Result<(), Fault> {
    let judge = Judge::new(history)?;
    let happened = judge.check_effects()?;
    judge.check_sessions(&happened)?;
    judge.check_order(&happened)
}

/// [`check`] of a server that may have refused any command with BUSY: of what a client sent that
/// left before it was answered, something may have taken effect though nothing before it did.
///
/// # Errors
/// The first fault that is found.
pub fn check_with_refusals(history: &[Transaction]) -> Result<(), Fault> {
    let judge = Judge::new(history)?;
    let happened = judge.check_effects()?;
    judge.check_order(&happened)
}

struct Judge<'a> {
    history: &'a [Transaction],
    writers: HashMap<(Key, Element), usize>,
    /// The longest read of each list, and whose it is.
    lists: HashMap<Key, (usize, &'a [Element])>,
}

fn fault(kind: Kind, transactions: impl Into<Vec<usize>>) -> Fault {
    Fault { kind, transactions: transactions.into() }
}

impl<'a> Judge<'a> {
    fn new(history: &'a [Transaction]) -> Result<Judge<'a>, Fault> {
        let (mut writers, mut lists) = (HashMap::new(), HashMap::new());
        for (index, transaction) in history.iter().enumerate() {
            for step in &transaction.steps {
                match step {
                    Step::Append(key, element, _) => {
                        let before = writers.insert((*key, *element), index);
                        assert!(before.is_none(), "{element} is asked for twice");
                    }
                    Step::Read(key, list) if transaction.fate == Fate::Done => {
                        let longest = lists.entry(*key).or_insert((index, list.as_slice()));
                        if list.len() > longest.1.len() {
                            *longest = (index, list);
                        }
                    }
                    Step::Read(..) => {}
                }
            }
        }
        for (key, (reader, list)) in &lists {
            let mut seen = HashMap::new();
            for element in *list {
                let writer = writers.get(&(*key, *element)).copied();
                match writer.filter(|writer| history[*writer].fate != Fate::Never) {
                    None => {
                        return Err(fault(
                            Kind::Ghost,
                            [&[*reader][..], writer.as_slice()].concat(),
                        ));
                    }
                    Some(writer) if seen.insert(element, ()).is_some() => {
                        return Err(fault(Kind::Doubled, [*reader, writer]));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(Judge { history, writers, lists })
    }

    fn list(&self, key: Key) -> &'a [Element] {
        self.lists.get(&key).map_or(&[], |(_, list)| list)
    }

    /// All reads of a list are beginnings of one; and a transaction sees what it has written.
    fn check_reads(&self) -> Result<(), Fault> {
        for (index, transaction) in self.done() {
            for (at, step) in transaction.steps.iter().enumerate() {
                let Step::Read(key, list) = step else { continue };
                if !self.list(*key).starts_with(list) {
                    return Err(fault(Kind::Forked, [index, self.lists[key].0]));
                }
                let is_own = |element: &Element| self.writers[&(*key, *element)] == index;
                let written: Vec<Element> = transaction.steps[..at]
                    .iter()
                    .filter_map(|step| match step {
                        Step::Append(other, element, _) if other == key => Some(*element),
                        _ => None,
                    })
                    .collect();
                let own = list.iter().filter(|element| is_own(element)).count();
                if !list.ends_with(&written) || own != written.len() {
                    return Err(fault(Kind::Torn, [index]));
                }
            }
        }
        Ok(())
    }

    /// What was written is there, all of it, and where the writer was told. Answers which
    /// transactions have happened.
    fn check_writes(&self) -> Result<Vec<bool>, Fault> {
        let mut places = HashMap::new();
        for (key, (_, list)) in &self.lists {
            places.extend(list.iter().enumerate().map(|(at, element)| ((*key, *element), at)));
        }
        let mut happened = vec![false; self.history.len()];
        for (index, transaction) in self.history.iter().enumerate() {
            let (mut there, mut missing) = (false, false);
            for step in &transaction.steps {
                let Step::Append(key, element, length) = step else { continue };
                let place = places.get(&(*key, *element));
                there |= place.is_some();
                missing |= place.is_none();
                if let (Some(place), Some(length)) = (place, length)
                    && place + 1 != *length
                {
                    return Err(fault(Kind::Misplaced, [index, self.lists[key].0]));
                }
            }
            happened[index] = match (transaction.fate, there, missing) {
                (Fate::Done, _, false) => true,
                (Fate::Done, false, true) => return Err(fault(Kind::Lost, [index])),
                (_, true, true) => return Err(fault(Kind::Torn, [index])),
                (_, there, _) => there,
            };
        }
        Ok(happened)
    }

    fn check_effects(&self) -> Result<Vec<bool>, Fault> {
        self.check_reads()?;
        self.check_writes()
    }

    /// What a session sent before something that took effect has taken effect.
    fn check_sessions(&self, happened: &[bool]) -> Result<(), Fault> {
        let mut missing = HashMap::new();
        for (index, transaction) in self.history.iter().enumerate() {
            let writes = || transaction.steps.iter().any(|step| matches!(step, Step::Append(..)));
            match missing.get(&transaction.session) {
                Some(earlier) if happened[index] => {
                    return Err(fault(Kind::Overtaken, [*earlier, index]));
                }
                None if !happened[index] && transaction.fate == Fate::Unknown && writes() => {
                    missing.insert(transaction.session, index);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_order(&self, happened: &[bool]) -> Result<(), Fault> {
        let mut order: Vec<usize> =
            (0..self.history.len()).filter(|index| happened[*index]).collect();
        order.sort_by_key(|index| self.history[*index].start_ns);
        let mut node = vec![usize::MAX; self.history.len()];
        order.iter().enumerate().for_each(|(at, index)| node[*index] = at);
        let intervals: Vec<Interval> = order
            .iter()
            .map(|index| &self.history[*index])
            .map(|transaction| Interval {
                begin: transaction.start_ns,
                end: (transaction.fate == Fate::Done).then_some(transaction.end_ns),
            })
            .collect();
        let pairs = self.conflicts().into_iter().chain(self.sequences(happened));
        let pairs = pairs.filter(|(before, after)| before != after);
        match find_cycle(&intervals, pairs.map(|(before, after)| (node[before], node[after]))) {
            None => Ok(()),
            Some(cycle) => {
                let cycle: Vec<usize> = cycle.into_iter().map(|node| order[node]).collect();
                Err(fault(Kind::Cycle, cycle))
            }
        }
    }

    /// Write before write, write before read, read before write.
    fn conflicts(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for (key, (_, list)) in &self.lists {
            let writers: Vec<usize> =
                list.iter().map(|element| self.writers[&(*key, *element)]).collect();
            pairs.extend(writers.windows(2).map(|pair| (pair[0], pair[1])));
        }
        for (reader, transaction) in self.done() {
            for step in &transaction.steps {
                let Step::Read(key, list) = step else { continue };
                if let Some(last) = list.last() {
                    pairs.push((self.writers[&(*key, *last)], reader));
                }
                if let Some(next) = self.list(*key).get(list.len()) {
                    pairs.push((reader, self.writers[&(*key, *next)]));
                }
            }
        }
        pairs
    }

    /// Each session's own order.
    fn sequences(&self, happened: &[bool]) -> Vec<(usize, usize)> {
        let (mut last, mut pairs) = (HashMap::new(), Vec::new());
        for index in (0..self.history.len()).filter(|index| happened[*index]) {
            if let Some(before) = last.insert(self.history[index].session, index) {
                pairs.push((before, index));
            }
        }
        pairs
    }

    fn done(&self) -> impl Iterator<Item = (usize, &'a Transaction)> + use<'a> {
        self.history.iter().enumerate().filter(|(_, transaction)| transaction.fate == Fate::Done)
    }
}

impl Fault {
    /// The transactions that it is about.
    pub fn describe(&self, history: &[Transaction]) -> String {
        /// A list's end says enough.
        const SHOWN_MAX: usize = 6;
        let mut text = format!("{:?}\n", self.kind);
        for index in &self.transactions {
            let Transaction { session, means, steps, fate, start_ns, end_ns } = &history[*index];
            write!(text, "  {start_ns:>12}..{end_ns:<12} session {session} {means} {fate:?}:")
                .expect("strings take all");
            for step in steps {
                match step {
                    Step::Append(key, element, length) => {
                        write!(text, " {key} << {element} ({length:?});")
                    }
                    Step::Read(key, list) => {
                        let end = &list[list.len().saturating_sub(SHOWN_MAX)..];
                        write!(text, " {key} has {}: …{end:?};", list.len())
                    }
                }
                .expect("strings take all");
            }
            text.push('\n');
        }
        text
    }
}
