//! The side thread that keeps the append files.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use config::{AppendFsync, Config};
use crossbeam_channel::Receiver;
use journal::{Base, Journal, RealDisk, Rewrite, SyncJob};

use super::base;
use super::lanes::{Lanes, Syncer};
use super::load::{self, new_number, on_shards};
use super::{Append, Based, Mode, Order, folder, lock, names, options, syncs};
use crate::clock::{self, CLOCK};
use crate::core::{Core, Server};

/// How often a round closes at least, if there is something for it.
const ROUND: Duration = Duration::from_millis(100);
/// How soon a round is tried again that could take nothing, as something older is under way.
const AGAIN: Duration = Duration::from_millis(1);
/// With `everysec`; sooner if so many bytes wait for it, which stay in memory until then.
const SYNC_NS: u64 = 1_000_000_000;
const SYNC_BYTES: usize = 32 << 20;
/// How often a fault is tried to be repaired, and a rewrite that failed to be repeated by itself.
const RETRY_NS: u64 = 1_000_000_000;
const REWRITE_RETRY_NS: u64 = 10 * RETRY_NS;

/// See the module.
pub(super) struct Keeper {
    server: Arc<Server>,
    orders: Receiver<Order>,
    journal: Option<Journal>,
    /// Keeps the folder for this process.
    locked: Option<std::fs::File>,
    lanes: Lanes,
    syncer: Syncer,
    /// When the last sync began.
    synced_at_ns: u64,
    repaired_at_ns: u64,
    rewrite: Option<Rewrite>,
    rewrite_failed_at_ns: u64,
    /// Whether there are files only because somebody asked for a rewrite.
    is_passing: bool,
}

impl Keeper {
    pub(super) fn new(server: Arc<Server>, orders: Receiver<Order>) -> Self {
        let lanes = Lanes::new(server.network.shard_count());
        let side = server.clone();
        let syncer = Syncer::new(move || side.append.order(Order::Round));
        Self {
            server,
            orders,
            journal: None,
            locked: None,
            lanes,
            syncer,
            synced_at_ns: 0,
            repaired_at_ns: 0,
            rewrite: None,
            rewrite_failed_at_ns: 0,
            is_passing: false,
        }
    }

    fn append(&self) -> &Append {
        &self.server.append
    }

    fn config(&self) -> Arc<Config> {
        self.server.config().clone()
    }

    pub(super) fn run(mut self) {
        let mut wait = ROUND;
        loop {
            let mut next = self.orders.recv_timeout(wait).ok();
            while let Some(order) = next {
                if matches!(order, Order::Stop) {
                    return self.stop();
                }
                self.obey(order);
                next = self.orders.try_recv().ok();
            }
            wait = self.turn();
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Round | Order::Stop => {}
            Order::Adopt(journal, locked) => {
                self.journal = Some(*journal);
                self.locked = Some(locked);
                self.append().status().is_enabled = true;
            }
            Order::Enable => self.enable(),
            Order::Disable => self.disable(),
            Order::Rewrite => self.begin_rewrite(),
            // One that was given up may end when the next has begun.
            Order::Based(number, result) => {
                if self.append().wants_base(number) {
                    self.end_rewrite(result);
                }
            }
            Order::Reload(answer) => {
                // Nobody waits any more once the server stops.
                let _ = answer.send(self.reload());
            }
        }
    }

    /// Does what is due; returns how long to wait for the next order.
    fn turn(&mut self) -> Duration {
        let config = self.config();
        self.set_mode(&config);
        let now_ns = CLOCK.moment().stamp_ns;
        self.repair(now_ns);
        let mut wait = ROUND;
        while self.wants_round() {
            if !self.round() {
                wait = AGAIN;
                break;
            }
            if config.append.appendfsync != AppendFsync::Always {
                // Nobody waits for what has been recorded since.
                break;
            }
            self.write(&config);
        }
        self.write(&config);
        self.publish();
        self.consider_rewrite(&config, now_ns);
        wait
    }

    fn set_mode(&mut self, config: &Config) {
        let mode = match (&self.journal, config.append.appendfsync) {
            // What is loaded has not come here yet, and holds replies already.
            (None, _) if config.append.appendonly => return,
            (None, _) => Mode::Off,
            // Before the first base there is no promise.
            (Some(journal), _) if journal.awaits_base() => Mode::Never,
            (Some(_), fsync) => Mode::of(fsync),
        };
        let append = &self.server.append;
        if append.mode.swap(mode as u8, Ordering::Relaxed) != mode as u8 {
            if let Some(journal) = &mut self.journal {
                let (never_syncs, zeros_ahead) = syncs(config);
                journal.set_syncs(never_syncs, zeros_ahead);
            }
            // Those that wait may not have to any more.
            append.advance(&self.server, append.durable_ns.load(Ordering::SeqCst));
        }
    }

