//! What has happened, and what of it a start may find.

use std::collections::BTreeMap;

/// Keys and what was last written to them.
pub(super) type State = BTreeMap<u32, u64>;

/// What one step writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Set(u32, u64),
    Flush,
}

/// One step, with the stamp of each of its writes.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) writes: Vec<(u64, Write)>,
}

/// All steps of the life that is under way, and what it began with.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) start: State,
    pub(super) steps: Vec<Step>,
    /// The next value: no two writes are the same.
    pub(super) value: u64,
    /// Everything up to it must survive.
    pub(super) promised_ns: u64,
}

impl History {
    /// The state after everything stamped up to `until_ns`. An error names a step that would be cut
    /// in two.
    pub(super) fn state_at(&self, until_ns: u64) -> Result<State, String> {
        let mut writes = Vec::new();
        for step in &self.steps {
            let inside = step.writes.iter().filter(|write| write.0 <= until_ns).count();
            if inside != 0 && inside != step.writes.len() {
                return Err(format!("cut at {until_ns} in the middle of {step:?}"));
            }
            writes.extend_from_slice(&step.writes[..inside]);
        }
        writes.sort_by_key(|write| write.0);
        let mut state = self.start.clone();
        writes.iter().for_each(|write| apply(&mut state, write.1));
        Ok(state)
    }

    /// Judges what a start has found, and goes on from there.
    pub(super) fn judge(&mut self, found: State, until_ns: u64) -> Result<(), String> {
        if until_ns < self.promised_ns {
            let promised = self.promised_ns;
            return Err(format!("durable up to {promised}, but found up to {until_ns}"));
        }
        let expected = self.state_at(until_ns)?;
        if expected != found {
            return Err(format!("up to {until_ns} expected {expected:?}, found {found:?}"));
        }
        self.start = found;
        self.steps.clear();
        Ok(())
    }
}

pub(super) fn apply(state: &mut State, write: Write) {
    match write {
        Write::Set(key, value) => {
            state.insert(key, value);
        }
        Write::Flush => state.clear(),
    }
}
