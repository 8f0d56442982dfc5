//! Work that left for shards and has not come back: a plain hop, or a transaction.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use txn::{Action, Coordinator, Locks, TxId};

use crate::parcel::Parcel;
use crate::router::{Router, locks_of};
use crate::shard::{Answer, Moment, OnGrant, Request};

/// One shard's share of a flight.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) shard: usize,
    /// On the ground: before it is sent, and once it came back.
    pub(crate) parcel: Option<Box<Parcel>>,
    /// Until it is scheduled.
    pub(crate) locks: Locks,
    /// What a job gave.
    pub(crate) hopped: Option<Box<dyn Any + Send>>,
    /// The id under which it lies at the shard.
    sent_as: Option<TxId>,
}

impl Part {
    pub(crate) fn new(shard: usize, parcel: Option<Box<Parcel>>, locks: Locks) -> Self {
        Self { shard, parcel, locks, ..Self::default() }
    }

    /// How many calls it has.
    pub(crate) fn calls(&self) -> usize {
        self.parcel.as_ref().map_or(0, |parcel| parcel.calls.len())
    }

    /// The shard and what it is to run.
    pub(crate) fn into_parcel(self) -> (usize, Box<Parcel>) {
        (self.shard, self.parcel.expect("parts have parcels before they leave"))
    }
}

enum State {
    Flying(Waiting),
    Landed,
    Abandoned,
}

/// Who waits for a flight: one, unless many share it.
#[derive(Default)]
struct Waiting {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Waiting {
    fn add(&mut self, waker: &Waker) {
        match &mut self.first {
            None => self.first = Some(waker.clone()),
            Some(first) if first.will_wake(waker) => {}
            Some(_) if self.others.iter().any(|other| other.will_wake(waker)) => {}
            Some(_) => self.others.push(waker.clone()),
        }
    }

    fn wake(self) {
        self.first.into_iter().chain(self.others).for_each(Waker::wake);
    }
}

/// See the module.
pub(crate) struct Flight {
    pub(crate) parts: Vec<Part>,
    coordinator: Option<Coordinator>,
    /// Parts that are scheduled at once when an attempt begins; the others follow.
    scheduled_first: usize,
    /// Whether it is of one shard, and its thread holds nothing while it waits.
    pub(crate) holds_nothing: bool,
    /// Shards and what the series holds there that this transaction belongs to.
    pub(crate) fences: Vec<(usize, TxId)>,
    /// Without a coordinator: answers still to come.
    missing: usize,
    /// Its number among the thread's steps, once it is one.
    pub(crate) step: Option<u64>,
    /// When a shortcut's remote part ran.
    moment: Option<Moment>,
    state: State,
}

impl Flight {
    /// Hops that need no coordination.
    pub(crate) fn plain(parts: usize) -> Self {
        Self {
            parts: (0..parts).map(|_| Part::default()).collect(),
            coordinator: None,
            scheduled_first: 0,
            holds_nothing: false,
            fences: Vec::new(),
            missing: parts,
            step: None,
            moment: None,
            state: State::Flying(Waiting::default()),
        }
    }

    /// What batches still join, until [`Self::coordinate`].
    pub(crate) fn gathering() -> Self {
        Self::plain(0)
    }

    /// Makes of what was gathered a transaction that begins on `thread`.
    pub(crate) fn coordinate(&mut self, id: TxId, thread: usize) {
        let parts = std::mem::take(&mut self.parts);
        let state = std::mem::replace(&mut self.state, State::Landed);
        *self = Self { state, ..Self::transaction(id, thread, parts) };
    }

    /// Parcels for these shards that need no coordination.
    pub(crate) fn to(shards: impl Iterator<Item = usize>) -> Self {
        let parts: Vec<Part> = shards.map(|shard| Part { shard, ..Part::default() }).collect();
        Self { missing: parts.len(), parts, ..Self::plain(0) }
    }

    /// A transaction of calls that begins on `thread`; parts without locks get those of their calls.
    pub(crate) fn transaction(id: TxId, thread: usize, mut parts: Vec<Part>) -> Self {
        for part in parts.iter_mut().filter(|part| part.locks.is_empty()) {
            let parcel = part.parcel.as_ref().expect("parts have parcels before they leave");
            part.locks = locks_of(parcel.work());
        }
        // With an own part and one other, the own one is locked first, and the other's grant runs
        // it at once.
        parts.sort_by_key(|part| part.shard != thread);
        match parts.len() == 2 && parts[0].shard == thread {
            true => Self::shortcut(Coordinator::shortcut(id), parts),
            false => Self::coordinated(Coordinator::one_shot(id, parts.len()), parts),
        }
    }

