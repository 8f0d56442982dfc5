//! One shard: its keys, its locks, and the run loop that executes calls.
//!
//! Plain single-threaded code: no channel, no clock, no file, nothing asynchronous. Requests go in,
//! [`Answer`]s come out with the address they are for; the [`Router`](crate::Router) carries them.
//!
//! Invariants: a call runs only when no granted lock of another transaction conflicts with its keys,
//! and a plain one only when none of them is offered to a waiter; a parcel that must wait for locks is
//! kept in `parked` under its id until it is granted, one that waits for an offer to end in the gate.

use std::any::Any;
use std::collections::HashMap;

use command::{Args, KeySpec, Spec, access, flag};
use journal::Handover;
use keyspace::{Key, Keyspace};
use resp::Writer;
use stdx::alloc::{Doomed, block_bytes};
use stdx::rng::Rng;
use txn::{LockTable, Locks, Mode, Scheduled, TxId};

use crate::command::{Block, Run};
use crate::context::{Context, Limits};
use crate::gate::{Behind, Gate};
use crate::late::{Late, LateId};
use crate::memory::{MemoryGate, Pressure};
use crate::parcel::{Call, KEEP_BYTES_MAX, Outcome, Parcel, Work};
use crate::recorder::{At, Recorder};
use crate::serve::Waiting;
use crate::waiters::{Named, WaiterId};

/// The instant at which work happens: the same on all shards of a transaction.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// Monotonic nanoseconds.
    pub stamp_ns: u64,
}

/// A job that a plan sends to a shard.
pub(crate) type Job = Box<dyn FnOnce(&mut Context<'_>) -> Box<dyn Any + Send> + Send>;

/// Where an answer goes: a thread and one of its flights. The shard only hands it back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub(crate) thread: u32,
    pub(crate) flight: u32,
    pub(crate) part: u32,
}

impl Address {
    /// A thread, not one of its flights.
    pub(crate) fn of_thread(thread: u32) -> Self {
        Self { thread, flight: u32::MAX, part: 0 }
    }
}

/// What a shard says to whoever sent work.
pub(crate) enum Answer {
    /// The parcel ran, then.
    Ran(Box<Parcel>, Moment),
    /// The transaction holds its locks here.
    Granted(TxId),
    /// It never will under this id; its work is kept here for the next.
    Refused { id: TxId, watermark: TxId },
    /// A job ran.
    Hopped(Box<dyn Any + Send>),
    /// A key changed that a call with keys on several shards waits for.
    Woken {
        /// Which call.
        id: WaiterId,
        /// The shard that says so; the router knows its number.
        shard: u32,
    },
}

/// What to do when a transaction is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnGrant {
    /// Say so, and wait to be armed.
    Report,
    /// This was the last grant that was missing: run, answer, let go.
    Run,
}

/// A transaction's part that waits: to be granted, to be armed, or for a new id.
pub(crate) struct Parked {
    pub(crate) parcel: Option<Box<Parcel>>,
    pub(crate) on_grant: OnGrant,
    pub(crate) address: Address,
    /// Its locks, while no lock table has them: after a refusal.
    pub(crate) locks: Option<Locks>,
    /// Whether it is of plain calls of this shard alone.
    pub(crate) is_plain: bool,
    /// Whether whoever waits for it holds nothing, so that it may wait for a waiter's try.
    pub(crate) holds_nothing: bool,
}

