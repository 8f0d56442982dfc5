//! Making a snapshot: arming, the walk on each shard's thread, what comes of it; and when one is
//! made without being asked.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crossbeam_channel::Sender;
use engine::{Held, Needs};
use tokio::sync::oneshot;

use super::delay::next_piece;
use super::load::Progress;
use super::saver::{Format, Job, Piece, ShardSaver};
use super::status::{Kind, Running, Status};
use super::write::{self, Preamble, Target};
use crate::clock;
use crate::core::{Core, Server};
use crate::session::basic::REDIS_VERSION;

/// How long a walk holds its thread at a time.
const SLICE_NS: u64 = 250_000;
/// How long a walk in the background sleeps after a slice, while clients are served.
const REST: Duration = Duration::from_millis(1);
/// Buckets between two looks at the clock.
const BUCKETS_PER_LOOK: usize = 4;
/// How long a walk waits for a writer that is behind.
pub(super) const WRITER_WAIT: Duration = Duration::from_millis(1);
/// After a save that failed, no other is tried by itself for so many seconds.
const RETRY_SECONDS: i64 = 5;

/// See the module.
pub(crate) struct Persistence {
    status: Mutex<Status>,
    /// The last save in the background failed.
    pub(super) is_failing: AtomicBool,
    pub(crate) progress: Progress,
    /// Changes per thread, as of its last turn of background work.
    dirty: Vec<AtomicU64>,
    /// See [`Persistence::flushes`].
    pub(super) flushes: AtomicU64,
}

/// Why there was no save.
#[derive(Clone, Debug)]
pub(crate) enum SaveError {
    /// There is one under way.
    Busy,
    /// It failed; the log says why.
    Failed,
}

/// What arming a shard tells.
struct Armed {
    dirty: u64,
    sizes: Vec<(u64, u64)>,
}

