//! A batch that leaves its thread: split by shard, sent, and put together again.

use std::rc::Rc;

use command::{Args, Find, Positions};
use keyspace::Key;
use txn::Locks;

use super::{Batch, PipelineOrder, Place};
use crate::command::Run;
use crate::flight::{Flight, FlightFuture, Part};
use crate::held::Held;
use crate::merge::merge;
use crate::parcel::{Call, Outcome, Parcel};
use crate::recorder::At;
use crate::router::{Router, locks_of};

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
            let args = batch.args(call, data);
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
        let may_relax = !split && !batch.is_atomic && batch.steps == 0;
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