/// What is asked of a shard.
pub(crate) enum Request {
    /// Plain calls: run them as soon as their keys are free.
    Run(Box<Parcel>),
    /// Calls of a series whose locks are held.
    RunHeld(Box<Parcel>, At),
    /// A transaction's part, or only its locks.
    Schedule {
        id: TxId,
        locks: Locks,
        parcel: Option<Box<Parcel>>,
        on_grant: OnGrant,
        /// Whether its thread holds nothing for it yet, here or elsewhere, nor asks for more.
        holds_nothing: bool,
    },
    /// Whoever holds locks here under the one id is about to wait elsewhere under the other: see
    /// [`LockTable::fence`].
    Fence { holder: TxId, next: TxId },
    /// The same again under a new id, after a refusal somewhere.
    Reschedule { old: TxId, new: TxId },
    /// Every shard granted: run and let go.
    Arm(TxId, Moment),
    /// Let go of a plan's locks.
    Release(TxId),
    /// A hop, under locks that are held or without any.
    Hop { db: usize, at: At, caller: u64, job: Job },
    /// Tells that a caller has read keys, as [`Call::tells_reads`] has it.
    TellReads { db: usize, caller: u64, keys: Vec<Vec<u8>> },
    /// Keys, with their names, that a call waits for which its thread tries.
    Watch { id: WaiterId, block: &'static Block, on_time: bool, keys: Vec<Named> },
    /// Such a call was tried; whether it is served, and waits no more.
    Tried { id: WaiterId, is_served: bool },
    /// Ends a wait, and says so.
    Unblock(WaiterId),
    /// A series that holds keys here is late.
    Late(Late),
    /// It has ended.
    NoLongerLate(LateId),
}

/// What the engine needs of the outside; functions, so that a test can stop time.
#[derive(Clone, Copy)]
pub struct Clock {
    /// Now.
    pub moment: fn() -> Moment,
    /// A cheap counter, to time commands.
    pub ticks: fn() -> u64,
}

impl Clock {
    /// Ticks since the counter was read before: none if it has gone back, as it may by a little for a
    /// thread that goes on on another core.
    #[inline]
    pub fn ticks_since(&self, started: u64) -> u64 {
        (self.ticks)().saturating_sub(started)
    }

    /// Now.
    #[inline]
    pub fn moment(&self) -> Moment {
        (self.moment)()
    }
}

/// One shard.
pub struct Shard {
    /// The keys.
    pub keyspace: Keyspace,
    /// What handlers must obey.
    pub limits: Limits,
    /// When to evict and when to refuse.
    pub memory: MemoryGate,
    pub(crate) locks: LockTable,
    pub(crate) parked: HashMap<TxId, Parked>,
    pub(crate) answers: Vec<(Address, Answer)>,
    pub(crate) granted: Vec<TxId>,
    /// Series that keep others waiting for too long.
    pub(crate) late: Vec<Late>,
    recorder: Recorder,
    rng: Rng,
    pub(crate) clock: Clock,
    pub(crate) waiting: Waiting,
    /// Who waits for an offer to end.
    pub(crate) gate: Gate,
    /// Large replies under way: they are a client's soon, and counted as that.
    replies_doomed: Doomed,
    /// Whether what runs has happened before: see [`Shard::set_replaying`].
    is_replaying: bool,
}

impl Shard {
    /// An empty shard.
    pub fn new(mut keyspace: Keyspace, limits: Limits, clock: Clock, seed: u64) -> Self {
        keyspace.changes().set_recording(true);
        keyspace.news().insist();
        Self {
            keyspace,
            limits,
            memory: MemoryGate::default(),
            locks: LockTable::default(),
            parked: HashMap::new(),
            answers: Vec::new(),
            granted: Vec::new(),
            late: Vec::new(),
            recorder: Recorder::default(),
            rng: Rng::new(seed),
            clock,
            waiting: Waiting::default(),
            gate: Gate::default(),
            replies_doomed: Doomed::default(),
            is_replaying: false,
        }
    }

    /// Records handed to the journal so far.
    pub fn journal_records(&self) -> u64 {
        self.recorder.records()
    }

    /// Whether what happens is kept for the journal, or only counted.
    pub(crate) fn set_journalled(&mut self, is_on: bool) {
        self.recorder.set_on(is_on);
    }

    /// How many bytes of records wait to be handed over.
    pub fn journal_bytes(&self) -> usize {
        self.recorder.bytes()
    }

    /// Hands over all records, for a round at `low_ns`; nothing is stamped that low from now on.
    pub(crate) fn hand_over(&mut self, low_ns: u64, spare: Handover) -> Handover {
        self.recorder.hand_over(low_ns, spare)
    }

