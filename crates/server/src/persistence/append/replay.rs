//! From records to keys: the same commands once more, on all shards side by side.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use command::Args;
use engine::{Batch, Call, PipelineOrder, Run, Work, run_alone};
use journal::{Effect, Recovered};
use resp::Span;

use crate::command::OwnedArgs;
use crate::core::{Core, Server};
use crate::persistence::load;
use crate::registry::{Action, Registry, Row};

mod moved;
mod words;

pub(super) use moved::{Meetings, replay_moved};
use words::Words;

/// Commands that run together.
const BATCH_COMMANDS_MAX: usize = 256;
/// And their bytes, more or less.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// How far the words of commands that run together may lie from each other.
const WINDOW_BYTES_MAX: usize = 1 << 31;

/// What a log of commands may name.
pub(super) struct Known {
    /// All commands by the names that they had when they were recorded.
    registry: Registry,
    pub(super) databases: usize,
}

impl Known {
    pub(super) fn new(server: &Server) -> Result<Self, String> {
        let registry = Registry::new(crate::boot::actions(), &[])?;
        Ok(Self { registry, databases: server.config().process.databases as usize })
    }

    /// The row of a call, if there is one that it fits.
    pub(super) fn row<'a>(&'a self, core: &'a Core, args: Args<'_>) -> Option<&'a Row> {
        // `rename-command` may have been in force.
        let own = self.registry.resolve(args);
        own.or_else(|_| core.server.registry.resolve(args)).ok()
    }
}

/// What is to be replayed, and how.
pub(super) struct Plan {
    pub(super) recovered: Recovered,
    pub(super) known: Known,
    /// The base has everything up to here.
    pub(super) after_ns: u64,
    pub(super) until_ns: u64,
    /// The newest record of all libraries of functions, with its stamp.
    pub(super) functions: Mutex<Option<(u64, Vec<Vec<u8>>)>>,
    /// Where shards wait for each other.
    pub(super) meetings: Meetings,
}

impl Plan {
    /// What a record has run; nothing if it is one of functions.
    fn command(
        &self,
        core: &Core,
        db: u16,
        args: Args<'_>,
    ) -> Result<Option<&'static engine::Command>, String> {
        let row = self.known.row(core, args).ok_or_else(|| {
            let name = args.get(0).unwrap_or_default().escape_ascii();
            format!("a record of a command that is not known: {name}")
        })?;
        if usize::from(db) >= self.known.databases {
            return Err(format!("a record of database {db}, which there is not"));
        }
        match row.action {
            Action::Data(engine::Command { run: Run::Roam(_) | Run::Container, .. }) => {
                Err(format!("a record of a command that changes nothing: {}", row.name))
            }
            Action::Data(command) => Ok(Some(command)),
            Action::Session(_) => Ok(None),
        }
    }

    /// A record of all libraries of functions: the newest of all shards' counts.
    fn note_functions(&self, stamp_ns: u64, words: &[&[u8]]) {
        let mut functions = self.functions.lock().expect("a panic ends the process");
        if functions.as_ref().is_none_or(|(known_ns, _)| *known_ns <= stamp_ns) {
            *functions = Some((stamp_ns, words.iter().map(|word| word.to_vec()).collect()));
        }
    }
}

fn call(command: &'static engine::Command, db: u16, first_span: usize, spans: usize) -> Call {
    Call { db, first_span: first_span as u32, may_grow: true, ..Call::new(command, 0, spans) }
}

