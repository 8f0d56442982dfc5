//! The coordinating side of a series: it runs under locks, and asks for more while it keeps what it
//! has, as a script does that touches keys which it did not declare.

use std::collections::VecDeque;

use txn::{Action, Coordinator, Draw, Locks, TxId};

use crate::bug::Bug;
use crate::history::{Access, Operation};
use crate::layout::Layout;
use crate::turn::{Answer, Request, Turn};

/// What a series does before it needs more locks.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// What must be locked, as far as it is not.
    pub(crate) needs: Needs,
    pub(crate) run: Vec<Access>,
}

#[derive(Clone, Debug)]
pub(crate) enum Needs {
    /// The keys of these accesses, to be written as far as anybody knows.
    Keys(Vec<Access>),
    /// Every slot of every shard.
    Everything,
}

impl Stage {
    pub(crate) fn of(run: Vec<Access>) -> Stage {
        Stage { needs: Needs::Keys(run.clone()), run }
    }
}

/// Locks that were asked for.
struct Asked {
    coordinator: Coordinator,
    parts: Vec<(usize, Locks)>,
    /// What the series held before, to be fenced.
    fences: Vec<(usize, TxId)>,
    /// As of the last grant.
    stamp: Option<u64>,
}

pub(crate) struct Series {
    operation: Operation,
    pub(crate) thread: usize,
    vanishes: bool,
    layout: Layout,
    /// Whether it begins without locks, by not giving its thread up.
    is_here: bool,
    stages: VecDeque<Stage>,
    /// What it runs once it has the locks that it waits for.
    next: Vec<Access>,
    /// The last locks it asked for.
    asked: Option<Asked>,
    /// What it holds by which ids, and how many of them came first.
    holds: Vec<(usize, TxId)>,
    first_holds: usize,
    /// What that is, by shard.
    locked: Vec<Locks>,
    gave_way: bool,
}

impl Series {
    pub(crate) fn new(
        operation: Operation,
        (thread, vanishes): (usize, bool),
        layout: Layout,
        is_here: bool,
        stages: Vec<Stage>,
    ) -> Series {
        Series {
            operation,
            thread,
            vanishes,
            layout,
            is_here,
            stages: stages.into(),
            next: Vec::new(),
            asked: None,
            holds: Vec::new(),
            first_holds: 0,
            locked: vec![Locks::new(); layout.shards],
            gave_way: false,
        }
    }

    /// Whether it waits for locks and holds others.
    pub(crate) fn is_reaching(&self) -> bool {
        let is_asking = self.asked.as_ref().is_some_and(|asked| asked.stamp.is_none());
        is_asking && !self.holds.is_empty() && !self.gave_way
    }

    pub(crate) fn receive(&mut self, turn: &mut Turn<'_>, answer: Answer) {
        match answer {
            Answer::Begin if self.is_here => {
                let (operation, run) = (self.operation, self.stages[0].run.clone());
                turn.request(self.thread, Request::Here { operation, run });
            }
            Answer::Begin | Answer::Busy => self.go_on(turn),
            Answer::Again => self.try_again(turn),
            Answer::GiveWay => self.give_way(turn),
            Answer::Done { id: TxId::NONE, .. } => self.on_here(turn),
            Answer::Granted { id } => self.on_action(turn, |one| one.on_granted(id)),
            Answer::Refused { id, watermark } => {
                self.on_action(turn, |one| one.on_refused(id, watermark));
            }
            Answer::Done { id, .. } => self.on_action(turn, |one| one.on_done(id)),
        }
    }

    /// It has run without locks. If that is not all, it first locks what it has touched.
    fn on_here(&mut self, turn: &mut Turn<'_>) {
        let touched = self.stages.pop_front().expect("it was the first");
        if !self.stages.is_empty() {
            self.stages.push_front(Stage { run: Vec::new(), ..touched });
        }
        self.go_on(turn);
    }

    /// Begins the next stage, or ends.
    fn go_on(&mut self, turn: &mut Turn<'_>) {
        let Some(Stage { needs, run }) = self.stages.pop_front() else {
            return self.end(turn);
        };
        self.next = run;
        let mut parts = Vec::new();
        for shard in 0..self.layout.shards {
            let mut locks = self.layout.needs(&needs, shard);
            locks.remove_slots(&self.locked[shard]);
            parts.push((shard, locks));
        }
        if parts.iter().all(|(_, locks)| locks.is_empty()) {
            return self.run(turn);
        }
        // So that the new id is known wherever the series has locks.
        parts.retain(|(shard, locks)| {
            !locks.is_empty() || self.holds.iter().any(|(held, _)| held == shard)
        });
        if turn.bug == Bug::HereForgets && self.is_here && self.holds.is_empty() {
            parts.iter_mut().for_each(|(shard, locks)| {
                self.locked[*shard].add_all(locks);
                locks.clear();
            });
        }
        let fences = match turn.bug {
            Bug::GrowUnfenced => Vec::new(),
            Bug::FenceFirst => self.holds[..self.first_holds].to_vec(),
            _ => self.holds.clone(),
        };
        let id = match self.holds.iter().map(|(_, id)| *id).max() {
            Some(above) if turn.bug != Bug::GrowBelow => {
                turn.ids.redraw(Draw { above, ahead: false })
            }
            _ => turn.ids.draw(),
        };
        let coordinator = Coordinator::plan(id, parts.len());
        let asked = self.asked.insert(Asked { coordinator, parts, fences, stamp: None });
        asked.fence(turn);
        asked.schedule(turn, self.operation, !self.holds.is_empty());
    }

