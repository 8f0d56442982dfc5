//! A series of calls under one set of locks: a transaction of a client, or a script.
//!
//! The series is one step for everybody else: nothing that conflicts runs on any of its shards
//! before it lets go, and those who wait for a key that it changed are served then.

use std::collections::BTreeMap;
use std::rc::Rc;

use command::{Args, Positions, Spec};
use keyspace::Key;
use resp::{Span, Writer};
use txn::{Locks, Mode, TxId};

use crate::alone::{plan_at, run_plan};
use crate::batch::{Batch, everywhere_parcels};
use crate::command::Run;
use crate::context::Context;
use crate::flight::{FlightFuture, Part};
use crate::here::is_own;
use crate::merge::merge;
use crate::parcel::{Call, Outcome, Work};
use crate::recorder::At;
use crate::router::{Router, Step};
use crate::shard::{Moment, lock_mode};
use crate::watch::Watch;

/// What a series needs to lock.
#[derive(Clone, Default)]
pub struct Needs(BTreeMap<usize, Locks>);

impl Needs {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every key of every shard.
    pub fn everything(router: &Router) -> Self {
        let mut needs = Self::new();
        needs.add_whole(router, Mode::Exclusive);
        needs
    }

    fn add_whole(&mut self, router: &Router, mode: Mode) {
        for shard in 0..router.shard_count() {
            self.0.entry(shard).or_default().whole(mode);
        }
    }

    /// The same, slot by slot: for who holds some of them already and would wait for itself.
    /// O(slots).
    pub fn every_slot(router: &Router, changes: bool) -> Self {
        let mode = if changes { Mode::Exclusive } else { Mode::Shared };
        let mut needs = Self::new();
        for shard in 0..router.shard_count() {
            let locks = needs.0.entry(shard).or_default();
            (0..txn::SLOTS as u32).for_each(|slot| locks.add(slot, mode));
        }
        needs
    }

    /// Adds a key, to be changed or only read.
    pub fn add_key(&mut self, router: &Router, key: Key<'_>, changes: bool) {
        let mode = if changes { Mode::Exclusive } else { Mode::Shared };
        self.0.entry(router.owner(key.bytes)).or_default().add(txn::slot_of(key.hash), mode);
    }

    /// Adds the keys that a call of a command names.
    pub fn add_keys(&mut self, router: &Router, spec: &Spec, args: Args<'_>) {
        for keys in spec.keys {
            let mode = lock_mode(spec, keys);
            let positions = keys.resolve(args).into_iter().flat_map(Positions::iter);
            for key in positions.map(|at| args.at(at)) {
                self.add_key(router, Key::new(key), mode == Mode::Exclusive);
            }
        }
    }

    /// Adds what a call needs.
    pub fn add_call(&mut self, router: &Router, call: &Call, args: Args<'_>) {
        self.add_keys(router, &call.command.spec, args);
        match call.command.run {
            Run::Everywhere { atomic: true, .. } => self.add_whole(router, Mode::Exclusive),
            _ if call.command.reaches(args) => self.add_whole(router, Mode::Shared),
            _ => {}
        }
    }

    /// Adds the keys that are watched.
    pub fn add_watches(&mut self, router: &Router, watches: &[Watch]) {
        for watch in watches {
            self.add_key(router, watch.key(), false);
        }
    }

    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Leaves out what `held` has, in whichever mode.
    pub fn remove_held(&mut self, held: &Needs) {
        for (shard, locks) in &mut self.0 {
            if let Some(held) = held.0.get(shard) {
                locks.remove_slots(held);
            }
        }
        self.0.retain(|_, locks| !locks.is_empty());
    }

    /// Adds what others need.
    pub fn merge(&mut self, other: Needs) {
        for (shard, locks) in other.0 {
            self.0.entry(shard).or_default().add_all(&locks);
        }
    }

    pub(crate) fn into_parts(self) -> Vec<Part> {
        self.0.into_iter().map(|(shard, locks)| Part::new(shard, None, locks)).collect()
    }
}

/// Locks that are held. They go when it is dropped.
///
/// It must be brought to its end even if the client vanishes: spawn what holds it, don't drop it
/// half way.
pub struct Held {
    router: Rc<Router>,
    at: At,
    shards: Vec<usize>,
    step: Step,
}