    /// A transaction whose parts are all scheduled at once.
    pub(crate) fn coordinated(coordinator: Coordinator, parts: Vec<Part>) -> Self {
        Self {
            scheduled_first: parts.len(),
            parts,
            coordinator: Some(coordinator),
            holds_nothing: false,
            fences: Vec::new(),
            missing: 0,
            step: None,
            moment: None,
            state: State::Flying(Waiting::default()),
        }
    }

    /// A transaction of an own part and a remote one, which follows when the own one is granted.
    fn shortcut(coordinator: Coordinator, parts: Vec<Part>) -> Self {
        Self { scheduled_first: 1, ..Self::coordinated(coordinator, parts) }
    }

    /// The present id of the transaction.
    pub(crate) fn id(&self) -> TxId {
        self.coordinator.as_ref().map_or(TxId::NONE, Coordinator::id)
    }

    pub(crate) fn shards(&self) -> Vec<usize> {
        self.parts.iter().map(|part| part.shard).collect()
    }

    pub(crate) fn moment(&self) -> Moment {
        self.moment.expect("the remote part ran")
    }

    /// Takes an answer in; says what to do about it.
    pub(crate) fn on_answer(&mut self, part: usize, answer: Answer) -> Action {
        let Some(coordinator) = &mut self.coordinator else {
            match answer {
                Answer::Ran(parcel, _) => self.parts[part].parcel = Some(parcel),
                Answer::Hopped(result) => self.parts[part].hopped = Some(result),
                Answer::Granted(_) | Answer::Refused { .. } | Answer::Woken { .. } => {
                    unreachable!("plain work has no coordinator")
                }
            }
            self.missing -= 1;
            return if self.missing == 0 { Action::Finished } else { Action::Wait };
        };
        match answer {
            Answer::Granted(id) => coordinator.on_granted(id),
            Answer::Refused { id, watermark } => coordinator.on_refused(id, watermark),
            Answer::Ran(parcel, moment) => {
                self.parts[part].parcel = Some(parcel);
                self.moment = Some(moment);
                coordinator.on_done(coordinator.id())
            }
            Answer::Hopped(_) | Answer::Woken { .. } => {
                unreachable!("plans hop in flights of their own, and wakes go to threads")
            }
        }
    }

    /// Makes the next attempt's id the present one.
    pub(crate) fn restart(&mut self, id: TxId) {
        self.coordinator.as_mut().expect("only transactions are refused").restart(id);
    }

    /// The parts that are scheduled when an attempt begins.
    pub(crate) fn first_parts(&self) -> std::ops::Range<usize> {
        0..self.scheduled_first
    }

    /// The request that schedules a part under `id`, and its shard.
    pub(crate) fn schedule(
        &mut self,
        part: usize,
        id: TxId,
        on_grant: OnGrant,
    ) -> (usize, Request) {
        let holds_nothing = self.holds_nothing;
        let part = &mut self.parts[part];
        let request = match part.sent_as.replace(id) {
            Some(old) => Request::Reschedule { old, new: id },
            None => {
                let locks = std::mem::take(&mut part.locks);
                let parcel = part.parcel.take();
                Request::Schedule { id, locks, parcel, on_grant, holds_nothing }
            }
        };
        (part.shard, request)
    }

    /// It is over. Returns whether nobody waits for it.
    pub(crate) fn land(&mut self) -> bool {
        match std::mem::replace(&mut self.state, State::Landed) {
            State::Flying(waiting) => waiting.wake(),
            State::Abandoned => return true,
            State::Landed => unreachable!("a flight lands once"),
        }
        false
    }

    pub(crate) fn has_landed(&mut self, task: &Context<'_>) -> bool {
        match &mut self.state {
            State::Landed => true,
            State::Flying(waiting) => {
                waiting.add(task.waker());
                false
            }
            State::Abandoned => unreachable!("nobody waits for it"),
        }
    }

    /// Gives the parcels that came back to be used again.
    pub(crate) fn recycle(self, router: &Router) {
        let parcels = self.parts.into_iter().filter_map(|part| part.parcel);
        parcels.for_each(|parcel| router.recycle(parcel));
    }

    /// Returns whether it has landed and can go.
    pub(crate) fn abandon(&mut self) -> bool {
        let landed = matches!(self.state, State::Landed);
        self.state = State::Abandoned;
        landed
    }
}

/// Resolves to the flight when it is back.
pub(crate) struct FlightFuture {
    router: Rc<Router>,
    flight: Option<u32>,
}

impl FlightFuture {
    pub(crate) fn new(router: Rc<Router>, flight: u32) -> Self {
        Self { router, flight: Some(flight) }
    }
}

impl Future for FlightFuture {
    type Output = Flight;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Flight> {
        let flight = self.flight.expect("polled after it was ready");
        match self.router.try_land(flight, task) {
            Some(landed) => {
                self.flight = None;
                Poll::Ready(landed)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for FlightFuture {
    fn drop(&mut self) {
        if let Some(flight) = self.flight {
            self.router.abandon(flight);
        }
    }
}
