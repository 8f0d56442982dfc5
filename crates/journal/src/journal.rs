//! The journal of a running server: rounds go into files, files into a manifest.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::bug::{Bug, Planted};
use crate::disk::{Disk, DiskFile, replace};
use crate::file::{Appender, FileId};
use crate::manifest::{Base, Increment, Manifest};
use crate::names::Names;
use crate::record::Handover;
use crate::recover::Recovered;
use crate::round::{Gap, Report, cut};

/// So many emptied buffers are kept to be filled again.
const SPARES_MAX: usize = 64;
/// Emptied buffers beyond this are given back.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// How a journal is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How many shards there are.
    pub shards: usize,
    /// Whether rounds count as done once they are written: `appendfsync no`.
    pub never_syncs: bool,
    /// Rounds up to so many bytes are one block in the first file, so that one write and one sync
    /// do; of others every shard's part goes to its own file, side by side.
    pub joint_bytes_max: usize,
    /// How many zeros at once are written ahead of small blocks: for files that are synced with
    /// every round. 0 for none.
    pub zeros_ahead: usize,
    /// For tests.
    pub planted: Planted,
}

/// A closed round that is not known to be durable.
#[derive(Debug)]
struct Round {
    number: u64,
    stamp_ns: u64,
    /// Per shard; what it has to write is lent to a [`Job`] meanwhile.
    parts: Vec<Option<Handover>>,
    members: Vec<bool>,
    /// Whether all parts go to the first file.
    is_joint: bool,
    is_written: bool,
}

impl Round {
    fn is_in(&self, shard: usize, file: usize) -> bool {
        file == if self.is_joint { 0 } else { shard }
    }

    /// Lends what goes to a file.
    fn lend(&mut self, file: usize) -> Vec<(usize, Handover)> {
        let shards = 0..self.parts.len();
        let here: Vec<usize> = shards.filter(|shard| self.is_in(*shard, file)).collect();
        let lend = |shard: usize| Some((shard, self.parts[shard].take()?));
        here.into_iter().filter_map(lend).collect()
    }
}

/// A rewrite that has begun: where its base's files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// For [`Names::base`].
    pub generation: u64,
}

/// One file's share of what is to be written and synced.
#[derive(Debug)]
pub struct Job {
    file: usize,
    appender: Appender,
    /// Of the round: number, stamp, and the last that was durable.
    times: (u64, u64, u64),
    members: Vec<bool>,
    /// What is to be written, by shards.
    parts: Vec<(usize, Handover)>,
    sync: bool,
    result: io::Result<()>,
}

impl Job {
    /// Does it: this is what takes time.
    pub fn run(&mut self) {
        self.result = self.try_run();
    }

    fn try_run(&mut self) -> io::Result<()> {
        if !self.parts.is_empty() {
            let parts = self.parts.iter().map(|(shard, part)| (*shard, part.data.as_slice()));
            let parts: Vec<_> = parts.collect();
            self.appender.append(self.times, &self.members, &parts)?;
        }
        if self.sync { self.appender.sync() } else { Ok(()) }
    }
}

/// A sync of all files, while more is written to them.
#[derive(Debug)]
pub struct SyncJob {
    files: Vec<(String, Box<dyn DiskFile>)>,
    /// The last round that it makes durable.
    round: u64,
    fault: Option<String>,
}

