//! Messages between core threads: one inbound queue per thread, filled in batches.
//!
//! Sending never blocks. A thread that is awake finds its mail by itself before it sleeps; only one
//! that sleeps is woken, because waking costs the sender a system call, and not for what can wait
//! until something else ends its nap.
//!
//! Invariant: after a push, either the receiver is awake and will look before it sleeps, or its
//! waker was called: `asleep` is set before the last look and read after the push, with a full
//! fence between on both sides. What waits for the end of a nap is looked for when that ends, in the
//! same way.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::task::Waker;
use std::thread::Thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

/// One time that a thread slept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nap(u64);

/// What wakes a sleeping thread.
#[derive(Default)]
struct Doorbell {
    asleep: AtomicBool,
    /// How often it has woken up.
    naps: AtomicU64,
    waker: OnceLock<Waker>,
    /// The receiver, for when it dozes.
    thread: OnceLock<Thread>,
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

    /// Which nap the receiver is in, if it sleeps.
    pub(crate) fn nap(&self) -> Option<Nap> {
        let nap = self.doorbell.naps.load(Ordering::Acquire);
        self.doorbell.asleep.load(Ordering::Acquire).then_some(Nap(nap))
    }

    /// Hands over a batch that can wait for the end of a nap, whatever that is for: the receiver is
    /// woken only if it is over and the next one has begun.
    pub(crate) fn push_for_end_of(&self, nap: Nap, batch: Vec<M>) {
        self.put(batch);
        if self.doorbell.naps.load(Ordering::Relaxed) != nap.0 {
            self.ring();
        }
    }

    /// Hands over a batch and wakes the receiver if it sleeps.
    pub(crate) fn push(&self, batch: Vec<M>) {
        self.put(batch);
        self.ring();
    }

    fn put(&self, batch: Vec<M>) {
        // A thread that is gone is part of the shutdown; nobody waits for its answer then.
        let _ = self.queue.send(batch);
        fence(Ordering::SeqCst);
    }

    fn ring(&self) {
        if self.doorbell.asleep.load(Ordering::Relaxed)
            && self.doorbell.asleep.swap(false, Ordering::Relaxed)
            && let Some(waker) = self.doorbell.waker.get()
        {
            waker.wake_by_ref();
            if let Some(thread) = self.doorbell.thread.get() {
                thread.unpark();
            }
        }
    }

    /// The receiver's task, to be woken, and its thread; the first ones stay.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        self.doorbell.waker.get_or_init(|| waker.clone());
        self.doorbell.thread.get_or_init(std::thread::current);
    }

    /// Keeps the receiver, which is falling asleep, from everything but mail, for so long at most.
    pub(crate) fn doze(&self, longest: Duration, now_ns: impl Fn() -> u64) {
        let until_ns = now_ns() + longest.as_nanos() as u64;
        // It may have been woken for mail that it has read since: that ends one waiting, too.
        while self.doorbell.asleep.load(Ordering::Acquire) {
            let left_ns = until_ns.saturating_sub(now_ns());
            if left_ns == 0 {
                break;
            }
            std::thread::park_timeout(Duration::from_nanos(left_ns));
        }
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

    /// The receiver is awake again; mail that came quietly wakes its task.
    pub(crate) fn wake_up(&self, inbound: &Receiver<Vec<M>>) {
        self.doorbell.naps.fetch_add(1, Ordering::Release);
        self.doorbell.asleep.store(false, Ordering::Release);
        fence(Ordering::SeqCst);
        if !inbound.is_empty()
            && let Some(waker) = self.doorbell.waker.get()
        {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Rings(AtomicUsize);

    impl Wake for Rings {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A letterbox whose receiver sleeps, its other end, and how often it was woken.
    fn asleep() -> (Letterbox<u8>, Receiver<Vec<u8>>, impl Fn() -> usize) {
        let (letterbox, inbound) = Letterbox::new();
        let rings = Arc::new(Rings::default());
        letterbox.set_waker(&Waker::from(rings.clone()));
        letterbox.fall_asleep(&inbound);
        (letterbox, inbound, move || rings.0.load(Ordering::Relaxed))
    }

    #[test]
    fn one_push_wakes_and_the_next_does_not() {
        let (letterbox, inbound, rings) = asleep();
        letterbox.push(vec![1]);
        letterbox.push(vec![2]);
        assert_eq!(rings(), 1);
        assert_eq!(inbound.try_iter().count(), 2);
    }

    #[test]
    fn what_waits_for_the_end_of_a_nap_is_seen_when_it_ends() {
        let (letterbox, inbound, rings) = asleep();
        let nap = letterbox.nap().expect("it sleeps");
        letterbox.push_for_end_of(nap, vec![1]);
        assert_eq!(rings(), 0);
        letterbox.wake_up(&inbound);
        assert_eq!((rings(), letterbox.nap()), (1, None));
    }

    #[test]
    fn what_comes_after_the_end_of_its_nap_wakes_from_the_next() {
        let (letterbox, inbound, rings) = asleep();
        let nap = letterbox.nap().expect("it sleeps");
        letterbox.wake_up(&inbound);
        letterbox.fall_asleep(&inbound);
        letterbox.push_for_end_of(nap, vec![1]);
        assert_eq!(rings(), 1);
    }

    #[test]
    fn mail_ends_a_doze_and_so_does_time() {
        let (letterbox, inbound, _) = asleep();
        let begun = AtomicUsize::new(0);
        // A clock on which each glance takes a millisecond.
        let now_ns = || 1_000_000 * begun.fetch_add(1, Ordering::Relaxed) as u64;
        letterbox.doze(Duration::from_millis(3), now_ns);
        std::thread::scope(|scope| {
            scope.spawn(|| letterbox.push(vec![1]));
            letterbox.doze(Duration::from_secs(1000), || 0);
        });
        assert_eq!(inbound.try_iter().count(), 1);
    }

    #[test]
    fn nobody_sleeps_with_mail() {
        let (letterbox, inbound, rings) = asleep();
        letterbox.wake_up(&inbound);
        letterbox.push(vec![1]);
        assert_eq!(rings(), 0);
        letterbox.fall_asleep(&inbound);
        assert_eq!((rings(), letterbox.nap()), (1, None));
    }
}