    fn on_action(&mut self, turn: &mut Turn<'_>, see: impl FnOnce(&mut Coordinator) -> Action) {
        let asked = self.asked.as_mut().expect("answers come to what was asked");
        let action = see(&mut asked.coordinator);
        let id = asked.coordinator.id();
        match action {
            Action::Wait => {}
            Action::Held if self.gave_way => {
                if turn.bug != Bug::KeepGiven {
                    asked.withdraw(turn, id);
                }
            }
            Action::Held if asked.stamp.is_none() => {
                asked.stamp = Some(turn.clock);
                self.on_locked(turn, id);
                self.run(turn);
            }
            Action::Held => self.go_on(turn),
            Action::Retry(draw) => {
                turn.summary.refusals += 1;
                turn.summary.ahead += usize::from(draw.ahead);
                asked.withdraw(turn, id);
                asked.coordinator.restart(turn.ids.redraw(draw));
                // Two that wait for each other refuse each other in turn: others must go on.
                match asked.fences.is_empty() || turn.bug == Bug::GrowAtOnce {
                    true => self.try_again(turn),
                    false => turn.again(self.operation),
                }
            }
            Action::Run | Action::RunRemote | Action::RunLocal | Action::Finished => {
                unreachable!("a series only locks and hops")
            }
        }
    }

    fn try_again(&mut self, turn: &mut Turn<'_>) {
        let asked = self.asked.as_ref().expect("it was refused");
        if turn.bug != Bug::FenceOnce {
            asked.fence(turn);
        }
        asked.schedule(turn, self.operation, !self.holds.is_empty());
    }

    fn on_locked(&mut self, turn: &mut Turn<'_>, id: TxId) {
        if turn.bug == Bug::GrowReleases {
            self.release(turn);
        }
        let parts = &self.asked.as_ref().expect("it was just granted").parts;
        self.holds.extend(parts.iter().map(|(shard, _)| (*shard, id)));
        parts.iter().for_each(|(shard, locks)| self.locked[*shard].add_all(locks));
        if self.first_holds == 0 {
            self.first_holds = self.holds.len();
        } else {
            turn.summary.grown += 1;
        }
    }

    /// Runs a stage under the last locks.
    fn run(&mut self, turn: &mut Turn<'_>) {
        let operation = self.operation;
        let asked = self.asked.as_mut().expect("it has locks");
        let (id, stamp) = (asked.coordinator.id(), asked.stamp.expect("they are granted"));
        let run = std::mem::take(&mut self.next);
        let parts: Vec<(usize, Vec<Access>)> = (0..self.layout.shards)
            .map(|shard| (shard, self.layout.on(shard, &run)))
            .filter(|(_, run)| !run.is_empty())
            .collect();
        if parts.is_empty() {
            return self.go_on(turn);
        }
        asked.coordinator.hop(parts.len());
        for (shard, run) in parts {
            turn.request(shard, Request::Run { operation, id, stamp, run, release: false });
        }
    }

    /// It has waited for long, and another one does so too: it ends, and lets go of what it waits
    /// for when it comes.
    fn give_way(&mut self, turn: &mut Turn<'_>) {
        turn.log(format_args!("{} gives way", self.operation));
        turn.summary.gave_way += 1;
        self.gave_way = true;
        self.end(turn);
    }

    fn end(&mut self, turn: &mut Turn<'_>) {
        self.release(turn);
        turn.history.finish(self.operation, turn.now, !self.vanishes);
    }

    fn release(&mut self, turn: &mut Turn<'_>) {
        for (shard, id) in self.holds.drain(..) {
            turn.request(shard, Request::Withdraw { id });
        }
    }
}

impl Asked {
    fn fence(&self, turn: &mut Turn<'_>) {
        let next = self.coordinator.id();
        for &(shard, holder) in &self.fences {
            turn.request(shard, Request::Fence { holder, next });
        }
    }

    fn schedule(&self, turn: &mut Turn<'_>, operation: Operation, grows: bool) {
        let id = self.coordinator.id();
        for (shard, locks) in &self.parts {
            let locks = locks.clone();
            let request = match grows {
                true => Request::Grow { operation, id, locks },
                false => Request::Schedule { operation, id, locks, run: None },
            };
            turn.request(*shard, request);
        }
    }

    fn withdraw(&self, turn: &mut Turn<'_>, id: TxId) {
        for (shard, _) in &self.parts {
            turn.request(*shard, Request::Withdraw { id });
        }
    }
}
