//! The calls that one read of a connection brought, and how they get to their shards and back.
//!
//! Calls run grouped by shard; replies leave in the order of the requests. A batch on one shard is
//! one plain hop (none on the own shard); over several it is one transaction, because others must
//! see a connection's calls take effect in the order in which they were sent.

use std::rc::Rc;

use command::{Args, Find, Positions};
use keyspace::Key;
use resp::Span;
use txn::Locks;

use crate::command::{Command, Merge, Run};
use crate::flight::{Flight, FlightFuture, Part};
use crate::held::Held;
use crate::merge::merge;
use crate::parcel::{Call, Outcome, Parcel, Work};
use crate::recorder::At;
use crate::router::{Router, locks_of};
use crate::watch::Watch;

/// One reply slot, in the order of the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The next call's reply.
    Call,
    /// The next call, whose reply nobody wants.
    MutedCall,
    /// So many bytes of a reply that was written while decoding.
    Ready(usize),
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
}

impl Batch {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.calls.clear();
        self.places.clear();
        self.owners.clear();
        self.items.clear();
        self.ready.clear();
        self.outcomes.clear();
        self.shards = 0;
        self.has_muted = false;
        self.kept.clear();
        self.is_atomic = false;
        self.watches.clear();
        self.is_aborted = false;
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
        call.args(data, &self.spans)
    }

    /// Keeps the bytes of all arguments, and points the spans at them.
    fn keep(&mut self, data: &[u8]) {
        let start = self.spans.iter().map(|span| span.start).min().unwrap_or(0);
        let end = self.spans.iter().map(|span| span.start + span.len).max().unwrap_or(0);
        self.kept.extend_from_slice(&data[start as usize..end as usize]);
        for span in &mut self.spans {
            span.start -= start;
        }
    }

    /// Adds a reply that is ready.
    pub fn push_ready(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.ready.len();
        write(&mut self.ready);
        self.items.push(Item::Ready(self.ready.len() - start));
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
        let args = call.args(data, &self.spans);
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
        let args = call.args(data, &self.spans);
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
        let Self { spans, calls, outcomes, watches, is_atomic, .. } = self;
        let work = Work { data, spans, calls, is_atomic: *is_atomic, watches };
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

    /// Sends the calls to their shards. The batch is empty afterwards; it comes back, with the
    /// replies, from [`Departed::landed`].
    pub fn depart(&mut self, router: &Rc<Router>, data: &[u8], order: PipelineOrder) -> Departed {
        self.depart_in(router, data, Way::Ordered(order))
    }

    /// Sends the calls to their shards, which are locked for them; see [`Self::depart`].
    pub fn depart_held(&mut self, held: &Held, data: &[u8]) -> Departed {
        self.depart_in(held.router(), data, Way::Held(held.at()))
    }

    fn depart_in(&mut self, router: &Rc<Router>, data: &[u8], way: Way) -> Departed {
        self.keep(data);
        let batch = std::mem::take(self);
        let data = &batch.kept;
        let mut parts: Vec<Part> = Vec::new();
        if batch.needs(router.thread()) {
            // The own part goes first: see `Router::transact`.
            part_of(&mut parts, router, router.thread());
        }
        let mut runs = Vec::with_capacity(batch.calls.len());
        let mut owners = batch.owners.as_slice();
        for (call, place) in batch.calls.iter().zip(&batch.places) {
            let args = call.args(data, &batch.spans);
            match *place {
                Place::On(shard) => {
                    let part = part_of(&mut parts, router, shard);
                    parcel_of(&mut parts[part]).push(*call, args.iter());
                    runs.push(RunAt::Part(part));
                }
                Place::Split(count) => {
                    let (own, rest) = owners.split_at(count);
                    owners = rest;
                    let own: Vec<usize> =
                        own.iter().map(|owner| part_of(&mut parts, router, *owner)).collect();
                    push_split(&mut parts, call, args, &own);
                    runs.push(RunAt::Parts(own));
                }
            }
        }
        let split = runs.iter().any(|run| matches!(run, RunAt::Parts(_)));
        for part in &mut parts {
            let parcel = parcel_of(part);
            parcel.is_atomic = batch.is_atomic;
            parcel.watches.clone_from(&batch.watches);
        }
        let may_relax = !split && !batch.is_atomic;
        let each = |parts: &mut [Part]| {
            parts.iter_mut().map(|part| (part.shard, take_parcel(part))).collect()
        };
        let flight = match (parts.len(), way) {
            (_, Way::Held(at)) => router.send_each_held(each(&mut parts), at),
            (1, _) => router.send(parts[0].shard, take_parcel(&mut parts[0])),
            (_, Way::Ordered(PipelineOrder::Relaxed)) if may_relax => {
                router.send_each(each(&mut parts))
            }
            _ => {
                for part in &mut parts {
                    let parcel = part.parcel.as_ref().expect("parts have parcels");
                    part.locks = locks_of(parcel.work());
                }
                router.transact(parts)
            }
        };
        Departed { batch, runs, flight, router: router.clone() }
    }

    /// Whether some call, or part of one, runs on this shard.
    fn needs(&self, shard: usize) -> bool {
        self.owners.contains(&shard) || self.places.contains(&Place::On(shard))
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

/// How a batch leaves.
#[derive(Clone, Copy)]
enum Way {
    Ordered(PipelineOrder),
    Held(At),
}

/// Where a departed call ran.
enum RunAt {
    Part(usize),
    /// For each key the part that has it.
    Parts(Vec<usize>),
}

/// A batch on its way.
pub struct Departed {
    batch: Batch,
    runs: Vec<RunAt>,
    flight: FlightFuture,
    router: Rc<Router>,
}

impl Departed {
    /// Waits for the replies, appends them to `out` in the order of the requests, and returns the
    /// batch with its outcomes.
    pub async fn landed(self, out: &mut Vec<u8>) -> Batch {
        let Self { mut batch, runs, flight, router } = self;
        let Flight { mut parts, .. } = flight.await;
        let mut cursors: Vec<Cursor<'_>> = parts.iter().map(Cursor::new).collect();
        let in_order = batch.ready.is_empty() && !batch.has_muted;
        let mut to_order = Vec::new();
        let replies = if in_order { &mut *out } else { &mut to_order };
        batch.is_aborted = !batch.watches.is_empty()
            && parts.iter().filter_map(|part| part.parcel.as_ref()).any(|p| p.outcomes.is_empty());
        let runs = if batch.is_aborted { &[] } else { &runs[..] };
        for (call, run) in batch.calls.iter().zip(runs) {
            let outcome = match run {
                RunAt::Part(part) => cursors[*part].copy(replies),
                RunAt::Parts(keys) => merge_split(call, keys, &mut cursors, replies),
            };
            batch.outcomes.push(outcome);
        }
        for parcel in parts.iter_mut().filter_map(|part| part.parcel.take()) {
            router.recycle(parcel);
        }
        if !in_order && !batch.is_aborted {
            batch.interleave(&to_order, out);
        }
        batch
    }
}

/// Walks a part's replies.
struct Cursor<'a> {
    replies: &'a [u8],
    outcomes: &'a [Outcome],
}

impl<'a> Cursor<'a> {
    fn new(part: &'a Part) -> Self {
        let parcel = part.parcel.as_ref().expect("parts come back with their parcels");
        Self { replies: &parcel.replies, outcomes: &parcel.outcomes }
    }

    fn next(&mut self) -> (&'a [u8], Outcome) {
        let (outcome, outcomes) = self.outcomes.split_first().expect("an outcome per call");
        let (reply, replies) = self.replies.split_at(outcome.reply_len);
        (self.replies, self.outcomes) = (replies, outcomes);
        (reply, *outcome)
    }

    fn copy(&mut self, replies: &mut Vec<u8>) -> Outcome {
        let (reply, outcome) = self.next();
        replies.extend_from_slice(reply);
        outcome
    }
}

fn merge_split(
    call: &Call,
    keys: &[usize],
    cursors: &mut [Cursor<'_>],
    replies: &mut Vec<u8>,
) -> Outcome {
    let Run::Scatter { merge: how, .. } = call.command.run else {
        unreachable!("only Scatter rows are split")
    };
    let start = replies.len();
    let (mut ticks, mut refused) = (0, false);
    let mut answers: Vec<(usize, &[u8])> = Vec::new();
    for part in distinct(keys) {
        let (reply, outcome) = cursors[part].next();
        ticks += outcome.ticks;
        refused |= outcome.refused;
        answers.push((part, reply));
    }
    merge(how, &answers, keys, replies);
    let failed = replies.get(start) == Some(&b'-');
    Outcome { reply_len: replies.len() - start, failed, refused, ticks }
}

/// The parts in the order in which they first appear, each once.
fn distinct(keys: &[usize]) -> impl Iterator<Item = usize> + '_ {
    keys.iter().enumerate().filter(|(at, part)| !keys[..*at].contains(part)).map(|(_, part)| *part)
}

fn part_of(parts: &mut Vec<Part>, router: &Router, shard: usize) -> usize {
    parts.iter().position(|part| part.shard == shard).unwrap_or_else(|| {
        parts.push(Part::new(shard, Some(router.parcel()), Locks::new()));
        parts.len() - 1
    })
}

fn parcel_of(part: &mut Part) -> &mut Parcel {
    part.parcel.as_mut().expect("parts have parcels before they leave")
}

fn take_parcel(part: &mut Part) -> Box<Parcel> {
    part.parcel.take().expect("parts have parcels before they leave")
}

/// Gives each part of `keys` the call with its own keys and what stands before and behind them.
fn push_split(parts: &mut [Part], call: &Call, args: Args<'_>, keys: &[usize]) {
    let spec = call.command.spec.keys.first().expect("split calls have keys");
    let Find::Range { .. } = spec.find else { unreachable!("Scatter rows have a range of keys") };
    let positions = spec.resolve(args).expect("resolved when it was placed");
    let Positions { first, step, count } = positions;
    for part in distinct(keys) {
        let own = (0..count).filter(|key| keys[*key] == part);
        let groups = own.flat_map(|key| {
            let at = first + key * step;
            (at..(at + step).min(args.len())).map(|index| args.at(index))
        });
        let before = (0..first).map(|index| args.at(index));
        let behind = args.iter_from(first + count * step);
        let first_key = keys.iter().position(|owner| *owner == part).map(|key| first + key * step);
        let key = first_key.map(|at| (first as u32, Key::new(args.at(at)).hash));
        let slot = first_key.map(|at| stdx::slot::of(args.at(at)));
        let part_call = Call { key, slot, ..*call };
        parcel_of(&mut parts[part]).push(part_call, before.chain(groups).chain(behind));
    }
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
