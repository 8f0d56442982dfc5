//! Work for one shard and what comes of it.

use std::sync::Arc;

use command::Args;
use resp::{Protocol, Span};
use stdx::alloc::{Doomed, block_bytes};

use crate::command::Command;
use crate::waiters::WaiterId;
use crate::watch::Watch;

/// One call, as positions in the data and spans around it.
#[derive(Clone, Copy)]
pub struct Call {
    /// The row.
    pub command: &'static Command,
    /// The caller's own number for the row; the engine only carries it.
    pub row: u16,
    /// Its first span, the command's name.
    pub first_span: u32,
    /// How many spans.
    pub span_count: u32,
    /// The selected database.
    pub db: u16,
    /// How to write the reply.
    pub protocol: Protocol,
    /// Whether it leaves the access clocks of keys alone.
    pub no_touch: bool,
    /// Who calls, by the caller's own number, for those who hear of changes; 0 for nobody.
    pub caller: u64,
    /// Whether the caller wants to hear of the next change of what it reads.
    pub tells_reads: bool,
    /// Whether it may take memory beyond the limit, as a part of what has begun.
    pub may_grow: bool,
    /// Whether a script calls: it must find things in an order that does not depend on chance.
    pub in_script: bool,
    /// Hash slot of the first key; `None` where routing does not need it.
    pub slot: Option<u16>,
    /// Position and hash of the first key, if there is a key.
    pub key: Option<(u32, u64)>,
    /// Calls with the same number follow each other with nobody between; 0 for a call by itself.
    pub bundle: u32,
    /// Whether its spans point into [`Work::queued`].
    pub is_queued: bool,
}

impl Call {
    /// A call of `span_count` spans from the first on: of database 0, by nobody, in RESP2.
    #[inline]
    pub fn new(command: &'static Command, row: u16, span_count: usize) -> Self {
        Self {
            command,
            row,
            first_span: 0,
            span_count: span_count as u32,
            db: 0,
            protocol: Protocol::Resp2,
            no_touch: false,
            caller: 0,
            tells_reads: false,
            may_grow: false,
            in_script: false,
            slot: None,
            key: None,
            bundle: 0,
            is_queued: false,
        }
    }

    /// The call's arguments among `spans`.
    #[inline]
    pub fn args<'a>(&self, data: &'a [u8], spans: &'a [Span]) -> Args<'a> {
        Args::new(data, &spans[self.span_range()])
    }

    /// The keys that it names.
    pub(crate) fn keys<'a>(&self, args: Args<'a>) -> impl Iterator<Item = &'a [u8]> {
        let specs = self.command.spec.keys;
        let positions = specs.iter().filter_map(move |keys| keys.resolve(args));
        positions.flat_map(|positions| positions.iter()).map(move |at| args.at(at))
    }

    /// Which spans are its arguments.
    #[inline]
    pub(crate) fn span_range(&self) -> std::ops::Range<usize> {
        let first = self.first_span as usize;
        first..first + self.span_count as usize
    }
}

/// Calls to run one after the other, borrowed from wherever they lie.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// What the spans point into.
    pub data: &'a [u8],
    /// The arguments of all calls.
    pub spans: &'a [Span],
    /// What the spans of calls point into that were queued before.
    pub queued: &'a [u8],
    /// The calls.
    pub calls: &'a [Call],
    /// Whether nobody may come between them.
    pub is_atomic: bool,
    /// Whether some of them are parts of a bundle, as [`Call::bundle`] has it.
    pub has_bundles: bool,
    /// Keys that must be as they were, or none of the calls runs.
    pub watches: &'a [Watch],
}

impl<'a> Work<'a> {
    /// One call, after which nobody is served yet.
    pub(crate) fn of_one(data: &'a [u8], spans: &'a [Span], call: &'a Call) -> Self {
        let calls = std::slice::from_ref(call);
        Self { data, spans, queued: &[], calls, is_atomic: true, has_bundles: false, watches: &[] }
    }

    /// A call's arguments.
    #[inline]
    pub fn args(&self, call: &Call) -> Args<'a> {
        call.args(if call.is_queued { self.queued } else { self.data }, self.spans)
    }

    /// Whether it is recorded as a transaction even on one shard.
    pub(crate) fn is_transaction(&self) -> bool {
        self.is_atomic || self.has_bundles
    }
}

/// What came of one call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Bytes of its reply, which follows that of the call before.
    pub reply_len: usize,
    /// Whether the reply is an error.
    pub failed: bool,
    /// Whether it did not even run, for want of memory.
    pub refused: bool,
    /// Whether its reply was to become too long.
    pub is_overlong: bool,
    /// How long it ran, in ticks of the engine's clock, summed over its parts.
    pub ticks: u64,
}

