//! The calls that one read of a connection brought, and how they get to their shards and back.
//!
//! Calls run grouped by shard; replies leave in the order of the requests. A batch on one shard is
//! one plain hop (none on the own shard); over several it is one transaction, because others must
//! see a connection's calls take effect in the order in which they were sent.

mod departed;

use std::rc::Rc;
use std::sync::Arc;

use command::{Args, Positions};
use keyspace::Key;
use resp::Span;
use txn::Locks;

use crate::command::{Command, Merge, Run};
use crate::flight::{FlightFuture, Part};
use crate::parcel::{Call, Outcome, Outlet, Parcel, Work, empty};
use crate::router::Router;
use crate::watch::Watch;

pub use departed::Departed;

/// Where the calls of a bundle belong.
#[derive(Clone, Copy, Debug)]
pub struct BundleBase {
    bundle: u32,
    /// Where what was queued for it begins.
    offset: u32,
}

/// One reply slot, in the order of the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The next call's reply.
    Call,
    /// The next call, whose reply nobody wants.
    MutedCall,
    /// So many bytes of a reply that was written while decoding.
    Ready(usize),
    /// The head of a reply that the next calls' replies complete.
    Bundle(Bundle),
}

/// Calls between which nobody comes, with one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The caller's number for the row that runs them.
    pub row: u16,
    /// How many.
    pub calls: usize,
    /// Bytes of the reply's head.
    pub head_len: usize,
}

/// Where a call runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Whole, on this shard.
    On(usize),
    /// In parts: its keys' owners are the next so many of `Batch::owners`.
    Split(usize),
}

/// How an order across shards is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipelineOrder {
    /// A batch that spans shards is one transaction.
    Strict,
    /// Its shards run their calls on their own, as a cluster client's would.
    Relaxed,
}

/// See the module. Kept and reused.
#[derive(Default)]
pub struct Batch {
    /// The arguments of all calls; positions in the data that they were decoded from.
    pub spans: Vec<Span>,
    calls: Vec<Call>,
    places: Vec<Place>,
    owners: Vec<usize>,
    items: Vec<Item>,
    ready: Vec<u8>,
    outcomes: Vec<Outcome>,
    /// What the spans of queued calls point into.
    queued: Vec<u8>,
    /// How many bundles there are.
    bundles: u32,
    /// A bit per shard that some call needs; the last bit stands for all beyond.
    shards: u64,
    has_muted: bool,
    /// The bytes under `spans`, of a batch that left: the reader's buffer serves others meanwhile.
    kept: Vec<u8>,
    /// Whether nobody may come between the calls.
    is_atomic: bool,
    /// Keys that must be as they were for the calls to run.
    watches: Vec<Watch>,
    /// Whether they were not.
    is_aborted: bool,
    /// Where the reply may leave.
    outlet: Option<Arc<dyn Outlet>>,
    /// How much of it did.
    delivered: usize,
}

impl Batch {
    /// Empties it and keeps its memory, unless it is much.
    pub fn clear(&mut self) {
        empty(&mut self.spans);
        self.calls.clear();
        self.places.clear();
        self.owners.clear();
        self.items.clear();
        empty(&mut self.ready);
        self.outcomes.clear();
        empty(&mut self.queued);
        self.bundles = 0;
        self.shards = 0;
        self.has_muted = false;
        empty(&mut self.kept);
        self.is_atomic = false;
        self.watches.clear();
        self.is_aborted = false;
        self.outlet = None;
        self.delivered = 0;
    }

    /// Makes all of it one step, which does not happen if one of `watches` has changed; then
    /// [`Self::is_aborted`] says so, and there are no replies.
    ///
    /// All calls and watched keys must then be on one shard, or there must be no watches.
    pub fn make_atomic(&mut self, watches: Vec<Watch>) {
        self.is_atomic = true;
        self.shards |= watches.iter().fold(0, |set, watch| set | bit(watch.shard()));
        self.watches = watches;
    }

    /// Whether a watched key had changed.
    pub fn is_aborted(&self) -> bool {
        self.is_aborted
    }

    /// How many bytes of the replies have left already, by [`Outlet::deliver`].
    pub fn delivered(&self) -> usize {
        self.delivered
    }

    /// The one shard that all calls need, if there is one.
    pub fn only_shard(&self) -> Option<usize> {
        let mut needed =
            self.owners.iter().copied().chain(self.places.iter().filter_map(|place| match place {
                Place::On(shard) => Some(*shard),
                Place::Split(_) => None,
            }));
        let first = needed.next()?;
        needed.all(|shard| shard == first).then_some(first)
    }

    /// Whether nothing waits for a reply.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many reply slots there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The reply slots, in order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The calls, in order.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// What came of the calls, once they ran.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The arguments of a call; `data` is what the batch was decoded from, of which a batch that
    /// left has kept its part.
    pub fn args<'a>(&'a self, call: &Call, data: &'a [u8]) -> Args<'a> {
        let data = if self.kept.is_empty() { data } else { &self.kept };
        call.args(if call.is_queued { &self.queued } else { data }, &self.spans)
    }

