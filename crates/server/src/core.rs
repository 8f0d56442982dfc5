//! What a core thread has, and what all of them share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use config::Config;
use engine::{Batch, Network, Router};
use keyspace::Wanted;

use crate::admin::command_log::CommandLogs;
use crate::admin::latency::Events;
use crate::admin::watch::Watch;
use crate::client::Client;
use crate::client_memory::{ClientMemory, OwnClients};
use crate::command::OwnedArgs;
use crate::freer::Freer;
use crate::net::Listeners;
use crate::oom_score::OomScore;
use crate::persistence::Persistence;
use crate::persistence::append::Append;
use crate::pubsub::{Channels, Directory, Local};
use crate::rates::Rates;
use crate::registry::Registry;
use crate::scripting::{Libraries, Recent, Running, Scripts};
use crate::session::client::pause::Pause;
use crate::stats::Stats;
use crate::tracking;
use crate::transaction;
use crate::turns::Turns;

/// Bytes that one read takes at most, and so what a batch can hold.
pub(crate) const READ_BYTES_MAX: usize = 64 * 1024;

/// What all threads share; nothing of it is on the path of a plain command but relaxed loads.
pub(crate) struct Server {
    pub(crate) network: Arc<Network>,
    pub(crate) registry: Registry,
    /// The configuration that CONFIG SET changes; threads have copies.
    pub(crate) config: Mutex<Arc<Config>>,
    /// The sockets that threads accept from.
    pub(crate) listeners: Mutex<Listeners>,
    /// The file that CONFIG REWRITE writes, and how the server was started.
    pub(crate) config_file: Option<std::path::PathBuf>,
    pub(crate) run_id: String,
    pub(crate) started_at_ms: i64,
    /// Connections per thread, to give new ones to the least loaded.
    pub(crate) connections: Vec<AtomicUsize>,
    pub(crate) next_client_id: AtomicU64,
    /// Frees big values on a thread of its own.
    pub(crate) freer: Freer,
    /// Another name of this run, for replicas.
    pub(crate) replication_id: String,
    /// What the process had allocated once its threads were there, in bytes.
    pub(crate) memory_startup: AtomicUsize,
    /// How soon the kernel ends it when memory runs out.
    pub(crate) oom_score: OomScore,
    /// The most that it ever had, as far as was seen, in bytes.
    pub(crate) memory_peak: AtomicUsize,
    /// What clients cost, per thread.
    pub(crate) client_memory: ClientMemory,
    /// How many keys may go for want of memory, per thread.
    pub(crate) evictable: Vec<AtomicUsize>,
    /// Notified when a client wants the process to end.
    pub(crate) shutdown: tokio::sync::Notify,
    /// The scripts that it knows.
    pub(crate) scripts: Scripts,
    /// The libraries of functions that it knows.
    pub(crate) libraries: Libraries,
    /// Scripts and functions that have run for long.
    pub(crate) running_scripts: Running,
    /// Who listens to which channels, on which threads.
    pub(crate) directory: Directory,
    /// Who hears of changed keys, to keep no old values of them.
    pub(crate) tracking: tracking::Registry,
    /// Clients in MONITOR, so that no command pays for it while there are none.
    pub(crate) monitors: AtomicUsize,
    /// What is kept on disk.
    pub(crate) persistence: Persistence,
    /// The log of changes.
    pub(crate) append: Append,
    /// The moment that the data is wanted of, in milliseconds since 1970, if not of the newest.
    pub(crate) restore_to_ms: Option<i64>,
    /// A signal wants the process to end; SHUTDOWN ABORT takes it back.
    pub(crate) is_ending: AtomicBool,
    /// DEBUG PAUSE-CRON has stopped background work, that at the end included.
    pub(crate) is_cron_paused: AtomicBool,
    /// Set once the process stops: no new connections.
    pub(crate) stopping: AtomicBool,
}

impl Server {
    /// The newest configuration, to read or replace it.
    pub(crate) fn config(&self) -> MutexGuard<'_, Arc<Config>> {
        self.config.lock().expect("a panic ends the process")
    }

    /// The sockets that threads accept from.
    pub(crate) fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().expect("a panic ends the process")
    }

    /// Clients of all threads.
    pub(crate) fn connection_count(&self) -> usize {
        self.connections.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// What is allocated, in bytes; the highest such number is remembered.
    pub(crate) fn used_memory(&self) -> usize {
        let used = stdx::alloc::allocated_bytes();
        self.memory_peak.fetch_max(used, Ordering::Relaxed);
        used
    }

    /// The thread with the fewest connections.
    pub(crate) fn least_loaded_thread(&self) -> usize {
        let counts = self.connections.iter().map(|count| count.load(Ordering::Relaxed));
        counts.enumerate().min_by_key(|(_, count)| *count).map_or(0, |(thread, _)| thread)
    }
}

