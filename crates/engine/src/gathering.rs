//! What the connections of a thread bring in one turn and what spans shards, as one transaction.
//!
//! Each such batch must be atomic; that all of a turn are one costs nothing more, and saves the
//! messages of all but one. It leaves when the turn ends.

use std::cell::OnceCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::flight::{Flight, Part};
use crate::router::Router;

/// One that has so many calls leaves before the turn ends, so that others do not wait for long.
const CALLS_MAX: usize = 1024;

/// See the module. Every batch in it holds it; the router does until it leaves.
pub(crate) struct Gathering {
    router: Rc<Router>,
    flight: u32,
    landed: OnceCell<Flight>,
}

impl Gathering {
    pub(crate) fn new(router: Rc<Router>, flight: u32) -> Self {
        Self { router, flight, landed: OnceCell::new() }
    }

    /// The number of its flight.
    pub(crate) fn flight(&self) -> u32 {
        self.flight
    }

    /// Lets a batch add its calls.
    pub(crate) fn join<R>(&self, add: impl FnOnce(&mut Vec<Part>) -> R) -> R {
        let (result, calls) = self.router.with_flight(self.flight, |flight| {
            let result = add(&mut flight.parts);
            (result, flight.parts.iter().map(Part::calls).sum::<usize>())
        });
        if calls >= CALLS_MAX {
            self.router.send_gathered();
        }
        result
    }

    /// Waits for the replies to all of it.
    pub(crate) async fn landed(&self) -> &Flight {
        poll_fn(|task| {
            if self.landed.get().is_none() {
                match self.router.try_land(self.flight, task) {
                    Some(flight) => drop(self.landed.set(flight)),
                    None => return Poll::Pending,
                }
            }
            Poll::Ready(())
        })
        .await;
        self.landed.get().expect("set above")
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        match self.landed.take() {
            Some(flight) => flight.recycle(&self.router),
            None => self.router.abandon(self.flight),
        }
    }
}
