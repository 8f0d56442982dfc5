//! All numbers that INFO shows, asked of every thread at about one time and added up.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use config::Config;

use crate::core::{Core, Server};
use crate::histogram::Histogram;
use crate::rates::Rate;
use crate::stats::{CommandStats, Counts};

/// One database, or a shard's part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DatabaseView {
    pub(crate) keys: u64,
    pub(crate) expires: u64,
    /// Hashes that have fields which expire.
    pub(crate) timed_hashes: u64,
    /// What finds its keys, in bytes.
    pub(crate) table_bytes: u64,
    /// Sum over the keys that expire, as a mean cannot be added up.
    pub(crate) ttl_ms_sum: u128,
}

impl DatabaseView {
    pub(crate) fn average_ttl_ms(&self) -> u64 {
        self.ttl_ms_sum.checked_div(u128::from(self.expires)).unwrap_or(0) as u64
    }
}

/// A thread's clients.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClientsView {
    pub(crate) count: u64,
    /// Those that wait, for keys or the end of CLIENT PAUSE.
    pub(crate) blocked: u64,
    /// Those that listen to channels.
    pub(crate) subscribed: u64,
    /// Those that watch keys.
    pub(crate) watching: u64,
    /// Keys of this thread's shard that clients watch.
    pub(crate) watched_keys: u64,
    /// Keys of this thread's shard that clients wait for.
    pub(crate) waited_keys: u64,
    /// Those of them whose end ends a wait.
    pub(crate) waited_keys_that_end: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) input_bytes_max: u64,
    pub(crate) output_bytes_max: u64,
}

/// What one thread has to say.
pub(crate) struct ThreadView {
    pub(crate) thread: usize,
    pub(crate) clients: ClientsView,
    pub(crate) counts: Counts,
    pub(crate) commands: Vec<CommandStats>,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) has_too_many_codes: bool,
    pub(crate) histograms: Vec<(u16, Histogram)>,
    pub(crate) rate: Rate,
    pub(crate) turn_ticks_max: u64,
    pub(crate) turn_commands_max: u64,
    pub(crate) messages_sent: u64,
    pub(crate) keyspace: Option<keyspace::Stats>,
    pub(crate) databases: Vec<DatabaseView>,
    /// Changes of elements, as Redis counts them.
    pub(crate) changes: u64,
    /// What scripts have in their interpreters.
    pub(crate) script_bytes: u64,
}

impl ThreadView {
    /// The calling thread's.
    fn of(core: &Core, wants_histograms: bool) -> Self {
        stdx::alloc::publish();
        let shard = core.router.shard();
        let databases = shard.iter().flat_map(|shard| {
            let keyspace = &shard.keyspace;
            (0..keyspace.databases()).map(|db| {
                let (keys, expires) = (keyspace.len(db) as u64, keyspace.expires_len(db) as u64);
                let ttl_ms = keyspace.average_ttl_ms(db).max(0) as u128;
                DatabaseView {
                    keys,
                    expires,
                    timed_hashes: keyspace.timed_hashes(db) as u64,
                    table_bytes: keyspace.table_bytes(db) as u64,
                    ttl_ms_sum: ttl_ms * u128::from(expires),
                }
            })
        });
        Self {
            thread: core.router.thread(),
            clients: clients(core),
            counts: core.stats.counters.get(),
            commands: core.stats.commands(),
            errors: core.stats.errors(),
            has_too_many_codes: core.stats.has_too_many_codes.get(),
            histograms: core.stats.histograms(|_| wants_histograms),
            rate: core.rates.get(),
            turn_ticks_max: core.turns.longest.get(),
            turn_commands_max: core.turns.commands_max.get(),
            messages_sent: core.router.messages_sent(),
            databases: databases.collect(),
            keyspace: shard.as_ref().map(|shard| *shard.keyspace.stats()),
            changes: shard.as_ref().map_or(0, |shard| shard.keyspace.dirty()),
            script_bytes: core.lua.used_memory() as u64,
        }
    }
}

