//! What the side threads of a server do: they write and sync, rewrite, and repair.

use std::sync::Arc;

use journal::{
    Base, BaseFile, Disk, FakeDisk, Job, Journal, Names, Options, Planted, Report, Rewrite,
    SyncJob, recover_with,
};

use super::oracle::{State, Write, apply};
use super::{FileBug, FileSummary};
use crate::random::Random;

/// What a start has found.
pub(super) struct Found {
    pub(super) state: State,
    pub(super) last_ns: u64,
    pub(super) was_cut: bool,
}

/// See the module.
pub(super) struct Keeper {
    disk: FakeDisk,
    journal: Journal,
    bug: FileBug,
    /// What is being written.
    jobs: Vec<Job>,
    done: Vec<Job>,
    syncs: bool,
    /// A sync beside the writing, and whether it has been done.
    sync: Option<(SyncJob, bool)>,
    always: bool,
    written_ns: u64,
    closed_ns: u64,
    rewrite: Option<Rewrite>,
    /// The base that is being written: its files to come, and those that are there.
    base: Option<(Base, Vec<State>)>,
    rounds: usize,
    rewrites: usize,
    repairs: usize,
}

fn names() -> Names {
    Names::new("appendonly.aof")
}

impl Keeper {
    pub(super) fn start(
        disk: &FakeDisk,
        shards: usize,
        random: &mut Random,
        bug: FileBug,
    ) -> Result<(Self, Found), String> {
        let planted = Planted::new(bug);
        // None, some or all rounds are one block.
        let joint_bytes_max = random.below(3) * random.below(200);
        let zeros_ahead = random.below(2) * random.below(500);
        let options = Options { shards, never_syncs: false, joint_bytes_max, zeros_ahead, planted };
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let recovered = recover_with(disk, &names(), true, planted)
            .map_err(|error| format!("no start: {error}"))?;
        let mut found = Found { state: State::new(), last_ns: 0, was_cut: false };
        let journal = match recovered {
            None => Journal::create(shared, names(), options, random.between(1, 1 << 40) as u64),
            Some(recovered) => {
                found.was_cut = !recovered.cuts.is_empty();
                found.last_ns = recovered.last_stamp_ns;
                found.state = read(disk, &recovered)?;
                Journal::resume(shared, names(), options, &recovered)
            }
        };
        let keeper = Self {
            disk: disk.clone(),
            journal: journal.map_err(|error| format!("no journal: {error}"))?,
            bug,
            jobs: Vec::new(),
            done: Vec::new(),
            syncs: false,
            sync: None,
            always: random.one_in(2),
            written_ns: 0,
            closed_ns: 0,
            rewrite: None,
            base: None,
            rounds: 0,
            rewrites: 0,
            repairs: 0,
        };
        Ok((keeper, found))
    }

    pub(super) fn close_round(&mut self, low_ns: u64, reports: Vec<Report>) {
        self.journal.close_round(low_ns, reports);
    }

    /// Goes on with whatever there is to do.
    pub(super) fn step(&mut self, random: &mut Random) {
        if !self.jobs.is_empty() {
            let at = random.below(self.jobs.len());
            let mut job = self.jobs.swap_remove(at);
            job.run();
            self.done.push(job);
            if self.jobs.is_empty() {
                self.finish();
            }
            return;
        }
        if let Some((mut job, is_done)) = self.sync.take() {
            match is_done {
                true if random.one_in(3) => return self.end_sync(job),
                true => self.sync = Some((job, true)),
                false if random.one_in(2) => {
                    job.run();
                    self.sync = Some((job, true));
                }
                false => self.sync = Some((job, false)),
            }
            if self.journal.fault().is_none() && random.one_in(2) {
                self.closed_ns = self.journal.unwritten_ns().unwrap_or(self.closed_ns);
                (self.syncs, self.jobs) = (false, self.journal.jobs(false));
            }
            return;
        }
        if self.journal.fault().is_some() {
            if random.one_in(3) && self.journal.repair().is_ok() {
                self.repairs += 1;
                self.written_ns = self.written_ns.max(self.journal.durable_ns());
            }
            return;
        }
        match random.below(12) {
            0 if self.rewrite.is_none() && random.one_in(3) => {
                self.rewrite = self.journal.begin_rewrite().ok();
                self.written_ns = self.written_ns.max(self.journal.durable_ns());
            }
            1 | 2 if self.base.is_some() => self.write_base(),
            3 | 4 if !self.always => {
                self.sync = self.journal.begin_sync().map(|job| (job, false));
            }
            3..10 => {
                self.syncs = self.always || random.one_in(4);
                self.closed_ns = self.journal.unwritten_ns().unwrap_or(self.closed_ns);
                self.jobs = self.journal.jobs(self.syncs);
            }
            _ => {}
        }
    }

