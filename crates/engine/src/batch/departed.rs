//! A batch that leaves its thread: split by shard, sent, and put together again.

use std::rc::Rc;
use std::sync::Arc;

use command::{Args, Find, Positions};
use keyspace::Key;
use txn::Locks;

use super::{Batch, PipelineOrder, Place};
use crate::command::Run;
use crate::flight::{Flight, FlightFuture, Part};
use crate::gathering::Gathering;
use crate::held::Held;
use crate::merge::merge;
use crate::parcel::{Call, KEEP_BYTES_MAX, Outcome, Outlet, Parcel};
use crate::recorder::At;
use crate::router::Router;
use crate::share::part_args;

/// How a batch leaves.
#[derive(Clone, Copy)]
enum Way {
    Ordered(PipelineOrder),
    Held(At),
}

impl Batch {
    /// Sends the calls to their shards. The batch is empty afterwards; it comes back, with the
    /// replies, from [`Departed::landed`].
    pub fn depart(&mut self, router: &Rc<Router>, data: &[u8], order: PipelineOrder) -> Departed {
        self.depart_in(router, data, Way::Ordered(order))
    }

    /// [`Self::depart`] of a single call, whose reply may leave by `outlet` if it runs on one other
    /// shard; [`Self::delivered`] says afterwards whether it did.
    pub fn depart_beside(
        &mut self,
        router: &Rc<Router>,
        data: &[u8],
        order: PipelineOrder,
        outlet: Arc<dyn Outlet>,
    ) -> Departed {
        self.outlet = Some(outlet);
        self.depart(router, data, order)
    }

    /// Sends the calls to their shards, which are locked for them; see [`Self::depart`].
    pub fn depart_held(&mut self, held: &Held, data: &[u8]) -> Departed {
        self.depart_in(held.router(), data, Way::Held(held.at()))
    }

    fn depart_in(&mut self, router: &Rc<Router>, data: &[u8], way: Way) -> Departed {
        self.keep(data);
        let mut batch = std::mem::take(self);
        let only_shard = batch.only_shard();
        let may_relax = batch.is_one_place() && !batch.is_atomic && batch.bundles == 0;
        let flying = match (way, only_shard) {
            (Way::Held(at), _) => Flying::Alone(router.send_each_held(batch.parcels(router), at)),
            (_, Some(shard)) => Flying::Alone(router.send(shard, batch.parcel(router))),
            (Way::Ordered(PipelineOrder::Relaxed), _) if may_relax => {
                Flying::Alone(router.send_each(batch.parcels(router)))
            }
            (Way::Ordered(_), _) if batch.is_atomic => {
                Flying::Alone(router.transact(batch.parts(router)))
            }
            (Way::Ordered(_), _) => {
                let gathering = router.gather();
                let starts = gathering.join(|parts| {
                    let starts = parts.iter().map(|part| (part.shard, part.calls())).collect();
                    batch.distribute(router, parts);
                    starts
                });
                Flying::Gathered(gathering, starts)
            }
        };
        Departed { batch, flying, router: router.clone() }
    }

    /// The calls, which are all of one shard.
    fn parcel(&mut self, router: &Router) -> Box<Parcel> {
        let mut parcel = router.parcel();
        for call in &self.calls {
            parcel.push(*call, self.args(call, &[]).iter());
        }
        parcel.is_atomic = self.is_atomic;
        parcel.watches.clone_from(&self.watches);
        parcel.outlet = self.outlet.take();
        parcel
    }

    /// The calls by shard.
    fn parts(&self, router: &Router) -> Vec<Part> {
        let mut parts = Vec::new();
        self.distribute(router, &mut parts);
        for part in &mut parts {
            let parcel = parcel_of(part);
            parcel.is_atomic = self.is_atomic;
            parcel.watches.clone_from(&self.watches);
        }
        parts
    }

    fn parcels(&self, router: &Router) -> Vec<(usize, Box<Parcel>)> {
        self.parts(router).into_iter().map(Part::into_parcel).collect()
    }

    /// Adds the calls to parts.
    fn distribute(&self, router: &Router, parts: &mut Vec<Part>) {
        let mut owners = self.owners.as_slice();
        for (call, place) in self.calls.iter().zip(&self.places) {
            let args = self.args(call, &[]);
            match *place {
                Place::On(shard) => {
                    parcel_of(part_of(parts, router, shard)).push(*call, args.iter());
                }
                Place::Split(count) => {
                    let (own, rest) = owners.split_at(count);
                    owners = rest;
                    push_split(parts, router, call, args, own);
                }
            }
        }
    }

    /// Keeps the bytes of all arguments, and points the spans at them.
    fn keep(&mut self, data: &[u8]) {
        let Self { calls, spans, kept, .. } = self;
        let plain = || calls.iter().filter(|call| !call.is_queued).map(Call::span_range);
        let own = || plain().flat_map(|range| &spans[range]);
        let start = own().map(|span| span.start).min().unwrap_or(0);
        let end = own().map(|span| span.start + span.len).max().unwrap_or(0);
        kept.extend_from_slice(&data[start as usize..end as usize]);
        for range in plain() {
            for span in &mut spans[range] {
                span.start -= start;
            }
        }
    }
}

/// Who carries a batch.
enum Flying {
    /// A flight of its own.
    Alone(FlightFuture),
    /// One that it shares, and how many calls of others are before its own, by shard.
    Gathered(Rc<Gathering>, Vec<(usize, usize)>),
}