    /// Lends what records; nothing runs here until it comes back.
    pub(crate) fn lend_recorder(&mut self) -> Recorder {
        std::mem::take(&mut self.recorder)
    }

    pub(crate) fn take_back_recorder(&mut self, recorder: Recorder) {
        self.recorder = recorder;
    }

    /// The highest stamp of a record.
    #[inline]
    pub(crate) fn recorded_ns(&self) -> u64 {
        self.recorder.last_ns()
    }

    /// Everything up to this stamp is in a snapshot: what comes is stamped above.
    pub fn raise_stamps(&mut self, above_ns: u64) {
        self.recorder.raise_floor(above_ns + 1);
    }

    /// Records a command about what is not in any database.
    pub fn record(&mut self, words: &[&[u8]]) {
        let at = self.begin(At { moment: self.clock.moment(), transaction: TxId::NONE });
        let changes = self.keyspace.changes();
        changes.record(0, 0, keyspace::Cause::Command, words);
        self.recorder.logged(changes, at);
    }

    /// From now on, or no longer, whatever runs is what a journal says has happened: no deadline has
    /// come, and nothing is evicted.
    pub fn set_replaying(&mut self, is_replaying: bool) {
        self.is_replaying = is_replaying;
    }

    #[inline]
    fn begin_at(&mut self, now_ms: i64) {
        match self.is_replaying {
            true => self.keyspace.begin_replay(now_ms),
            false => self.keyspace.begin(now_ms),
        }
    }

    /// Runs what a journal says has happened.
    pub fn replay(&mut self, work: Work<'_>, now_ms: i64) {
        let moment = Moment { now_ms, stamp_ns: 0 };
        let at = At { moment, transaction: TxId::NONE };
        self.begin_at(now_ms);
        let mut replies = Vec::new();
        for call in work.calls {
            let args = call.args(work.data, work.spans);
            replies.clear();
            let mut reply = Writer::new(&mut replies, call.protocol);
            // What failed then fails again, and has changed as much.
            let _ = self.execute(call, args, &mut reply, at);
            self.keyspace.changes().clear();
        }
    }

    /// Whether no key is locked, waits to be, or is offered to a waiter.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.locks.is_idle() && self.gate.is_idle()
    }

    /// Whether these calls may run right now, without a transaction.
    #[inline]
    pub(crate) fn admits(&self, work: Work<'_>) -> bool {
        self.is_idle() || self.gate.in_way_of(work).is_none() && self.locks_admit(work)
    }

    /// Whether no lock keeps these calls waiting.
    fn locks_admit(&self, work: Work<'_>) -> bool {
        work.calls.iter().all(|call| {
            let args = work.args(call);
            let mut free = !call.command.reaches(args) || self.admits_whole();
            for_each_lock(call, args, |slot, mode| free &= self.locks.admits(slot, mode));
            free
        }) && work
            .watches
            .iter()
            .all(|watch| self.locks.admits(txn::slot_of(watch.key().hash), Mode::Shared))
    }

    /// Whether nobody holds a key for writing.
    fn admits_whole(&self) -> bool {
        let mut locks = Locks::new();
        locks.whole(Mode::Shared);
        self.locks.admits_all(&locks)
    }

    /// Work begins: the keyspace's time is its moment. Returns it with the stamp that it gets here.
    #[inline]
    pub(crate) fn begin(&mut self, at: At) -> At {
        let at = self.recorder.begin(at);
        self.begin_at(at.moment.now_ms);
        at
    }

