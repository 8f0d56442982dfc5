//! Replies that wait for the disk.

use std::collections::VecDeque;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use super::{Append, Mode, Order};
use crate::core::Core;

/// With `everysec`, replies wait once the disk is behind for so long: what is promised is a second,
/// and as in Redis another one is borne with.
const LATE_NS: u64 = 2_000_000_000;

/// A shard's records are worth a round, though nobody waits for one: they are still in the caches.
const ROUND_BYTES: usize = 512 * 1024;

/// How long a thread with replies that wait is deaf to its clients.
const DOZE_MAX: Duration = Duration::from_micros(200);

/// How far a connection's output may leave, and what the rest waits for.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// Ends of parts of the output, each with the stamp that must be durable.
    parts: VecDeque<(usize, u64)>,
    /// Up to here nothing waits.
    cleared: usize,
    /// The fault that there was when the present commands began to be looked at: as long as it
    /// lasts, all of them that would change something are refused.
    refusing: Option<u64>,
}

impl Holds {
    /// The output has lost so many bytes at its beginning.
    pub(crate) fn shift(&mut self, bytes: usize) {
        self.cleared = self.cleared.saturating_sub(bytes);
        self.parts.iter_mut().for_each(|part| part.0 = part.0.saturating_sub(bytes));
    }

    /// There is no output.
    pub(crate) fn clear(&mut self) {
        self.cleared = 0;
        self.parts.clear();
    }

    /// The next commands are about to be looked at.
    #[inline]
    pub(crate) fn begin(&mut self, append: &Append) {
        self.refusing = append.present_fault();
    }

    /// How much of `len` bytes of output may leave now. The client is woken when that changes.
    #[inline]
    pub(crate) fn cleared(&mut self, core: &Core, client: u64, len: usize) -> usize {
        match core.server.append.holds_replies(core) {
            true => self.held(core, client, len),
            false => {
                self.parts.clear();
                self.cleared = len;
                len
            }
        }
    }

    fn held(&mut self, core: &Core, client: u64, len: usize) -> usize {
        let append = &core.server.append;
        let marked = self.parts.back().map_or(self.cleared, |part| part.0);
        if marked < len {
            let refuses = self.refusing.is_some() && self.refusing == append.present_fault();
            let shown_ns = if refuses {
                // No change is told of. That reads do not wait for a disk that is full is worth
                // more than that they show nothing that a crash would lose now.
                0
            } else {
                // Whatever the new bytes show was recorded by now.
                core.router.publish_recorded();
                core.server.network.recorded_ns()
            };
            match self.parts.back_mut() {
                Some(last) if last.1 == shown_ns => last.0 = len,
                _ => self.parts.push_back((len, shown_ns)),
            }
        }
        self.release(append);
        if !self.parts.is_empty() {
            append.wait(core, client);
            // It may have become durable before anybody knew of the wait.
            self.release(append);
        }
        self.cleared
    }

    fn release(&mut self, append: &Append) {
        let durable_ns = append.durable_ns.load(Ordering::SeqCst);
        while self.parts.front().is_some_and(|part| part.1 <= durable_ns) {
            self.cleared = self.parts.pop_front().map_or(self.cleared, |part| part.0);
        }
    }
}

impl Append {
    /// At the end of a thread's turn, with so many bytes recorded that no round has.
    #[inline]
    pub(crate) fn see_recorded(&self, bytes: usize) {
        if bytes >= ROUND_BYTES {
            self.want_round();
        }
    }

    /// The thread is about to sleep. With replies that wait for the disk, what comes meanwhile would
    /// wait for it, too; so it is left until there is enough of it to be worth waking up for.
    #[inline]
    pub(crate) fn doze(&self, core: &Core) {
        if self.mode() == Mode::Always && !core.held_clients.borrow().is_empty() {
            core.router.doze(DOZE_MAX);
        }
    }

    /// Whether replies wait for the disk now.
    #[inline]
    pub(crate) fn holds_replies(&self, core: &Core) -> bool {
        match self.mode() {
            Mode::Always => true,
            Mode::EverySecond => self.is_late(core),
            Mode::Off | Mode::Never => false,
        }
    }

    fn is_late(&self, core: &Core) -> bool {
        let since_ns = self.waiting_since_ns.load(Ordering::Relaxed);
        since_ns != 0 && core.router.clock().moment().stamp_ns.saturating_sub(since_ns) > LATE_NS
    }

    /// A client of this thread is to be woken when more is durable, which is wanted soon.
    fn wait(&self, core: &Core, client: u64) {
        core.held_clients.borrow_mut().push(client);
        self.has_held[core.router.thread()].store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.want_round();
    }

    /// A round is to close soon.
    fn want_round(&self) {
        if !self.is_round_wanted.swap(true, Ordering::SeqCst) {
            self.order(Order::Round);
        }
    }

    /// More is durable.
    pub(super) fn advance(&self, server: &crate::core::Server, durable_ns: u64) {
        self.durable_ns.store(durable_ns, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        for (thread, has_held) in self.has_held.iter().enumerate() {
            if has_held.swap(false, Ordering::SeqCst) {
                server.network.call(thread, || wake_held(&Core::current()));
            }
        }
    }
}

/// Wakes the clients of this thread whose replies wait.
fn wake_held(core: &Core) {
    for id in core.held_clients.take() {
        if let Some(client) = core.clients.borrow().get(&id) {
            client.wake();
        }
    }
}
