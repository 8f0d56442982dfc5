//! What a thread has under way that several records come of: no round may close in the middle.
//!
//! A step is a transaction over several shards, or a series of calls between which the thread is
//! given up. It is announced, below any stamp that it will take, before it takes one; so whoever
//! reads the clock and then all announcements knows a stamp up to which everything has ended.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use journal::Gap;

/// What a thread with nothing under way announces.
pub(crate) const NOTHING: u64 = u64::MAX;

/// All steps of one thread.
pub(crate) struct Steps {
    announced: Arc<[AtomicU64]>,
    thread: usize,
    kept: RefCell<Kept>,
    next: Cell<u64>,
    is_recorded: Cell<bool>,
}

/// What a round has to know of a thread's steps.
#[derive(Default)]
pub(crate) struct Kept {
    open: BTreeMap<u64, Open>,
    ended: Vec<Gap>,
}

struct Open {
    low_ns: u64,
    /// The first and the last stamp of its records.
    stamps: Option<(u64, u64)>,
}

impl Steps {
    pub(crate) fn new(announced: Arc<[AtomicU64]>, thread: usize) -> Self {
        Self {
            announced,
            thread,
            kept: RefCell::default(),
            next: Cell::new(1),
            is_recorded: Cell::new(false),
        }
    }

    pub(crate) fn set_recorded(&self, is_recorded: bool) {
        self.is_recorded.set(is_recorded);
    }

    /// Whether what happens on this thread is kept for the journal.
    pub(crate) fn are_recorded(&self) -> bool {
        self.is_recorded.get()
    }

    /// A step begins; only after this may it read the clock for its stamp.
    pub(crate) fn begin(&self, now_ns: u64) -> u64 {
        let number = self.next.get();
        self.next.set(number + 1);
        let open = &mut self.kept.borrow_mut().open;
        open.insert(number, Open { low_ns: now_ns, stamps: None });
        if open.len() == 1 {
            self.announce(now_ns);
        }
        number
    }

    /// A step takes a stamp.
    pub(crate) fn stamp(&self, number: u64, stamp_ns: u64) {
        if let Some(step) = self.kept.borrow_mut().open.get_mut(&number) {
            let (first_ns, last_ns) = step.stamps.unwrap_or((stamp_ns, stamp_ns));
            step.stamps = Some((first_ns.min(stamp_ns), last_ns.max(stamp_ns)));
        }
    }

    /// A step ends: everything of it has run on all shards.
    pub(crate) fn end(&self, number: u64) {
        let Kept { open, ended } = &mut *self.kept.borrow_mut();
        let Some(step) = open.remove(&number) else { return };
        if let Some((first_ns, last_ns)) = step.stamps
            && first_ns < last_ns
            && self.is_recorded.get()
        {
            ended.push(Gap { first_ns, last_ns });
        }
        let lowest = open.values().next().map_or(NOTHING, |open| open.low_ns);
        if lowest > step.low_ns {
            self.announce(lowest);
        }
    }

    fn announce(&self, low_ns: u64) {
        self.announced[self.thread].store(low_ns, Ordering::SeqCst);
        // Before the clock is read.
        fence(Ordering::SeqCst);
    }

    /// Lends what a round has to know; no step begins or ends until it comes back.
    pub(crate) fn lend(&self) -> Kept {
        self.kept.take()
    }

    pub(crate) fn take_back(&self, kept: Kept) {
        self.kept.replace(kept);
    }

    /// See [`Kept::gaps`].
    pub(crate) fn gaps(&self, low_ns: u64) -> Vec<Gap> {
        self.kept.borrow_mut().gaps(low_ns)
    }
}

impl Kept {
    /// For a round at `low_ns`: steps with several stamps, ended since they were last asked for or
    /// still under way.
    pub(crate) fn gaps(&mut self, low_ns: u64) -> Vec<Gap> {
        let mut gaps = std::mem::take(&mut self.ended);
        for Open { stamps, .. } in self.open.values() {
            if let Some((first_ns, _)) = *stamps
                && first_ns <= low_ns
            {
                gaps.push(Gap { first_ns, last_ns: Gap::OPEN });
            }
        }
        gaps
    }
}

/// The stamp up to which every thread has brought everything to its end, if `now_ns` was read
/// before.
pub(crate) fn low_ns(announced: &[AtomicU64], now_ns: u64) -> u64 {
    fence(Ordering::SeqCst);
    let announced = announced.iter().map(|low_ns| low_ns.load(Ordering::SeqCst));
    announced.fold(now_ns, u64::min) - 1
}