    /// Runs calls one after the other; replies and outcomes are appended.
    #[inline]
    pub(crate) fn run(
        &mut self,
        work: Work<'_>,
        at: At,
        replies: &mut Vec<u8>,
        outcomes: &mut Vec<Outcome>,
    ) {
        let at = self.begin(at);
        if !work.watches.iter().all(|watch| watch.holds(&mut self.keyspace)) {
            // What was found expired is gone.
            self.note_touched();
            self.recorder.logged(self.keyspace.changes(), at);
            return;
        }
        self.prefetch(work);
        let mut ticks = (self.clock.ticks)();
        for (index, call) in work.calls.iter().enumerate() {
            let start = replies.len();
            let args = work.args(call);
            let mut reply = Writer::new(replies, call.protocol);
            let (mut refused, mut is_overlong) = (false, false);
            if let Err(error) = self.execute(call, args, &mut reply, at) {
                refused = error == command::Error::OutOfMemory;
                is_overlong = error == command::Error::ReplyTooLong;
                reply.truncate(start);
                reply.error(error.text());
            }
            let after = (self.clock.ticks)();
            outcomes.push(Outcome {
                reply_len: replies.len() - start,
                failed: replies.get(start) == Some(&b'-'),
                refused,
                is_overlong,
                ticks: after.saturating_sub(ticks),
            });
            ticks = after;
            if self.memory.is_limited() && replies.capacity() > KEEP_BYTES_MAX {
                self.replies_doomed.resize(block_bytes(replies.capacity()));
            }
            if self.has_due() && !work.is_atomic && !is_followed(work, index) {
                self.serve(at, true);
            }
        }
        self.replies_doomed.resize(0);
    }

    #[inline]
    pub(crate) fn execute(
        &mut self,
        call: &Call,
        args: Args<'_>,
        reply: &mut Writer<'_>,
        at: At,
    ) -> command::Result {
        if self.memory.is_limited()
            && !self.is_replaying
            && self.make_room_before(at, reply) == Pressure::Exceeded
            && call.command.spec.has(flag::DENYOOM)
            && !call.may_grow
            && self.memory.refuses()
        {
            return Err(command::Error::OutOfMemory);
        }
        self.keyspace.set_no_touch(call.no_touch);
        self.keyspace.news().set_caller(call.caller);
        let dirty = self.keyspace.changes().dirty();
        let handler = match call.command.run {
            Run::Shard(handler)
            | Run::Scatter { part: handler, .. }
            | Run::Plan { local: handler, .. }
            | Run::Everywhere { part: handler, .. } => handler,
            Run::Block(block) => block.local,
            Run::Roam(_) | Run::Container => unreachable!("dispatch runs these elsewhere"),
        };
        let mut context = Context {
            keyspace: &mut self.keyspace,
            db: usize::from(call.db),
            rng: &mut self.rng,
            first_key: call.key.map(|(at, hash)| (at as usize, hash)),
            limits: &self.limits,
            wait_as: None,
            in_script: call.in_script,
            locks: &self.locks,
        };
        let result = handler(&mut context, args, reply);
        let wait_as = context.wait_as;
        if call.tells_reads && call.command.spec.has(flag::READONLY) {
            self.tell_reads(call, args);
        }
        self.waiting.keep_wish(wait_as);
        let changed = self.keyspace.changes().dirty() - dirty;
        if changed > 0 {
            self.note_touched();
            let changes = self.keyspace.changes();
            self.recorder.call(changes, changed, call, args, at);
        }
        result
    }

    /// Tells which keys a caller has read who wants to hear of their next change.
    #[cold]
    fn tell_reads(&mut self, call: &Call, args: Args<'_>) {
        for key in call.keys(args) {
            self.keyspace.news().read(usize::from(call.db), key);
        }
    }

    /// Evicts until memory is below its limit, but not many keys.
    pub fn make_room(&mut self) -> Pressure {
        let moment = self.clock.moment();
        self.keyspace.begin(moment.now_ms);
        let at = self.recorder.begin(At { moment, transaction: TxId::NONE });
        self.make_room_at(at, 0)
    }

    /// Makes room for a call; the replies before it count once they are their client's.
    fn make_room_before(&mut self, at: At, replies: &Writer<'_>) -> Pressure {
        let is_counted = self.replies_doomed.bytes() == 0;
        self.make_room_at(at, if is_counted { replies.len() } else { 0 })
    }

    fn make_room_at(&mut self, at: At, leaving_bytes: usize) -> Pressure {
        let Self { keyspace, memory, locks, gate, .. } = self;
        let locked = |_: usize, hash: u64| {
            let slot = txn::slot_of(hash);
            !locks.admits(slot, Mode::Exclusive) || gate.is_closed(slot)
        };
        let pressure = memory.relieve(keyspace, leaving_bytes, &locked);
        self.note_touched();
        self.recorder.logged(self.keyspace.changes(), at);
        pressure
    }