impl Persistence {
    /// `is_loading`: there is something to load before others may look.
    pub(crate) fn new(threads: usize, is_loading: bool) -> Self {
        Self {
            status: Mutex::new(Status::new(clock::now_ms() / 1000)),
            is_failing: AtomicBool::new(false),
            progress: Progress { is_loading: AtomicBool::new(is_loading), ..Progress::default() },
            flushes: AtomicU64::new(0),
            dirty: (0..threads).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().expect("a panic ends the process")
    }

    /// All changes that the threads have told of.
    fn dirty_sum(&self) -> u64 {
        self.dirty.iter().map(|dirty| dirty.load(Ordering::Relaxed)).sum()
    }

    /// From now on, what has changed so far counts as saved.
    pub(crate) fn count_as_saved(&self, dirty: u64) {
        self.status().dirty_saved = dirty;
    }

    fn begin(&self, job: &Arc<Job>) -> Result<(), SaveError> {
        let mut status = self.status();
        if status.running.is_some() {
            return Err(SaveError::Busy);
        }
        let started_at_ms = clock::now_ms();
        if job.kind == Kind::Background {
            status.tried_at = started_at_ms / 1000;
        }
        if job.kind != Kind::Base {
            status.is_scheduled = false;
        }
        status.running = Some(Running { job: job.clone(), started_at_ms });
        Ok(())
    }

    fn ended(&self, result: &Result<u64, String>, dirty: u64) {
        let mut status = self.status();
        let Some(running) = status.running.take() else { return };
        if running.job.kind == Kind::Base {
            return;
        }
        let now_ms = clock::now_ms();
        let in_background = running.job.kind == Kind::Background;
        status.last_early_bytes = running.job.early_bytes.load(Ordering::Relaxed);
        if in_background {
            status.last_seconds = Some((now_ms - running.started_at_ms) / 1000);
        }
        match result {
            Ok(_) => {
                status.is_ok = true;
                status.saves += 1;
                status.saved_at = now_ms / 1000;
                status.dirty_saved = dirty;
                tracing::info!("DB saved on disk");
                if in_background {
                    tracing::info!("Background saving terminated with success");
                }
            }
            Err(error) if running.job.was_unwanted() => {
                tracing::warn!("Background saving was given up: {error}");
            }
            Err(error) if in_background => {
                status.is_ok = false;
                tracing::warn!("Background saving error: {error}");
            }
            Err(error) => tracing::warn!("Error saving DB on disk: {error}"),
        }
        self.is_failing.store(!status.is_ok, Ordering::Relaxed);
    }

    /// Gives up the save under way if it is a base of append files.
    pub(crate) fn give_up_base(&self) {
        let status = self.status();
        if let Some(running) = status.running.as_ref().filter(|one| one.job.kind == Kind::Base) {
            running.job.give_up();
        }
    }

    /// Gives up the save under way, whoever wanted it; whether there was one.
    pub(crate) fn give_up(&self) -> bool {
        let status = self.status();
        status.running.as_ref().inspect(|running| running.job.give_up()).is_some()
    }

    /// Gives up the save under way; whether there was one in the background.
    pub(crate) fn cancel(&self) -> bool {
        let status = self.status();
        match &status.running {
            Some(running) if running.job.kind == Kind::Background => {
                running.job.give_up();
                true
            }
            _ => false,
        }
    }
}

/// How files are written, as the configuration says.
fn format_of(config: &config::Config) -> Format {
    Format {
        version: config.persistence.rdb_version(),
        compresses: config.persistence.rdbcompression,
        keeps_use: config.memory.maxmemory_bytes > 0,
    }
}

fn one_file(config: &config::Config) -> Target {
    use std::os::unix::ffi::OsStringExt as _;
    let name = std::ffi::OsString::from_vec(config.persistence.dbfilename.clone());
    Target::One { folder: config.process.dir.clone(), name: name.into() }
}

/// What comes of a save.
pub(crate) type Ended = oneshot::Receiver<Result<(), SaveError>>;

/// Begins a save; what comes of it is told later. When this returns, the instant of the snapshot
/// has passed: nothing that happens afterwards is in it.
pub(crate) async fn start(core: &Rc<Core>, in_background: bool) -> Result<Ended, SaveError> {
    let config = core.server.config().clone();
    let kind = if in_background { Kind::Background } else { Kind::Foreground };
    let job = Job::new(core.router.shard_count(), kind, format_of(&config));
    core.server.persistence.begin(&job)?;
    let held = Held::acquire(&core.router, Needs::everything(&core.router)).await;
    let ended = arm(core, &held, &job, one_file(&config)).await;
    drop(held);
    Ok(ended)
}

/// [`start`] under locks of everything that are held already.
pub(crate) async fn start_held(core: &Rc<Core>, held: &Held) -> Result<Ended, SaveError> {
    let config = core.server.config().clone();
    let job = Job::new(core.router.shard_count(), Kind::Foreground, format_of(&config));
    core.server.persistence.begin(&job)?;
    Ok(arm(core, held, &job, one_file(&config)).await)
}

/// Begins to write a snapshot of each shard into a file of its own, under locks of everything that
/// are held: what else is to happen at its instant happens under them. The files are synced, their
/// folder is not; after a failure they are gone. Strings are as little compressed as in other
/// files, and the version is the first that says all.
pub(crate) async fn start_per_shard(
    core: &Rc<Core>,
    held: &Held,
    paths: Vec<PathBuf>,
) -> Result<Ended, SaveError> {
    assert_eq!(paths.len(), core.router.shard_count(), "a file for each shard");
    let config = core.server.config().clone();
    let format = Format { version: None, ..format_of(&config) };
    let job = Job::new(core.router.shard_count(), Kind::Base, format);
    core.server.persistence.begin(&job)?;
    Ok(arm(core, held, &job, Target::PerShard(paths)).await)
}

async fn arm(core: &Rc<Core>, held: &Held, job: &Arc<Job>, target: Target) -> Ended {
    let (pieces, received) = crossbeam_channel::unbounded();
    let arm_shard = |shard| arm_one(job.clone(), shard, pieces.clone());
    let armed = held.on_each(arm_shard).await;
    drop(pieces);
    let keys = armed.iter().flat_map(|shard| &shard.sizes).map(|(keys, _)| keys).sum();
    job.keys_total.store(keys, Ordering::Relaxed);
    let dirty = armed.iter().map(|shard| shard.dirty).sum();
    let server = core.server.clone();
    let config = server.config().clone();
    let is_base = matches!(target, Target::PerShard(_));
    let preamble = Preamble {
        target,
        fields: fields(&server, is_base),
        functions: server.libraries.read().iter().map(|one| one.body().to_vec()).collect(),
        sizes: armed.into_iter().map(|shard| shard.sizes).collect(),
        sums: config.persistence.rdbchecksum,
        syncs_often: match is_base {
            true => config.append.aof_rewrite_incremental_fsync,
            false => config.persistence.rdb_save_incremental_fsync,
        },
    };
    let (done, ended) = oneshot::channel();
    let written = job.clone();
    let body = move || {
        write::lower_priority();
        let result = write::write_files(&written, &preamble, &received);
        server.persistence.ended(&result, dirty);
        // Whoever began it may be gone.
        let _ = done.send(result.map(drop).map_err(|_| SaveError::Failed));
    };
    if let Err(error) = crate::boot::spawn("save", body) {
        // Before another save can begin.
        held.on_each(|_| |context: &mut engine::Context<'_>| context.keyspace.disarm(false)).await;
        core.server.persistence.ended(&Err(error), dirty);
        return ended;
    }
    for shard in 0..core.router.shard_count() {
        let job = job.clone();
        core.router.call(shard, move || {
            tokio::task::spawn_local(walk(Core::current(), job, shard));
        });
    }
    ended
}

/// What a file says about itself.
fn fields(server: &Server, is_base: bool) -> Vec<(&'static str, String)> {
    vec![
        ("redis-ver", REDIS_VERSION.to_owned()),
        ("redis-bits", usize::BITS.to_string()),
        ("ctime", (clock::now_ms() / 1000).to_string()),
        ("used-mem", server.used_memory().to_string()),
        ("merops-ver", env!("CARGO_PKG_VERSION").to_owned()),
        ("aof-base", u8::from(is_base).to_string()),
    ]
}

fn arm_one(
    job: Arc<Job>,
    shard: usize,
    pieces: Sender<Piece>,
) -> impl FnOnce(&mut engine::Context<'_>) -> Armed + Send + 'static {
    move |context| {
        let keyspace = &mut *context.keyspace;
        let sizes = (0..keyspace.databases())
            .map(|db| (keyspace.len(db) as u64, keyspace.expires_len(db) as u64))
            .collect();
        let saver = ShardSaver::new(job, shard, keyspace.clock_kind(), pieces);
        keyspace.arm(Box::new(saver));
        Armed { dirty: keyspace.dirty(), sizes }
    }
}

/// Walks through a shard, a slice per turn of its thread.
async fn walk(core: Rc<Core>, job: Arc<Job>, shard: usize) {
    let work = || core.router.mail_received() + core.stats.counters.reads_processed.get();
    let mut work_before = work();
    loop {
        if job.is_cancelled() {
            return disarm(&core, false);
        }
        if job.must_wait(shard) {
            tokio::time::sleep(WRITER_WAIT).await;
            continue;
        }
        let is_slow = core.config().persistence.rdb_key_save_delay_us != 0;
        match slice(&core, &job, shard, is_slow) {
            None => return disarm(&core, true),
            Some(keys) if is_slow => delay(&core, &job, keys).await,
            Some(_) => {
                let is_busy = work() != std::mem::replace(&mut work_before, work());
                // A thread that never slept would hold its core for whole time slices of the system,
                // and whoever shares the core with it, clients too, would wait that long.
                if is_busy && job.kind != Kind::Foreground {
                    tokio::time::sleep(REST).await;
                } else {
                    core.let_others_go_on().await;
                }
            }
        }
    }
}

/// One slice of a walk: how many keys it saw, or None at the end.
fn slice(core: &Core, job: &Job, shard: usize, is_slow: bool) -> Option<u64> {
    let mut own = core.router.shard_mut()?;
    let clock = core.router.clock();
    let started = (clock.ticks)();
    let seen = job.keys_seen(shard);
    loop {
        if own.keyspace.save_some(if is_slow { 1 } else { BUCKETS_PER_LOOK }) {
            return None;
        }
        let is_over = clock::ticks_to_ns(clock.ticks_since(started)) >= SLICE_NS;
        let keys = job.keys_seen(shard) - seen;
        if is_over || job.must_wait(shard) || is_slow && keys > 0 {
            return Some(keys);
        }
    }
}

fn disarm(core: &Core, is_complete: bool) {
    if let Some(mut shard) = core.router.shard_mut() {
        shard.keyspace.disarm(is_complete);
    }
}

/// Waits as long as `rdb-key-save-delay` asks for, which may change meanwhile.
async fn delay(core: &Core, job: &Job, keys: u64) {
    let mut slept = Duration::ZERO;
    while !job.is_cancelled() {
        let delay_us = core.config().persistence.rdb_key_save_delay_us;
        // Shards walk side by side: together they take as long as one.
        let keys = keys * job.shard_count() as u64;
        let Some(piece) = next_piece(delay_us, keys, slept) else {
            // Less than the clock can wait.
            if slept.is_zero() {
                core.let_others_go_on().await;
            }
            return;
        };
        tokio::time::sleep(piece).await;
        slept += piece;
    }
}

/// A turn of the background work: tells what changed, and begins what is due.
pub(crate) fn on_turn(core: &Rc<Core>) {
    let persistence = &core.server.persistence;
    let thread = core.router.thread();
    if let Some(shard) = core.router.shard() {
        persistence.dirty[thread].store(shard.keyspace.dirty(), Ordering::Relaxed);
    }
    if thread != 0 || persistence.is_loading() {
        return;
    }
    let config = core.config();
    let now_s = clock::now_ms() / 1000;
    let status = persistence.status().clone();
    if status.running.is_some() {
        return;
    }
    let dirty = persistence.dirty_sum().saturating_sub(status.dirty_saved);
    let may_try = status.is_ok || now_s - status.tried_at > RETRY_SECONDS;
    let due = config.persistence.save.points.iter().find(|point| {
        dirty >= point.changes && now_s - status.saved_at > point.seconds as i64 && may_try
    });
    if let Some(point) = due {
        tracing::info!("{} changes in {} seconds. Saving...", point.changes, point.seconds);
    }
    if due.is_some() || status.is_scheduled && may_try {
        let core = core.clone();
        tokio::task::spawn_local(async move {
            if start(&core, true).await.is_ok() {
                tracing::info!("Background saving started");
            }
        });
    }
}

/// Saves and waits for the end. A save in the background is given up first.
pub(crate) async fn save_now(core: &Rc<Core>) -> Result<(), SaveError> {
    loop {
        give_up_running(core).await;
        match start(core, false).await {
            Err(SaveError::Busy) => {}
            Err(error) => return Err(error),
            Ok(ended) => return wait(ended).await,
        }
    }
}

/// [`save_now`] for a thread that is not a core's.
pub(crate) async fn save_from_outside(server: &Arc<Server>) -> Result<(), SaveError> {
    let (saved, answer) = oneshot::channel();
    server.network.call(0, move || {
        tokio::task::spawn_local(async move {
            // Whoever asked may be gone.
            let _ = saved.send(save_now(&Core::current()).await);
        });
    });
    wait(answer).await
}

/// Gives up a save in the background, and waits until none is under way.
pub(crate) async fn give_up_running(core: &Core) {
    let persistence = &core.server.persistence;
    while persistence.status().running.is_some() {
        persistence.cancel();
        tokio::time::sleep(WRITER_WAIT).await;
    }
}

/// Gives up whatever save is under way, and waits for its end; for a thread that is not a core's.
pub(crate) fn give_up_from_outside(server: &Server) {
    while server.persistence.give_up() {
        std::thread::sleep(WRITER_WAIT);
    }
}

/// The file that is saved to and loaded from.
pub(crate) fn path(config: &config::Config) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    config.process.dir.join(std::ffi::OsStr::from_bytes(&config.persistence.dbfilename))
}

/// Waits for the end of a save.
pub(crate) async fn wait(ended: oneshot::Receiver<Result<(), SaveError>>) -> Result<(), SaveError> {
    // Where it could not be begun, nobody answers.
    ended.await.unwrap_or(Err(SaveError::Failed))
}
