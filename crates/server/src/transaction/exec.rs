//! EXEC.
//!
//! Commands that run on the owners of their keys join the batch of their connection as a bundle of it.
//! With watched keys they travel as a batch of their own: on one shard a plain call, over several one
//! transaction. What hops, acts on the session, or watches keys of other shards than the commands'
//! runs command by command, under locks that are held for all of it.

use std::rc::Rc;

use command::{Error, Result, flag};
use engine::{Batch, Call, Held, Needs, PipelineOrder, Watch};
use resp::{Protocol, Writer};

use super::queue::{Queue, Step};
use crate::admin::monitor;
use crate::client::Client;
use crate::command::{Now, OwnedArgs, Request, SessionRun};
use crate::connection::count;
use crate::core::Core;
use crate::dispatch::{begin_and_end, call_of, take_mute};
use crate::registry::Action;

pub(super) async fn exec(request: &mut Request) -> Result {
    let (core, client) = (request.core.clone(), request.client.clone());
    let Some(queue) = client.transaction.queue.take() else {
        return Err(Error::new("EXEC without MULTI"));
    };
    let watches = client.transaction.watches.take();
    let result = match refusal(&core, &queue) {
        Some(error) => Err(error),
        None => {
            client.transaction.executing.set(true);
            let execution = Execution { core: core.clone(), client: client.clone(), queue };
            let ran = execution.run(&watches).await;
            client.transaction.executing.set(false);
            match ran {
                Some(replies) => request.out = replies,
                None => request.reply().null_array(),
            }
            Ok(())
        }
    };
    if !watches.is_empty() {
        core.router.unwatch(watches);
    }
    monitor::consider(&core, &client, core.server.registry.row(request.row).spec, request.args());
    result
}

/// Puts what is queued into a client's batch as a bundle with one reply, that of the row of EXEC,
/// if all of it runs on the owners of its keys and no key is watched. Returns whether it did.
pub(crate) fn join(core: &Core, client: &Client, batch: &mut Batch, row: u16) -> bool {
    let transaction = &client.transaction;
    let mut slot = transaction.queue.borrow_mut();
    let Some(queue) = &mut *slot else { return false };
    if !transaction.watches.borrow().is_empty() || refusal(core, queue).is_some() {
        return false;
    }
    let registry = &core.server.registry;
    let command_of = |step: &Step| match registry.row(step.row).action {
        Action::Data(command) => Some(command),
        Action::Session(_) => None,
    };
    let joins = |step: &Step| {
        command_of(step)
            .is_some_and(|command| Batch::can_join(&core.router, command, queue.args(*step)))
    };
    if !queue.steps.iter().all(joins) {
        return false;
    }
    let muted = take_mute(client);
    let base = batch.begin_bundle(&core.router, row, queue.steps.len(), &queue.data, |head| {
        if !muted {
            Writer::new(head, client.protocol.get()).array(queue.steps.len());
        }
    });
    for step in &queue.steps {
        let Some(command) = command_of(step) else { continue };
        monitor::consider(core, client, &command.spec, queue.args(*step));
        let spans = queue.spans(*step);
        let call = call_of(core, client, command, step.row, spans.len());
        batch.push_queued(&core.router, base, call, spans, muted);
    }
    client.tracking.end_caching();
    if let Some(queue) = slot.take() {
        core.spare_queues.put(queue);
    }
    true
}

/// Why none of the commands runs.
fn refusal(core: &Core, queue: &Queue) -> Option<Error> {
    if queue.is_broken {
        let text = "EXECABORT Transaction discarded because of previous errors.";
        return Some(Error::Coded(text.into()));
    }
    if queue.flags & flag::DENYOOM != 0 && crate::pressure::is_exceeded(core) {
        let text = format!("EXECABORT Transaction discarded because of: {}", Error::OutOfMemory);
        return Some(Error::Coded(text.into()));
    }
    None
}

struct Execution {
    core: Rc<Core>,
    client: Rc<Client>,
    queue: Box<Queue>,
}

/// What a queued command does when its turn comes.
enum Turn {
    /// It goes with a batch.
    Joins(Call),
    /// It runs by itself.
    Alone(Call),
    Session(SessionRun),
}