    /// How many keys may go for want of memory.
    pub fn evictable(&self) -> usize {
        self.keyspace.evictable(self.memory.policy)
    }

    /// One step of active expiry: visits at most `visits_max` entries.
    pub fn expire_some(&mut self, visits_max: usize) -> keyspace::Expired {
        if self.is_replaying {
            return keyspace::Expired::default();
        }
        let moment = self.clock.moment();
        self.keyspace.begin(moment.now_ms);
        let Self { keyspace, locks, .. } = self;
        let locked = |_: usize, hash: u64| !locks.admits(txn::slot_of(hash), Mode::Exclusive);
        let expired = keyspace.expire_some(visits_max, &locked);
        self.note_touched();
        let at = self.recorder.begin(At { moment, transaction: TxId::NONE });
        self.recorder.logged(self.keyspace.changes(), at);
        expired
    }

    /// Whether there are answers to take, news to tell, or waiters to serve after background work.
    #[inline]
    pub(crate) fn has_answers(&self) -> bool {
        !self.answers.is_empty() || self.has_due() || self.keyspace.has_news()
    }

    /// Takes the answers that are due.
    pub(crate) fn take_answers(&mut self) -> Vec<(Address, Answer)> {
        std::mem::take(&mut self.answers)
    }

    /// Does what is asked; `draw` gives an id to plain calls that must wait.
    pub(crate) fn handle(&mut self, request: Request, address: Address, draw: impl Fn() -> TxId) {
        match request {
            Request::Run(parcel) => self.run_parcel(parcel, address, &draw),
            Request::RunHeld(mut parcel, at) => {
                parcel.is_atomic = true;
                self.run_now(&mut parcel, at);
                if !self.serves_at_release(at) {
                    self.serve(at, true);
                }
                self.answers.push((address, Answer::Ran(parcel, at.moment)));
            }
            Request::Schedule { id, locks, parcel, on_grant, holds_nothing } => {
                let parked = Parked {
                    parcel,
                    on_grant,
                    address,
                    locks: None,
                    is_plain: false,
                    holds_nothing,
                };
                self.schedule(id, locks, parked);
            }
            Request::Fence { holder, next } => self.fence(holder, next, &draw),
            Request::Reschedule { old, new } => self.reschedule(old, new),
            Request::Arm(id, moment) => self.run_parked(id, moment),
            Request::Release(id) => {
                if self.has_due() {
                    let moment = self.clock.moment();
                    self.serve(At { moment, transaction: TxId::NONE }, true);
                }
                self.parked.remove(&id);
                self.locks.release(id, &mut self.granted);
            }
            Request::Hop { db, at, caller, job } => {
                let result = self.hop(db, at, caller, job);
                if self.has_due() && !self.serves_at_release(at) {
                    self.serve(at, true);
                }
                self.answers.push((address, Answer::Hopped(result)));
            }
            Request::TellReads { db, caller, keys } => {
                let news = self.keyspace.news();
                news.set_caller(caller);
                keys.iter().for_each(|key| news.read(db, key));
            }
            Request::Watch { id, block, on_time, keys } => {
                self.wait_across(id, block, on_time, keys);
            }
            Request::Tried { id, is_served } => self.tried(id, is_served),
            Request::Late(late) => self.add_late(late),
            Request::NoLongerLate(id) => self.remove_late(id),
            Request::Unblock(id) => {
                self.unblock(id);
                self.answers.push((address, Answer::Hopped(Box::new(()))));
            }
        }
        self.go_on(draw);
    }

