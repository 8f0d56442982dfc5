//! One cross-shard transaction, seen from the thread that coordinates it.

use crate::id::{Draw, TxId};

/// After so many refusals the next id is drawn ahead.
pub const REFUSALS_PATIENT: u32 = 3;

/// What the caller is to do about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: other answers are on their way, or this one was to an id given up.
    Wait,
    /// Every lock is held. Take the stamp and tell every shard to run its part and release.
    Run,
    /// A plan holds every lock, and no hop is under way. The first time, take the stamp; then start
    /// a [`Coordinator::hop`] or the [`Coordinator::last_hop`].
    Held,
    /// The own shard has granted a shortcut: send the remote its part, to run as soon as granted.
    RunRemote,
    /// The remote part of a shortcut has run: run the local part, under the remote's stamp, and
    /// release.
    RunLocal,
    /// Tell every shard that was sent the present id to withdraw it, [redraw](crate::Ids::redraw),
    /// and [`Coordinator::restart`].
    Retry(Draw),
    /// Every part has run: answer the client.
    Finished,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    OneShot,
    Plan,
    Shortcut,
}

/// What is awaited, and from how many shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Granting(usize),
    /// A plan that holds its locks between hops.
    Held,
    Hop(usize),
    /// After these the transaction is over.
    Last(usize),
    Refused,
    Finished,
}

/// Gathers the answers of the shards and says what to send next.
///
/// The caller sends `Schedule` when it has made a coordinator or restarted it: to every shard, or,
/// for a shortcut, to its own alone. It feeds in each answer with the id that it answers, and
/// carries out the [`Action`]. A transaction, once begun, is always brought to its end, whether
/// or not its client is still there.
#[derive(Debug)]
pub struct Coordinator {
    id: TxId,
    kind: Kind,
    shards: usize,
    state: State,
    refusals: u32,
}

impl Coordinator {
    /// A transaction whose parts are known beforehand, on this many shards.
    pub fn one_shot(id: TxId, shards: usize) -> Coordinator {
        Coordinator::new(id, Kind::OneShot, shards)
    }

    /// A transaction of several hops under the same locks, on this many shards.
    pub fn plan(id: TxId, shards: usize) -> Coordinator {
        Coordinator::new(id, Kind::Plan, shards)
    }

    /// A one-shot transaction on the coordinator's own shard and one other.
    ///
    /// 1. `Schedule` on the own shard; granted → [`Action::RunRemote`].
    /// 2. The remote schedules, runs as soon as it grants, takes the stamp then, releases, and
    ///    answers with both → [`Action::RunLocal`].
    /// 3. The local part runs and releases; say so with [`Coordinator::on_done`].
    pub fn shortcut(id: TxId) -> Coordinator {
        Coordinator::new(id, Kind::Shortcut, 1)
    }

    fn new(id: TxId, kind: Kind, shards: usize) -> Coordinator {
        assert!(shards > 0, "a transaction has shards");
        let state = State::Granting(shards);
        Coordinator { id, kind, shards, state, refusals: 0 }
    }

    /// The present attempt's id.
    pub fn id(&self) -> TxId {
        self.id
    }

    /// A shard has granted `id` its locks.
    pub fn on_granted(&mut self, id: TxId) -> Action {
        if self.is_stale(id) {
            return Action::Wait;
        }
        let State::Granting(missing) = self.state else {
            panic!("granted when {:?}", self.state);
        };
        if missing > 1 {
            self.state = State::Granting(missing - 1);
            return Action::Wait;
        }
        match self.kind {
            Kind::OneShot => {
                self.state = State::Last(self.shards);
                Action::Run
            }
            Kind::Plan => {
                self.state = State::Held;
                Action::Held
            }
            Kind::Shortcut => {
                self.state = State::Hop(1);
                Action::RunRemote
            }
        }
    }

    /// A shard has refused `id`, as `watermark` was there before.
    pub fn on_refused(&mut self, id: TxId, watermark: TxId) -> Action {
        if self.is_stale(id) {
            return Action::Wait;
        }
        // The remote of a shortcut may refuse to run what the own shard has granted.
        let refusable = match self.state {
            State::Granting(_) => true,
            State::Hop(_) => self.kind == Kind::Shortcut,
            State::Held | State::Last(_) | State::Refused | State::Finished => false,
        };
        assert!(refusable, "refused when {:?}", self.state);
        self.state = State::Refused;
        self.refusals += 1;
        Action::Retry(Draw { above: watermark, ahead: self.refusals >= REFUSALS_PATIENT })
    }

    /// Begins the next attempt, with a fresh id.
    pub fn restart(&mut self, id: TxId) {
        assert_eq!(self.state, State::Refused, "only a refused transaction starts again");
        assert!(id > self.id, "ids of one transaction go up");
        self.id = id;
        self.state = State::Granting(self.shards);
    }

    /// A plan sends a hop to this many of its shards, which keep their locks.
    pub fn hop(&mut self, shards: usize) {
        assert_eq!(self.state, State::Held, "one hop at a time, under all locks");
        assert!(0 < shards && shards <= self.shards, "a hop goes to shards of the plan");
        self.state = State::Hop(shards);
    }

    /// A plan sends its last hop to this many of its shards, which then release, and tells the
    /// others, whose answer nobody awaits, to release. With no shard left to run it is over.
    pub fn last_hop(&mut self, shards: usize) -> Action {
        assert_eq!(self.state, State::Held, "one hop at a time, under all locks");
        assert!(shards <= self.shards, "a hop goes to shards of the plan");
        self.state = if shards == 0 { State::Finished } else { State::Last(shards) };
        if shards == 0 { Action::Finished } else { Action::Wait }
    }

    /// A shard has run what it was sent last.
    pub fn on_done(&mut self, id: TxId) -> Action {
        assert_eq!(id, self.id, "what runs is never given up");
        match self.state {
            State::Hop(missing) if missing > 1 => self.state = State::Hop(missing - 1),
            State::Last(missing) if missing > 1 => self.state = State::Last(missing - 1),
            State::Hop(_) if self.kind == Kind::Shortcut => {
                self.state = State::Last(1);
                return Action::RunLocal;
            }
            State::Hop(_) => {
                self.state = State::Held;
                return Action::Held;
            }
            State::Last(_) => {
                self.state = State::Finished;
                return Action::Finished;
            }
            State::Granting(_) | State::Held | State::Refused | State::Finished => {
                panic!("done when {:?}", self.state)
            }
        }
        Action::Wait
    }

    /// Whether an answer is to an attempt that was given up.
    fn is_stale(&self, id: TxId) -> bool {
        assert!(id <= self.id, "answers come to ids that were sent");
        id < self.id || self.state == State::Refused
    }
}

#[cfg(test)]
mod tests;
