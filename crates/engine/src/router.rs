//! The one type that knows that there are many shards.
//!
//! Each core thread has a router. It carries requests to shards (its own by a call, others' through
//! mailboxes), answers back to the [`Flight`] that waits for them, and follows the coordinators of
//! the transactions that began on its thread.
//!
//! Invariants: a flight that began ends, whoever still waits for it; messages between two threads
//! keep their order; nothing here is entered while the shard is borrowed.

mod flights;
mod mail;

use std::any::Any;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use command::{Args, flag};
use crossbeam_channel::Receiver;
use journal::{Handover, Report};
use keyspace::News;
use slab::Slab;
use stdx::rng::Rng;
use txn::{Coordinator, Draw, Ids, Locks, TxId};

use crate::block::Sleepers;
use crate::context::Context;
use crate::deposit::Deposits;
use crate::flight::{Flight, FlightFuture, Part};
use crate::gathering::Gathering;
use crate::mailbox::{Letterbox, Nap};
use crate::parcel::{Call, Outcome, Parcel, Work};
use crate::recorder::At;
use crate::router::mail::Outbox;
use crate::shard::{Address, Answer, Clock, Request, Shard};
use crate::steps::{self, Steps};
use crate::waiters::WaiterId;

/// A thread that finds no time to sleep exchanges mail after so many batches.
const BATCHES_PER_MAIL: u32 = 16;
/// Messages to one thread are sent on when there are so many, even within a turn.
const OUTBOX_MESSAGES_MAX: usize = 64;

/// What travels between threads.
pub(crate) enum Message {
    Request(Address, Request),
    Answer(Address, Answer),
    /// Something to do on the receiving thread, for the administration.
    Call(Box<dyn FnOnce() + Send>),
    /// From the thread to itself: this flight tries again.
    Again(u32),
}

/// What all routers of a process share.
pub struct Network {
    letterboxes: Vec<Letterbox<Message>>,
    shard_count: usize,
    ids: Ids,
    /// Per thread, below what it has under way.
    announced: Arc<[AtomicU64]>,
    /// Per shard, the highest stamp of a record, as far as anybody can have seen what it is of.
    recorded_ns: Box<[AtomicU64]>,
    deposits: Deposits,
}

/// The receiving end of one thread's mailbox.
pub struct Inbound(Receiver<Vec<Message>>);

impl Network {
    /// Mailboxes for `threads` threads, of which the first `shards` have a shard.
    pub fn new(threads: usize, shards: usize) -> (Arc<Self>, Vec<Inbound>) {
        assert!(0 < shards && shards <= threads, "shards live on threads");
        let (letterboxes, inbound): (Vec<_>, Vec<_>) =
            (0..threads).map(|_| Letterbox::new()).map(|(out, inn)| (out, Inbound(inn))).unzip();
        let announced = (0..threads).map(|_| AtomicU64::new(steps::NOTHING)).collect();
        let recorded_ns = (0..shards).map(|_| AtomicU64::new(0)).collect();
        let ids = Ids::default();
        let deposits = Deposits::new(threads);
        let network =
            Self { letterboxes, shard_count: shards, ids, announced, recorded_ns, deposits };
        (Arc::new(network), inbound)
    }

    /// The stamp up to which everything has come to its end on all shards, if `now_ns` was read
    /// before; see [`Router::report`].
    pub fn low_ns(&self, now_ns: u64) -> u64 {
        steps::low_ns(&self.announced, now_ns)
    }

    /// What a thread has for a round at `low_ns`, which [`Self::low_ns`] gave before, in exchange for
    /// `spare`; none if it is awake, and has to be asked.
    pub fn report(&self, thread: usize, low_ns: u64, spare: &mut Handover) -> Option<Report> {
        self.deposits.report(thread, low_ns, spare)
    }

    /// The highest stamp of a record that any reply so far can show.
    #[inline]
    pub fn recorded_ns(&self) -> u64 {
        self.recorded_ns.iter().map(|ns| ns.load(Ordering::Acquire)).max().unwrap_or(0)
    }

    /// How many shards there are.
    pub fn shard_count(&self) -> usize {
        self.shard_count
    }

    /// Runs `call` on a thread; for those that have no router (signals, side threads).
    pub fn call(&self, thread: usize, call: impl FnOnce() + Send + 'static) {
        self.letterboxes[thread].push(vec![Message::Call(Box::new(call))]);
    }