    /// Lets those go on who waited for locks, for keys, or at the gate; `draw` is as in
    /// [`Self::handle`].
    pub(crate) fn go_on(&mut self, draw: impl Fn() -> TxId) {
        loop {
            // What was granted may run and grant more; the lowest id first.
            while !self.granted.is_empty() {
                let id = self.granted.remove(0);
                self.on_granted(id);
            }
            self.serve_deferred();
            match self.gate.next() {
                None if self.granted.is_empty() => break,
                None => {}
                Some(Behind::Calls(parcel, address)) => self.run_parcel(parcel, address, &draw),
                Some(Behind::Locks(id, locks, parked)) => self.schedule(id, locks, parked),
            }
        }
    }

    /// Whether locks are held under which more may follow: until they go, nobody is served.
    fn serves_at_release(&self, at: At) -> bool {
        self.parked.contains_key(&at.transaction)
    }

    /// Runs a job of a plan (its locks are held) or of the administration.
    fn hop(&mut self, db: usize, at: At, caller: u64, job: Job) -> Box<dyn Any + Send> {
        let at = self.begin(at);
        self.keyspace.set_no_touch(false);
        self.keyspace.news().set_caller(caller);
        let mut context = Context {
            keyspace: &mut self.keyspace,
            db,
            rng: &mut self.rng,
            first_key: None,
            limits: &self.limits,
            wait_as: None,
            in_script: false,
            locks: &self.locks,
        };
        let result = job(&mut context);
        self.note_touched();
        self.recorder.logged(self.keyspace.changes(), at);
        result
    }

    /// Runs a parcel of plain calls, now or, scheduled as a transaction, when its keys are free.
    fn run_parcel(&mut self, mut parcel: Box<Parcel>, address: Address, draw: &impl Fn() -> TxId) {
        if let Some(slot) = self.gate.in_way_of(parcel.work()) {
            self.gate.wait(slot, Behind::Calls(parcel, address));
            return;
        }
        if self.admits(parcel.work()) {
            let moment = self.clock.moment();
            let transaction = if parcel.work().is_transaction() { draw() } else { TxId::NONE };
            self.run_now(&mut parcel, At { moment, transaction });
            if self.has_due() {
                self.serve(At { moment, transaction: TxId::NONE }, true);
            }
            self.answer(parcel, address, moment);
            return;
        }
        if self.is_hindered(&parcel) {
            self.refuse_hindered(parcel, address);
            return;
        }
        let mut locks = Locks::new();
        add_locks(parcel.work(), &mut locks);
        let parked = Parked {
            parcel: Some(parcel),
            on_grant: OnGrant::Run,
            address,
            locks: None,
            is_plain: true,
            holds_nothing: true,
        };
        self.schedule_plain(locks, parked, draw);
    }

    /// On one shard a refusal needs no message: a fresh id is drawn until one is let in.
    fn schedule_plain(&mut self, mut locks: Locks, parked: Parked, draw: &impl Fn() -> TxId) {
        loop {
            let id = draw();
            match self.locks.schedule(id, locks) {
                Scheduled::Refused { locks: back, .. } => locks = back,
                scheduled => {
                    self.parked.insert(id, parked);
                    if scheduled == Scheduled::Granted {
                        self.granted.push(id);
                    }
                    return;
                }
            }
        }
    }

    /// See [`LockTable::fence`]. Plain calls hold nothing elsewhere, so they may wait as before.
    fn fence(&mut self, holder: TxId, next: TxId, draw: &impl Fn() -> TxId) {
        for (id, locks) in self.locks.fence(holder, next, &mut self.granted) {
            let mut parked = self.parked.remove(&id).expect("what waits is parked");
            if parked.is_plain {
                self.schedule_plain(locks, parked, draw);
                continue;
            }
            self.answers.push((parked.address, Answer::Refused { id, watermark: next }));
            parked.locks = Some(locks);
            self.parked.insert(id, parked);
        }
    }

    fn schedule(&mut self, id: TxId, locks: Locks, mut parked: Parked) {
        if parked.holds_nothing
            && let Some(slot) = self.gate.in_way_of_locks(&locks)
        {
            self.gate.wait(slot, Behind::Locks(id, locks, parked));
            return;
        }
        match self.locks.schedule(id, locks) {
            Scheduled::Refused { watermark, locks } => {
                self.answers.push((parked.address, Answer::Refused { id, watermark }));
                parked.locks = Some(locks);
            }
            Scheduled::Queued => {}
            Scheduled::Granted => self.granted.push(id),
        }
        self.parked.insert(id, parked);
    }