    fn finish(&mut self) {
        let wrote = self.journal.durable_ns();
        self.journal.finish(std::mem::take(&mut self.done));
        if self.journal.fault().is_none() {
            self.written_ns = self.written_ns.max(self.closed_ns);
        }
        self.rounds += usize::from(self.journal.durable_ns() > wrote);
    }

    fn end_sync(&mut self, job: SyncJob) {
        let wrote = self.journal.durable_ns();
        self.journal.end_sync(job);
        self.rounds += usize::from(self.journal.durable_ns() > wrote);
    }

    pub(super) fn wants_snapshot(&self) -> bool {
        self.rewrite.is_some() && self.base.is_none()
    }

    pub(super) fn take_snapshot(&mut self, stamp_ns: u64, states: Vec<State>) {
        let Some(Rewrite { generation }) = self.rewrite else { return };
        self.base = Some((Base { generation, stamp_ns, files: Vec::new() }, states));
    }

    /// Writes the next file of the base, or commits it.
    fn write_base(&mut self) {
        let Some((mut base, states)) = self.base.take() else { return };
        let shard = base.files.len();
        let Some(state) = states.get(shard) else {
            self.rewrites += usize::from(self.journal.commit_rewrite(base).is_ok());
            self.rewrite = None;
            return;
        };
        let name = names().base(base.generation, shard);
        let text: String = state.iter().map(|(key, value)| format!("{key} {value}\n")).collect();
        let written = self.disk.create(&name).and_then(|mut file| {
            file.write_at(0, text.as_bytes())?;
            if self.bug == FileBug::CommitsEarly { Ok(()) } else { file.sync() }
        });
        if written.is_err() {
            self.journal.abandon_rewrite();
            self.rewrite = None;
            return;
        }
        base.files.push(BaseFile { bytes: text.len() as u64, checksum: 0 });
        self.base = Some((base, states));
    }

    pub(super) fn durable_ns(&self) -> u64 {
        self.journal.durable_ns()
    }

    pub(super) fn written_ns(&self) -> u64 {
        self.written_ns
    }

    pub(super) fn close(&mut self) {
        for mut job in std::mem::take(&mut self.jobs) {
            job.run();
            self.done.push(job);
        }
        if !self.done.is_empty() {
            self.finish();
        }
        if let Some((mut job, is_done)) = self.sync.take() {
            if !is_done {
                job.run();
            }
            self.end_sync(job);
        }
        let _ = self.journal.close();
    }

    pub(super) fn count(&self, summary: &mut FileSummary) {
        summary.rounds += self.rounds;
        summary.rewrites += self.rewrites;
        summary.repairs += self.repairs;
    }
}

/// The state that a journal leads to.
fn read(disk: &FakeDisk, recovered: &journal::Recovered) -> Result<State, String> {
    let mut state = State::new();
    let mut after_ns = 0;
    if let Some(base) = recovered.base() {
        after_ns = base.stamp_ns;
        for (shard, file) in base.files.iter().enumerate() {
            let name = names().base(base.generation, shard);
            let content = disk.content(&name).ok_or(format!("{name} is missing"))?;
            let text = String::from_utf8_lossy(&content);
            if text.len() as u64 != file.bytes || text.contains('\0') {
                return Err(format!("{name} is not whole"));
            }
            for line in text.lines() {
                let mut numbers = line.split(' ').map(|word| word.parse().unwrap_or(u64::MAX));
                let (key, value) = (numbers.next(), numbers.next());
                state.insert(key.unwrap_or(0) as u32, value.unwrap_or(0));
            }
        }
    }
    for increment in &recovered.increments {
        let broken = |error: journal::Error| error.to_string();
        let mut merged = increment.merged(after_ns, u64::MAX).map_err(broken)?;
        let mut flushed = None;
        while let Some(group) = merged.next_group().map_err(broken)? {
            let (stamp_ns, id) = (group.stamp_ns, group.transaction);
            for words in group.effects.iter().map(|effect| &effect.args) {
                let word = |at: usize| String::from_utf8_lossy(words[at]).into_owned();
                if words.len() == 1 {
                    // Every shard has recorded it.
                    if flushed.replace((stamp_ns, id)) != Some((stamp_ns, id)) {
                        apply(&mut state, Write::Flush);
                    }
                    continue;
                }
                let key = word(0).parse().map_err(|_| "no key")?;
                let value = word(1).parse().map_err(|_| "no value")?;
                apply(&mut state, Write::Set(key, value));
            }
        }
    }
    Ok(state)
}