/// A batch on its way.
pub struct Departed {
    batch: Batch,
    flying: Flying,
    router: Rc<Router>,
}

impl Departed {
    /// Waits for the replies, appends them to `out` in the order of the requests, and returns the
    /// batch with its outcomes.
    pub async fn landed(self, out: &mut Vec<u8>) -> Batch {
        let Self { mut batch, flying, router } = self;
        match flying {
            Flying::Alone(flight) => {
                let mut flight = flight.await;
                if !batch.take_whole(&mut flight, out) {
                    batch.take_replies(&router, &flight, &[], out);
                }
                flight.recycle(&router);
            }
            Flying::Gathered(gathering, starts) => {
                let flight = gathering.landed().await;
                batch.take_replies(&router, flight, &starts, out);
            }
        }
        batch
    }
}

impl Batch {
    /// Takes the replies as they are where they are of one shard, and many of them without a copy;
    /// answers false if they are not alone.
    fn take_whole(&mut self, flight: &mut Flight, out: &mut Vec<u8>) -> bool {
        let [Part { parcel: Some(parcel), .. }] = &mut *flight.parts else { return false };
        let fits = self.watches.is_empty() && self.ready.is_empty() && !self.has_muted;
        if !fits || !self.is_one_place() {
            return false;
        }
        self.outcomes.extend_from_slice(&parcel.outcomes);
        self.delivered = parcel.delivered;
        if out.is_empty() && parcel.replies.capacity() > KEEP_BYTES_MAX {
            std::mem::swap(out, &mut parcel.replies);
        } else {
            out.extend_from_slice(&parcel.replies);
        }
        true
    }

    /// Appends the replies that a flight brought, which has `starts` others before them.
    fn take_replies(
        &mut self,
        router: &Router,
        flight: &Flight,
        starts: &[(usize, usize)],
        out: &mut Vec<u8>,
    ) {
        let parcels = || flight.parts.iter().filter_map(|part| part.parcel.as_ref());
        self.is_aborted =
            !self.watches.is_empty() && parcels().any(|parcel| parcel.outcomes.is_empty());
        if self.is_aborted {
            return;
        }
        let mut cursors = vec![Cursor::default(); router.shard_count()];
        for part in &flight.parts {
            let start = starts.iter().find(|(shard, _)| *shard == part.shard);
            cursors[part.shard] = Cursor::new(part, start.map_or(0, |(_, calls)| *calls));
        }
        let in_order = self.ready.is_empty() && !self.has_muted;
        let mut to_order = Vec::new();
        let replies = if in_order { &mut *out } else { &mut to_order };
        let mut owners = self.owners.as_slice();
        for (call, place) in self.calls.iter().zip(&self.places) {
            let outcome = match *place {
                Place::On(shard) => cursors[shard].copy(replies),
                Place::Split(count) => {
                    let (own, rest) = owners.split_at(count);
                    owners = rest;
                    merge_split(call, own, &mut cursors, replies)
                }
            };
            self.outcomes.push(outcome);
        }
        if !in_order {
            self.interleave(&to_order, out);
        }
    }
}

/// Walks a part's replies.
#[derive(Clone, Default)]
struct Cursor<'a> {
    replies: &'a [u8],
    outcomes: &'a [Outcome],
}

impl<'a> Cursor<'a> {
    /// Begins behind so many calls.
    fn new(part: &'a Part, behind: usize) -> Self {
        let parcel = part.parcel.as_ref().expect("parts come back with their parcels");
        let (others, outcomes) = parcel.outcomes.split_at(behind);
        let others_len: usize = others.iter().map(|outcome| outcome.reply_len).sum();
        Self { replies: &parcel.replies[others_len..], outcomes }
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
    Outcome { reply_len: replies.len() - start, failed, refused, ticks, ..Outcome::default() }
}

/// The parts in the order in which they first appear, each once.
fn distinct(keys: &[usize]) -> impl Iterator<Item = usize> + '_ {
    keys.iter().enumerate().filter(|(at, part)| !keys[..*at].contains(part)).map(|(_, part)| *part)
}

/// The part of a shard.
fn part_of<'a>(parts: &'a mut Vec<Part>, router: &Router, shard: usize) -> &'a mut Part {
    let at = parts.iter().position(|part| part.shard == shard).unwrap_or_else(|| {
        parts.push(Part::new(shard, Some(router.parcel()), Locks::new()));
        parts.len() - 1
    });
    &mut parts[at]
}

fn parcel_of(part: &mut Part) -> &mut Parcel {
    part.parcel.as_mut().expect("parts have parcels before they leave")
}

/// Gives each owner of `keys` the call with its own keys and what stands before and behind them.
fn push_split(parts: &mut Vec<Part>, router: &Router, call: &Call, args: Args<'_>, keys: &[usize]) {
    let spec = call.command.spec.keys.first().expect("split calls have keys");
    let Find::Range { .. } = spec.find else { unreachable!("Scatter rows have a range of keys") };
    let positions = spec.resolve(args).expect("resolved when it was placed");
    let Positions { first, step, .. } = positions;
    for owner in distinct(keys) {
        let first_key = keys.iter().position(|other| *other == owner).map(|key| first + key * step);
        let key = first_key.map(|at| (first as u32, Key::new(args.at(at)).hash));
        let slot = first_key.map(|at| stdx::slot::of(args.at(at)));
        let part_call = Call { key, slot, ..*call };
        let parcel = parcel_of(part_of(parts, router, owner));
        parcel.push(part_call, part_args(args, positions, |key| keys[key] == owner));
    }
}