impl SyncJob {
    /// Does it: this is what takes time.
    pub fn run(&mut self) {
        for (name, file) in &mut self.files {
            if let Err(error) = file.sync() {
                self.fault.get_or_insert_with(|| format!("{name}: {error}"));
            }
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Journal {
    disk: Arc<dyn Disk>,
    names: Names,
    options: Options,
    manifest: Manifest,
    /// Whether the manifest is not written yet, because what it begins with is still to come.
    awaits_base: bool,
    /// None while lent to a job.
    appenders: Vec<Option<Appender>>,
    carry: Vec<Handover>,
    gaps: Vec<Gap>,
    unsynced: VecDeque<Round>,
    next_round: u64,
    synced_round: u64,
    stamp_ns: u64,
    durable_ns: u64,
    /// As `durable_ns`, but written is never enough.
    synced_ns: u64,
    fault: Option<String>,
    /// Whether a [`SyncJob`] is lent.
    is_syncing: bool,
    /// The base that is being written, of which no manifest knows yet.
    rewriting: Option<u64>,
    /// A higher generation than any file ever had.
    next_generation: u64,
    closed_bytes: u64,
    base_bytes: u64,
    spares: Vec<Handover>,
}

impl Journal {
    /// A journal without a base: what is recorded began with nothing.
    pub fn create(
        disk: Arc<dyn Disk>,
        names: Names,
        options: Options,
        journal: u64,
    ) -> io::Result<Self> {
        let manifest = Manifest { journal, ..Manifest::default() };
        let mut new = Self::new(disk, names, options, manifest, 1)?;
        new.commit()?;
        Ok(new)
    }

    /// A journal of data that was there before: it counts only once a [`Rewrite`] is committed.
    pub fn create_awaiting_base(
        disk: Arc<dyn Disk>,
        names: Names,
        options: Options,
        journal: u64,
    ) -> io::Result<(Self, Rewrite)> {
        let manifest = Manifest { journal, ..Manifest::default() };
        let mut new = Self::new(disk, names, options, manifest, 1)?;
        new.awaits_base = true;
        let generation = new.manifest.generation();
        new.rewriting = Some(generation);
        Ok((new, Rewrite { generation }))
    }

    /// Goes on where recovery ended: what it dropped is dropped for good.
    pub fn resume(
        disk: Arc<dyn Disk>,
        names: Names,
        options: Options,
        recovered: &Recovered,
    ) -> io::Result<Self> {
        let mut manifest = recovered.manifest.clone();
        let synced = recovered.synced_round();
        let copies = recovered.last_round > synced;
        if let Some(open) = manifest.increments.last_mut() {
            open.last_round = Some(if copies { synced } else { recovered.last_round });
        }
        let mut resumed = Self::new(disk, names, options, manifest, recovered.last_round + 1)?;
        if copies {
            resumed.copy(recovered, synced + 1)?;
        }
        resumed.stamp_ns = recovered.last_stamp_ns;
        resumed.durable_ns = recovered.last_stamp_ns;
        resumed.synced_ns = recovered.last_stamp_ns;
        resumed.closed_bytes = recovered.increment_bytes();
        resumed.commit()?;
        recovered.trim(&*resumed.disk);
        Ok(resumed)
    }

    /// Writes rounds once more that a process wrote and did not sync, or may have failed to: where
    /// they are now may be the system's memory only, and it may believe otherwise.
    fn copy(&mut self, recovered: &Recovered, first_round: u64) -> io::Result<()> {
        let Some(old) = recovered.increments.last() else { return Ok(()) };
        let generation = self.next_generation;
        self.next_generation += 1;
        let shards = old.shards as u32;
        for shard in 0..shards {
            let name = self.names.increment(generation, shard as usize);
            let id = FileId { journal: self.manifest.journal, generation, shard, shards };
            let mut appender = Appender::create(&*self.disk, name, id)?;
            old.copy(shard as usize, first_round, &mut appender)?;
            appender.sync()?;
            appender.trim();
        }
        self.disk.sync_names()?;
        let last_round = Some(recovered.last_round);
        let at = self.manifest.increments.len() - 1;
        // The open one must be the newest.
        let mut open = self.manifest.increments[at];
        self.manifest.increments[at] = Increment { generation, shards, first_round, last_round };
        let (increment, appenders) = self.new_increment(open.first_round)?;
        open.generation = increment.generation;
        self.manifest.increments.push(open);
        self.appenders = appenders.into_iter().map(Some).collect();
        Ok(())
    }

    fn new(
        disk: Arc<dyn Disk>,
        names: Names,
        options: Options,
        mut manifest: Manifest,
        next_round: u64,
    ) -> io::Result<Self> {
        // Those without a round say nothing.
        manifest.increments.retain(|i| i.last_round.is_none_or(|last| last >= i.first_round));
        let base_bytes = manifest.base.iter().flat_map(|base| &base.files).map(|file| file.bytes);
        let mut new = Self {
            base_bytes: base_bytes.sum(),
            next_generation: 1 + newest_generation(&*disk, &names)?.max(manifest.generation()),
            disk,
            names,
            options,
            manifest,
            awaits_base: false,
            appenders: Vec::new(),
            carry: (0..options.shards).map(|_| Handover::default()).collect(),
            gaps: Vec::new(),
            unsynced: VecDeque::new(),
            next_round,
            synced_round: next_round - 1,
            stamp_ns: 0,
            durable_ns: 0,
            synced_ns: 0,
            fault: None,
            is_syncing: false,
            rewriting: None,
            closed_bytes: 0,
            spares: Vec::new(),
        };
        let (increment, appenders) = new.new_increment(next_round)?;
        new.manifest.increments.push(increment);
        new.appenders = appenders.into_iter().map(Some).collect();
        Ok(new)
    }

    /// Files for the rounds from `first_round` on, which no manifest names yet.
    fn new_increment(&mut self, first_round: u64) -> io::Result<(Increment, Vec<Appender>)> {
        let generation = self.next_generation;
        self.next_generation += 1;
        let shards = self.options.shards as u32;
        let journal = self.manifest.journal;
        let appenders: io::Result<Vec<_>> = (0..shards)
            .map(|shard| {
                let name = self.names.increment(generation, shard as usize);
                Appender::create(&*self.disk, name, FileId { journal, generation, shard, shards })
            })
            .collect();
        let appenders = appenders?;
        self.disk.sync_names()?;
        Ok((Increment { generation, shards, first_round, last_round: None }, appenders))
    }

    /// Makes the manifest the truth, and removes the files that it does not name.
    fn commit(&mut self) -> io::Result<()> {
        if self.awaits_base {
            return Ok(());
        }
        replace(&*self.disk, &self.names.manifest(), &self.manifest.write())?;
        self.remove_others();
        Ok(())
    }

    /// Removes what no manifest needs. Failing leaves garbage, which the next commit removes.
    fn remove_others(&self) {
        let base = self.manifest.base.as_ref().map(|base| base.generation);
        let newest = self.manifest.generation();
        let is_named = |generation: u64| {
            [base, self.rewriting].contains(&Some(generation))
                || generation > newest
                || self.manifest.increments.iter().any(|i| i.generation == generation)
        };
        for name in self.disk.list().unwrap_or_default() {
            if self.names.generation(&name).is_some_and(|generation| !is_named(generation)) {
                let _ = self.disk.remove(&name);
            }
        }
    }

    /// An emptied buffer, for a shard to go on with.
    pub fn spare(&mut self) -> Handover {
        self.spares.pop().unwrap_or_default()
    }

    /// Closes a round at `low_ns` or a little below, of what all threads report. Returns whether
    /// there is something to write.
    ///
    /// Everything stamped up to `low_ns` had been brought to its end on all shards before the first
    /// of them handed over; what they stamp from then on is above it.
    pub fn close_round(&mut self, low_ns: u64, reports: Vec<Report>) -> bool {
        for report in reports {
            if !self.options.planted.is(Bug::IgnoresGaps) {
                self.gaps.extend(report.gaps);
            }
            if let Some((shard, handover)) = report.handover {
                self.carry[shard].append(handover);
            }
        }
        let stamp_ns = cut(low_ns, &mut self.gaps);
        let mut parts = Vec::new();
        for carry in &mut self.carry {
            let part = carry.take_until(stamp_ns);
            parts.push((!part.data.is_empty()).then_some(part));
        }
        let members: Vec<bool> = parts.iter().map(Option::is_some).collect();
        if !members.contains(&true) {
            return false;
        }
        let number = self.next_round;
        self.next_round += 1;
        self.stamp_ns = stamp_ns;
        let bytes: usize = parts.iter().flatten().map(|part| part.data.len()).sum();
        let is_joint = bytes <= self.options.joint_bytes_max;
        let round = Round { number, stamp_ns, parts, members, is_joint, is_written: false };
        self.unsynced.push_back(round);
        true
    }

    /// What is to be written for the oldest round that is not, and synced if that is wanted; not
    /// while a [`SyncJob`] is lent. Run all of them, then call [`Self::finish`].
    pub fn jobs(&mut self, sync: bool) -> Vec<Job> {
        debug_assert!(
            !(sync && self.is_syncing),
            "of two syncs one would miss the other's failure"
        );
        if self.fault.is_some() {
            return Vec::new();
        }
        let synced = self.synced_round;
        let mut round = self.unsynced.iter_mut().find(|round| !round.is_written);
        let mut jobs = Vec::new();
        for (file, slot) in self.appenders.iter_mut().enumerate() {
            let Some(mut appender) = slot.take() else { continue };
            appender.zeros_ahead = self.options.zeros_ahead;
            let parts = round.as_mut().map_or_else(Vec::new, |round| round.lend(file));
            if parts.is_empty() && !(sync && appender.is_dirty) {
                *slot = Some(appender);
                continue;
            }
            let (mut times, mut members) = ((0, 0, synced), Vec::new());
            if let Some(round) = &round {
                times = (round.number, round.stamp_ns, synced);
                members.clone_from(&round.members);
            }
            jobs.push(Job { file, appender, times, members, parts, sync, result: Ok(()) });
        }
        jobs
    }

    /// Takes back what [`Self::jobs`] lent.
    pub fn finish(&mut self, jobs: Vec<Job>) {
        let sync = jobs.iter().all(|job| job.sync);
        let mut fault = None;
        let wrote = jobs.iter().any(|job| !job.parts.is_empty());
        let at = self.unsynced.iter().position(|round| !round.is_written);
        for Job { file, appender, parts, result, .. } in jobs {
            if let Some(at) = at {
                let round = &mut self.unsynced[at];
                parts.into_iter().for_each(|(shard, part)| round.parts[shard] = Some(part));
            }
            if let Err(error) = result {
                fault.get_or_insert_with(|| format!("{}: {error}", appender.name));
            }
            self.appenders[file] = Some(appender);
        }
        if fault.is_some() && !self.options.planted.is(Bug::TrustsAfterFault) {
            self.fault = fault;
            return;
        }
        if fault.is_some() {
            return;
        }
        if let (true, Some(at)) = (wrote, at) {
            self.unsynced[at].is_written = true;
        }
        if sync || self.options.never_syncs {
            self.release(u64::MAX, sync);
        }
    }

    /// A sync of all that is written, if something has to be synced and no sync goes on; not while
    /// jobs are lent. While it goes on, rounds may be written, and nothing else. Run it, then call
    /// [`Self::end_sync`].
    pub fn begin_sync(&mut self) -> Option<SyncJob> {
        debug_assert!(self.appenders.iter().all(Option::is_some), "all files are here");
        if self.fault.is_some() || self.is_syncing {
            return None;
        }
        let written = self.unsynced.iter().take_while(|round| round.is_written);
        let round = written.last().map_or(0, |round| round.number);
        let lend = |appender: &mut Appender| Some((appender.name.clone(), appender.lend_sync()?));
        let files: Vec<_> = self.appenders.iter_mut().flatten().filter_map(lend).collect();
        self.is_syncing = !files.is_empty();
        self.is_syncing.then_some(SyncJob { files, round, fault: None })
    }

    /// Takes back what [`Self::begin_sync`] lent.
    pub fn end_sync(&mut self, job: SyncJob) {
        self.is_syncing = false;
        match job.fault {
            Some(fault) => {
                self.fault.get_or_insert(fault);
            }
            None if self.options.planted.is(Bug::CreditsSync) => self.release(u64::MAX, true),
            None => self.release(job.round, true),
        }
    }

    /// Whether a [`SyncJob`] is lent.
    pub fn is_syncing(&self) -> bool {
        self.is_syncing
    }

    /// What is written, up to a round, is durable, or as durable as it has to be.
    fn release(&mut self, last_round: u64, is_synced: bool) {
        let is_done = |round: &Round| round.is_written && round.number <= last_round;
        while self.unsynced.front().is_some_and(is_done) {
            let round = self.unsynced.pop_front().expect("just seen");
            self.durable_ns = round.stamp_ns;
            if is_synced {
                self.synced_round = round.number;
            }
            for mut part in round.parts.into_iter().flatten() {
                if self.spares.len() < SPARES_MAX && part.data.capacity() <= SPARE_BYTES_MAX {
                    part.clear();
                    self.spares.push(part);
                }
            }
        }
        // With `never_syncs`, what went before may be in a file that failed.
        if is_synced && !self.options.never_syncs {
            self.synced_ns = self.durable_ns;
        }
    }

    /// Writes and syncs everything that is closed, here and now. Not while a [`SyncJob`] is lent, as
    /// all that begins or ends files.
    pub fn settle(&mut self) -> bool {
        loop {
            let mut jobs = self.jobs(true);
            if jobs.is_empty() {
                return self.fault.is_none();
            }
            jobs.iter_mut().for_each(Job::run);
            self.finish(jobs);
        }
    }

    /// After a fault: new files take what the old ones may not have. An error leaves the fault.
    pub fn repair(&mut self) -> io::Result<()> {
        if self.fault.is_none() {
            return Ok(());
        }
        if self.options.planted.is(Bug::ForgetsUnsynced) {
            self.unsynced.clear();
            self.synced_round = self.next_round - 1;
        }
        let first = self.unsynced.front().map_or(self.next_round, |round| round.number);
        let (increment, mut appenders) = self.new_increment(first)?;
        for round in &self.unsynced {
            let parts = round.parts.iter().enumerate();
            let parts = parts.filter_map(|(shard, part)| Some((shard, &*part.as_ref()?.data)));
            for (file, appender) in appenders.iter_mut().enumerate() {
                let here = parts.clone().filter(|(shard, _)| round.is_in(*shard, file));
                let here: Vec<(usize, &[u8])> = here.collect();
                if !here.is_empty() {
                    let times = (round.number, round.stamp_ns, first - 1);
                    appender.append(times, &round.members, &here)?;
                }
            }
        }
        appenders.iter_mut().try_for_each(Appender::sync)?;
        self.begin_increment(increment, appenders)?;
        self.fault = None;
        self.unsynced.iter_mut().for_each(|round| round.is_written = true);
        self.release(u64::MAX, true);
        Ok(())
    }

    /// From now on rounds go there. After an error they do not.
    fn begin_increment(
        &mut self,
        increment: Increment,
        appenders: Vec<Appender>,
    ) -> io::Result<()> {
        let before = self.manifest.clone();
        if let Some(open) = self.manifest.increments.last_mut() {
            open.last_round = Some(increment.first_round - 1);
        }
        self.manifest.increments.retain(|i| i.last_round.is_none_or(|last| last >= i.first_round));
        self.manifest.increments.push(increment);
        if let Err(error) = self.commit() {
            self.manifest = before;
            // Both lists of files may be what the next start finds: in the one, what the old files
            // get from here on does not count.
            self.fault.get_or_insert_with(|| format!("{}: {error}", self.names.manifest()));
            return Err(error);
        }
        for mut old in std::mem::take(&mut self.appenders).into_iter().flatten() {
            old.trim();
            self.closed_bytes += old.offset;
        }
        self.appenders = appenders.into_iter().map(Some).collect();
        Ok(())
    }

    /// Begins a rewrite: what is recorded from here on stays, what was before can go once
    /// [`Self::commit_rewrite`] has a base for it. The base's instant must come after this.
    pub fn begin_rewrite(&mut self) -> io::Result<Rewrite> {
        if !self.settle() {
            return Err(io::Error::other("the append file cannot be written"));
        }
        let (increment, appenders) = self.new_increment(self.next_round)?;
        let generation = increment.generation;
        self.begin_increment(increment, appenders)?;
        self.rewriting = Some(generation);
        Ok(Rewrite { generation })
    }

    /// A rewrite came to nothing before its base was to be committed.
    pub fn abandon_rewrite(&mut self) {
        if let Some(generation) = self.rewriting.take() {
            for shard in 0..self.options.shards {
                let _ = self.disk.remove(&self.names.base(generation, shard));
            }
        }
    }

    /// The base is written, and durable: it takes the place of everything before. After an error it
    /// may have done so all the same, for the next start; so its files stay.
    pub fn commit_rewrite(&mut self, base: Base) -> io::Result<()> {
        let before = self.manifest.clone();
        let awaited = self.awaits_base;
        self.manifest.increments.retain(|increment| increment.generation >= base.generation);
        let stamp_ns = base.stamp_ns;
        self.manifest.base = Some(base);
        self.awaits_base = false;
        if let Err(error) = self.disk.sync_names().and_then(|()| self.commit()) {
            (self.manifest, self.awaits_base) = (before, awaited);
            return Err(error);
        }
        let base = self.manifest.base.iter().flat_map(|base| &base.files);
        self.base_bytes = base.map(|file| file.bytes).sum();
        self.closed_bytes = 0;
        self.rewriting = None;
        self.synced_ns = self.synced_ns.max(stamp_ns);
        Ok(())
    }

    /// The end, when everything is settled: the next start knows that nothing is missing.
    pub fn close(&mut self) -> io::Result<()> {
        if !self.settle() || self.awaits_base {
            return Ok(());
        }
        let last_round = self.next_round - 1;
        if let Some(open) = self.manifest.increments.last_mut() {
            open.last_round = Some(last_round);
        }
        self.commit()?;
        self.appenders.iter_mut().flatten().for_each(Appender::trim);
        Ok(())
    }

    /// Up to here everything recorded is durable.
    pub fn durable_ns(&self) -> u64 {
        self.durable_ns
    }

    /// Up to here everything recorded is synced, whatever counts as durable.
    pub fn synced_ns(&self) -> u64 {
        self.synced_ns
    }

    /// Whether a round waits to be written, or what is written to be synced.
    pub fn is_settled(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// What is written and not synced, in bytes.
    pub fn unsynced_bytes(&self) -> usize {
        let written = self.unsynced.iter().filter(|round| round.is_written);
        written.flat_map(|round| round.parts.iter().flatten()).map(|part| part.data.len()).sum()
    }

    /// The stamp of the round that is next to be written.
    pub fn unwritten_ns(&self) -> Option<u64> {
        self.unsynced.iter().find(|round| !round.is_written).map(|round| round.stamp_ns)
    }

    /// Whether a round waits to be written.
    pub fn has_unwritten(&self) -> bool {
        self.unsynced.back().is_some_and(|round| !round.is_written)
    }

    /// The stamp of the last round that closed.
    pub fn closed_ns(&self) -> u64 {
        self.stamp_ns
    }

    /// The rewrite that a journal without a base waits for.
    pub fn awaited(&mut self) -> Rewrite {
        let generation = self.manifest.increments.first().map_or(0, |first| first.generation);
        self.rewriting = Some(generation);
        Rewrite { generation }
    }

    /// Why nothing can be written, if so.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Whether it counts only once a base is committed.
    pub fn awaits_base(&self) -> bool {
        self.awaits_base
    }

    /// How rounds count as done from now on, and what is done for syncs; see [`Options`].
    pub fn set_syncs(&mut self, never_syncs: bool, zeros_ahead: usize) {
        self.options.never_syncs = never_syncs;
        self.options.zeros_ahead = zeros_ahead;
        if never_syncs {
            self.release(u64::MAX, false);
        }
    }

    /// What is there: the base and what came after, in bytes.
    pub fn bytes(&self) -> u64 {
        let open = self.appenders.iter().flatten().map(|appender| appender.offset);
        self.base_bytes + self.closed_bytes + open.sum::<u64>()
    }

    /// The base alone.
    pub fn base_bytes(&self) -> u64 {
        self.base_bytes
    }

    /// What waits in memory to become durable, in bytes.
    pub fn waiting_bytes(&self) -> u64 {
        let rounds = self.unsynced.iter().flat_map(|round| round.parts.iter().flatten());
        rounds.chain(&self.carry).map(|part| part.data.len() as u64).sum()
    }

    /// The list of its files.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What its files are called.
    pub fn names(&self) -> &Names {
        &self.names
    }
}

fn newest_generation(disk: &dyn Disk, names: &Names) -> io::Result<u64> {
    let names = disk.list()?.into_iter().filter_map(|name| names.generation(&name));
    Ok(names.max().unwrap_or(0))
}
