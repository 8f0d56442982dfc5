//! The turns of a thread's event loop: from waking up to going to sleep.

use std::cell::Cell;

use crate::stats::{Counters, add};

/// See the module. All times in ticks.
#[derive(Debug)]
pub(crate) struct Turns {
    began: Cell<u64>,
    commands_before: Cell<u64>,
    /// What had been done before, in units of any kind.
    work_before: Cell<u64>,
    /// The longest turn.
    pub(crate) longest: Cell<u64>,
    /// Commands in the turn that had most.
    pub(crate) commands_max: Cell<u64>,
}

impl Turns {
    /// The first turn begins.
    pub(crate) fn new(now: u64) -> Self {
        let zero = || Cell::new(0);
        Self {
            began: Cell::new(now),
            commands_before: zero(),
            work_before: zero(),
            longest: zero(),
            commands_max: zero(),
        }
    }

    /// A turn begins.
    pub(crate) fn begin(&self, now: u64, counters: &Counters) {
        self.began.set(now);
        self.commands_before.set(counters.commands_processed.get());
    }

    /// It ends, with so much mail received until now. Turns without any work, in which the runtime
    /// only sorted its timers, are none.
    pub(crate) fn end(&self, now: u64, counters: &Counters, mail: u64) {
        let work = mail
            + counters.reads_processed.get()
            + counters.writes_processed.get()
            + counters.connections_received.get()
            + counters.cron_turns.get();
        if self.work_before.replace(work) == work {
            return;
        }
        let took = now.saturating_sub(self.began.get());
        add(&counters.turns, 1);
        add(&counters.turn_ticks, took);
        self.longest.set(self.longest.get().max(took));
        // CONFIG RESETSTAT makes the count smaller.
        let commands = counters.commands_processed.get().saturating_sub(self.commands_before.get());
        self.commands_max.set(self.commands_max.get().max(commands));
    }
}