    /// Adds a reply that is ready.
    pub fn push_ready(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.ready.len();
        write(&mut self.ready);
        self.items.push(Item::Ready(self.ready.len() - start));
    }

    /// Adds the reply of a command whose spans are the last ones, from `first_span` on, and which
    /// runs now; `run` gets its arguments and where to write, and says whether the reply is wanted.
    pub fn reply_at_once(
        &mut self,
        data: &[u8],
        first_span: usize,
        run: impl FnOnce(Args<'_>, &mut Vec<u8>) -> bool,
    ) {
        let start = self.ready.len();
        let is_wanted = run(Args::new(data, &self.spans[first_span..]), &mut self.ready);
        self.spans.truncate(first_span);
        if is_wanted {
            self.items.push(Item::Ready(self.ready.len() - start));
        } else {
            self.ready.truncate(start);
        }
    }

    /// Adds a call whose arguments are elsewhere than the other calls'.
    pub fn push_apart(
        &mut self,
        router: &Router,
        data: &[u8],
        call: Call,
        spans: &[Span],
        muted: bool,
    ) {
        let offset = self.queued.len() as u32;
        self.queued.extend_from_slice(data);
        self.push_moved(router, offset, call, spans, muted);
    }

    /// Begins a bundle, whose calls are pushed by [`Self::push_queued`]; their spans point into
    /// `queued`. `write` writes the head of its reply.
    pub fn begin_bundle(
        &mut self,
        router: &Router,
        row: u16,
        calls: usize,
        queued: &[u8],
        write: impl FnOnce(&mut Vec<u8>),
    ) -> BundleBase {
        self.bundles += 1;
        let base = BundleBase { bundle: router.next_bundle(), offset: self.queued.len() as u32 };
        self.queued.extend_from_slice(queued);
        let start = self.ready.len();
        write(&mut self.ready);
        let head_len = self.ready.len() - start;
        self.items.push(Item::Bundle(Bundle { row, calls, head_len }));
        base
    }

    /// Adds a call of the bundle that was begun last.
    pub fn push_queued(
        &mut self,
        router: &Router,
        base: BundleBase,
        call: Call,
        spans: &[Span],
        muted: bool,
    ) {
        let call = Call { bundle: base.bundle, may_grow: true, ..call };
        self.push_moved(router, base.offset, call, spans, muted);
    }

    /// Adds a call whose spans count from `offset` in what is queued.
    fn push_moved(
        &mut self,
        router: &Router,
        offset: u32,
        call: Call,
        spans: &[Span],
        muted: bool,
    ) {
        let first_span = self.spans.len() as u32;
        self.spans.extend(spans.iter().map(|span| Span { start: span.start + offset, ..*span }));
        self.push_call(router, &[], Call { first_span, is_queued: true, ..call }, muted);
    }

    /// Whether a call can join a batch: it runs on the owners of its keys, each on its own.
    ///
    /// With one shard that is whatever does not hop; with more, a plan whose keys share a shard.
    #[inline]
    pub fn can_join(router: &Router, command: &Command, args: Args<'_>) -> bool {
        match command.run {
            Run::Shard(_) | Run::Scatter { .. } => true,
            Run::Everywhere { .. } => router.shard_count() == 1,
            Run::Plan { .. } => {
                router.shard_count() == 1
                    || !command.reaches(args) && share_owner(router, command, args)
            }
            Run::Roam(_) | Run::Block(_) | Run::Container => false,
        }
    }

    /// Whether a call of a series whose locks are held can go to its shards as it is.
    pub(crate) fn joins_held(router: &Router, command: &Command, args: Args<'_>) -> bool {
        match command.run {
            Run::Block(_) => share_owner(router, command, args),
            _ => Self::can_join(router, command, args),
        }
    }

    /// Adds a call whose spans are in `self.spans` already.
    #[inline]
    pub fn push_call(&mut self, router: &Router, data: &[u8], mut call: Call, muted: bool) {
        let source = if call.is_queued { &self.queued } else { data };
        let args = call.args(source, &self.spans);
        let positions = call.command.spec.keys.first().and_then(|keys| keys.resolve(args));
        if let Some(positions) = positions {
            let key = args.at(positions.first);
            call.key = Some((positions.first as u32, Key::new(key).hash));
        }
        let place = match router.shard_count() {
            1 => Place::On(0),
            shards => self.place(router, data, &mut call, positions, shards),
        };
        if let Place::On(shard) = place {
            self.shards |= bit(shard);
        }
        self.places.push(place);
        self.calls.push(call);
        self.has_muted |= muted;
        self.items.push(if muted { Item::MutedCall } else { Item::Call });
    }

    fn place(
        &mut self,
        router: &Router,
        data: &[u8],
        call: &mut Call,
        positions: Option<Positions>,
        shards: usize,
    ) -> Place {
        let Some(positions) = positions else { return Place::On(router.home()) };
        let source = if call.is_queued { &self.queued } else { data };
        let args = call.args(source, &self.spans);
        let slot = stdx::slot::of(args.at(positions.first));
        call.slot = Some(slot);
        let first_owner = router.owner_of_slot(slot, shards);
        let Run::Scatter { .. } = call.command.run else { return Place::On(first_owner) };
        if !(args.len() - positions.first).is_multiple_of(positions.step) {
            // A key without its value: the handler must see the whole call to refuse it.
            return Place::On(first_owner);
        }
        let start = self.owners.len();
        self.owners.push(first_owner);
        self.owners.extend(positions.iter().skip(1).map(|at| router.owner(args.at(at))));
        let owners = &self.owners[start..];
        if owners.iter().all(|owner| *owner == first_owner) {
            self.owners.truncate(start);
            return Place::On(first_owner);
        }
        self.shards |= owners.iter().fold(0, |set, owner| set | bit(*owner));
        Place::Split(positions.count)
    }

    /// Runs everything right here if all of it is this thread's and no key is locked. Returns
    /// whether it did; the replies are then in `out`.
    #[inline]
    pub fn try_run_here(&mut self, router: &Router, data: &[u8], out: &mut Vec<u8>) -> bool {
        if self.calls.is_empty() {
            out.append(&mut self.ready);
            return true;
        }
        if self.shards != bit(router.thread()) || !self.is_one_place() {
            return false;
        }
        let Self { spans, queued, calls, outcomes, watches, .. } = self;
        let (is_atomic, has_bundles) = (self.is_atomic, self.bundles > 0);
        let work = Work { data, spans, queued, calls, is_atomic, has_bundles, watches };
        if self.ready.is_empty() && !self.has_muted {
            let ran = router.run_here(work, out, outcomes);
            self.is_aborted = ran && self.outcomes.is_empty();
            return ran;
        }
        let mut replies = Vec::new();
        if !router.run_here(work, &mut replies, outcomes) {
            return false;
        }
        match self.outcomes.is_empty() {
            true => self.is_aborted = true,
            false => self.interleave(&replies, out),
        }
        true
    }

    fn is_one_place(&self) -> bool {
        self.places.iter().all(|place| matches!(place, Place::On(_)))
    }

    /// Brings calls' replies and ready ones into the order of the requests.
    fn interleave(&self, replies: &[u8], out: &mut Vec<u8>) {
        let (mut ready, mut replies, mut outcomes) = (&self.ready[..], replies, &self.outcomes[..]);
        for item in &self.items {
            let source = match item {
                Item::Ready(len) => (&mut ready, *len),
                Item::Bundle(bundle) => (&mut ready, bundle.head_len),
                Item::Call | Item::MutedCall => {
                    let (first, rest) = outcomes.split_first().expect("every call has an outcome");
                    outcomes = rest;
                    (&mut replies, first.reply_len)
                }
            };
            let (reply, rest) = source.0.split_at(source.1);
            *source.0 = rest;
            if *item != Item::MutedCall {
                out.extend_from_slice(reply);
            }
        }
    }
}

/// Whether all keys of a call have one owner; also if it names none, which its handler will say.
fn share_owner(router: &Router, command: &Command, args: Args<'_>) -> bool {
    let positions = command.spec.keys.iter().filter_map(|keys| keys.resolve(args));
    let mut owners = positions.flat_map(Positions::iter).map(|at| router.owner(args.at(at)));
    let first = owners.next();
    owners.all(|owner| Some(owner) == first)
}

fn bit(shard: usize) -> u64 {
    1 << shard.min(63)
}

/// A parcel with the call for every shard.
pub(crate) fn everywhere_parcels<'a>(
    router: &'a Router,
    call: Call,
    data: &'a [u8],
    spans: &'a [Span],
) -> impl Iterator<Item = (usize, Box<Parcel>)> + 'a {
    (0..router.shard_count()).map(move |shard| {
        let mut parcel = router.parcel();
        parcel.push(call, call.args(data, spans).iter());
        (shard, parcel)
    })
}

/// Sends a call to every shard, each on its own or all under one lock; returns how to merge.
pub(crate) fn everywhere(
    router: &Rc<Router>,
    call: Call,
    data: &[u8],
    spans: &[Span],
) -> (FlightFuture, Merge) {
    let Run::Everywhere { merge, atomic, .. } = call.command.run else {
        unreachable!("asked for Everywhere rows only")
    };
    let parcels = everywhere_parcels(router, call, data, spans);
    if !atomic {
        return (router.send_each(parcels.collect()), merge);
    }
    let parts = parcels.map(|(shard, parcel)| {
        let mut locks = Locks::new();
        locks.whole(txn::Mode::Exclusive);
        Part::new(shard, Some(parcel), locks)
    });
    (router.transact(parts.collect()), merge)
}
