//! What a thread counts; INFO and others add the threads' numbers up.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

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

/// One thread's numbers since the start or CONFIG RESETSTAT.
pub(crate) struct Stats {
    commands: RefCell<Vec<CommandStats>>,
    errors: RefCell<BTreeMap<String, u64>>,
    pub(crate) connections_received: Cell<u64>,
    pub(crate) connections_rejected: Cell<u64>,
    pub(crate) commands_processed: Cell<u64>,
    pub(crate) bytes_received: Cell<u64>,
    pub(crate) bytes_sent: Cell<u64>,
    pub(crate) reads_processed: Cell<u64>,
    pub(crate) writes_processed: Cell<u64>,
}

/// Error codes beyond this many are not told apart, so that clients cannot fill memory with them.
const ERROR_CODES_MAX: usize = 128;

/// Adds to a counter.
pub(crate) fn add(counter: &Cell<u64>, amount: u64) {
    counter.set(counter.get() + amount);
}

impl Stats {
    pub(crate) fn new(commands: usize) -> Self {
        Self {
            commands: RefCell::new(vec![CommandStats::default(); commands]),
            errors: RefCell::default(),
            connections_received: Cell::new(0),
            connections_rejected: Cell::new(0),
            commands_processed: Cell::new(0),
            bytes_received: Cell::new(0),
            bytes_sent: Cell::new(0),
            reads_processed: Cell::new(0),
            writes_processed: Cell::new(0),
        }
    }

    /// A command ran.
    #[inline]
    pub(crate) fn ran(&self, row: u16, ticks: u64) {
        let stats = &mut self.commands.borrow_mut()[usize::from(row)];
        stats.calls += 1;
        stats.ticks += ticks;
        add(&self.commands_processed, 1);
    }

    /// A command that ran answered this error (its reply, from `-` on).
    pub(crate) fn failed(&self, row: u16, reply: &[u8]) {
        self.commands.borrow_mut()[usize::from(row)].failed += 1;
        self.count_error(reply);
    }

    /// A command was refused with this error.
    pub(crate) fn rejected(&self, row: Option<u16>, reply: &[u8]) {
        if let Some(row) = row {
            self.commands.borrow_mut()[usize::from(row)].rejected += 1;
        }
        self.count_error(reply);
    }

    fn count_error(&self, reply: &[u8]) {
        let code = reply.strip_prefix(b"-").unwrap_or(reply);
        let end = code.iter().position(|byte| *byte == b' ' || *byte == b'\r');
        let code = String::from_utf8_lossy(&code[..end.unwrap_or(code.len())]).into_owned();
        let mut errors = self.errors.borrow_mut();
        if errors.len() < ERROR_CODES_MAX || errors.contains_key(&code) {
            *errors.entry(code).or_default() += 1;
        }
    }

    /// A copy of the numbers per command, by row.
    pub(crate) fn commands(&self) -> Vec<CommandStats> {
        self.commands.borrow().clone()
    }

    /// A copy of the numbers per error code.
    pub(crate) fn errors(&self) -> BTreeMap<String, u64> {
        self.errors.borrow().clone()
    }

    /// Starts from zero.
    pub(crate) fn reset(&self) {
        self.commands.borrow_mut().fill(CommandStats::default());
        self.errors.borrow_mut().clear();
        for counter in [
            &self.connections_received,
            &self.connections_rejected,
            &self.commands_processed,
            &self.bytes_received,
            &self.bytes_sent,
            &self.reads_processed,
            &self.writes_processed,
        ] {
            counter.set(0);
        }
    }
}
