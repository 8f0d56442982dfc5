//! The side thread that frees what takes long, so that no core thread pays for it.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};
use keyspace::Garbage;

/// The core threads' end.
pub(crate) struct Freer {
    queue: Sender<Vec<Garbage>>,
    handed: AtomicU64,
    freed: AtomicU64,
}

impl Freer {
    /// The freer, and the queue that [`Freer::run`] empties.
    pub(crate) fn new() -> (Self, Receiver<Vec<Garbage>>) {
        let (queue, garbage) = crossbeam_channel::unbounded();
        (Self { queue, handed: AtomicU64::new(0), freed: AtomicU64::new(0) }, garbage)
    }

    /// Hands garbage over; frees it here if the side thread is gone.
    pub(crate) fn free(&self, garbage: Vec<Garbage>) {
        if garbage.is_empty() {
            return;
        }
        self.handed.fetch_add(garbage.len() as u64, Ordering::Relaxed);
        // An error brings the garbage back, to be dropped here.
        let _ = self.queue.send(garbage);
    }

    /// Frees for ever; the body of the side thread.
    pub(crate) fn run(&self, garbage: &Receiver<Vec<Garbage>>) {
        for batch in garbage {
            let count = batch.len() as u64;
            drop(batch);
            stdx::alloc::publish();
            self.freed.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Objects that wait to be freed.
    pub(crate) fn pending(&self) -> u64 {
        let freed = self.freed.load(Ordering::Relaxed);
        self.handed.load(Ordering::Relaxed).saturating_sub(freed)
    }

    /// Objects that were freed here.
    pub(crate) fn freed(&self) -> u64 {
        self.freed.load(Ordering::Relaxed)
    }
}
