//! One client as its thread and the administration see it.

use std::cell::{Cell, RefCell};
use std::task::Waker;

use resp::Protocol;
use stdx::alloc::{Doomed, block_bytes};

use crate::blocked::Blocked;
use crate::pubsub::Subscriptions;
use crate::session::import::FieldLists;
use crate::tracking::Tracking;
use crate::transaction::Transaction;

/// Room for what is pushed that a client keeps.
const PUSHED_BYTES_KEPT: usize = 1024;

/// What CLIENT REPLY asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ReplyMode {
    #[default]
    On,
    Off,
    /// The reply of the next command is left out.
    SkipNext,
    /// The reply of this command is left out.
    Skip,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// What was written still leaves.
    AfterReply,
    /// At once.
    Now,
}

/// Numbers that CLIENT LIST shows and limits are held against; kept by the connection.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// Bytes of requests that wait to be processed, and are not understood yet.
    pub(crate) query_buffer: Cell<usize>,
    /// Room left in the query buffer.
    pub(crate) query_buffer_free: Cell<usize>,
    /// Bytes of an incomplete command that are understood.
    pub(crate) arguments: Cell<usize>,
    /// Reply bytes that wait to be sent.
    pub(crate) output: Cell<usize>,
    /// Room of the buffer that they are in.
    pub(crate) output_room: Cell<usize>,
    /// Bytes received.
    pub(crate) received: Cell<u64>,
    /// Bytes sent.
    pub(crate) sent: Cell<u64>,
    /// Commands processed.
    pub(crate) commands: Cell<u64>,
}

/// A client.
pub(crate) struct Client {
    pub(crate) id: u64,
    /// Remote address, or the path of the Unix socket with `:0`.
    pub(crate) address: String,
    /// Local address.
    pub(crate) local_address: String,
    /// File descriptor, for CLIENT LIST.
    pub(crate) fd: i32,
    /// Whether it is on this machine.
    pub(crate) is_local: bool,
    /// Whether it came through the Unix socket.
    pub(crate) is_unix: bool,
    pub(crate) connected_at_ms: i64,
    pub(crate) last_active_ms: Cell<i64>,
    pub(crate) name: RefCell<Vec<u8>>,
    pub(crate) library_name: RefCell<Vec<u8>>,
    pub(crate) library_version: RefCell<Vec<u8>>,
    pub(crate) db: Cell<u16>,
    pub(crate) protocol: Cell<Protocol>,
    pub(crate) authenticated: Cell<bool>,
    pub(crate) reply_mode: Cell<ReplyMode>,
    pub(crate) no_evict: Cell<bool>,
    pub(crate) no_touch: Cell<bool>,
    /// The time that it sees, in microseconds since 1970, where it stands still: in a script.
    pub(crate) frozen_us: Cell<Option<i64>>,
    pub(crate) field_lists: FieldLists,
    pub(crate) monitor: Cell<bool>,
    /// Since when it does.
    pub(crate) monitor_since_us: Cell<i64>,
    /// Whether its next command waits for the end of CLIENT PAUSE.
    pub(crate) held: Cell<bool>,
    /// Its wait in a command that blocks.
    pub(crate) blocked: Blocked,
    /// Its transaction.
    pub(crate) transaction: Transaction,
    /// The channels that it listens to.
    pub(crate) subscriptions: Subscriptions,
    /// Which keys it hears of.
    pub(crate) tracking: Tracking,
    /// Whether background work wants the connection to look at its buffers.
    pub(crate) wants_trim: Cell<bool>,
    /// What its replies and pushes take that is not among that yet: no key need go for it.
    passing: RefCell<Doomed>,
    /// What its thread counts for it among the memory of clients, in bytes.
    pub(crate) accounted: Cell<usize>,
    /// Row of the last command.
    pub(crate) last_command: Cell<Option<u16>>,
    pub(crate) usage: Usage,
    closing: Cell<Option<Closing>>,
    /// What others on this thread want the client to get (MONITOR lines).
    pushed: RefCell<Vec<u8>>,
    waker: RefCell<Option<Waker>>,
}

/// What is known of a client when it connects.
pub(crate) struct NewClient {
    pub(crate) id: u64,
    pub(crate) address: String,
    pub(crate) local_address: String,
    pub(crate) fd: i32,
    pub(crate) is_local: bool,
    pub(crate) is_unix: bool,
    pub(crate) authenticated: bool,
    pub(crate) now_ms: i64,
}

