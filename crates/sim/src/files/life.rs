//! One life of a server: shards, transactions under way, and a journal.

use std::collections::{BTreeMap, BTreeSet};

use journal::{Buffer, FakeDisk, Faults, Gap, Handover, Report};

use super::keeper::Keeper;
use super::oracle::{History, State, Step, Write, apply};
use super::{FileBug, FileSummary};
use crate::random::Random;

const KEYS: usize = 12;

#[derive(Default)]
struct Shard {
    buffer: Buffer,
    state: State,
    floor_ns: u64,
    /// Of the thread that the shard lives on: what it coordinates and has not ended.
    open: BTreeMap<u64, u64>,
    gaps: Vec<Gap>,
}

/// A transaction of which parts are still to run.
struct Running {
    id: u64,
    thread: usize,
    stamp_ns: u64,
    /// Each with its stamp, if that is not the transaction's.
    parts: Vec<(usize, Vec<Write>)>,
    keys: BTreeSet<u32>,
    /// Whether its parts take stamps of their own, as a script's do that needs more keys.
    is_long: bool,
    step: usize,
}

/// A round that is about to close.
#[derive(Default)]
struct Closing {
    low_ns: u64,
    asked: usize,
    reports: Vec<Report>,
}

/// See the module.
pub(super) struct Life {
    disk: FakeDisk,
    now_ns: u64,
    shards: Vec<Shard>,
    running: Vec<Running>,
    next_id: u64,
    closing: Option<Closing>,
    bug: FileBug,
    keeper: Keeper,
    steps: usize,
    /// What a killed process leaves: everything that was written.
    written_ns: u64,
}

impl Life {
    /// Starts on what a disk has. Answers also whether something was left out.
    pub(super) fn start(
        disk: &FakeDisk,
        history: &mut History,
        random: &mut Random,
        bug: FileBug,
    ) -> Result<(Self, bool), String> {
        disk.set_faults(Faults::default());
        let count = random.between(1, 4);
        let (keeper, found) = Keeper::start(disk, count, random, bug)?;
        let cut = found.was_cut;
        let last_ns = found.last_ns;
        history.judge(found.state.clone(), last_ns)?;
        history.promised_ns = last_ns;
        let mut shards: Vec<Shard> = (0..count).map(|_| Shard::default()).collect();
        for (key, value) in found.state {
            shards[key as usize % count].state.insert(key, value);
        }
        let faults = match random.below(3) {
            0 => Faults { write_one_in: 20, sync_one_in: 15, names_one_in: 15 },
            _ => Faults::default(),
        };
        disk.set_faults(faults);
        let life = Self {
            disk: disk.clone(),
            now_ns: last_ns + 1,
            shards,
            running: Vec::new(),
            next_id: 1,
            closing: None,
            bug,
            keeper,
            steps: 0,
            written_ns: last_ns,
        };
        Ok((life, cut))
    }

    /// Something happens.
    pub(super) fn step(&mut self, history: &mut History, random: &mut Random) {
        self.now_ns += random.between(1, 5) as u64;
        match random.below(20) {
            0..6 => self.plain(history, random),
            6 => self.begin(history, random),
            7..11 => self.run_part(history, random),
            11..19 => self.close(random, self.bug),
            _ => self.snapshot(),
        }
        self.keeper.step(random);
        history.promised_ns = history.promised_ns.max(self.keeper.durable_ns());
        self.written_ns = self.written_ns.max(self.keeper.written_ns());
    }

    fn is_locked(&self, key: u32) -> bool {
        self.running.iter().any(|running| running.keys.contains(&key))
    }

    fn value(history: &mut History) -> u64 {
        history.value += 1;
        history.value
    }

    fn plain(&mut self, history: &mut History, random: &mut Random) {
        let key = random.below(KEYS) as u32;
        if self.is_locked(key) {
            return;
        }
        let shard = key as usize % self.shards.len();
        let write = Write::Set(key, Self::value(history));
        let stamp_ns = self.now_ns.max(self.shards[shard].floor_ns);
        self.record(shard, stamp_ns, 0, &[write]);
        history.steps.push(Step { writes: vec![(stamp_ns, write)] });
        self.steps += 1;
    }

    fn begin(&mut self, history: &mut History, random: &mut Random) {
        let count = self.shards.len();
        let is_flush = random.one_in(5);
        let keys: BTreeSet<u32> = match is_flush {
            true => (0..KEYS as u32).collect(),
            false => (0..random.between(2, 4)).map(|_| random.below(KEYS) as u32).collect(),
        };
        if keys.iter().any(|key| self.is_locked(*key)) {
            return;
        }
        let mut parts: Vec<(usize, Vec<Write>)> = Vec::new();
        if is_flush {
            parts = (0..count).map(|shard| (shard, vec![Write::Flush])).collect();
        } else {
            for key in &keys {
                let write = Write::Set(*key, Self::value(history));
                let shard = *key as usize % count;
                match parts.iter_mut().find(|part| part.0 == shard) {
                    Some(part) => part.1.push(write),
                    None => parts.push((shard, vec![write])),
                }
            }
        }
        let (id, thread) = (self.next_id, random.below(count));
        self.next_id += 1;
        self.shards[thread].open.insert(id, self.now_ns);
        let step = history.steps.len();
        // Until all of it has run, nothing of it may be found.
        let all = parts.iter().flat_map(|part| &part.1).map(|write| (self.now_ns, *write));
        history.steps.push(Step { writes: all.collect() });
        let is_long = !is_flush && random.one_in(3);
        let stamp_ns = self.now_ns;
        self.running.push(Running { id, thread, stamp_ns, parts, keys, is_long, step });
        self.steps += 1;
    }