    /// How many core threads there are.
    pub fn thread_count(&self) -> usize {
        self.letterboxes.len()
    }

    /// The shard that owns a key; for those that have no router.
    pub fn owner(&self, key: &[u8]) -> usize {
        match self.shard_count {
            1 => 0,
            shards => usize::from(stdx::slot::of(key)) % shards,
        }
    }
}

/// Hears what a shard has to tell; it must not enter the router's shard.
pub type Listener = Box<dyn Fn(&News)>;

/// One thread's view of all shards.
pub struct Router {
    thread: usize,
    network: Arc<Network>,
    inbound: Receiver<Vec<Message>>,
    shard: Option<RefCell<Shard>>,
    outboxes: RefCell<Vec<Outbox>>,
    /// Messages of this thread to itself, so that handling one never nests in another.
    inbox: RefCell<VecDeque<Message>>,
    pumping: Cell<bool>,
    flights: RefCell<Slab<Flight>>,
    #[expect(clippy::vec_box, reason = "they are taken and sent as boxes")]
    spare_parcels: RefCell<Vec<Box<Parcel>>>,
    clock: Clock,
    rng: RefCell<Rng>,
    messages_sent: Cell<u64>,
    /// Batches since mail was last exchanged.
    batches: Cell<u32>,
    mail_received: Cell<u64>,
    sleepers: RefCell<Sleepers>,
    /// What spans shards in this turn.
    gathering: RefCell<Option<Rc<Gathering>>>,
    bundles: Cell<u32>,
    /// An empty list, kept for its memory.
    pub(crate) spare_outcomes: Cell<Vec<Outcome>>,
    /// Who hears the news of the own shard.
    listener: RefCell<Option<Listener>>,
    /// Kept for its memory.
    news: RefCell<News>,
    /// Whether the listener is hearing.
    is_telling: Cell<bool>,
    steps: Steps,
}

/// A step under way; it ends when this is dropped.
pub(crate) struct Step {
    router: Rc<Router>,
    number: u64,
}

impl Step {
    /// It takes another stamp.
    pub(crate) fn stamp(&self, stamp_ns: u64) {
        self.router.steps.stamp(self.number, stamp_ns);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.router.steps.end(self.number);
    }
}

impl Router {
    /// The router of a thread; `shard` is there if the thread has one.
    pub fn new(
        thread: usize,
        network: Arc<Network>,
        inbound: Inbound,
        shard: Option<Shard>,
        clock: Clock,
        seed: u64,
    ) -> Rc<Self> {
        assert_eq!(shard.is_some(), thread < network.shard_count);
        Rc::new(Self {
            thread,
            steps: Steps::new(network.announced.clone(), thread),
            outboxes: RefCell::new(
                (0..network.thread_count()).map(|_| Outbox::default()).collect(),
            ),
            network,
            inbound: inbound.0,
            shard: shard.map(RefCell::new),
            inbox: RefCell::default(),
            pumping: Cell::new(false),
            flights: RefCell::default(),
            spare_parcels: RefCell::default(),
            clock,
            rng: RefCell::new(Rng::new(seed)),
            messages_sent: Cell::new(0),
            batches: Cell::new(0),
            mail_received: Cell::new(0),
            sleepers: RefCell::default(),
            gathering: RefCell::default(),
            bundles: Cell::new(0),
            spare_outcomes: Cell::default(),
            listener: RefCell::default(),
            news: RefCell::default(),
            is_telling: Cell::new(false),
        })
    }

    /// This thread's number.
    pub fn thread(&self) -> usize {
        self.thread
    }

    /// How many threads there are.
    pub fn thread_count(&self) -> usize {
        self.network.thread_count()
    }

    /// How many shards there are.
    pub fn shard_count(&self) -> usize {
        self.network.shard_count
    }

    /// Messages sent to other threads so far.
    pub fn messages_sent(&self) -> u64 {
        self.messages_sent.get()
    }

    /// Batches of messages received from other threads so far.
    pub fn mail_received(&self) -> u64 {
        self.mail_received.get()
    }

    /// The engine's clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The shard that owns a key. Free with one shard.
    #[inline]
    pub fn owner(&self, key: &[u8]) -> usize {
        match self.network.shard_count {
            1 => 0,
            shards => self.owner_of_slot(stdx::slot::of(key), shards),
        }
    }