impl Execution {
    /// Runs all, unless a watched key has changed; then none, and there are no replies.
    async fn run(self, watches: &[Watch]) -> Option<Vec<u8>> {
        let mut replies = Vec::new();
        let steps = self.queue.steps.len();
        Writer::new(&mut replies, self.client.protocol.get()).array(steps);
        if let Some(batch) = self.one_batch(watches) {
            return self.run_batch(batch, replies).await;
        }
        // A task of its own: what has begun must end, even if this client goes away.
        let watches = watches.to_vec();
        let task = tokio::task::spawn_local(self.run_held(watches, replies));
        task.await.expect("tasks neither panic nor are cancelled")
    }

    fn turn(&self, step: Step) -> Turn {
        match self.core.server.registry.row(step.row).action {
            Action::Data(command) => {
                let span_count = self.queue.spans(step).len();
                let call = call_of(&self.core, &self.client, command, step.row, span_count);
                // EXEC itself was refused if memory did not allow any of its commands.
                let call = Call { may_grow: true, ..call };
                match Batch::can_join(&self.core.router, command, self.queue.args(step)) {
                    true => Turn::Joins(call),
                    false => Turn::Alone(call),
                }
            }
            Action::Session(command) => Turn::Session(command.run),
        }
    }

    /// All commands as one batch, if they can be. Those that act on the session while a batch is
    /// made must not if a watched key has changed; nor may parts of a batch.
    fn one_batch(&self, watches: &[Watch]) -> Option<Batch> {
        let joins = |step: &Step| match self.turn(*step) {
            Turn::Joins(_) => true,
            Turn::Session(SessionRun::Now(_)) => watches.is_empty(),
            Turn::Alone(_) | Turn::Session(_) => false,
        };
        if !self.queue.steps.iter().all(joins) {
            return None;
        }
        let mut batch = self.core.take_batch();
        for step in &self.queue.steps {
            match self.turn(*step) {
                Turn::Joins(call) => self.push(&mut batch, *step, call),
                Turn::Session(SessionRun::Now(run)) => {
                    let mut reply = Vec::new();
                    self.run_now(*step, run, &mut reply);
                    batch.push_ready(|ready| ready.append(&mut reply));
                }
                Turn::Alone(_) | Turn::Session(_) => unreachable!("none of these joins"),
            }
        }
        let shard = batch.only_shard();
        if !watches.iter().all(|watch| shard == Some(watch.shard())) {
            self.core.return_batch(batch);
            return None;
        }
        batch.make_atomic(watches.to_vec());
        Some(batch)
    }

    fn push(&self, batch: &mut Batch, step: Step, call: Call) {
        let first_span = batch.spans.len() as u32;
        batch.spans.extend_from_slice(self.queue.spans(step));
        batch.push_call(&self.core.router, &self.queue.data, Call { first_span, ..call }, false);
    }

    async fn run_batch(&self, mut batch: Batch, mut replies: Vec<u8>) -> Option<Vec<u8>> {
        let (router, data) = (&self.core.router, &self.queue.data);
        let start = replies.len();
        if !batch.try_run_here(router, data, &mut replies) {
            let departed = batch.depart(router, data, PipelineOrder::Strict);
            batch = departed.landed(&mut replies).await;
        }
        let is_aborted = batch.is_aborted();
        if !is_aborted {
            self.note(&batch, &replies[start..]);
        }
        self.core.return_batch(batch);
        (!is_aborted).then_some(replies)
    }

    /// Shows a batch that ran to those who watch or count.
    fn note(&self, batch: &Batch, replies: &[u8]) {
        for call in batch.calls() {
            let spec = &call.command.spec;
            monitor::consider(&self.core, &self.client, spec, batch.args(call, &self.queue.data));
        }
        count(&self.core, &self.client, batch, &self.queue.data, replies);
    }