impl Client {
    pub(crate) fn new(new: NewClient) -> Self {
        Self {
            id: new.id,
            address: new.address,
            local_address: new.local_address,
            fd: new.fd,
            is_local: new.is_local,
            is_unix: new.is_unix,
            connected_at_ms: new.now_ms,
            last_active_ms: Cell::new(new.now_ms),
            name: RefCell::default(),
            library_name: RefCell::default(),
            library_version: RefCell::default(),
            db: Cell::new(0),
            protocol: Cell::default(),
            authenticated: Cell::new(new.authenticated),
            reply_mode: Cell::default(),
            no_evict: Cell::new(false),
            no_touch: Cell::new(false),
            frozen_us: Cell::new(None),
            field_lists: FieldLists::default(),
            monitor: Cell::new(false),
            monitor_since_us: Cell::new(0),
            held: Cell::new(false),
            blocked: Blocked::default(),
            transaction: Transaction::default(),
            subscriptions: Subscriptions::default(),
            tracking: Tracking::default(),
            wants_trim: Cell::new(false),
            passing: RefCell::default(),
            accounted: Cell::new(0),
            last_command: Cell::new(None),
            usage: Usage::default(),
            closing: Cell::new(None),
            pushed: RefCell::default(),
            waker: RefCell::default(),
        }
    }

    /// Why the connection is to end, if it is.
    pub(crate) fn closing(&self) -> Option<Closing> {
        self.closing.get()
    }

    /// Ends the connection; `Now` wins over `AfterReply`.
    pub(crate) fn close(&self, closing: Closing) {
        if self.closing.get() != Some(Closing::Now) {
            self.closing.set(Some(closing));
        }
        self.wake();
    }

    /// Lets the connection try the command again that CLIENT PAUSE held back.
    pub(crate) fn release(&self) {
        if self.held.replace(false) {
            self.wake();
        }
    }

    /// Whether it waits: for keys, or for the end of CLIENT PAUSE.
    pub(crate) fn is_blocked(&self) -> bool {
        self.held.get() || self.blocked.is_waiting()
    }

    /// How long it has been connected.
    pub(crate) fn age_ms(&self, now_ms: i64) -> i64 {
        (now_ms - self.connected_at_ms).max(0)
    }

    /// How long ago it sent something.
    pub(crate) fn idle_ms(&self, now_ms: i64) -> i64 {
        (now_ms - self.last_active_ms.get()).max(0)
    }

    /// What it costs: its buffers and what describes it.
    pub(crate) fn memory_bytes(&self) -> usize {
        let usage = &self.usage;
        size_of::<Self>()
            + usage.query_buffer.get()
            + usage.query_buffer_free.get()
            + usage.arguments.get()
            + block_bytes(usage.output_room.get().max(usage.output.get()))
            + self.name.borrow().capacity()
            + self.transaction.memory_bytes()
            + self.subscriptions.memory_bytes()
            + self.tracking.memory_bytes()
            + self.field_lists.memory_bytes()
    }

    /// Notes how much room output has that is not counted among the memory of clients yet. What is
    /// noted is shared by all threads, so that only much is, and not in every batch.
    #[inline]
    pub(crate) fn note_passing(&self, output_room: usize) {
        const LITTLE_BYTES: usize = 4 * 1024;
        let bytes = output_room.saturating_sub(self.usage.output_room.get());
        let bytes = if bytes > LITTLE_BYTES { block_bytes(bytes) } else { 0 };
        self.passing.borrow_mut().resize(bytes);
    }

    /// Sends bytes that are no reply.
    pub(crate) fn push(&self, bytes: &[u8]) {
        self.pushed.borrow_mut().extend_from_slice(bytes);
        let pushed_room = self.pushed.borrow().capacity();
        self.note_passing(self.usage.output_room.get() + pushed_room);
        self.usage.output.set(self.usage.output.get() + bytes.len());
        self.wake();
    }

    /// Moves what was pushed behind `out`.
    pub(crate) fn take_pushed(&self, out: &mut Vec<u8>) {
        let mut pushed = self.pushed.borrow_mut();
        if pushed.is_empty() {
            return;
        }
        if out.is_empty() {
            std::mem::swap(out, &mut pushed);
        } else {
            out.append(&mut pushed);
        }
        // Else a client would hold what its largest push took.
        pushed.shrink_to(PUSHED_BYTES_KEPT);
    }

    /// The connection's task, to be woken by `close` and `push`.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        let mut current = self.waker.borrow_mut();
        if !current.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *current = Some(waker.clone());
        }
    }

    /// Lets the connection look at its buffers, if it has any: what it does not use goes, and it may
    /// be over a soft limit for too long.
    pub(crate) fn look_after(&self) {
        let usage = &self.usage;
        let input = [&usage.query_buffer, &usage.arguments, &usage.query_buffer_free];
        if input.iter().any(|bytes| bytes.get() > 0) {
            self.wants_trim.set(true);
            self.wake();
        } else if usage.output.get() > 0 {
            self.wake();
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}
