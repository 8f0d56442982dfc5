//! Messages between core threads: one inbound queue per thread, filled in batches.
//!
//! Sending never blocks. A thread that is awake finds its mail by itself before it sleeps; only one
//! that sleeps is woken, because waking costs the sender a system call.
//!
//! Invariant: after a push, either the receiver is awake and will look before it sleeps, or its
//! waker was called: `asleep` is set before the last look and read after the push, with a full
//! fence between on both sides.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::Waker;

use crossbeam_channel::{Receiver, Sender};

/// What wakes a sleeping thread.
#[derive(Default)]
struct Doorbell {
    asleep: AtomicBool,
    waker: OnceLock<Waker>,
}

/// The sending end, one per thread, shared by all others.
pub(crate) struct Letterbox<M> {
    queue: Sender<Vec<M>>,
    doorbell: Doorbell,
}

impl<M> Letterbox<M> {
    /// A queue whose receiving end belongs to one thread.
    pub(crate) fn new() -> (Self, Receiver<Vec<M>>) {
        let (queue, receiver) = crossbeam_channel::unbounded();
        (Self { queue, doorbell: Doorbell::default() }, receiver)
    }

    /// Hands over a batch and wakes the receiver if it sleeps.
    pub(crate) fn push(&self, batch: Vec<M>) {
        // A thread that is gone is part of the shutdown; nobody waits for its answer then.
        if self.queue.send(batch).is_err() {
            return;
        }
        fence(Ordering::SeqCst);
        if self.doorbell.asleep.load(Ordering::Relaxed)
            && self.doorbell.asleep.swap(false, Ordering::Relaxed)
            && let Some(waker) = self.doorbell.waker.get()
        {
            waker.wake_by_ref();
        }
    }

    /// The receiver's task, to be woken; the first one stays.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        self.doorbell.waker.get_or_init(|| waker.clone());
    }

    /// The receiver is about to sleep. If there is mail, its task is woken and it must not.
    pub(crate) fn fall_asleep(&self, inbound: &Receiver<Vec<M>>) {
        self.doorbell.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !inbound.is_empty()
            && self.doorbell.asleep.swap(false, Ordering::Relaxed)
            && let Some(waker) = self.doorbell.waker.get()
        {
            waker.wake_by_ref();
        }
    }

    /// The receiver is awake again.
    pub(crate) fn wake_up(&self) {
        self.doorbell.asleep.store(false, Ordering::Relaxed);
    }
}