/// Where the reply of a call can leave straight from the thread that made it: a wake-up less than by
/// way of the thread that asked, if that sleeps.
pub trait Outlet: Send + Sync {
    /// Sends the reply and counts the call. Answers how many bytes left; if none did, as on some
    /// threads or for some calls it must not, nothing has happened.
    fn deliver(&self, call: &Call, args: Args<'_>, outcome: &Outcome, reply: &[u8]) -> usize;
}

/// Buffers beyond this are given back rather than kept for the next batch, and replies beyond it are
/// handed on rather than copied.
pub(crate) const KEEP_BYTES_MAX: usize = 64 * 1024;

/// Work that owns its bytes, so that it can go to another thread, or wait; it comes back with the
/// replies, and its buffers are used again.
#[derive(Default)]
pub(crate) struct Parcel {
    /// What the spans point into.
    pub(crate) data: Vec<u8>,
    /// The arguments of all calls.
    pub(crate) spans: Vec<Span>,
    /// The calls.
    pub(crate) calls: Vec<Call>,
    /// The replies, one after the other.
    pub(crate) replies: Vec<u8>,
    /// Large replies on their way: they are a client's soon, and counted as that.
    pub(crate) replies_doomed: Doomed,
    /// One per call, once it ran.
    pub(crate) outcomes: Vec<Outcome>,
    /// Of one call that blocks: who waits if it has nothing to answer.
    pub(crate) waiter: Option<WaiterId>,
    /// Whether nobody may come between the calls.
    pub(crate) is_atomic: bool,
    /// Whether some of them are parts of a bundle.
    pub(crate) has_bundles: bool,
    /// Keys that must be as they were; else there are no outcomes.
    pub(crate) watches: Vec<Watch>,
    /// Of a single call: where its reply may leave.
    pub(crate) outlet: Option<Arc<dyn Outlet>>,
    /// How much of the reply has left there.
    pub(crate) delivered: usize,
}

impl Parcel {
    /// The calls.
    pub(crate) fn work(&self) -> Work<'_> {
        let Self { data, spans, calls, watches, is_atomic, has_bundles, .. } = self;
        let (is_atomic, has_bundles) = (*is_atomic, *has_bundles);
        Work { data, spans, queued: &[], calls, is_atomic, has_bundles, watches }
    }

    /// Appends a call whose arguments are copied.
    pub(crate) fn push<'a>(&mut self, call: Call, args: impl Iterator<Item = &'a [u8]>) {
        let first_span = self.spans.len();
        for arg in args {
            self.spans.push(Span { start: self.data.len() as u32, len: arg.len() as u32 });
            self.data.extend_from_slice(arg);
        }
        let span_count = (self.spans.len() - first_span) as u32;
        let first_span = first_span as u32;
        self.has_bundles |= call.bundle != 0;
        self.calls.push(Call { first_span, span_count, is_queued: false, ..call });
    }

    /// Notes that it ran.
    pub(crate) fn note_replies(&mut self) {
        if self.replies.capacity() > KEEP_BYTES_MAX {
            self.replies_doomed.resize(block_bytes(self.replies.capacity()));
        }
    }

    /// Lets the reply leave by the outlet, if it has one. Answers whether all of it did.
    pub(crate) fn deliver(&mut self) -> bool {
        let (Some(outlet), [call], [outcome]) = (self.outlet.take(), &*self.calls, &*self.outcomes)
        else {
            return false;
        };
        let args = call.args(&self.data, &self.spans);
        self.delivered = outlet.deliver(call, args, outcome, &self.replies);
        self.delivered == self.replies.len()
    }

    /// Empties it and keeps its memory, unless it is much.
    pub(crate) fn clear(&mut self) {
        self.replies_doomed.resize(0);
        empty(&mut self.data);
        empty(&mut self.spans);
        self.calls.clear();
        empty(&mut self.replies);
        self.outcomes.clear();
        self.waiter = None;
        self.is_atomic = false;
        self.has_bundles = false;
        self.watches.clear();
        self.outlet = None;
        self.delivered = 0;
    }
}

/// Empties it and keeps its memory, unless it is much.
pub(crate) fn empty<T>(vec: &mut Vec<T>) {
    vec.clear();
    if vec.capacity() * size_of::<T>() > KEEP_BYTES_MAX {
        *vec = Vec::new();
    }
}