impl Held {
    /// Waits for all locks. The moment of the series is when they are held.
    pub async fn acquire(router: &Rc<Router>, needs: Needs) -> Self {
        let (transaction, shards) = Self::lock(router, needs, Router::lock).await;
        Self::new(router, transaction, shards, router.begin_step())
    }

    /// Goes on with a step that has begun, and may have run something; its time stands still.
    pub(crate) async fn acquire_in(
        router: &Rc<Router>,
        needs: Needs,
        step: Step,
        now_ms: i64,
    ) -> Self {
        let lock = |router: &Rc<Router>, parts| router.lock_beside(parts, Vec::new());
        let (transaction, shards) = Self::lock(router, needs, lock).await;
        let mut held = Self::new(router, transaction, shards, step);
        held.at.moment.now_ms = now_ms;
        held
    }

    async fn lock(
        router: &Rc<Router>,
        needs: Needs,
        lock: impl FnOnce(&Rc<Router>, Vec<Part>) -> FlightFuture,
    ) -> (TxId, Vec<usize>) {
        let parts = needs.into_parts();
        let shards: Vec<usize> = parts.iter().map(|part| part.shard).collect();
        let transaction = match parts.is_empty() {
            true => TxId::NONE,
            false => lock(router, parts).await.id(),
        };
        (transaction, shards)
    }

    /// The step must have begun: only now is the clock read for its stamp.
    fn new(router: &Rc<Router>, transaction: TxId, shards: Vec<usize>, step: Step) -> Self {
        let at = At { moment: router.clock().moment(), transaction };
        step.stamp(at.moment.stamp_ns);
        Self { router: router.clone(), at, shards, step }
    }

    /// What happens under the locks of `other` is part of this series, too.
    pub fn includes(&self, other: &Held) {
        self.step.stamp(other.at.moment.stamp_ns);
    }

    /// When the series happens, for all its calls.
    pub fn moment(&self) -> Moment {
        self.at.moment
    }

    /// Waits for what a series needs beside the locks that it holds and keeps, `others`, the first
    /// of which it began with: none of that. It goes on under the new locks. Who waits for the
    /// others does not keep from it what it waits for, unless it is another such series.
    pub fn acquire_beside(
        router: &Rc<Router>,
        others: &[Rc<Held>],
        mut needs: Needs,
    ) -> impl Future<Output = Self> + use<> {
        let held = |held: &Rc<Held>| {
            let id = held.at.transaction;
            held.shards.iter().map(move |shard| (*shard, id)).collect::<Vec<_>>()
        };
        let fences: Vec<(usize, TxId)> = others.iter().flat_map(held).collect();
        // So that the new id is known wherever the series has locks.
        for (shard, _) in &fences {
            needs.0.entry(*shard).or_default();
        }
        let parts = needs.into_parts();
        let shards: Vec<usize> = parts.iter().map(|part| part.shard).collect();
        let now_ms = others[0].at.moment.now_ms;
        let router = router.clone();
        let lock = router.lock_beside(parts, fences);
        async move {
            let transaction = lock.await.id();
            let mut held = Self::new(&router, transaction, shards, router.begin_step());
            held.at.moment.now_ms = now_ms;
            held
        }
    }

    pub(crate) fn router(&self) -> &Rc<Router> {
        &self.router
    }

    pub(crate) fn at(&self) -> At {
        self.at
    }