fn clients(core: &Core) -> ClientsView {
    let mut view = ClientsView::default();
    let waited = core.router.shard().map_or((0, 0), |shard| shard.waited_keys());
    let watched_keys = |shard: std::cell::Ref<'_, engine::Shard>| shard.keyspace.watched_keys();
    view.watched_keys = core.router.shard().map_or(0, watched_keys) as u64;
    (view.waited_keys, view.waited_keys_that_end) = (waited.0 as u64, waited.1 as u64);
    for client in core.clients.borrow().values() {
        let usage = &client.usage;
        let understood = usage.arguments.get();
        let input = usage.query_buffer.get() + understood + usage.query_buffer_free.get();
        view.count += 1;
        view.blocked += u64::from(client.is_blocked());
        view.subscribed += u64::from(!client.subscriptions.is_empty());
        view.watching += u64::from(client.transaction.watched() > 0);
        view.memory_bytes += client.memory_bytes() as u64;
        view.input_bytes_max = view.input_bytes_max.max(input as u64);
        view.output_bytes_max = view.output_bytes_max.max(usage.output.get() as u64);
    }
    view
}

/// The process.
pub(crate) struct View {
    pub(crate) server: Arc<Server>,
    pub(crate) config: Arc<Config>,
    pub(crate) threads: Vec<ThreadView>,
    pub(crate) shards: usize,
    pub(crate) counts: Counts,
    pub(crate) commands: Vec<CommandStats>,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) histograms: BTreeMap<u16, Histogram>,
    pub(crate) keyspace: keyspace::Stats,
    pub(crate) databases: Vec<DatabaseView>,
    pub(crate) used_memory: u64,
}

impl View {
    /// Asks all threads; copying histograms takes a while, so they must be wanted.
    pub(crate) async fn take(core: &Rc<Core>, wants_histograms: bool) -> Self {
        // Before the answers are there, which take memory too.
        let used_memory = core.server.used_memory() as u64;
        let ask = move |core: &Rc<Core>| ThreadView::of(core, wants_histograms);
        let threads = core.gather(ask).await;
        let mut view = Self {
            server: core.server.clone(),
            config: core.config(),
            shards: core.router.shard_count(),
            counts: Counts::default(),
            commands: vec![CommandStats::default(); core.server.registry.rows().len()],
            errors: BTreeMap::new(),
            histograms: BTreeMap::new(),
            keyspace: keyspace::Stats::default(),
            databases: Vec::new(),
            used_memory,
            threads: Vec::new(),
        };
        for thread in &threads {
            view.add(thread);
        }
        Self { threads, ..view }
    }

    fn add(&mut self, thread: &ThreadView) {
        self.counts.merge(&thread.counts);
        for (sum, more) in self.commands.iter_mut().zip(&thread.commands) {
            sum.merge(more);
        }
        for (code, count) in &thread.errors {
            *self.errors.entry(code.clone()).or_default() += count;
        }
        for (row, histogram) in &thread.histograms {
            self.histograms.entry(*row).or_default().merge(histogram);
        }
        if let Some(stats) = &thread.keyspace {
            self.keyspace.hits += stats.hits;
            self.keyspace.misses += stats.misses;
            self.keyspace.expired += stats.expired;
            self.keyspace.expired_fields += stats.expired_fields;
            self.keyspace.evicted += stats.evicted;
        }
        let databases = self.databases.len().max(thread.databases.len());
        self.databases.resize(databases, DatabaseView::default());
        for (sum, more) in self.databases.iter_mut().zip(&thread.databases) {
            sum.keys += more.keys;
            sum.expires += more.expires;
            sum.timed_hashes += more.timed_hashes;
            sum.table_bytes += more.table_bytes;
            sum.ttl_ms_sum += more.ttl_ms_sum;
        }
    }

    /// The sum of something over all threads.
    pub(crate) fn sum<N: std::iter::Sum>(&self, of: impl Fn(&ThreadView) -> N) -> N {
        self.threads.iter().map(of).sum()
    }

    /// The largest of something over all threads.
    pub(crate) fn max(&self, of: impl Fn(&ThreadView) -> u64) -> u64 {
        self.threads.iter().map(of).max().unwrap_or(0)
    }

    /// What was allocated at the start, in bytes.
    pub(crate) fn startup_bytes(&self) -> u64 {
        self.server.memory_startup.load(Ordering::Relaxed) as u64
    }

    /// The most that ever was allocated, in bytes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.server.memory_peak.load(Ordering::Relaxed) as u64
    }

    /// What is allocated for other things than keys, in bytes.
    pub(crate) fn overhead_bytes(&self) -> u64 {
        self.startup_bytes() + self.sum(|thread| thread.clients.memory_bytes)
    }
}
