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

    /// Hands garbage over; frees it here if it is little, or if the side thread is gone.
    pub(crate) fn free(&self, garbage: Vec<Garbage>) {
        let (little, garbage): (Vec<_>, Vec<_>) = garbage.into_iter().partition(Garbage::is_little);
        self.handed.fetch_add(objects(&little), Ordering::Relaxed);
        self.freed.fetch_add(objects(&little), Ordering::Relaxed);
        if garbage.is_empty() {
            return;
        }
        self.handed.fetch_add(objects(&garbage), Ordering::Relaxed);
        // An error brings the garbage back, to be dropped here.
        let _ = self.queue.send(garbage);
    }

    /// Frees for ever; the body of the side thread.
    pub(crate) fn run(&self, garbage: &Receiver<Vec<Garbage>>) {
        for batch in garbage {
            let count = objects(&batch);
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

    /// Objects that were freed here, since the start or the last [`Freer::reset`].
    pub(crate) fn freed(&self) -> u64 {
        self.freed.load(Ordering::Relaxed)
    }

    /// Counts freed objects from zero.
    pub(crate) fn reset(&self) {
        let freed = self.freed.swap(0, Ordering::Relaxed);
        self.handed.fetch_sub(freed, Ordering::Relaxed);
    }
}

fn objects(garbage: &[Garbage]) -> u64 {
    garbage.iter().map(Garbage::objects).sum()
}
