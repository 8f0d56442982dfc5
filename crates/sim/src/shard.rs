//! A shard of the simulated server: a lock table and the parts that wait for it.

use std::collections::BTreeMap;

use txn::{Draw, Fault, LockTable, Locks, Scheduled, TxId};

use crate::bug::Bug;
use crate::history::{Access, Operation};
use crate::layout::Layout;
use crate::turn::{Answer, Request, Turn};

/// A scheduled transaction, as the shard sees it.
struct Pending {
    operation: Operation,
    coordinator: usize,
    /// What to run as soon as it is granted; without, the coordinator is told and says when.
    run: Option<Vec<Access>>,
    /// Whether it is of this shard alone.
    is_plain: bool,
}

pub(crate) struct Shard {
    layout: Layout,
    locks: LockTable,
    pending: BTreeMap<TxId, Pending>,
    /// No lower stamp is given out here any more.
    stamp: u64,
}

impl Shard {
    pub(crate) fn new(bug: Bug, layout: Layout) -> Shard {
        let locks = LockTable::with_fault(bug.fault(), layout.slots);
        Shard { layout, locks, pending: BTreeMap::new(), stamp: 0 }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.locks.is_idle() && self.pending.is_empty()
    }

    /// A batch of messages begins.
    pub(crate) fn read_clock(&mut self, clock: u64) {
        self.stamp = self.stamp.max(clock);
    }

    pub(crate) fn receive(&mut self, turn: &mut Turn<'_>, from: usize, request: Request) {
        match request {
            Request::Plain { operation, run, locks } => {
                if self.admits(turn.bug, &locks, &run) {
                    self.run(turn, operation, None, self.stamp, &run);
                    let id = TxId::NONE;
                    turn.answer(from, operation, Answer::Done { id, stamp: self.stamp });
                } else {
                    let run = Some(run);
                    let pending = Pending { operation, coordinator: from, run, is_plain: true };
                    self.schedule_plain(turn, pending, locks);
                }
            }
            Request::Here { operation, run } => self.run_here(turn, from, operation, &run),
            Request::Schedule { operation, id, locks, run } => {
                let pending = Pending { operation, coordinator: from, run, is_plain: false };
                self.schedule(turn, id, pending, locks);
            }
            Request::Grow { operation, id, locks } => {
                if turn.bug == Bug::GrowUnseen {
                    self.locks.plant(Fault::NeverRefuse);
                }
                let pending = Pending { operation, coordinator: from, run: None, is_plain: false };
                self.schedule(turn, id, pending, locks);
                self.locks.plant(turn.bug.fault());
            }
            Request::Fence { holder, next } => self.fence(turn, holder, next),
            Request::Withdraw { id } => self.release(turn, id),
            Request::Run { operation, id, stamp, run, release } => {
                self.run(turn, operation, Some(id), stamp, &run);
                if turn.bug != Bug::StampFallsBack {
                    self.stamp = self.stamp.max(stamp);
                }
                if release {
                    self.release(turn, id);
                }
                turn.answer(from, operation, Answer::Done { id, stamp });
            }
        }
    }

    /// Nobody can come between what runs here and the locks that its thread then asks for, as long as
    /// none is wanted now.
    fn run_here(&mut self, turn: &mut Turn<'_>, from: usize, operation: Operation, run: &[Access]) {
        let is_free = match turn.bug {
            Bug::HereBesideWaiters => self.locks.admits_all(&self.layout.locks(run)),
            _ => self.locks.is_idle(),
        };
        if !is_free {
            turn.answer(from, operation, Answer::Busy);
            return;
        }
        self.run(turn, operation, None, self.stamp, run);
        turn.answer(from, operation, Answer::Done { id: TxId::NONE, stamp: self.stamp });
    }

    /// Plain commands hold nothing elsewhere, so they may wait as before; others begin again.
    fn fence(&mut self, turn: &mut Turn<'_>, holder: TxId, next: TxId) {
        let mut granted = Vec::new();
        for (id, locks) in self.locks.fence(holder, next, &mut granted) {
            let pending = self.pending.remove(&id).expect("what waits was scheduled");
            turn.summary.fenced += 1;
            if pending.is_plain {
                self.schedule_plain(turn, pending, locks);
            } else {
                let answer = Answer::Refused { id, watermark: next };
                turn.answer(pending.coordinator, pending.operation, answer);
            }
        }
        for id in granted {
            self.granted(turn, id);
        }
    }

    fn admits(&self, bug: Bug, locks: &Locks, run: &[Access]) -> bool {
        match bug {
            Bug::PlainIgnoresLocks => true,
            Bug::PlainLooksOnce => {
                let mut first = Locks::new();

                first.add(self.layout.slot(run[0].key), run[0].mode());
                self.locks.admits_all(&first)
            }
            _ => self.locks.admits_all(locks),
        }
    }

    /// A plain command that met a lock becomes a transaction on this shard alone.
    fn schedule_plain(&mut self, turn: &mut Turn<'_>, pending: Pending, mut locks: Locks) {
        let mut id = turn.ids.draw();
        loop {
            match self.locks.schedule(id, locks) {
                Scheduled::Refused { watermark, locks: back } => {
                    locks = back;
                    id = turn.ids.redraw(Draw { above: watermark, ahead: false });
                }
                scheduled => {
                    turn.summary.waits += 1;
                    self.pending.insert(id, pending);
                    // Only a lock table with a bug grants what it has just not admitted.
                    if scheduled == Scheduled::Granted {
                        self.granted(turn, id);
                    }
                    return;
                }
            }
        }
    }

    fn schedule(&mut self, turn: &mut Turn<'_>, id: TxId, pending: Pending, locks: Locks) {
        match self.locks.schedule(id, locks) {
            Scheduled::Granted => {
                self.pending.insert(id, pending);
                self.granted(turn, id);
            }
            Scheduled::Queued => {
                turn.summary.waits += 1;
                self.pending.insert(id, pending);
            }
            Scheduled::Refused { watermark, .. } => {
                let answer = Answer::Refused { id, watermark };
                turn.answer(pending.coordinator, pending.operation, answer);
            }
        }
    }

    fn granted(&mut self, turn: &mut Turn<'_>, id: TxId) {
        let pending = self.pending.get_mut(&id).expect("what is granted was scheduled");
        let (operation, coordinator) = (pending.operation, pending.coordinator);
        let Some(run) = pending.run.take() else {
            turn.answer(coordinator, operation, Answer::Granted { id });
            return;
        };
        let stamp = self.stamp;
        self.run(turn, operation, Some(id), stamp, &run);
        self.release(turn, id);
        turn.answer(coordinator, operation, Answer::Done { id, stamp });
    }

    fn release(&mut self, turn: &mut Turn<'_>, id: TxId) {
        self.pending.remove(&id);
        let mut granted = Vec::new();
        self.locks.release(id, &mut granted);
        for id in granted {
            self.granted(turn, id);
        }
    }

    fn run(
        &mut self,
        turn: &mut Turn<'_>,
        operation: Operation,
        id: Option<TxId>,
        stamp: u64,
        accesses: &[Access],
    ) {
        turn.log(format_args!("shard {} runs {operation}: {accesses:?} at {stamp}", turn.thread));
        turn.history.run(operation, id, stamp, accesses);
    }
}
