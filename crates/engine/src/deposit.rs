//! What a thread has recorded, laid down while it sleeps: so a round of the journal closes without
//! waking it.
//!
//! A thread lays it down last thing before it sleeps and takes it up first thing after, so that
//! nothing is recorded, and no step begins or ends, in between. Whoever closes a round takes from it
//! what the thread itself would have handed over.

use std::sync::{Mutex, MutexGuard};

use journal::{Handover, Report};

use crate::recorder::Recorder;
use crate::steps::Kept;

/// What one thread lays down.
pub(crate) struct Deposit {
    /// None of a thread without a shard.
    pub(crate) recorder: Option<Recorder>,
    pub(crate) steps: Kept,
}

/// Where each thread lays it.
pub(crate) struct Deposits(Box<[Mutex<Option<Deposit>>]>);

impl Deposits {
    pub(crate) fn new(threads: usize) -> Self {
        Self((0..threads).map(|_| Mutex::new(None)).collect())
    }

    fn of(&self, thread: usize) -> MutexGuard<'_, Option<Deposit>> {
        self.0[thread].lock().expect("a panic ends the process")
    }

    pub(crate) fn lay_down(&self, thread: usize, deposit: Deposit) {
        *self.of(thread) = Some(deposit);
    }

    pub(crate) fn take_up(&self, thread: usize) -> Option<Deposit> {
        self.of(thread).take()
    }

    /// What a thread has for a round at `low_ns`, and goes on in `spare`; if it sleeps.
    pub(crate) fn report(
        &self,
        thread: usize,
        low_ns: u64,
        spare: &mut Handover,
    ) -> Option<Report> {
        let mut deposit = self.of(thread);
        let Deposit { recorder, steps } = deposit.as_mut()?;
        let recorder = recorder.as_mut();
        let handover = recorder.map(|recorder| recorder.hand_over(low_ns, std::mem::take(spare)));
        let handover = handover.map(|handover| (thread, handover));
        Some(Report { gaps: steps.gaps(low_ns), handover })
    }
}
