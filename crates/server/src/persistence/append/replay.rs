//! From records to keys: the same commands once more.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use command::Args;
use engine::{Batch, Call, PipelineOrder, Run, Work, run_alone};
use journal::{Effect, OwnedGroup, Recovered};
use resp::Span;

use crate::command::OwnedArgs;
use crate::core::Core;
use crate::registry::{Action, Registry, Row};

/// Commands that run together.
const BATCH_COMMANDS_MAX: usize = 256;

/// What is to be replayed, and how.
pub(super) struct Plan {
    pub(super) recovered: Recovered,
    /// All commands by the names that they had when they were recorded.
    pub(super) registry: Registry,
    pub(super) databases: usize,
    /// The base has everything up to here.
    pub(super) after_ns: u64,
    pub(super) until_ns: u64,
    /// The newest record of all libraries of functions, with its stamp.
    pub(super) functions: Mutex<Option<(u64, Vec<Vec<u8>>)>>,
}

impl Plan {
    fn row<'a>(&'a self, core: &'a Core, args: Args<'_>) -> Result<&'a Row, String> {
        let unknown = || {
            let name = args.get(0).unwrap_or_default().escape_ascii();
            format!("a record of a command that is not known: {name}")
        };
        // `rename-command` may have been in force.
        let own = self.registry.resolve(args);
        own.or_else(|_| core.server.registry.resolve(args)).map_err(|_| unknown())
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
    Call { db, first_span: first_span as u32, ..Call::new(command, 0, spans) }
}

/// Replays one shard's file of an increment on that shard, whose number has not changed.
pub(super) async fn replay_own(
    core: Rc<Core>,
    plan: Arc<Plan>,
    increment: usize,
) -> Result<u64, String> {
    let shard = core.router.thread();
    let mut reader =
        plan.recovered.increments[increment].reader(shard, plan.after_ns, plan.until_ns);
    let mut commands = 0;
    while reader.advance().map_err(|error| error.to_string())? {
        let payload = reader.payload();
        let (mut spans, mut calls) = (Vec::new(), Vec::new());
        for group in reader.groups() {
            let group = group.map_err(|error| error.to_string())?;
            for effect in &group.effects {
                match push(&core, &plan, payload, effect, &mut spans)? {
                    Some(call) => calls.push(call),
                    None => plan.note_functions(group.stamp_ns, &effect.args),
                }
                commands += 1;
                if calls.len() >= BATCH_COMMANDS_MAX {
                    run_here(&core, payload, &mut spans, &mut calls);
                }
            }
        }
        run_here(&core, payload, &mut spans, &mut calls);
        tokio::task::yield_now().await;
    }
    Ok(commands)
}

fn push(
    core: &Rc<Core>,
    plan: &Plan,
    payload: &[u8],
    effect: &Effect<'_>,
    spans: &mut Vec<Span>,
) -> Result<Option<Call>, String> {
    let first_span = spans.len();
    spans.extend(effect.args.iter().map(|arg| {
        // The words lie in the payload.
        let start = arg.as_ptr() as usize - payload.as_ptr() as usize;
        Span { start: start as u32, len: arg.len() as u32 }
    }));
    let row = plan.row(core, Args::new(payload, &spans[first_span..]))?;
    if usize::from(effect.db) >= plan.databases {
        return Err(format!("a record of database {}, which there is not", effect.db));
    }
    match row.action {
        Action::Data(engine::Command { run: Run::Roam(_) | Run::Container, .. }) => {
            Err(format!("a record of a command that changes nothing: {}", row.name))
        }
        Action::Data(command) => Ok(Some(call(command, effect.db, first_span, effect.args.len()))),
        Action::Session(_) => {
            spans.truncate(first_span);
            Ok(None)
        }
    }
}

fn run_here(core: &Core, data: &[u8], spans: &mut Vec<Span>, calls: &mut Vec<Call>) {
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
    spans.clear();
    calls.clear();
}

/// Replays an increment of another number of shards, in the order of stamps: every command goes to
/// the shards that now have its keys.
pub(super) async fn replay_all(
    core: Rc<Core>,
    plan: Arc<Plan>,
    increment: usize,
) -> Result<u64, String> {
    let broken = |error: journal::Error| error.to_string();
    let mut merged = plan.recovered.increments[increment]
        .merged(plan.after_ns, plan.until_ns)
        .map_err(broken)?;
    let mut feeder = Feeder::new(core, plan.clone());
    // What every shard has recorded for itself happens once.
    let mut everywhere: Option<(u64, u64)> = None;
    while let Some((_, group)) = merged.next_group().map_err(broken)? {
        let (stamp_ns, transaction, effects): OwnedGroup = group;
        for (db, words) in effects {
            let args: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            let is_new = everywhere != Some((stamp_ns, transaction));
            if feeder.feed(db, &args, stamp_ns, is_new).await? {
                everywhere = Some((stamp_ns, transaction));
            }
        }
    }
    feeder.flush().await;
    Ok(feeder.commands)
}

/// Runs commands in their order, wherever their keys are.
pub(super) struct Feeder {
    core: Rc<Core>,
    plan: Arc<Plan>,
    batch: Batch,
    data: Vec<u8>,
    pub(super) commands: u64,
}

impl Feeder {
    pub(super) fn new(core: Rc<Core>, plan: Arc<Plan>) -> Self {
        Self { core, plan, batch: Batch::default(), data: Vec::new(), commands: 0 }
    }

    /// Runs a command soon; one that runs on every shard only if `may_run_everywhere`. Answers whether
    /// it is such a one.
    pub(super) async fn feed(
        &mut self,
        db: u16,
        words: &[&[u8]],
        stamp_ns: u64,
        may_run_everywhere: bool,
    ) -> Result<bool, String> {
        let first_span = self.batch.spans.len();
        for word in words {
            let (start, len) = (self.data.len() as u32, word.len() as u32);
            self.batch.spans.push(Span { start, len });
            self.data.extend_from_slice(word);
        }
        if usize::from(db) >= self.plan.databases {
            return Err(format!("a record of database {db}, which there is not"));
        }
        let args = Args::new(&self.data, &self.batch.spans[first_span..]);
        let row = self.plan.row(&self.core, args)?;
        let Action::Data(command) = row.action else {
            self.batch.spans.truncate(first_span);
            self.plan.note_functions(stamp_ns, words);
            return Ok(false);
        };
        self.commands += 1;
        let is_everywhere = matches!(command.run, Run::Everywhere { .. });
        if is_everywhere && !may_run_everywhere {
            self.batch.spans.truncate(first_span);
            return Ok(true);
        }
        let call = call(command, db, first_span, words.len());
        if Batch::can_join(&self.core.router, command, args) {
            self.batch.push_call(&self.core.router, &self.data, call, true);
            if self.batch.len() >= BATCH_COMMANDS_MAX {
                self.flush().await;
            }
            return Ok(is_everywhere);
        }
        self.batch.spans.truncate(first_span);
        self.flush().await;
        let mut owned = OwnedArgs::default();
        owned.replace(words.iter().copied());
        let call = Call { first_span: 0, ..call };
        run_alone(self.core.router.clone(), call, owned.data, owned.spans).await;
        Ok(is_everywhere)
    }

    /// Waits until all of them have run.
    pub(super) async fn flush(&mut self) {
        if !self.batch.is_empty() {
            let router = &self.core.router;
            let departed = self.batch.depart(router, &self.data, PipelineOrder::Strict);
            self.batch = departed.landed(&mut Vec::new()).await;
        }
        self.batch.clear();
        self.data.clear();
    }
}
