//! The coordinating side of one operation.

use txn::{Action, Coordinator, Locks, TxId};

use crate::bug::Bug;
use crate::history::{Access, Operation};
use crate::turn::{Answer, Request, Turn};

/// How an operation goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One shard, without a transaction.
    Plain,
    OneShot,
    /// The thread's own shard and one other.
    Shortcut,
    /// Several hops, the last of which depends on what the others read.
    Plan,
}

/// What an operation does on one shard.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) shard: usize,
    pub(crate) locks: Locks,
    /// By hop; all but plans have one.
    pub(crate) hops: Vec<Vec<Access>>,
}

pub(crate) struct Transaction {
    pub(crate) operation: Operation,
    /// Where its client is, or was.
    pub(crate) thread: usize,
    pub(crate) vanishes: bool,
    way: Way,
    parts: Vec<Part>,
    hops: usize,
    /// Hops begun.
    hop: usize,
    coordinator: Option<Coordinator>,
    stamp: Option<u64>,
}

impl Transaction {
    pub(crate) fn new(
        operation: Operation,
        thread: usize,
        vanishes: bool,
        way: Way,
        parts: Vec<Part>,
    ) -> Transaction {
        let hops = parts[0].hops.len();
        let (hop, coordinator, stamp) = (0, None, None);
        Transaction { operation, thread, vanishes, way, parts, hops, hop, coordinator, stamp }
    }

    pub(crate) fn receive(&mut self, turn: &mut Turn<'_>, answer: Answer) {
        let action = match answer {
            Answer::Begin => return self.begin(turn),
            Answer::Busy | Answer::Again | Answer::GiveWay => unreachable!("these are for series"),
            Answer::Done { .. } if self.way == Way::Plain => Action::Finished,
            // With these bugs answers come that a coordinator would rightly not believe.
            Answer::Granted { .. } | Answer::Refused { .. } if self.is_armed_by(turn.bug) => return,
            Answer::Granted { id } => self.on_granted(turn.bug, id),
            Answer::Refused { id, watermark } => self.coordinator().on_refused(id, watermark),
            Answer::Done { id, stamp } => {
                self.stamp.get_or_insert(stamp);
                self.coordinator().on_done(id)
            }
        };
        self.act(turn, action);
    }

    fn coordinator(&mut self) -> &mut Coordinator {
        self.coordinator.as_mut().expect("only plain operations have none")
    }

    fn begin(&mut self, turn: &mut Turn<'_>) {
        let operation = self.operation;
        let count = self.parts.len();
        self.coordinator = match self.way {
            Way::Plain => {
                let Part { shard, locks, mut hops } = self.parts.remove(0);
                let run = hops.remove(0);
                return turn.request(shard, Request::Plain { operation, run, locks });
            }
            Way::OneShot => Some(Coordinator::one_shot(turn.ids.draw(), count)),
            Way::Shortcut => Some(Coordinator::shortcut(turn.ids.draw())),
            Way::Plan => Some(Coordinator::plan(turn.ids.draw(), count)),
        };
        if turn.bug == Bug::StampEarly && self.way != Way::Shortcut {
            self.stamp = Some(turn.clock);
        }
        self.schedule(turn);
    }

    fn schedule(&mut self, turn: &mut Turn<'_>) {
        let (operation, id) = (self.operation, self.coordinator().id());
        for Part { shard, locks, .. } in &self.parts {
            if self.way == Way::Shortcut && *shard != self.thread {
                continue;
            }
            let locks = locks.clone();
            turn.request(*shard, Request::Schedule { operation, id, locks, run: None });
        }
    }

    fn is_armed_by(&self, bug: Bug) -> bool {
        matches!(bug, Bug::ArmEarly | Bug::HeedStale) && self.way != Way::Shortcut && self.hop > 0
    }

    fn on_granted(&mut self, bug: Bug, id: TxId) -> Action {
        let several = self.parts.len() > 1 && self.way != Way::Shortcut;
        let coordinator = self.coordinator();
        let id = if bug == Bug::HeedStale && several { coordinator.id() } else { id };
        let action = coordinator.on_granted(id);
        if bug == Bug::ArmEarly && several && action == Action::Wait {
            return coordinator.on_granted(id);
        }
        action
    }

    fn act(&mut self, turn: &mut Turn<'_>, action: Action) {
        match action {
            Action::Wait => {}
            Action::Run => self.run_hop(turn),
            Action::Held => self.next_hop(turn),
            Action::RunRemote => self.run_remote(turn),
            Action::RunLocal => {
                if turn.bug == Bug::StampTwice {
                    self.stamp = None;
                }
                self.run_hop(turn);
            }
            Action::Retry(draw) => {
                turn.summary.refusals += 1;
                turn.summary.ahead += usize::from(draw.ahead);
                let id = self.coordinator().id();
                if turn.bug != Bug::ForgetWithdrawal {
                    self.parts.iter().for_each(|part| {
                        turn.request(part.shard, Request::Withdraw { id });
                    });
                }
                self.coordinator().restart(turn.ids.redraw(draw));
                self.schedule(turn);
            }
            Action::Finished => turn.history.finish(self.operation, turn.now, !self.vanishes),
        }
    }

    fn run_remote(&mut self, turn: &mut Turn<'_>) {
        let (operation, id) = (self.operation, self.coordinator().id());
        for part in self.parts.iter().filter(|part| part.shard != self.thread) {
            let (locks, run) = (part.locks.clone(), Some(part.hops[0].clone()));
            turn.request(part.shard, Request::Schedule { operation, id, locks, run });
        }
        if turn.bug == Bug::ShortcutUnlocked {
            turn.request(self.thread, Request::Withdraw { id });
        }
    }

    /// A plan's next hop; whether it writes in the last one depends on what it read in the first.
    fn next_hop(&mut self, turn: &mut Turn<'_>) {
        let last = self.hop + 1 == self.hops;
        let read = self.parts.iter().flat_map(|part| &part.hops[0]).map(|access| access.key);
        if last && turn.history.writes(read) % 4 == 3 {
            self.parts.iter_mut().for_each(|part| part.hops[self.hop].clear());
        }
        let shards = self.parts.iter().filter(|part| !part.hops[self.hop].is_empty()).count();
        let action = if last {
            self.coordinator().last_hop(shards)
        } else {
            self.coordinator().hop(shards);
            Action::Wait
        };
        self.run_hop(turn);
        self.act(turn, action);
    }

    /// Sends each shard its part of the next hop, and, if it is the last, lets the others go.
    fn run_hop(&mut self, turn: &mut Turn<'_>) {
        let stamp = *self.stamp.get_or_insert(turn.clock);
        let (operation, id, hop) = (self.operation, self.coordinator().id(), self.hop);
        let last = hop + 1 == self.hops;
        for part in &self.parts {
            if self.way == Way::Shortcut && part.shard != self.thread {
                continue;
            }
            let run = part.hops[hop].clone();
            if !run.is_empty() || self.way != Way::Plan {
                let release = last || turn.bug == Bug::ReleaseBetweenHops;
                let request = Request::Run { operation, id, stamp, run, release };
                turn.request(part.shard, request);
            } else if last {
                turn.request(part.shard, Request::Withdraw { id });
            }
        }
        self.hop += 1;
    }
}