    fn run_part(&mut self, history: &mut History, random: &mut Random) {
        if self.running.is_empty() {
            return;
        }
        let at = random.below(self.running.len());
        let running = &mut self.running[at];
        let (shard, writes) = running.parts.pop().expect("it goes with its last part");
        let (id, step) = (running.id, running.step);
        let stamp_ns = if running.is_long { self.now_ns } else { running.stamp_ns };
        for write in &mut history.steps[step].writes {
            if writes.contains(&write.1) {
                write.0 = stamp_ns;
            }
        }
        if running.parts.is_empty() {
            let running = self.running.remove(at);
            let thread = &mut self.shards[running.thread];
            thread.open.remove(&running.id);
            let stamps = history.steps[step].writes.iter().map(|write| write.0);
            let (first_ns, last_ns) = (stamps.clone().min(), stamps.max());
            if let (Some(first_ns), Some(last_ns)) = (first_ns, last_ns)
                && first_ns < last_ns
            {
                thread.gaps.push(Gap { first_ns, last_ns });
            }
        }
        self.record(shard, stamp_ns, id, &writes);
    }

    fn record(&mut self, shard: usize, stamp_ns: u64, id: u64, writes: &[Write]) {
        let shard = &mut self.shards[shard];
        for write in writes {
            apply(&mut shard.state, *write);
            let words = match write {
                Write::Set(key, value) => vec![key.to_string(), value.to_string()],
                Write::Flush => vec!["flush".to_owned()],
            };
            let words = words.iter().map(String::as_bytes);
            shard.buffer.push(stamp_ns, id, 0, None, words);
        }
        if id != 0 {
            shard.floor_ns = shard.floor_ns.max(stamp_ns);
        }
    }

    /// A round closes, in three parts: the present, what every thread has under way, what every
    /// shard has recorded.
    fn close(&mut self, random: &mut Random, bug: FileBug) {
        let begun = Closing { low_ns: self.now_ns, ..Closing::default() };
        let mut closing = self.closing.take().unwrap_or(begun);
        let next = closing.reports.len();
        if let Some(thread) = self.shards.get(closing.asked) {
            let open = thread.open.values().min();
            if let (Some(open), true) = (open, bug != FileBug::IgnoresOpenSteps) {
                closing.low_ns = closing.low_ns.min(open - 1);
            }
            closing.asked += 1;
            if bug == FileBug::AsksTooLate {
                self.report(&mut closing, next);
            }
        } else if next < self.shards.len() {
            self.report(&mut closing, next);
        } else {
            self.keeper.close_round(closing.low_ns, closing.reports);
            return;
        }
        self.closing = Some(closing);
        if random.one_in(2) {
            self.close(random, bug);
        }
    }

    fn report(&mut self, closing: &mut Closing, thread: usize) {
        let shard = &mut self.shards[thread];
        shard.floor_ns = shard.floor_ns.max(closing.low_ns + 1);
        let handover = shard.buffer.hand_over(Handover::default());
        let gaps = std::mem::take(&mut shard.gaps);
        closing.reports.push(Report { gaps, handover: Some((thread, handover)) });
    }

    /// A base is cut, if one is wanted and nothing is under way.
    fn snapshot(&mut self) {
        if !self.running.is_empty() || !self.keeper.wants_snapshot() {
            return;
        }
        let stamp_ns = self.shards.iter().map(|shard| shard.floor_ns).fold(self.now_ns, u64::max);
        for shard in &mut self.shards {
            shard.floor_ns = stamp_ns + 1;
        }
        self.now_ns = stamp_ns + 1;
        let states = self.shards.iter().map(|shard| shard.state.clone()).collect();
        self.keeper.take_snapshot(stamp_ns, states);
    }

    pub(super) fn count(&self, summary: &mut FileSummary) {
        summary.steps += self.steps;
        self.keeper.count(summary);
    }

    /// The process dies, or the machine, or it ends in peace.
    pub(super) fn end(mut self, history: &mut History, random: &mut Random) -> FakeDisk {
        match random.below(4) {
            0 => {
                history.promised_ns = history.promised_ns.max(self.written_ns);
                self.disk.kill()
            }
            1 => {
                self.disk.set_faults(Faults::default());
                self.keeper.close();
                history.promised_ns = history.promised_ns.max(self.keeper.durable_ns());
                self.disk.crash()
            }
            _ => self.disk.crash(),
        }
    }
}
