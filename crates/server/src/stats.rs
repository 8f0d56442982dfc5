//! What a thread counts; INFO and others add the threads' numbers up.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use engine::Outcome;

use crate::histogram::Histogram;

/// One command's numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CommandStats {
    pub(crate) calls: u64,
    /// Execution time in ticks of the engine's clock.
    pub(crate) ticks: u64,
    /// Refused before they ran.
    pub(crate) rejected: u64,
    /// Ran and answered an error.
    pub(crate) failed: u64,
}

impl CommandStats {
    /// Adds another thread's numbers.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.ticks += other.ticks;
        self.rejected += other.rejected;
        self.failed += other.failed;
    }
}

/// Declares the plain counters once, for their cells, their values and their reset.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// A thread's plain counters.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $($(#[$doc])* pub(crate) $name: Cell<u64>,)+
        }

        /// The values of [`Counters`].
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Counts {
            $($(#[$doc])* pub(crate) $name: u64,)+
        }

        impl Counters {
            /// The values now.
            pub(crate) fn get(&self) -> Counts {
                Counts { $($name: self.$name.get(),)+ }
            }

            fn reset(&self) {
                $(self.$name.set(0);)+
            }
        }

        impl Counts {
            /// Adds another thread's values.
            pub(crate) fn merge(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

counters! {
    connections_received,
    connections_rejected,
    commands_processed,
    bytes_received,
    bytes_sent,
    reads_processed,
    writes_processed,
    /// All errors, also those whose code is not told apart.
    error_replies,
    /// Clients closed because they sent too much.
    query_limit_disconnections,
    /// Clients closed because they read too little.
    output_limit_disconnections,
    /// Clients closed to free memory.
    clients_evicted,
    /// Turns of the event loop.
    turns,
    /// Their length, in ticks.
    turn_ticks,
    /// Turns of background work.
    cron_turns,
    /// Their length, in ticks.
    cron_ticks,
    /// Active expiry, in ticks.
    expiry_ticks,
    /// Steps of active expiry that ran out of time.
    expiry_cut_short,
}

/// One thread's numbers since the start or CONFIG RESETSTAT.
pub(crate) struct Stats {
    commands: RefCell<Vec<CommandStats>>,
    /// Latencies by row, in ticks; a row has one once it ran.
    histograms: RefCell<Vec<Option<Histogram>>>,
    errors: RefCell<BTreeMap<String, u64>>,
    /// Whether there were more codes than are told apart.
    pub(crate) has_too_many_codes: Cell<bool>,
    pub(crate) counters: Counters,
    /// `latency-tracking`: whether histograms are kept.
    pub(crate) keeps_histograms: Cell<bool>,
}

/// Error codes beyond this many are not told apart, so that scripts that answer what they like cannot
/// fill memory and INFO with them.
const ERROR_CODES_MAX: usize = 128;

/// Adds to a counter.
pub(crate) fn add(counter: &Cell<u64>, amount: u64) {
    counter.set(counter.get() + amount);
}

impl Stats {
    pub(crate) fn new(commands: usize) -> Self {
        Self {
            commands: RefCell::new(vec![CommandStats::default(); commands]),
            histograms: RefCell::new(vec![None; commands]),
            errors: RefCell::default(),
            has_too_many_codes: Cell::new(false),
            counters: Counters::default(),
            keeps_histograms: Cell::new(true),
        }
    }

    /// A command came to this. `reply` starts with its reply, or is empty if that was dropped.
    #[inline]
    pub(crate) fn ended(&self, row: u16, outcome: &Outcome, reply: &[u8]) {
        if outcome.refused {
            return self.rejected(Some(row), reply);
        }
        self.ran(row, outcome.ticks);
        if outcome.failed {
            self.commands.borrow_mut()[usize::from(row)].failed += 1;
            self.count_error(reply);
        }
    }

    #[inline]
    fn ran(&self, row: u16, ticks: u64) {
        let stats = &mut self.commands.borrow_mut()[usize::from(row)];
        stats.calls += 1;
        stats.ticks += ticks;
        add(&self.counters.commands_processed, 1);
        if self.keeps_histograms.get() {
            let histogram = &mut self.histograms.borrow_mut()[usize::from(row)];
            histogram.get_or_insert_default().record(ticks);
        }
    }

    /// A command was refused with this error.
    pub(crate) fn rejected(&self, row: Option<u16>, reply: &[u8]) {
        if let Some(row) = row {
            self.commands.borrow_mut()[usize::from(row)].rejected += 1;
        }
        self.count_error(reply);
    }

    fn count_error(&self, reply: &[u8]) {
        add(&self.counters.error_replies, 1);
        let Some(code) = reply.strip_prefix(b"-") else { return };
        let end = code.iter().position(|byte| *byte == b' ' || *byte == b'\r');
        let code = String::from_utf8_lossy(&code[..end.unwrap_or(code.len())]).into_owned();
        let mut errors = self.errors.borrow_mut();
        if errors.len() < ERROR_CODES_MAX || errors.contains_key(&code) {
            *errors.entry(code).or_default() += 1;
        } else if !self.has_too_many_codes.replace(true) {
            let codes: Vec<_> = errors.keys().map(String::as_str).collect();
            tracing::warn!(
                "Errorstats stopped adding new errors: there are {ERROR_CODES_MAX} codes, which \
                 only scripts can have made up. CONFIG RESETSTAT begins anew."
            );
            tracing::warn!("Current errors code list: {}", codes.join(", "));
        }
    }

    /// A copy of the numbers per command, by row.
    pub(crate) fn commands(&self) -> Vec<CommandStats> {
        self.commands.borrow().clone()
    }

    /// A copy of the histograms of the rows that have one and that `wanted` names.
    pub(crate) fn histograms(&self, wanted: impl Fn(u16) -> bool) -> Vec<(u16, Histogram)> {
        let histograms = self.histograms.borrow();
        let rows = histograms.iter().enumerate();
        let kept = rows.filter_map(|(row, kept)| Some((row as u16, kept.as_ref()?)));
        kept.filter(|(row, _)| wanted(*row)).map(|(row, kept)| (row, kept.clone())).collect()
    }

    /// A copy of the numbers per error code.
    pub(crate) fn errors(&self) -> BTreeMap<String, u64> {
        self.errors.borrow().clone()
    }

    /// Starts from zero.
    pub(crate) fn reset(&self) {
        self.commands.borrow_mut().fill(CommandStats::default());
        self.histograms.borrow_mut().fill(None);
        self.errors.borrow_mut().clear();
        self.has_too_many_codes.set(false);
        self.counters.reset();
    }
}
