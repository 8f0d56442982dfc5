//! Replays an increment of another number of shards: every shard reads all of it, in the order of
//! stamps, and runs what is its own now. So nothing is handed from thread to thread, and shards wait
//! for each other only where a record's keys have come to be on several.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};

use command::Args;
use engine::{Call, Run, Share, run_alone};
use journal::Group;
use resp::Span;
use tokio::sync::Barrier;

use super::words::locate;
use super::{BATCH_BYTES_MAX, BATCH_COMMANDS_MAX, Plan, call, run_here};
use crate::command::OwnedArgs;
use crate::core::Core;
use crate::persistence::load;

/// After so many records the thread looks for other work.
const RECORDS_PER_TURN: u64 = 1000;

/// See the module.
pub(in super::super) async fn replay_moved(
    core: Rc<Core>,
    plan: Arc<Plan>,
    increment: usize,
) -> Result<(), String> {
    let broken = |error: journal::Error| error.to_string();
    let mut merged = plan.recovered.increments[increment]
        .merged(plan.after_ns, plan.until_ns)
        .map_err(broken)?;
    let mut replay = Replay::new(core.clone(), plan.clone());
    while let Some(group) = merged.next_group().map_err(broken)? {
        let before = (replay.records, replay.own_records);
        replay.group(&group).await?;
        load::delay(&core, replay.own_records - before.1).await;
        if before.0 / RECORDS_PER_TURN != replay.records / RECORDS_PER_TURN {
            tokio::task::yield_now().await;
        }
    }
    replay.run();
    Ok(())
}

/// Records of which several shards run a part together; whoever comes there first waits.
#[derive(Default)]
pub(in super::super) struct Meetings(Mutex<HashMap<u64, Arc<Barrier>>>);

impl Meetings {
    fn all(&self) -> MutexGuard<'_, HashMap<u64, Arc<Barrier>>> {
        self.0.lock().expect("a panic ends the process")
    }

    /// Where so many shards meet at a record, of which all of them know the number.
    fn at(&self, record: u64, shards: usize) -> Arc<Barrier> {
        self.all().entry(record).or_insert_with(|| Arc::new(Barrier::new(shards))).clone()
    }

    fn end(&self, record: u64) {
        self.all().remove(&record);
    }
}

/// One shard's way through all records.
struct Replay {
    core: Rc<Core>,
    plan: Arc<Plan>,
    /// How many there were, and how many of them were this shard's.
    records: u64,
    own_records: u64,
    /// Stamp and transaction of what every old shard has recorded for itself: it happens once.
    everywhere: Option<(u64, u64)>,
    /// What runs together next.
    data: Vec<u8>,
    spans: Vec<Span>,
    calls: Vec<Call>,
    /// The words of one record.
    scratch: Vec<Span>,
}

impl Replay {
    fn new(core: Rc<Core>, plan: Arc<Plan>) -> Self {
        let (data, spans, calls) = (Vec::new(), Vec::new(), Vec::new());
        let (everywhere, scratch) = (None, Vec::new());
        Self { core, plan, records: 0, own_records: 0, everywhere, data, spans, calls, scratch }
    }

    async fn group(&mut self, group: &Group<'_>) -> Result<(), String> {
        let instant = (group.stamp_ns, group.transaction);
        let mut spans = std::mem::take(&mut self.scratch);
        for effect in &group.effects {
            self.records += 1;
            spans.clear();
            locate(effect.words, &effect.args, &mut spans)?;
            let args = Args::new(effect.words, &spans);
            let Some(command) = self.plan.command(&self.core, effect.db, args)? else {
                self.plan.note_functions(group.stamp_ns, &effect.args);
                continue;
            };
            if matches!(command.run, Run::Everywhere { .. })
                && self.everywhere.replace(instant) == Some(instant)
            {
                continue;
            }
            match self.core.router.share(command, args) {
                Share::Nothing => continue,
                Share::Whole => self.push(command, effect.db, effect.args.iter().copied()),
                Share::Part(part) => self.push(command, effect.db, part.into_iter()),
                Share::Joint(shards) => self.together(command, effect.db, args, &shards).await,
            }
            self.own_records += 1;
        }
        self.scratch = spans;
        Ok(())
    }

    /// Has this thread's shard run a command soon.
    fn push<'a>(
        &mut self,
        command: &'static engine::Command,
        db: u16,
        words: impl Iterator<Item = &'a [u8]>,
    ) {
        let first_span = self.spans.len();
        for word in words {
            let (start, len) = (self.data.len() as u32, word.len() as u32);
            self.spans.push(Span { start, len });
            self.data.extend_from_slice(word);
        }
        self.calls.push(call(command, db, first_span, self.spans.len() - first_span));
        if self.calls.len() >= BATCH_COMMANDS_MAX || self.data.len() >= BATCH_BYTES_MAX {
            self.run();
        }
    }

    fn run(&mut self) {
        run_here(&self.core, &self.data, &self.spans, &mut self.calls);
        self.spans.clear();
        self.data.clear();
        // One long value is no reason to keep so much.
        self.data.shrink_to(2 * BATCH_BYTES_MAX);
    }

    /// Waits for the others whose keys a command has, one of whom runs it.
    async fn together(
        &mut self,
        command: &'static engine::Command,
        db: u16,
        args: Args<'_>,
        shards: &[usize],
    ) {
        self.run();
        let meeting = self.plan.meetings.at(self.records, shards.len());
        if meeting.wait().await.is_leader() {
            let OwnedArgs { data, spans } = OwnedArgs::new(args);
            let call = call(command, db, 0, spans.len());
            // What failed then fails again, and has changed as much.
            run_alone(self.core.router.clone(), call, data, spans).await;
            self.plan.meetings.end(self.records);
        }
        meeting.wait().await;
    }
}