/// What one core thread has.
pub(crate) struct Core {
    pub(crate) server: Arc<Server>,
    pub(crate) router: Rc<Router>,
    config: RefCell<Arc<Config>>,
    /// Whether clients need a password; asked per command.
    pub(crate) needs_password: Cell<bool>,
    /// `proto-max-bulk-len`; asked per batch.
    pub(crate) bulk_bytes_max: Cell<u64>,
    /// When this turn of the thread began, in milliseconds since 1970.
    pub(crate) turn_ms: Cell<i64>,
    pub(crate) clients: RefCell<BTreeMap<u64, Rc<Client>>>,
    pub(crate) stats: Stats,
    pub(crate) command_logs: CommandLogs,
    pub(crate) latency_events: Events,
    pub(crate) watch: Watch,
    pub(crate) rates: Rates,
    pub(crate) turns: Turns,
    /// What DEBUG switches off, for tests.
    pub(crate) switches: Switches,
    pub(crate) pause: Pause,
    pub(crate) own_clients: OwnClients,
    /// Clients whose replies wait for the disk.
    pub(crate) held_clients: RefCell<Vec<u64>>,
    /// This thread's clients that listen to channels.
    pub(crate) subscribers: Local,
    /// What this thread's shard and clients have of client-side caching.
    pub(crate) tracking: tracking::Local,
    /// Where events about keys are published.
    pub(crate) event_channels: Cell<Channels>,
    /// Which generation of the server's sockets this thread accepts from.
    pub(crate) listeners_seen: Cell<u64>,
    /// The tasks that accept TCP connections.
    pub(crate) acceptors: RefCell<Vec<tokio::task::AbortHandle>>,
    /// Notified when the thread is to end.
    pub(crate) stopped: tokio::sync::Notify,
    /// This thread's interpreters.
    pub(crate) lua: script::Runtime,
    /// Scripts that it ran lately.
    pub(crate) recent_scripts: Recent,
    /// The arguments of a script's last call, for their memory.
    pub(crate) spare_args: Cell<OwnedArgs>,
    /// Queues of transactions that have ended.
    pub(crate) spare_queues: transaction::Spare,
    scratch: RefCell<Scratch>,
}

/// Background work that DEBUG can stop.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    pub(crate) no_active_expiry: Cell<bool>,
    /// Whether scripts may call what is denied to them.
    pub(crate) scripts_call_all: Cell<bool>,
    pub(crate) no_cron: Cell<bool>,
}

/// Buffers that connections of a thread use in turns, so that idle ones need none.
#[derive(Default)]
struct Scratch {
    input: Vec<u8>,
    output: Vec<u8>,
    batch: Batch,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Core>>> = const { RefCell::new(None) };
}

impl Core {
    pub(crate) fn new(server: Arc<Server>, router: Rc<Router>, config: Arc<Config>) -> Rc<Self> {
        let stats = Stats::new(server.registry.rows().len());
        let turns = Turns::new((router.clock().ticks)());
        let core = Rc::new(Self {
            server,
            router,
            config: RefCell::new(config.clone()),
            needs_password: Cell::new(false),
            bulk_bytes_max: Cell::new(0),
            turn_ms: Cell::new(0),
            clients: RefCell::default(),
            stats,
            command_logs: CommandLogs::default(),
            latency_events: Events::default(),
            watch: Watch::default(),
            rates: Rates::default(),
            turns,
            switches: Switches::default(),
            pause: Pause::default(),
            own_clients: OwnClients::default(),
            held_clients: RefCell::default(),
            subscribers: Local::default(),
            tracking: tracking::Local::default(),
            event_channels: Cell::default(),
            listeners_seen: Cell::new(0),
            acceptors: RefCell::default(),
            stopped: tokio::sync::Notify::new(),
            lua: script::Runtime::new(0),
            recent_scripts: Recent::default(),
            spare_args: Cell::default(),
            spare_queues: transaction::Spare::default(),
            scratch: RefCell::default(),
        });
        core.apply(config);
        if let Some(mut shard) = core.router.shard_mut() {
            shard.memory.is_relieved_elsewhere = core.server.client_memory.is_evicting();
        }
        core.router.listen(Box::new(|news| {
            let core = Core::current();
            crate::persistence::flush::hear(&core, news);
            crate::pubsub::publish_events(&core, news);
            tracking::hear(&core, news);
        }));
        CURRENT.set(Some(core.clone()));
        // The last thread to come here sees what all of them have.
        stdx::alloc::publish();
        core.server.memory_startup.fetch_max(core.server.used_memory(), Ordering::Relaxed);
        core
    }

    /// The core of this thread, for calls that came from another.
    pub(crate) fn current() -> Rc<Core> {
        CURRENT.with_borrow(Clone::clone).expect("core threads have a core")
    }

    /// Calls `see` with this thread's core, if it has one yet.
    pub(crate) fn try_current(see: impl FnOnce(&Core)) {
        CURRENT.with_borrow(|core| {
            if let Some(core) = core {
                see(core);
            }
        });
    }