    /// Runs a job on every shard that is held, as part of the series; `job` makes it for each.
    /// The answers come in the order of the shards.
    pub async fn on_each<R, J>(&self, job: impl Fn(usize) -> J) -> Vec<R>
    where
        R: Send + 'static,
        J: FnOnce(&mut Context<'_>) -> R + Send + 'static,
    {
        let hop = |shard: &usize| self.router.hop_at(self.at, 0, *shard, 0, job(*shard));
        let hops: Vec<_> = self.shards.iter().map(hop).collect();
        let mut answers = Vec::with_capacity(hops.len());
        for hop in hops {
            answers.push(hop.await);
        }
        answers
    }

    /// Whether no watched key has changed.
    pub async fn are_unchanged(&self, watches: &[Watch]) -> bool {
        let mut by_shard: BTreeMap<usize, Vec<Watch>> = BTreeMap::new();
        for watch in watches {
            by_shard.entry(watch.shard()).or_default().push(watch.clone());
        }
        let mut checks = Vec::new();
        for (shard, watches) in by_shard {
            checks.push(self.router.hop_at(self.at, 0, shard, 0, move |context| {
                watches.iter().all(|watch| watch.holds(context.keyspace))
            }));
        }
        let mut unchanged = true;
        for check in checks {
            unchanged &= check.await;
        }
        unchanged
    }

    /// Runs a call whose keys are all this thread's, at once, and appends its reply. None if it is
    /// no such call. Its keys must be among those that are held.
    pub fn run_now(
        &self,
        mut call: Call,
        data: &[u8],
        spans: &[Span],
        reply: &mut Vec<u8>,
    ) -> Option<Outcome> {
        let args = call.args(data, spans);
        let router = &self.router;
        if !Batch::can_join(router, call.command, args) || !is_own(router, &mut call, args) {
            return None;
        }
        let work = Work::of_one(data, spans, &call);
        let mut outcomes = Vec::new();
        router.shard_mut()?.run(work, self.at, reply, &mut outcomes);
        outcomes.pop()
    }

    /// Runs one call of any row; returns its reply and what came of it. A call that would block
    /// finds nothing answers what it would at once.
    pub async fn run(&self, call: Call, data: Vec<u8>, spans: Vec<Span>) -> (Vec<u8>, Outcome) {
        let router = &self.router;
        let mut reply = Vec::new();
        if let Run::Block(block) = call.command.run
            && let Err(error) = (block.wait)(call.args(&data, &spans))
        {
            Writer::new(&mut reply, call.protocol).error(error.text());
            let outcome = Outcome { reply_len: reply.len(), failed: true, ..Outcome::default() };
            return (reply, outcome);
        }
        if Batch::joins_held(router, call.command, call.args(&data, &spans)) {
            let mut batch = Batch::default();
            batch.spans = spans;
            batch.push_call(router, &data, call, false);
            batch = batch.depart_held(self, &data).landed(&mut reply).await;
            let outcome = batch.outcomes().first().copied().unwrap_or_default();
            answer_block(&call, &mut reply);
            let outcome = Outcome { reply_len: reply.len(), ..outcome };
            return (reply, outcome);
        }
        let started = (router.clock().ticks)();
        match call.command.run {
            Run::Everywhere { merge: how, .. } => {
                let parcels = everywhere_parcels(router, call, &data, &spans).collect();
                let flight = router.send_each_held(parcels, self.at).await;
                let parcels: Vec<_> =
                    flight.parts.into_iter().filter_map(|part| part.parcel).collect();
                let answers: Vec<(usize, &[u8])> =
                    parcels.iter().map(|parcel| &parcel.replies[..]).enumerate().collect();
                merge(how, &answers, &[], &mut reply);
            }
            Run::Roam(across) | Run::Plan { across, .. } => {
                let mut plan = plan_at(router, call, data, spans, self.at);
                reply = run_plan(across, &mut plan).await;
                router.tell_reads(&call, plan.args());
            }
            Run::Block(block) => {
                let mut plan = plan_at(router, call, data, spans, self.at);
                reply = run_plan(block.across, &mut plan).await;
                router.tell_reads(&call, plan.args());
                answer_block(&call, &mut reply);
            }
            Run::Shard(_) | Run::Scatter { .. } | Run::Container => {
                unreachable!("these join batches, or are only names")
            }
        }
        let outcome = Outcome {
            reply_len: reply.len(),
            failed: reply.first() == Some(&b'-'),
            refused: false,
            is_overlong: false,
            ticks: router.clock().ticks_since(started),
        };
        (reply, outcome)
    }
}

/// A call that would block answers that there is nothing.
fn answer_block(call: &Call, reply: &mut Vec<u8>) {
    if let (Run::Block(block), true) = (call.command.run, reply.is_empty()) {
        (block.on_nothing)(&mut Writer::new(reply, call.protocol));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.shards.is_empty() {
            self.router.release(self.at.transaction, self.shards.iter().copied());
        }
    }
}