    /// The shard that owns a slot.
    #[inline]
    pub(crate) fn owner_of_slot(&self, slot: u16, shards: usize) -> usize {
        usize::from(slot) % shards
    }

    /// Whether this thread has that shard.
    #[inline]
    pub fn is_own(&self, shard: usize) -> bool {
        shard == self.thread
    }

    /// The shard of this thread, or shard 0: where a call without keys runs.
    pub(crate) fn home(&self) -> usize {
        if self.shard.is_some() { self.thread } else { 0 }
    }

    /// This thread's shard, to look at.
    pub fn shard(&self) -> Option<Ref<'_, Shard>> {
        self.shard.as_ref().map(RefCell::borrow)
    }

    /// This thread's shard.
    pub fn shard_mut(&self) -> Option<RefMut<'_, Shard>> {
        self.shard.as_ref().map(RefCell::borrow_mut)
    }

    /// A step begins; the clock is to be read for its stamp after this.
    pub(crate) fn begin_step(self: &Rc<Self>) -> Step {
        let number = self.steps.begin(self.clock.moment().stamp_ns);
        Step { router: self.clone(), number }
    }

    /// Whether this thread's shard keeps what happens for the journal.
    pub fn set_journalled(&self, is_on: bool) {
        self.steps.set_recorded(is_on);
        if let Some(mut shard) = self.shard_mut() {
            shard.set_journalled(is_on);
        }
    }

    /// What this thread has for a round at `low_ns`, which [`Network::low_ns`] gave before.
    pub fn report(&self, low_ns: u64, spare: Handover) -> Report {
        let gaps = self.steps.gaps(low_ns);
        let handover = self.shard_mut().map(|mut shard| shard.hand_over(low_ns, spare));
        Report { gaps, handover: handover.map(|handover| (self.thread, handover)) }
    }

    /// Says up to which stamp this thread's shard has recorded; before a reply leaves that shows it.
    #[inline]
    pub fn publish_recorded(&self) {
        let Some(shard) = &self.shard else { return };
        let recorded_ns = shard.borrow().recorded_ns();
        let published = &self.network.recorded_ns[self.thread];
        if published.load(Ordering::Relaxed) != recorded_ns {
            published.store(recorded_ns, Ordering::Release);
        }
    }

    /// A random number.
    pub fn random(&self) -> u64 {
        self.rng.borrow_mut().next_u64()
    }

    /// Runs calls on this thread's shard if nothing holds their keys: the path that must cost
    /// nothing. Returns whether they ran.
    #[inline]
    pub(crate) fn run_here(
        &self,
        work: Work<'_>,
        replies: &mut Vec<u8>,
        outcomes: &mut Vec<Outcome>,
    ) -> bool {
        let Some(shard) = &self.shard else { return false };
        let mut shard = shard.borrow_mut();
        if !shard.admits(work) {
            return false;
        }
        let transaction = if work.is_transaction() { self.network.ids.draw() } else { TxId::NONE };
        let at = At { moment: self.clock.moment(), transaction };
        shard.run(work, at, replies, outcomes);
        let is_atomic = work.is_atomic;
        if shard.has_answers() {
            drop(shard);
            match is_atomic {
                true => self.serve_after(),
                false => self.settle(),
            }
        }
        true
    }

    /// After a series on this thread's shard: serves those who wait for what it changed, now, as the
    /// series may have taken its time.
    pub(crate) fn serve_after(&self) {
        let Some(shard) = &self.shard else { return };
        let mut shard = shard.borrow_mut();
        if shard.has_due() {
            let moment = self.clock.moment();
            shard.serve(At { moment, transaction: TxId::NONE }, true);
        }
        if shard.has_answers() {
            drop(shard);
            self.settle();
        }
    }

    /// A fresh id, for what is one step without locks.
    pub(crate) fn draw(&self) -> TxId {
        self.network.ids.draw()
    }

    /// An empty parcel, used before if there is one.
    pub(crate) fn parcel(&self) -> Box<Parcel> {
        self.spare_parcels.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes a parcel back.
    pub(crate) fn recycle(&self, mut parcel: Box<Parcel>) {
        /// Enough for the connections of one turn.
        const SPARE_PARCELS_MAX: usize = 64;
        let mut spare = self.spare_parcels.borrow_mut();
        if spare.len() < SPARE_PARCELS_MAX {
            parcel.clear();
            spare.push(parcel);
        }
    }

    /// Sends plain calls to one shard.
    pub(crate) fn send(self: &Rc<Self>, shard: usize, parcel: Box<Parcel>) -> FlightFuture {
        let flight = self.launch(Flight::to(std::iter::once(shard)));
        self.request(shard, self.address(flight, 0), Request::Run(parcel));
        self.pump();
        FlightFuture::new(self.clone(), flight)
    }

    /// Runs parcels on several shards without any lock between them.
    pub(crate) fn send_each(self: &Rc<Self>, parcels: Vec<(usize, Box<Parcel>)>) -> FlightFuture {
        let flight = self.launch(Flight::to(parcels.iter().map(|(shard, _)| *shard)));
        for (part, (shard, parcel)) in parcels.into_iter().enumerate() {
            self.request(shard, self.address(flight, part), Request::Run(parcel));
        }
        self.pump();
        FlightFuture::new(self.clone(), flight)
    }

    /// Runs parcels on several shards under locks that are held.
    pub(crate) fn send_each_held(
        self: &Rc<Self>,
        parcels: Vec<(usize, Box<Parcel>)>,
        at: At,
    ) -> FlightFuture {
        let flight = self.launch(Flight::to(parcels.iter().map(|(shard, _)| *shard)));
        for (part, (shard, parcel)) in parcels.into_iter().enumerate() {
            self.request(shard, self.address(flight, part), Request::RunHeld(parcel, at));
        }
        self.pump();
        FlightFuture::new(self.clone(), flight)
    }

    /// Runs parcels on several shards as one transaction.
    pub(crate) fn transact(self: &Rc<Self>, parts: Vec<Part>) -> FlightFuture {
        let id = self.network.ids.draw();
        let flight = self.launch(Flight::transaction(id, self.thread, parts));
        self.begin_attempt(flight);
        self.pump();
        FlightFuture::new(self.clone(), flight)
    }

    /// The transaction of this turn, which what spans shards joins.
    pub(crate) fn gather(self: &Rc<Self>) -> Rc<Gathering> {
        let begin = || Rc::new(Gathering::new(self.clone(), self.launch(Flight::gathering())));
        self.gathering.borrow_mut().get_or_insert_with(begin).clone()
    }

    /// Lets the transaction of this turn begin.
    pub(crate) fn send_gathered(&self) {
        let Some(gathering) = self.gathering.take() else { return };
        let (id, flight) = (self.network.ids.draw(), gathering.flight());
        self.with_flight(flight, |flight| flight.coordinate(id, self.thread));
        self.begin_attempt(flight);
        self.pump();
    }

    /// A number for a bundle, which no other has on this thread for long.
    pub(crate) fn next_bundle(&self) -> u32 {
        let bundle = self.bundles.get().checked_add(1).unwrap_or(1);
        self.bundles.set(bundle);
        bundle
    }

    /// Locks keys on several shards for a plan; done when all are held. [`Router::release`] ends
    /// it.
    pub(crate) fn lock(self: &Rc<Self>, parts: Vec<Part>) -> FlightFuture {
        let holds_nothing = parts.len() == 1;
        self.lock_as(parts, Vec::new(), holds_nothing)
    }

    /// [`Router::lock`] for a plan that goes on holding what it holds on these shards: whoever waits
    /// there for that does not keep from it what it waits for.
    pub(crate) fn lock_beside(
        self: &Rc<Self>,
        parts: Vec<Part>,
        fences: Vec<(usize, TxId)>,
    ) -> FlightFuture {
        self.lock_as(parts, fences, false)
    }

    fn lock_as(
        self: &Rc<Self>,
        parts: Vec<Part>,
        fences: Vec<(usize, TxId)>,
        holds_nothing: bool,
    ) -> FlightFuture {
        // The ids of a series go up, as those of all that have a key one after the other.
        let id = match fences.iter().map(|(_, id)| *id).max() {
            Some(above) => self.network.ids.redraw(Draw { above, ahead: false }),
            None => self.network.ids.draw(),
        };
        let coordinator = Coordinator::plan(id, parts.len());
        let mut flight = Flight::coordinated(coordinator, parts);
        (flight.fences, flight.holds_nothing) = (fences, holds_nothing);
        let flight = self.launch(flight);
        self.begin_attempt(flight);
        self.pump();
        FlightFuture::new(self.clone(), flight)
    }

    /// Ends a plan: every shard lets go.
    pub(crate) fn release(&self, id: TxId, shards: impl Iterator<Item = usize>) {
        for shard in shards {
            self.request(shard, self.address(0, 0), Request::Release(id));
        }
        self.pump();
    }

    /// Runs a job on a shard, now and by itself.
    pub fn hop<R, J>(
        self: &Rc<Self>,
        shard: usize,
        db: usize,
        job: J,
    ) -> impl Future<Output = R> + use<R, J>
    where
        R: Send + 'static,
        J: FnOnce(&mut Context<'_>) -> R + Send + 'static,
    {
        let at = At { moment: self.clock.moment(), transaction: TxId::NONE };
        self.hop_at(at, 0, shard, db, job)
    }

    /// Runs a job on a shard, as part of a transaction.
    pub(crate) fn hop_at<R, J>(
        self: &Rc<Self>,
        at: At,
        caller: u64,
        shard: usize,
        db: usize,
        job: J,
    ) -> impl Future<Output = R> + use<R, J>
    where
        R: Send + 'static,
        J: FnOnce(&mut Context<'_>) -> R + Send + 'static,
    {
        let flight = self.launch(Flight::plain(1));
        let job =
            Box::new(|context: &mut Context<'_>| Box::new(job(context)) as Box<dyn Any + Send>);
        self.request(shard, self.address(flight, 0), Request::Hop { db, at, caller, job });
        self.pump();
        let landed = FlightFuture::new(self.clone(), flight);
        async move {
            let result = landed.await.parts.pop().and_then(|part| part.hopped);
            *result.expect("a hop has a result").downcast().expect("of the job's own type")
        }
    }

    /// Runs `call` on another thread (or this one) at its next turn.
    pub fn call(&self, thread: usize, call: impl FnOnce() + Send + 'static) {
        self.post(thread, Message::Call(Box::new(call)));
        self.pump();
    }

    /// [`Self::call`] for a [`Listener`], or for what that has called: sent at once, or when the
    /// listener has heard all. Whatever follows from what this thread says later comes after it, also
    /// by way of a third thread; and it comes after all mail that has come here.
    pub fn call_first(&self, thread: usize, call: impl FnOnce() + Send + 'static) {
        let message = Message::Call(Box::new(call));
        if thread == self.thread {
            self.take_mail();
            self.inbox.borrow_mut().push_back(message);
            return;
        }
        self.messages_sent.set(self.messages_sent.get() + 1);
        self.outboxes.borrow_mut()[thread].push_news(message);
        if !self.is_telling.get() {
            self.send_news();
        }
    }

    /// Sends on what [`Self::call_first`] has laid down.
    fn send_news(&self) {
        mail::send_news(&mut self.outboxes.borrow_mut(), &self.network.letterboxes);
    }

    /// From now on `listener` hears the news of this thread's shard, in order. What it sends to a
    /// thread comes there behind the answers that came about with the news, and before those come
    /// to any other thread.
    pub fn listen(&self, listener: Listener) {
        *self.listener.borrow_mut() = Some(listener);
    }

    #[cold]
    fn tell_news(&self) {
        let Some(shard) = &self.shard else { return };
        let mut news = self.news.take();
        shard.borrow_mut().keyspace.news().swap(&mut news);
        // Nothing is sent before all is told: with the first news for a thread that waits for an
        // answer, that would leave, too, and what comes of it could overtake the other news.
        let was_telling = self.is_telling.replace(true);
        if let Some(listener) = &*self.listener.borrow() {
            listener(&news);
        }
        self.is_telling.set(was_telling);
        self.send_news();
        news.clear();
        self.news.replace(news);
    }

    /// A name for a call that may wait.
    pub(crate) fn new_waiter(&self) -> WaiterId {
        let number = self.sleepers.borrow_mut().number();
        WaiterId { thread: self.thread as u32, number }
    }

    pub(crate) fn sleepers(&self) -> RefMut<'_, Sleepers> {
        self.sleepers.borrow_mut()
    }

    /// Sends a request that no answer is awaited for.
    pub(crate) fn tell(&self, shard: usize, request: Request) {
        self.request(shard, self.address(u32::MAX, 0), request);
        self.pump();
    }

    /// Tells the shards of a call's keys that the caller has read them, if it wants to hear of their
    /// next change; while they are locked.
    pub(crate) fn tell_reads(&self, call: &Call, args: Args<'_>) {
        if !call.tells_reads || !call.command.spec.has(flag::READONLY) {
            return;
        }
        for key in call.keys(args) {
            let (db, caller, keys) = (usize::from(call.db), call.caller, vec![key.to_vec()]);
            self.tell(self.owner(key), Request::TellReads { db, caller, keys });
        }
    }

    /// Ends a wait on some shards; done when none of them has it any more.
    pub(crate) fn unblock(self: &Rc<Self>, shards: &[usize], id: WaiterId) -> FlightFuture {
        let flight = self.launch(Flight::plain(shards.len()));
        for (part, shard) in shards.iter().enumerate() {
            self.request(*shard, self.address(flight, part), Request::Unblock(id));
        }
        self.pump();
        FlightFuture::new(self.clone(), flight)
    }

    fn launch(&self, flight: Flight) -> u32 {
        self.flights.borrow_mut().insert(flight) as u32
    }

    fn address(&self, flight: u32, part: usize) -> Address {
        Address { thread: self.thread as u32, flight, part: part as u32 }
    }

    fn request(&self, shard: usize, address: Address, request: Request) {
        // The shard of number n lives on thread n.
        self.post(shard, Message::Request(address, request));
    }

    /// Handles this thread's own messages until there are none.
    fn pump(&self) {
        if self.pumping.replace(true) {
            return;
        }
        loop {
            let Some(message) = self.inbox.borrow_mut().pop_front() else { break };
            match message {
                Message::Request(address, request) => self.on_request(address, request),
                Message::Answer(address, answer) => self.on_answer(address, answer),
                Message::Call(call) => call(),
                Message::Again(flight) => self.begin_attempt(flight),
            }
        }
        self.pumping.set(false);
    }

    fn on_request(&self, address: Address, request: Request) {
        let shard = self.shard.as_ref().expect("requests go to threads that have a shard");
        let (answers, has_news) = {
            let mut shard = shard.borrow_mut();
            shard.handle(request, address, || self.network.ids.draw());
            (shard.take_answers(), shard.keyspace.has_news())
        };
        self.publish_recorded();
        // Nobody may see a reply before what comes with it, news or the end of a wait, is on its way.
        let delivers = answers.len() == 1 && !has_news;
        self.send_answers(answers, delivers);
        if has_news {
            self.tell_news();
        }
    }

    /// Sends answers to where they belong; replies may leave from here only if `delivers`.
    fn send_answers(&self, answers: Vec<(Address, Answer)>, delivers: bool) {
        for (address, mut answer) in answers {
            if let Answer::Woken { shard, .. } = &mut answer {
                *shard = self.thread as u32;
            }
            let thread = address.thread as usize;
            if thread == self.thread {
                self.inbox.borrow_mut().push_back(Message::Answer(address, answer));
                continue;
            }
            let nap = match &mut answer {
                Answer::Ran(parcel, _) if delivers => self.deliver(thread, parcel),
                _ => None,
            };
            // Not sent on even if there are many: news go first.
            self.messages_sent.set(self.messages_sent.get() + 1);
            let (outbox, message) =
                (&mut self.outboxes.borrow_mut()[thread], Message::Answer(address, answer));
            match nap {
                Some(nap) => outbox.push_for_end_of(nap, message),
                None => outbox.push_answer(message),
            }
        }
    }

    /// Lets a parcel's reply leave from here if the thread that it is for would have to be woken
    /// for it. If it did, that thread's nap is the answer, up to the end of which it can wait.
    fn deliver(&self, thread: usize, parcel: &mut Parcel) -> Option<Nap> {
        parcel.outlet.as_ref()?;
        let nap = self.network.letterboxes[thread].nap()?;
        parcel.deliver().then_some(nap)
    }

    /// Sends what the own shard has to say after background work.
    pub fn tell_due(&self) {
        if self.shard().is_some_and(|shard| shard.has_answers()) {
            self.settle();
        }
    }

    /// Sends what the own shard has to say after it ran something by a call.
    #[cold]
    pub(crate) fn settle(&self) {
        let Some(shard) = &self.shard else { return };
        let answers = {
            let mut shard = shard.borrow_mut();
            shard.go_on(|| self.network.ids.draw());
            shard.take_answers()
        };
        self.send_answers(answers, false);
        self.tell_news();
        self.pump();
    }
}

/// The locks that calls need, in a fresh set.
pub(crate) fn locks_of(work: Work<'_>) -> Locks {
    let mut locks = Locks::new();
    crate::shard::add_locks(work, &mut locks);
    locks
}
