//! Starts the threads and stops them; the one place that spawns.

use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use config::{Config, ShutdownWishes};
use engine::{Inbound, Limits, Network, Router, Shard};
use journal::Handover;
use keyspace::{Keyspace, Options};
use tokio::runtime::{Builder, LocalOptions, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::client_memory::ClientMemory;
use crate::clock::{self, CLOCK};
use crate::core::{Core, Server};
use crate::freer::Freer;
use crate::net::Listeners;
use crate::oom_score::OomScore;
use crate::persistence::append::Append;
use crate::persistence::{Persistence, save};
use crate::pubsub::Directory;
use crate::registry::{Action, Registry};
use crate::scripting::{Libraries, Running, Scripts};

/// Above every stamp of a record.
const LAST_STAMP_NS: u64 = i64::MAX as u64;

/// How long connections get to end what they are at when the server stops.
const STOP_PATIENCE: Duration = Duration::from_millis(500);

/// Runs the server until it is told to stop.
///
/// Calls `ready` once it listens, and keeps what that returns until it stops. The error says why it
/// could not start.
pub(crate) fn run<T>(
    config: Config,
    config_file: Option<std::path::PathBuf>,
    restore_to_ms: Option<i64>,
    ready: impl FnOnce(&Config) -> T,
) -> Result<(), String> {
    // First, so that a signal during the start ends the server as well.
    let ending = Ending::listen().map_err(|error| error.to_string())?;
    clock::calibrate();
    let random = RandomState::new();
    stdx::hash::set_seed(random.hash_one("keys"));
    let (threads, shards) = config.threads.resolve(cores());
    let registry = Registry::new(actions(), &config.security.rename_command)?;
    let listeners = Listeners::open(&config)?;
    let (network, inbound) = Network::new(threads, shards);
    let config = Arc::new(config);
    let (freer, garbage) = Freer::new();
    let server = Arc::new(Server {
        network,
        registry,
        config: Mutex::new(config.clone()),
        listeners: Mutex::new(listeners),
        config_file,
        run_id: run_id(&random, "run"),
        replication_id: run_id(&random, "replication"),
        memory_startup: AtomicUsize::new(0),
        memory_peak: AtomicUsize::new(0),
        oom_score: OomScore::default(),
        client_memory: ClientMemory::new(threads),
        evictable: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
        shutdown: tokio::sync::Notify::new(),
        started_at_ms: clock::now_ms(),
        connections: (0..threads).map(|_| AtomicUsize::new(0)).collect(),
        next_client_id: AtomicU64::new(1),
        freer,
        scripts: Scripts::default(),
        libraries: Libraries::default(),
        running_scripts: Running::default(),
        directory: Directory::new(threads),
        tracking: crate::tracking::Registry::default(),
        monitors: AtomicUsize::new(0),
        persistence: Persistence::new(
            threads,
            config.append.appendonly || save::path(&config).exists(),
        ),
        append: Append::new(threads),
        restore_to_ms,
        stopping: AtomicBool::new(false),
        is_ending: AtomicBool::new(false),
        is_cron_paused: AtomicBool::new(false),
    });
    if let Err(error) = server.oom_score.obey(&config.process) {
        tracing::warn!("Can't set oom_score_adj: {error}");
    }
    let side = server.clone();
    spawn("free", move || side.freer.run(&garbage))?;
    let side = server.clone();
    let keeper = spawn("append", move || Append::run(&side))?;
    let mut handles = Vec::new();
    for (thread, inbound) in inbound.into_iter().enumerate() {
        let listeners = server.listeners().try_clone().map_err(|error| error.to_string())?;
        let (server, config) = (server.clone(), config.clone());
        let seed = random.hash_one(("shard", thread));
        let has_shard = thread < shards;
        let body = move || core_thread(thread, server, config, inbound, listeners, has_shard, seed);
        handles.push(spawn(&format!("core-{thread}"), body)?);
    }
    announce(&config);
    let _kept = ready(&config);
    let ended = run_until_end(ending, &server, &config);
    stop(&server);
    join(handles);
    server.append.stop();
    join(vec![keeper]);
    ended?;
    tracing::info!("Merops is now ready to exit, bye bye...");
    Ok(())
}

/// Waits for threads to end; one that panicked ends this one.
fn join(handles: Vec<JoinHandle<()>>) {
    for handle in handles {
        if let Err(panic) = handle.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Says in Redis's words, which scripts wait for, that the server is about to load.
fn announce(config: &Config) {
    let port = config.network.port;
    tracing::info!("Running mode=standalone, port={port}, PID: {}.", std::process::id());
    tracing::info!("Server initialized");
}

/// Loads the data, and returns when the server is to end. `config` is what it was started with. The
/// error says why it cannot go on.
fn run_until_end(
    mut ending: Ending,
    server: &Arc<Server>,
    config: &Arc<Config>,
) -> Result<(), String> {
    let mut end = None;
    // Else clients are served already, and what there is now is theirs.
    if server.persistence.is_loading() {
        let loaded = load(server, config)?;
        end = ending.wait_while_loading(server, loaded)?;
        if end.is_some() && ends_unloaded(server) {
            return Ok(());
        }
    }
    let (threads, shards) = (server.network.thread_count(), server.network.shard_count());
    tracing::info!(threads, shards, "Ready to accept connections");
    loop {
        let wanted = end.take().unwrap_or_else(|| ending.wait(server));
        if ending.may_end(server, wanted) {
            break;
        }
    }
    save::give_up_from_outside(server);
    Ok(())
}

/// Whether the server is still loading, and then it never ends to: nobody gets to change data that
/// an end like this would not save.
fn ends_unloaded(server: &Server) -> bool {
    // Loading ends under the same lock.
    let _config = server.config();
    let is_loading = server.persistence.is_loading();
    if is_loading {
        server.stopping.store(true, Ordering::Relaxed);
    }
    is_loading
}

/// Begins to load the data on a thread of its own.
fn load(
    server: &Arc<Server>,
    config: &Arc<Config>,
) -> Result<oneshot::Receiver<Result<(), String>>, String> {
    let (done, loaded) = oneshot::channel();
    let (server, config) = (server.clone(), config.clone());
    let body = move || {
        // If nobody waits, the server ends.
        let _ = done.send(crate::persistence::load::load_all(&server, &config));
    };
    spawn("load", body)?;
    Ok(loaded)
}

/// Cores that the process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Starts a thread.
pub(crate) fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, String> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(body).map_err(|error| format!("Can't start thread {name}: {error}"))
}

/// All rows, of data and session commands.
pub(crate) fn actions() -> impl Iterator<Item = Action> {
    let data = commands::FAMILIES.iter().copied().flatten().map(Action::Data);
    let session = crate::session::FAMILIES.iter().chain(crate::admin::FAMILIES);
    data.chain(session.copied().flatten().map(Action::Session))
}

/// 40 hexadecimal digits that tell this run from every other.
fn run_id(random: &RandomState, of: &str) -> String {
    let part = |part| format!("{:016x}", random.hash_one((of, part)));
    let digits: String = (0..3).map(part).collect();
    digits[..40].to_owned()
}

fn core_thread(
    thread: usize,
    server: Arc<Server>,
    config: Arc<Config>,
    inbound: Inbound,
    listeners: Listeners,
    has_shard: bool,
    seed: u64,
) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .on_thread_park(|| Core::try_current(Core::before_park))
        .on_thread_unpark(|| Core::try_current(Core::after_unpark))
        .build_local(LocalOptions::default())
        .expect("the system gives an event queue and a wake-up descriptor");
    let shard = has_shard.then(|| new_shard(&config, seed));
    let network = server.network.clone();
    let router = Router::new(thread, network, inbound, shard, CLOCK, seed);
    let core = Core::new(server, router.clone(), config);
    runtime.block_on(async move {
        if let Err(error) = listeners.accept(&core) {
            tracing::error!("Can't listen: {error}");
            return;
        }
        tokio::task::spawn_local(router.receive());
        tokio::task::spawn_local(crate::cron::run(core.clone()));
        until_stopped(core.clone()).await;
        // Up to any stamp: nothing comes after it.
        let report = core.router.report(LAST_STAMP_NS, Handover::default());
        core.server.append.leave(report);
    });
}

async fn until_stopped(core: Rc<Core>) {
    core.stopped.notified().await;
    let patience = tokio::time::sleep(STOP_PATIENCE);
    tokio::pin!(patience);
    let mut look = tokio::time::interval(Duration::from_millis(5));
    // Idle connections end at once; those that are at something get a moment.
    for client in core.clients.borrow().values() {
        client.close(crate::client::Closing::AfterReply);
    }
    while !core.clients.borrow().is_empty() {
        tokio::select! {
            _ = look.tick() => {}
            () = &mut patience => break,
        }
    }
}

fn new_shard(config: &Config, seed: u64) -> Shard {
    let keyspace = Keyspace::new(Options {
        databases: config.process.databases as usize,
        seed,
        ..Options::default()
    });
    // Both obey the rest of the configuration once the thread has a core.
    Shard::new(keyspace, Limits::default(), CLOCK, seed)
}

/// What ends the server: SIGTERM, SIGINT or SHUTDOWN.
struct Ending {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    /// What exceeds `ulimit -f` is an error of the write, as a full disk is, and ends nothing.
    _file_size: Signal,
}

impl Ending {
    /// Catches the signals from now on.
    fn listen() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let file_size = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        let _file_size = signal(file_size)?;
        drop(entered);
        Ok(Self { runtime, terminate, interrupt, _file_size })
    }

    /// Blocks until one of them comes.
    fn wait(&mut self, server: &Server) -> End {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.terminate.recv() => {
                    tracing::warn!("Received SIGTERM scheduling shutdown...");
                    End::Sigterm
                }
                _ = self.interrupt.recv() => {
                    tracing::warn!("Received SIGINT scheduling shutdown...");
                    End::Sigint
                }
                () = server.shutdown.notified() => {
                    tracing::warn!("User requested shutdown...");
                    End::Client
                }
            }
        })
    }

    /// Does what comes before an end; whether the server may end.
    fn may_end(&mut self, server: &Arc<Server>, end: End) -> bool {
        if end == End::Client {
            return true;
        }
        server.is_ending.store(true, Ordering::Relaxed);
        let may_end = self.runtime.block_on(async {
            // As in Redis, it begins with a turn of the background work.
            while server.is_cron_paused.load(Ordering::Relaxed)
                && server.is_ending.load(Ordering::Relaxed)
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let wishes = end.wishes(&server.config().clone());
            if !server.append.may_end(wishes.force) {
                tell_that_it_stays();
                return false;
            }
            if !server.is_ending.load(Ordering::Relaxed) || !wishes.save {
                return true;
            }
            tracing::info!("Saving the final RDB snapshot before exiting.");
            let saved = tokio::select! {
                saved = save::save_from_outside(server) => saved,
                _ = self.interrupt.recv() => {
                    tracing::warn!("You insist... exiting now.");
                    return true;
                }
            };
            if saved.is_err() && server.is_ending.load(Ordering::Relaxed) {
                return tell_unsaved(wishes.force);
            }
            true
        });
        // SHUTDOWN ABORT takes it back.
        may_end && server.is_ending.load(Ordering::Relaxed)
    }

    /// Blocks until the data is loaded, or one of them comes, which is then returned. The error says
    /// why it could not be loaded.
    fn wait_while_loading(
        &mut self,
        server: &Server,
        loaded: oneshot::Receiver<Result<(), String>>,
    ) -> Result<Option<End>, String> {
        self.runtime.block_on(async {
            tokio::select! {
                loaded = loaded => {
                    let gone = |_| Err("the thread that loads is gone".to_owned());
                    loaded.unwrap_or_else(gone).map(|()| None)
                }
                _ = self.terminate.recv() => Ok(Some(End::Sigterm)),
                _ = self.interrupt.recv() => Ok(Some(End::Sigint)),
                () = server.shutdown.notified() => Ok(Some(End::Client)),
            }
        })
    }
}

