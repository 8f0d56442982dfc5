//! What took longer than `latency-monitor-threshold`: a short history per kind of event.
//!
//! Each thread keeps its own; [`History::merge`] makes one of several.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

/// Samples kept per event. Redis's value.
const SAMPLES_MAX: usize = 160;

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A command that is not constant or logarithmic.
    Command,
    /// A command that is.
    FastCommand,
    /// A step of active expiry.
    ExpireCycle,
}

impl Event {
    pub(super) const ALL: [Self; 3] = [Self::Command, Self::FastCommand, Self::ExpireCycle];

    /// The name, as LATENCY shows it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::FastCommand => "fast-command",
            Self::ExpireCycle => "expire-cycle",
        }
    }

    /// The event of a name.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|event| name.eq_ignore_ascii_case(event.name().as_bytes()))
    }
}

/// The worst of one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) at_seconds: i64,
    pub(crate) took_ms: u64,
}

/// The samples of one event, oldest first, one per second at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) samples: VecDeque<Sample>,
    /// The worst ever, also if its sample is gone.
    pub(crate) max_ms: u64,
}

impl History {
    /// Adds a sample that is not older than the others.
    fn push(&mut self, sample: Sample) {
        self.max_ms = self.max_ms.max(sample.took_ms);
        match self.samples.back_mut() {
            Some(last) if last.at_seconds == sample.at_seconds => {
                last.took_ms = last.took_ms.max(sample.took_ms);
            }
            _ => {
                self.samples.push_back(sample);
                if self.samples.len() > SAMPLES_MAX {
                    self.samples.pop_front();
                }
            }
        }
    }

    /// One history of several threads'.
    pub(crate) fn merge(histories: impl Iterator<Item = Self>) -> Self {
        let mut max_ms = 0;
        let mut samples = Vec::new();
        for history in histories {
            max_ms = max_ms.max(history.max_ms);
            samples.extend(history.samples);
        }
        samples.sort_by_key(|sample| sample.at_seconds);
        let mut merged = Self::default();
        samples.into_iter().for_each(|sample| merged.push(sample));
        Self { max_ms, ..merged }
    }
}

/// One thread's events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    histories: RefCell<BTreeMap<Event, History>>,
    /// Milliseconds from which on something is an event; 0: nothing is.
    pub(crate) threshold_ms: Cell<u64>,
}

impl Events {
    /// Notes what took so long, if that is long.
    pub(crate) fn consider(&self, event: Event, at_seconds: i64, took_ms: u64) {
        let threshold_ms = self.threshold_ms.get();
        if threshold_ms > 0 && took_ms >= threshold_ms {
            let mut histories = self.histories.borrow_mut();
            histories.entry(event).or_default().push(Sample { at_seconds, took_ms });
        }
    }

    /// A copy of all histories.
    pub(crate) fn histories(&self) -> BTreeMap<Event, History> {
        self.histories.borrow().clone()
    }

    /// Forgets the histories of `events`, and returns of which there was one.
    pub(crate) fn reset(&self, events: &[Event]) -> Vec<Event> {
        let mut histories = self.histories.borrow_mut();
        events.iter().copied().filter(|event| histories.remove(event).is_some()).collect()
    }
}

#[cfg(test)]
mod tests;