    fn reschedule(&mut self, old: TxId, new: TxId) {
        let mut parked = self.parked.remove(&old).expect("a refused part stays parked");
        let locks = match parked.locks.take() {
            Some(locks) => locks,
            None => self.locks.release(old, &mut self.granted).expect("it was scheduled"),
        };
        self.schedule(new, locks, parked);
    }

    fn run_now(&mut self, parcel: &mut Parcel, at: At) {
        let mut replies = std::mem::take(&mut parcel.replies);
        let mut outcomes = std::mem::take(&mut parcel.outcomes);
        self.run(parcel.work(), at, &mut replies, &mut outcomes);
        (parcel.replies, parcel.outcomes) = (replies, outcomes);
        parcel.note_replies();
    }

    /// Sends a parcel that ran back, unless it is a call that has nothing to answer and may wait.
    fn answer(&mut self, parcel: Box<Parcel>, address: Address, moment: Moment) {
        match parcel.waiter {
            Some(id) if parcel.replies.is_empty() => self.wait_here(id, parcel, address),
            _ => self.answers.push((address, Answer::Ran(parcel, moment))),
        }
    }

    fn on_granted(&mut self, id: TxId) {
        if self.goes_to_gate(id) {
            return;
        }
        let parked = self.parked.get(&id).expect("granted ids are parked");
        match parked.on_grant {
            OnGrant::Report => self.answers.push((parked.address, Answer::Granted(id))),
            OnGrant::Run => {
                let moment = self.clock.moment();
                self.run_parked(id, moment);
            }
        }
    }

    /// Runs a granted part, answers, lets go.
    fn run_parked(&mut self, id: TxId, moment: Moment) {
        let parked = self.parked.remove(&id).expect("armed ids are parked");
        let mut parcel = parked.parcel.expect("what is armed has work");
        self.run_now(&mut parcel, At { moment, transaction: id });
        if self.has_due() {
            self.serve(At { moment, transaction: id }, true);
        }
        self.answer(parcel, parked.address, moment);
        self.locks.release(id, &mut self.granted);
    }
}

/// Whether a call's bundle goes on with the next.
#[cold]
fn is_followed(work: Work<'_>, index: usize) -> bool {
    let bundle = work.calls[index].bundle;
    bundle != 0 && work.calls.get(index + 1).is_some_and(|next| next.bundle == bundle)
}

/// Visits the lock that each key of a call needs.
pub(crate) fn for_each_lock(call: &Call, args: Args<'_>, mut visit: impl FnMut(u32, Mode)) {
    let spec = &call.command.spec;
    for key_spec in spec.keys {
        let Some(positions) = key_spec.resolve(args) else { continue };
        let mode = lock_mode(spec, key_spec);
        for position in positions.iter() {
            let hash = match call.key {
                Some((at, hash)) if at as usize == position => hash,
                _ => Key::new(args.at(position)).hash,
            };
            visit(txn::slot_of(hash), mode);
        }
    }
}

/// How a command's keys are locked. One that is said to read may still write what it keeps of them
/// (PFCOUNT), and one that writes is taken to write all its keys.
pub(crate) fn lock_mode(spec: &Spec, keys: &KeySpec) -> Mode {
    let reads = !spec.has(flag::WRITE) && keys.access & access::RO != 0;
    if reads { Mode::Shared } else { Mode::Exclusive }
}

/// Adds the locks of all calls.
pub(crate) fn add_locks(work: Work<'_>, locks: &mut Locks) {
    for watch in work.watches {
        locks.add(txn::slot_of(watch.key().hash), Mode::Shared);
    }
    for call in work.calls {
        let args = work.args(call);
        if call.command.reaches(args) {
            locks.whole(Mode::Shared);
        }
        for_each_lock(call, args, |slot, mode| locks.add(slot, mode));
    }
}

#[cfg(test)]
mod tests;