    /// Whether shards have recorded what no round has.
    fn wants_round(&self) -> bool {
        self.append().is_round_wanted.store(false, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let recorded_ns = self.server.network.recorded_ns();
        self.journal.as_ref().is_some_and(|journal| recorded_ns > journal.closed_ns())
    }

    /// Closes a round. Returns whether there is something in it.
    fn round(&mut self) -> bool {
        let now_ns = CLOCK.moment().stamp_ns;
        self.round_at(self.server.network.low_ns(now_ns))
    }

    fn round_at(&mut self, low_ns: u64) -> bool {
        let Some(journal) = &mut self.journal else { return false };
        let network = &self.server.network;
        let (answers, answered) = crossbeam_channel::unbounded();
        let mut reports = Vec::new();
        for thread in 0..network.thread_count() {
            let mut spare = journal.spare();
            if let Some(report) = network.report(thread, low_ns, &mut spare) {
                reports.push(report);
                continue;
            }
            let answers = answers.clone();
            network.call(thread, move || {
                // The keeper waits until all have answered or are gone.
                let _ = answers.send(Core::current().router.report(low_ns, spare));
            });
        }
        drop(answers);
        reports.extend(answered);
        journal.close_round(low_ns, reports)
    }

    /// Writes what is closed, and syncs it if it is time.
    fn write(&mut self, config: &Config) {
        let is_paused = config.append.no_appendfsync_on_rewrite && self.rewrite.is_some();
        let fsync = config.append.appendfsync;
        let syncs = fsync == AppendFsync::Always && !is_paused;
        self.end_sync(syncs);
        let now_ns = CLOCK.moment().stamp_ns;
        let Some(journal) = &mut self.journal else { return };
        let append = &self.server.append;
        if !journal.is_settled() && append.waiting_since_ns.load(Ordering::Relaxed) == 0 {
            append.waiting_since_ns.store(now_ns, Ordering::Relaxed);
        }
        loop {
            let jobs = journal.jobs(syncs);
            if jobs.is_empty() {
                break;
            }
            let sleep_us = append.flush_sleep_us.load(Ordering::Relaxed);
            std::thread::sleep(Duration::from_micros(sleep_us));
            journal.finish(self.lanes.run(jobs));
            if !journal.has_unwritten() {
                break;
            }
        }
        if syncs {
            self.synced_at_ns = CLOCK.moment().stamp_ns;
        }
        if journal.is_settled() || is_paused {
            append.waiting_since_ns.store(0, Ordering::Relaxed);
        } else if syncs {
            append.waiting_since_ns.store(now_ns, Ordering::Relaxed);
        }
        let durable_ns = match is_paused {
            // As asked for: meanwhile nothing waits for the disk.
            true => journal.closed_ns().max(journal.durable_ns()),
            false => journal.durable_ns(),
        };
        if durable_ns > append.durable_ns.load(Ordering::SeqCst) {
            append.advance(&self.server, durable_ns);
        }
        if fsync == AppendFsync::Everysec && !is_paused {
            self.begin_sync();
        }
    }

    /// Begins to sync what is written, if it is time. Rounds are written meanwhile: what a process
    /// that is killed leaves behind is as new as if the disk were fast.
    fn begin_sync(&mut self) {
        let now_ns = CLOCK.moment().stamp_ns;
        let Some(journal) = &mut self.journal else { return };
        let is_due = now_ns.saturating_sub(self.synced_at_ns) >= SYNC_NS
            || journal.unsynced_bytes() >= SYNC_BYTES;
        if is_due && let Some(job) = journal.begin_sync() {
            self.synced_at_ns = now_ns;
            if let Some(job) = self.syncer.begin(job) {
                self.synced(job);
            }
        }
    }

    /// Takes note of a sync beside the writing, once it has ended if `waits`.
    fn end_sync(&mut self, waits: bool) {
        if self.journal.as_ref().is_some_and(Journal::is_syncing)
            && let Some(job) = self.syncer.end(waits)
        {
            self.synced(job);
        }
    }

    fn synced(&mut self, job: SyncJob) {
        let Some(journal) = &mut self.journal else { return };
        journal.end_sync(job);
        // What was written before it began is durable, if it did not fail.
        let since_ns = match (journal.is_settled(), journal.fault()) {
            (true, _) => 0,
            (false, None) => self.synced_at_ns,
            (false, Some(_)) => return,
        };
        self.server.append.waiting_since_ns.store(since_ns, Ordering::Relaxed);
    }

    fn repair(&mut self, now_ns: u64) {
        // What has failed may be slow to say so.
        self.end_sync(self.journal.as_ref().is_some_and(|journal| journal.fault().is_some()));
        let Some(journal) = &mut self.journal else { return };
        if journal.fault().is_none() || now_ns.saturating_sub(self.repaired_at_ns) < RETRY_NS {
            return;
        }
        self.repaired_at_ns = now_ns;
        match journal.repair() {
            Ok(()) => {
                tracing::warn!("AOF write error looks solved. The server can write again.");
                let durable_ns = journal.durable_ns();
                self.server.append.advance(&self.server, durable_ns);
            }
            Err(error) => tracing::debug!("The append only file can't be written yet: {error}"),
        }
    }

    fn publish(&self) {
        let append = &self.server.append;
        append.set_synced(self.synced_ns());
        let mut status = append.status();
        let fault = self.journal.as_ref().and_then(Journal::fault);
        if let Some(fault) = fault
            && status.fault.is_none()
        {
            tracing::error!("Error writing to the AOF file: {fault}");
        }
        status.fault = fault.map(str::to_owned);
        append.set_faulted(fault.is_some());
        // An order that has not been read yet may have set it.
        if self.orders.is_empty() {
            let awaits_base = self.journal.as_ref().is_some_and(Journal::awaits_base);
            status.awaits_base = awaits_base && !self.is_passing;
        }
        if let Some(journal) = &self.journal {
            status.bytes = journal.bytes();
            status.base_bytes = journal.base_bytes();
            status.waiting_bytes = journal.waiting_bytes();
        }
    }

    /// What WAITAOF can be told.
    fn synced_ns(&self) -> Option<u64> {
        let is_enabled = self.append().status().is_enabled;
        match &self.journal {
            // What is loaded has not come here yet, or the first files cannot be made.
            None => (is_enabled || self.config().append.appendonly).then_some(0),
            Some(_) if self.is_passing => None,
            Some(journal) if journal.awaits_base() => Some(0),
            Some(journal) => Some(journal.synced_ns()),
        }
    }

    fn enable(&mut self) {
        if self.journal.is_some() && !self.is_passing {
            self.append().status().rewriting_since = None;
            return;
        }
        self.append().status().is_enabled = true;
        if self.journal.is_none() {
            self.create();
        }
        self.is_passing = false;
        on_shards(&self.server, |core| core.router.set_journalled(true));
        if self.server.persistence.status().running.is_some() {
            // A turn after it begins the base.
            self.rewrite = None;
            let mut status = self.append().status();
            status.rewriting_since = None;
            status.is_scheduled = true;
        } else {
            self.begin_base();
        }
    }

    /// Opens files for a journal whose base is still to come.
    fn create(&mut self) {
        let config = self.config();
        let folder = folder(&config);
        let created = lock(&config).and_then(|locked| {
            let disk = Arc::new(RealDisk::new(&folder));
            let options = options(&config, self.server.network.shard_count());
            let journal =
                Journal::create_awaiting_base(disk, names(&config), options, new_number())
                    .map_err(|error| format!("{}: {error}", folder.display()))?;
            Ok((journal, locked))
        });
        match created {
            Ok(((journal, rewrite), locked)) => {
                self.journal = Some(journal);
                self.rewrite = Some(rewrite);
                self.locked = Some(locked);
            }
            Err(error) => {
                tracing::error!("Can't open the append only file: {error}");
                self.rewrite_failed(&error);
            }
        }
    }

    /// Loads what the files have, when all that has happened is in them. All keys are held.
    fn reload(&mut self) -> Result<(), String> {
        let config = self.config();
        if self.journal.is_none() {
            let _locked = lock(&config)?;
            return load::reload(&self.server);
        }
        // What is under way waits for those keys, and takes its stamp later.
        self.round_at(CLOCK.moment().stamp_ns);
        self.write(&config);
        if self.journal.as_ref().is_some_and(Journal::has_unwritten) {
            return Err("what happened last could not be written".to_owned());
        }
        on_shards(&self.server, |core| core.router.set_journalled(false));
        let loaded = load::reload(&self.server);
        on_shards(&self.server, |core| core.router.set_journalled(true));
        loaded
    }

    fn disable(&mut self) {
        if self.rewrite.is_some() {
            tracing::info!("Killing AOF rewrite child: appendonly is off");
            self.append().number_base();
            self.server.persistence.give_up_base();
            self.append().status().rewriting_since = None;
        }
        self.append().status().is_enabled = false;
        on_shards(&self.server, |core| core.router.set_journalled(false));
        self.round();
        self.close();
    }

    fn close(&mut self) {
        self.end_sync(true);
        if let Some(mut journal) = self.journal.take()
            && let Err(error) = journal.close()
        {
            tracing::error!("Can't close the append only file: {error}");
        }
        self.locked = None;
        self.rewrite = None;
    }

    fn consider_rewrite(&mut self, config: &Config, now_ns: u64) {
        let status = self.append().status().clone();
        if self.rewrite.is_some() || self.journal.is_none() && !status.is_scheduled {
            return;
        }
        let may_try = self.rewrite_failed_at_ns == 0
            || now_ns.saturating_sub(self.rewrite_failed_at_ns) > REWRITE_RETRY_NS;
        let awaits = self.journal.as_ref().is_some_and(Journal::awaits_base);
        if may_try && (status.is_scheduled || awaits || status.wants_rewrite(config)) {
            if status.wants_rewrite(config) {
                let (bytes, base) = (status.bytes, status.base_bytes.max(1));
                let growth = bytes.saturating_sub(base) * 100 / base;
                tracing::info!("Starting automatic rewriting of AOF on {growth}% growth");
            }
            self.begin_rewrite();
        }
    }

    fn begin_rewrite(&mut self) {
        self.end_sync(true);
        if self.server.persistence.status().running.is_some() {
            // The next turn tries again.
            self.append().status().rewriting_since = None;
            return;
        }
        if self.journal.is_none() {
            self.is_passing = true;
            self.create();
        } else if self.rewrite.is_none() {
            let Some(journal) = &mut self.journal else { return };
            if journal.awaits_base() {
                self.rewrite = Some(journal.awaited());
            } else {
                match journal.begin_rewrite() {
                    Ok(rewrite) => self.rewrite = Some(rewrite),
                    Err(error) => return self.rewrite_failed(&error.to_string()),
                }
            }
        } else {
            return;
        }
        self.begin_base();
    }

    /// Has a snapshot written, of which [`Order::Based`] tells.
    fn begin_base(&mut self) {
        let Some(Rewrite { generation }) = self.rewrite else { return };
        let config = self.config();
        let (folder, names) = (folder(&config), names(&config));
        let shards = 0..self.server.network.shard_count();
        let paths = shards.map(|shard| folder.join(names.base(generation, shard))).collect();
        {
            let mut status = self.append().status();
            status.is_scheduled = false;
            status.rewriting_since = Some(clock::now_ms() / 1000);
        }
        tracing::info!("Background append only file rewriting started");
        let number = self.append().number_base();
        let server = self.server.clone();
        self.server.network.call(0, move || {
            tokio::task::spawn_local(async move {
                let is_wanted = || server.append.wants_base(number);
                let based = base::write(&Core::current(), paths, is_wanted).await;
                server.append.order(Order::Based(number, based));
            });
        });
    }

    fn end_rewrite(&mut self, result: Result<Based, String>) {
        let (Some(Rewrite { generation }), Some(journal)) =
            (self.rewrite.take(), &mut self.journal)
        else {
            return;
        };
        let committed = result.and_then(|Based { stamp_ns, files }| {
            let base = Base { generation, stamp_ns, files };
            journal.commit_rewrite(base).map_err(|error| error.to_string())
        });
        if let Err(error) = committed {
            return self.rewrite_failed(&error);
        }
        let now_s = clock::now_ms() / 1000;
        self.rewrite_failed_at_ns = 0;
        let mut status = self.append().status();
        status.rewrites += 1;
        status.failed_rewrites = 0;
        status.last_rewrite_failed = false;
        status.last_rewrite_seconds = status.rewriting_since.take().map(|since| now_s - since);
        drop(status);
        tracing::info!("Background AOF rewrite terminated with success");
        if self.is_passing {
            self.is_passing = false;
            self.close();
        }
    }

    fn rewrite_failed(&mut self, error: &str) {
        tracing::warn!("Background AOF rewrite terminated with error: {error}");
        self.rewrite_failed_at_ns = CLOCK.moment().stamp_ns;
        self.rewrite = None;
        let now_s = clock::now_ms() / 1000;
        let mut status = self.append().status();
        status.failed_rewrites += 1;
        status.last_rewrite_failed = true;
        status.is_scheduled = false;
        if let Some(since) = status.rewriting_since.take() {
            status.last_rewrite_seconds = Some(now_s - since);
        }
        drop(status);
        if self.is_passing {
            self.is_passing = false;
            self.close();
        }
    }

    /// Everything has ended but this.
    fn stop(&mut self) {
        let reports = std::mem::take(
            &mut *self.append().last_reports.lock().expect("a panic ends the process"),
        );
        let marks = reports.iter().flat_map(|report| &report.handover);
        let stamps = marks.flat_map(|(_, handover)| &handover.marks).map(|mark| mark.stamp_ns);
        let last_ns = stamps.fold(CLOCK.moment().stamp_ns, u64::max);
        let low_ns = self.server.network.low_ns(last_ns + 1);
        self.end_sync(true);
        if let Some(journal) = &mut self.journal {
            journal.close_round(low_ns, reports);
            if journal.fault().is_some()
                && let Err(error) = journal.repair()
            {
                tracing::error!("What was not written to the append only file is lost: {error}");
            }
        }
        self.close();
    }
}