/// Replays one shard's file of an increment on that shard, whose number has not changed.
pub(super) async fn replay_own(
    core: Rc<Core>,
    plan: Arc<Plan>,
    increment: usize,
) -> Result<(), String> {
    let shard = core.router.thread();
    let mut reader =
        plan.recovered.increments[increment].reader(shard, plan.after_ns, plan.until_ns);
    while reader.advance().map_err(|error| error.to_string())? {
        let mut portion = Portion::new(reader.payload());
        let mut commands = 0;
        for group in reader.groups() {
            let group = group.map_err(|error| error.to_string())?;
            for effect in &group.effects {
                if !portion.push(&core, &plan, effect)? {
                    plan.note_functions(group.stamp_ns, &effect.args);
                }
                commands += 1;
            }
        }
        portion.run(&core);
        load::delay(&core, commands).await;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Commands of one block that run together.
struct Portion<'a> {
    words: Words<'a>,
    calls: Vec<Call>,
}

impl<'a> Portion<'a> {
    fn new(payload: &'a [u8]) -> Self {
        Self { words: Words::new(payload, WINDOW_BYTES_MAX), calls: Vec::new() }
    }

    /// Takes a command in, and runs those before it if there are enough; answers whether it is one
    /// of this shard.
    fn push(&mut self, core: &Core, plan: &Plan, effect: &Effect<'a>) -> Result<bool, String> {
        if self.calls.len() >= BATCH_COMMANDS_MAX || !self.words.have_room(&effect.args) {
            self.run(core);
            self.words.restart(&effect.args);
        }
        let first_span = self.words.push(&effect.args)?;
        let args = Args::new(self.words.window, &self.words.spans[first_span..]);
        match plan.command(core, effect.db, args)? {
            Some(command) => {
                self.calls.push(call(command, effect.db, first_span, effect.args.len()));
                Ok(true)
            }
            None => {
                self.words.spans.truncate(first_span);
                Ok(false)
            }
        }
    }

    fn run(&mut self, core: &Core) {
        run_here(core, self.words.window, &self.words.spans, &mut self.calls);
    }
}

/// Runs calls on this thread's shard.
fn run_here(core: &Core, data: &[u8], spans: &[Span], calls: &mut Vec<Call>) {
    if let Some(mut shard) = core.router.shard_mut()
        && !calls.is_empty()
    {
        let work = Work {
            data,
            spans,
            calls,
            queued: &[],
            is_atomic: false,
            has_bundles: false,
            watches: &[],
        };
        shard.replay(work, core.turn_ms.get());
        core.server.freer.free(shard.keyspace.take_garbage());
    }
    calls.clear();
}

/// A command that answered an error.
pub(super) struct Failure {
    /// Where it stands, in the words of whoever fed it.
    pub(super) place: u64,
    pub(super) error: String,
}

impl Failure {
    /// If a reply is an error.
    pub(super) fn of(reply: &[u8], place: u64) -> Option<Self> {
        let error = reply.strip_prefix(b"-")?.trim_ascii_end();
        Some(Self { place, error: error.escape_ascii().to_string() })
    }
}

/// Runs commands in their order, wherever their keys are.
pub(super) struct Feeder {
    core: Rc<Core>,
    batch: Batch,
    data: Vec<u8>,
    /// Of the commands in the batch.
    places: Vec<u64>,
    failure: Option<Failure>,
}

impl Feeder {
    pub(super) fn new(core: Rc<Core>) -> Self {
        let (batch, data, places) = (Batch::default(), Vec::new(), Vec::new());
        Self { core, batch, data, places, failure: None }
    }

    /// Runs a command soon.
    pub(super) async fn feed(
        &mut self,
        command: &'static engine::Command,
        db: u16,
        args: Args<'_>,
        place: u64,
    ) {
        let router = &self.core.router;
        if Batch::can_join(router, command, args) {
            let first_span = self.batch.spans.len();
            for word in args.iter() {
                let (start, len) = (self.data.len() as u32, word.len() as u32);
                self.batch.spans.push(Span { start, len });
                self.data.extend_from_slice(word);
            }
            let call = call(command, db, first_span, args.len());
            self.batch.push_call(router, &self.data, call, false);
            self.places.push(place);
            if self.batch.len() >= BATCH_COMMANDS_MAX || self.data.len() >= BATCH_BYTES_MAX {
                self.flush().await;
            }
            return;
        }
        self.flush().await;
        let OwnedArgs { data, spans } = OwnedArgs::new(args);
        let call = call(command, db, 0, spans.len());
        let reply = run_alone(self.core.router.clone(), call, data, spans).await;
        self.note(Failure::of(&reply, place));
    }

    /// Waits until all of them have run.
    pub(super) async fn flush(&mut self) {
        if !self.batch.is_empty() {
            let router = &self.core.router;
            let departed = self.batch.depart(router, &self.data, PipelineOrder::Strict);
            let mut replies = Vec::new();
            self.batch = departed.landed(&mut replies).await;
            let (mut at, mut failure) = (0, None);
            for (outcome, place) in self.batch.outcomes().iter().zip(&self.places) {
                let reply = &replies[at..at + outcome.reply_len];
                at += outcome.reply_len;
                failure = failure.or_else(|| Failure::of(reply, *place));
            }
            self.note(failure);
        }
        self.batch.clear();
        self.data.clear();
        self.places.clear();
    }

    fn note(&mut self, failure: Option<Failure>) {
        self.failure = self.failure.take().or(failure);
    }

    /// The first command that answered an error, if any did.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }
}
