//! How flights go on: an answer comes in, and what it brings about is done.

use std::task::Context as TaskContext;

use txn::{Action, TxId};

use super::{Message, Router};
use crate::flight::Flight;
use crate::shard::{Address, Answer, OnGrant, Request};

impl Router {
    pub(super) fn on_answer(&self, address: Address, answer: Answer) {
        if let Answer::Woken { id, shard } = answer {
            self.sleepers.borrow_mut().wake(id.number, shard as usize);
            return;
        }
        let mut flights = self.flights.borrow_mut();
        let flight = flights.get_mut(address.flight as usize).expect("flights wait for answers");
        let action = flight.on_answer(address.part as usize, answer);
        drop(flights);
        match action {
            Action::Wait => {}
            other => self.on_action(address.flight, other),
        }
    }

    pub(super) fn on_action(&self, flight: u32, action: Action) {
        match action {
            Action::Wait => {}
            Action::Run => {
                self.begin_flight_step(flight);
                let moment = self.clock.moment();
                let (id, shards) = self.with_flight(flight, |f| (f.id(), f.shards()));
                for (part, shard) in shards.into_iter().enumerate() {
                    self.request(shard, self.address(flight, part), Request::Arm(id, moment));
                }
            }
            Action::RunRemote => {
                // The remote takes the stamp, later.
                self.begin_flight_step(flight);
                let id = self.with_flight(flight, |f| f.id());
                self.schedule(flight, 1, id, OnGrant::Run);
            }
            Action::RunLocal => {
                let (id, moment) = self.with_flight(flight, |f| (f.id(), f.moment()));
                self.request(self.thread, self.address(flight, 0), Request::Arm(id, moment));
            }
            Action::Retry(draw) => {
                self.end_flight_step(flight);
                let id = self.network.ids.redraw(draw);
                self.with_flight(flight, |f| f.restart(id));
                match self.with_flight(flight, |f| f.fences.is_empty()) {
                    true => self.begin_attempt(flight),
                    // The fences of two series that wait for each other refuse each of them in turn,
                    // until one gives way: others must go on meanwhile.
                    false => self.outboxes.borrow_mut()[self.thread].push(Message::Again(flight)),
                }
            }
            Action::Held | Action::Finished => {
                self.end_flight_step(flight);
                self.land(flight);
            }
        }
    }

    pub(super) fn begin_flight_step(&self, flight: u32) {
        let number = self.steps.begin(self.clock.moment().stamp_ns);
        let before = self.with_flight(flight, |f| f.step.replace(number));
        debug_assert_eq!(before, None, "a flight is one step");
    }

    pub(super) fn end_flight_step(&self, flight: u32) {
        if let Some(number) = self.with_flight(flight, |f| f.step.take()) {
            self.steps.end(number);
        }
    }

    pub(super) fn begin_attempt(&self, flight: u32) {
        let id = self.with_flight(flight, |f| f.id());
        for (shard, holder) in self.with_flight(flight, |f| f.fences.clone()) {
            self.request(shard, self.address(0, 0), Request::Fence { holder, next: id });
        }
        for part in self.with_flight(flight, |f| f.first_parts()) {
            self.schedule(flight, part, id, OnGrant::Report);
        }
    }

    /// Sends a part of a transaction to its shard, or, if it is there already, its new id.
    pub(super) fn schedule(&self, flight: u32, part: usize, id: TxId, on_grant: OnGrant) {
        let (shard, request) = self.with_flight(flight, |f| f.schedule(part, id, on_grant));
        self.request(shard, self.address(flight, part), request);
    }

    pub(super) fn land(&self, flight: u32) {
        let mut flights = self.flights.borrow_mut();
        if flights[flight as usize].land() {
            flights.remove(flight as usize);
        }
    }

    pub(crate) fn with_flight<R>(&self, flight: u32, see: impl FnOnce(&mut Flight) -> R) -> R {
        see(&mut self.flights.borrow_mut()[flight as usize])
    }

    /// The flight, if it has landed; then it is gone here.
    pub(crate) fn try_land(&self, flight: u32, task: &TaskContext<'_>) -> Option<Flight> {
        let mut flights = self.flights.borrow_mut();
        if flights[flight as usize].has_landed(task) {
            return Some(flights.remove(flight as usize));
        }
        None
    }

    /// Nobody waits for a flight any more; it ends all the same.
    pub(crate) fn abandon(&self, flight: u32) {
        let mut flights = self.flights.borrow_mut();
        if flights[flight as usize].abandon() {
            flights.remove(flight as usize);
        }
    }
}