    /// The thread is about to sleep.
    pub(crate) fn before_park(&self) {
        if self.end_turn() {
            self.server.append.doze(self);
        }
    }

    /// A turn of the thread is over. Answers whether it leaves nothing to do, as far as is known.
    fn end_turn(&self) -> bool {
        let now = (self.router.clock().ticks)();
        self.turns.end(now, &self.stats.counters, self.router.mail_received());
        crate::pressure::balance(self);
        if let Some(mut shard) = self.router.shard_mut() {
            self.server.freer.free(shard.keyspace.take_garbage());
            self.server.append.see_recorded(shard.journal_bytes());
        }
        self.own_clients.publish(&self.server.client_memory, self.router.thread());
        let is_idle = self.router.before_park();
        stdx::alloc::publish();
        is_idle
    }

    /// The thread goes on.
    pub(crate) fn after_unpark(&self) {
        self.router.after_unpark();
        crate::pressure::look_around(self);
        self.turn_ms.set(self.router.clock().moment().now_ms);
        self.turns.begin((self.router.clock().ticks)(), &self.stats.counters);
    }

    /// For a task that has much to do: others have their turn, and mail goes and comes as if the
    /// thread had slept, which it does not while a task is ready.
    pub(crate) async fn let_others_go_on(&self) {
        tokio::task::yield_now().await;
        self.end_turn();
        self.after_unpark();
    }

    /// This thread's configuration.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.config.borrow().clone()
    }

    /// Makes a configuration this thread's.
    pub(crate) fn apply(&self, config: Arc<Config>) {
        self.needs_password.set(!config.security.requirepass.is_empty());
        self.bulk_bytes_max.set(config.clients.proto_max_bulk_len_bytes);
        if let Some(mut shard) = self.router.shard_mut() {
            crate::tuning::tune(&mut shard, &config, self.pause.current().is_some());
        }
        let letters = &config.monitoring.notify_keyspace_events;
        self.event_channels.set(Channels::of_letters(letters));
        self.own_clients.obey(&config);
        self.watch.obey(&config.monitoring);
        self.latency_events.threshold_ms.set(config.monitoring.latency_monitor_threshold_ms);
        self.stats.keeps_histograms.set(config.monitoring.latency_tracking);
        *self.config.borrow_mut() = config;
        self.want_news();
        tracking::limit(self);
    }

    /// Lets this thread's shard tell what somebody wants to hear.
    pub(crate) fn want_news(&self) {
        let changes = self.server.tracking.is_used();
        if !changes {
            tracking::forget(self);
        }
        if let Some(mut shard) = self.router.shard_mut() {
            let letters = &self.config().monitoring.notify_keyspace_events;
            let wanted = Wanted { changes, flushes: true, ..crate::pubsub::wanted(letters) };
            shard.keyspace.news().want(wanted);
        }
    }

    /// Runs `ask` on every thread, this one included, and returns the answers in thread order.
    pub(crate) async fn gather<R: Send + 'static>(
        &self,
        ask: impl Fn(&Rc<Core>) -> R + Clone + Send + 'static,
    ) -> Vec<R> {
        let mut answers = Vec::new();
        for thread in 0..self.router.thread_count() {
            let (answer, answered) = tokio::sync::oneshot::channel();
            let ask = ask.clone();
            self.router.call(thread, move || {
                // Who asked may be gone; then nobody wants to know.
                let _ = answer.send(ask(&Core::current()));
            });
            answers.push(answered);
        }
        let mut gathered = Vec::new();
        for answer in answers {
            gathered.extend(answer.await.ok());
        }
        gathered
    }

    /// The thread's input buffer, [`READ_BYTES_MAX`] long; give it back before waiting.
    pub(crate) fn take_input(&self) -> Vec<u8> {
        let mut input = std::mem::take(&mut self.scratch.borrow_mut().input);
        if input.is_empty() {
            input.resize(READ_BYTES_MAX, 0);
        }
        input
    }

    pub(crate) fn return_input(&self, input: Vec<u8>) {
        self.scratch.borrow_mut().input = input;
    }

    /// An output buffer; give it back when all is sent.
    pub(crate) fn take_output(&self) -> Vec<u8> {
        std::mem::take(&mut self.scratch.borrow_mut().output)
    }

    pub(crate) fn return_output(&self, mut output: Vec<u8>) {
        /// Larger buffers are given back to the allocator.
        const KEEP_BYTES_MAX: usize = 256 * 1024;
        if output.capacity() <= KEEP_BYTES_MAX {
            output.clear();
            self.scratch.borrow_mut().output = output;
        }
    }

    pub(crate) fn take_batch(&self) -> Batch {
        std::mem::take(&mut self.scratch.borrow_mut().batch)
    }

    pub(crate) fn return_batch(&self, mut batch: Batch) {
        batch.clear();
        self.scratch.borrow_mut().batch = batch;
        self.router.after_batch();
    }
}