/// Says that the data could not be saved; whether the server may end all the same.
fn tell_unsaved(force: bool) -> bool {
    if force {
        tracing::warn!("Error trying to save the DB. Exit anyway.");
    } else {
        tracing::warn!("Error trying to save the DB, can't exit.");
        tell_that_it_stays();
    }
    force
}

fn tell_that_it_stays() {
    tracing::warn!("Errors trying to shut down the server. Check the logs for more information.");
}

/// Who wants the server to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Sigterm,
    Sigint,
    /// SHUTDOWN has saved already, if it was to.
    Client,
}

impl End {
    /// Whether data is saved first, and whether a failure of that keeps the server.
    fn wishes(self, config: &Config) -> ShutdownWishes {
        let mut wishes = match self {
            Self::Client => ShutdownWishes::default(),
            Self::Sigterm => config.process.shutdown_on_sigterm,
            Self::Sigint => config.process.shutdown_on_sigint,
        };
        let has_points = !config.persistence.save.points.is_empty();
        wishes.save |= has_points && !wishes.nosave;
        wishes
    }
}

/// Tells every thread to end.
fn stop(server: &Server) {
    server.stopping.store(true, Ordering::Relaxed);
    server.listeners().close();
    for thread in 0..server.network.thread_count() {
        server.network.call(thread, || Core::current().stopped.notify_one());
    }
}