    async fn run_held(self, watches: Vec<Watch>, mut replies: Vec<u8>) -> Option<Vec<u8>> {
        let router = &self.core.router;
        let mut needs = Needs::new();
        for step in &self.queue.steps {
            if let Turn::Joins(call) | Turn::Alone(call) = self.turn(*step) {
                needs.add_call(router, &call, self.queue.args(*step));
            }
        }
        for step in &self.queue.steps {
            if let Turn::Session(SessionRun::Becomes(_)) = self.turn(*step) {
                let spec = self.core.server.registry.row(step.row).spec;
                needs.add_keys(router, spec, self.queue.args(*step));
            }
        }
        needs.add_watches(router, &watches);
        if self.queue.flags & flag::SCRIPT_RUNNER != 0 {
            // Which keys a script touches shows when it runs.
            needs = Needs::everything(router);
        }
        let held = Rc::new(Held::acquire(router, needs).await);
        if !held.are_unchanged(&watches).await {
            return None;
        }
        *self.client.transaction.held.borrow_mut() = Some(held.clone());
        let mut batch = self.core.take_batch();
        for step in &self.queue.steps {
            match self.turn(*step) {
                Turn::Joins(call) => self.push(&mut batch, *step, call),
                other => {
                    batch = self.run_part(&held, batch, &mut replies).await;
                    self.run_step(&held, *step, other, &mut replies).await;
                }
            }
        }
        batch = self.run_part(&held, batch, &mut replies).await;
        self.core.return_batch(batch);
        self.client.transaction.held.take();
        Some(replies)
    }

    /// Runs what came before a command that runs by itself.
    async fn run_part(&self, held: &Held, mut batch: Batch, replies: &mut Vec<u8>) -> Batch {
        if !batch.is_empty() {
            let start = replies.len();
            batch = batch.depart_held(held, &self.queue.data).landed(replies).await;
            self.note(&batch, &replies[start..]);
            batch.clear();
        }
        batch
    }

    async fn run_step(&self, held: &Held, step: Step, turn: Turn, replies: &mut Vec<u8>) {
        match turn {
            Turn::Session(SessionRun::Now(run)) => self.run_now(step, run, replies),
            Turn::Session(SessionRun::Later(run)) => {
                let args = OwnedArgs::new(self.queue.args(step));
                let mut request = Request::new(&self.core, &self.client, step.row, args);
                let outcome = request.run(run).await;
                self.note_step(step, &outcome, &request.out);
                replies.append(&mut request.out);
            }
            Turn::Session(SessionRun::Prompt(run)) => {
                let (core, client) = (&self.core, &self.client);
                let args = self.queue.args(step);
                begin_and_end(core, client, step.row, args, run, replies).await;
            }
            Turn::Joins(call) | Turn::Alone(call) => {
                let OwnedArgs { data, spans } = OwnedArgs::new(self.queue.args(step));
                let (mut reply, outcome) = held.run(call, data, spans).await;
                self.note_step(step, &outcome, &reply);
                replies.append(&mut reply);
            }
            Turn::Session(SessionRun::Becomes(becomes)) => {
                let mut reply = Vec::new();
                let outcome = match (becomes.expand)(&self.client, self.queue.args(step)) {
                    Ok(OwnedArgs { data, spans }) => {
                        let (core, client) = (&self.core, &self.client);
                        let call = call_of(core, client, becomes.command, step.row, spans.len());
                        let call = Call { may_grow: true, ..call };
                        let (ran, outcome) = held.run(call, data, spans).await;
                        reply = ran;
                        outcome
                    }
                    Err(error) => {
                        Writer::new(&mut reply, Protocol::Resp2).error(error.text());
                        engine::Outcome { failed: true, ..engine::Outcome::default() }
                    }
                };
                self.note_step(step, &outcome, &reply);
                replies.append(&mut reply);
            }
            Turn::Session(SessionRun::Container) => unreachable!("containers are not queued"),
        }
    }

    fn run_now(&self, step: Step, run: Now, replies: &mut Vec<u8>) {
        let args = self.queue.args(step);
        crate::dispatch::run_now(&self.core, &self.client, step.row, args, run, replies);
        let spec = self.core.server.registry.row(step.row).spec;
        monitor::consider(&self.core, &self.client, spec, args);
    }

    fn note_step(&self, step: Step, outcome: &engine::Outcome, reply: &[u8]) {
        let args = self.queue.args(step);
        let spec = self.core.server.registry.row(step.row).spec;
        monitor::consider(&self.core, &self.client, spec, args);
        self.core.stats.ended(step.row, outcome, reply);
        crate::admin::watch::consider(&self.core, &self.client, step.row, args, outcome);
    }
}
