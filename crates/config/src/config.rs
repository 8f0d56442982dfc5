//! The values that a server runs with: plain data, grouped by who reads them.
//!
//! A field's default, range and documentation are in its row (`params`); `Config::default()` is
//! made from those. The server shares one `Arc<Config>` and replaces it on CONFIG SET.

use std::path::PathBuf;

use crate::params;

/// Every parameter of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Threads, shards and how commands travel between them.
    pub threads: Threads,
    /// Where and how clients connect.
    pub network: Network,
    /// What one client may use.
    pub clients: Clients,
    /// The process and its files.
    pub process: Process,
    /// What is kept on disk, and when.
    pub persistence: Persistence,
    /// Whether changes are logged.
    pub append: Append,
    /// Who may do what.
    pub security: Security,
    /// Memory limit, eviction and expiry.
    pub memory: Memory,
    /// When freeing is left to a side thread.
    pub lazyfree: Lazyfree,
    /// Logs of slow and large commands, latency.
    pub monitoring: Monitoring,
    /// Up to where small collections stay in one allocation.
    pub encodings: Encodings,
}

impl Default for Config {
    /// All parameters as their rows say.
    fn default() -> Config {
        let mut config = Config {
            threads: Threads::default(),
            network: Network::default(),
            clients: Clients::default(),
            process: Process::default(),
            persistence: Persistence::default(),
            append: Append::default(),
            security: Security::default(),
            memory: Memory::default(),
            lazyfree: Lazyfree::default(),
            monitoring: Monitoring::default(),
            encodings: Encodings::default(),
        };
        for row in params::rows() {
            row.set_default(&mut config);
        }
        config
    }
}

/// Threads, shards and how commands travel between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Threads {
    /// Core threads; 0: one per core that the process may use.
    pub threads: u16,
    /// Shards; 0: as many as threads.
    pub shards: u16,
    /// What a pipeline that spans shards promises.
    pub pipeline_order: PipelineOrder,
}

impl Threads {
    /// Number of threads and of shards on a machine that offers `cores` cores.
    ///
    /// Both are at least 1, and there are never more shards than threads.
    pub fn resolve(&self, cores: usize) -> (usize, usize) {
        let threads = match self.threads {
            0 => cores.clamp(1, crate::limits::THREADS_MAX),
            threads => usize::from(threads),
        };
        let shards = match self.shards {
            0 => threads,
            shards => usize::from(shards).min(threads),
        };
        (threads, shards)
    }
}

/// Where and how clients connect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Addresses to listen on; `*` is any, a leading `-` allows the address to be missing.
    pub bind: Vec<String>,
    /// TCP port; 0: none.
    pub port: u16,
    /// Path of the Unix socket.
    pub unixsocket: Option<PathBuf>,
    /// Its permission bits; 0: as the process' umask leaves them.
    pub unixsocketperm: u32,
    /// Length of the queue of connections not yet accepted.
    pub tcp_backlog: u32,
    /// Seconds of silence before the system probes a peer; 0: never.
    pub tcp_keepalive_seconds: u32,
    /// Refuse commands from other hosts while no password and no address is configured.
    pub protected_mode: bool,
}

/// What one client may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clients {
    /// Most connections at once.
    pub maxclients: u32,
    /// Seconds after which an idle connection is closed; 0: never.
    pub timeout_seconds: u32,
    /// Longest argument, in bytes.
    pub proto_max_bulk_len_bytes: u64,
    /// Most keys of which is known who has read them; 0: no limit.
    pub tracking_table_max_keys: u64,
    /// Most unprocessed request bytes.
    pub query_buffer_limit_bytes: u64,
    /// Most reply bytes waiting, by class.
    pub output_buffer_limit: OutputLimits,
    /// Most memory of all clients together.
    pub maxmemory_clients: ClientMemory,
}

/// The output limits of the three classes of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// Ordinary clients, MONITOR among them.
    pub normal: OutputLimit,
    /// Replicas.
    pub replica: OutputLimit,
    /// Clients with at least one subscription.
    pub pubsub: OutputLimit,
}

/// When a client that does not read is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    /// At once above this many bytes; 0: never.
    pub hard_bytes: u64,
    /// Above this many bytes for `soft_seconds` on end; 0: never.
    pub soft_bytes: u64,
    /// See `soft_bytes`.
    pub soft_seconds: u64,
}

/// A limit on the memory of all clients together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientMemory {
    /// This many bytes; 0: no limit.
    Bytes(u64),
    /// This share of `maxmemory`, in percent.
    Percent(u8),
}

impl Default for ClientMemory {
    fn default() -> ClientMemory {
        ClientMemory::Bytes(0)
    }
}

impl ClientMemory {
    /// The limit in bytes under `maxmemory_bytes`, or `None` where there is none.
    pub fn bytes(self, maxmemory_bytes: u64) -> Option<u64> {
        let bytes = match self {
            ClientMemory::Bytes(bytes) => bytes,
            // In 128 bits, as `maxmemory` may be anything.
            ClientMemory::Percent(percent) => {
                (u128::from(maxmemory_bytes) * u128::from(percent) / 100) as u64
            }
        };
        (bytes != 0).then_some(bytes)
    }
}

/// The process and its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// How long a script may hold every key, in milliseconds; 0: any time.
    pub busy_reply_threshold_ms: u64,
    /// Working directory, where data files live.
    pub dir: PathBuf,
    /// Number of databases.
    pub databases: u32,
    /// What is worth a line in the log.
    pub loglevel: LogLevel,
    /// Log file; `None`: standard output.
    pub logfile: Option<PathBuf>,
    /// How a line of the log looks.
    pub log_format: LogFormat,
    /// Detach from the terminal.
    pub daemonize: bool,
    /// File that holds the process id while the server runs.
    pub pidfile: Option<PathBuf>,
    /// Show port and state in the process' title.
    pub set_proc_title: bool,
    /// What the title says, with variables; see [`expand_title`](crate::expand_title).
    pub proc_title_template: String,
    /// Turns of the background work per second.
    pub hz: u16,
    /// Raise `hz` with the number of clients.
    pub dynamic_hz: bool,
    /// Never use huge pages.
    pub disable_thp: bool,
    /// Whether the kernel is told how soon to end this process when memory runs out.
    pub oom_score_adj: OomScoreAdj,
    /// By how much: for a server with data of its own, for a replica, and for processes that this
    /// one starts.
    pub oom_score_adj_values: [i32; 3],
    /// What SIGTERM asks for.
    pub shutdown_on_sigterm: ShutdownWishes,
    /// What SIGINT asks for.
    pub shutdown_on_sigint: ShutdownWishes,
}

/// How a signal ends the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownWishes {
    /// Save, even without save points.
    pub save: bool,
    /// Don't, even with them.
    pub nosave: bool,
    /// Don't wait for replicas.
    pub now: bool,
    /// End even if saving fails.
    pub force: bool,
}

/// What is kept on disk, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Persistence {
    /// When data is saved without being asked.
    pub save: SavePoints,
    /// The file that data is saved to and loaded from.
    pub dbfilename: Vec<u8>,
    /// Refuse changes while saving fails.
    pub stop_writes_on_bgsave_error: bool,
    /// Compress strings in files.
    pub rdbcompression: bool,
    /// Write and check checksums of files.
    pub rdbchecksum: bool,
    /// The version of files; 0: Redis 7.0's, or what the data needs.
    pub rdb_version: u16,
    /// Skip what belongs to absent modules when loading.
    pub rdb_skip_unknown: bool,
    /// Sync while a file is written, and not only at its end.
    pub rdb_save_incremental_fsync: bool,
    /// Microseconds to wait for each key when saving; negative: one for so many keys.
    pub rdb_key_save_delay_us: i64,
    /// The same when loading.
    pub key_load_delay_us: i64,
    /// Bytes between two looks at clients while loading.
    pub loading_process_events_interval_bytes: u64,
}

impl Persistence {
    /// The version of files, if it is said.
    pub fn rdb_version(&self) -> Option<u16> {
        /// Older ones lack what all files have.
        const OLDEST: u16 = 6;
        (self.rdb_version != 0).then_some(self.rdb_version.max(OLDEST))
    }
}

/// When data is saved without being asked.
#[derive(Clone, Debug, Default)]
pub struct SavePoints {
    /// Any of these.
    pub points: Vec<SavePoint>,
    /// Whether nobody has said anything else.
    pub is_default: bool,
}

/// By what they say, whoever said it.
impl PartialEq for SavePoints {
    fn eq(&self, other: &Self) -> bool {
        self.points == other.points
    }
}

/// One `save`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// When the last save is longer ago than this.
    pub seconds: u64,
    /// And so much has changed since.
    pub changes: u64,
}

/// Whether changes are logged, and when the log is durable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Append {
    /// Log every change, and start from there.
    pub appendonly: bool,
    /// When the log is durable.
    pub appendfsync: AppendFsync,
    /// What names of its files begin with.
    pub appendfilename: Vec<u8>,
    /// Their folder.
    pub appenddirname: Vec<u8>,
    /// Start although the last writes are incomplete.
    pub aof_load_truncated: bool,
    /// Sync a base as it grows.
    pub aof_rewrite_incremental_fsync: bool,
    /// Do not sync while a rewrite is under way.
    pub no_appendfsync_on_rewrite: bool,
    /// Growth in percent at which the log is rewritten; 0: never.
    pub auto_aof_rewrite_percentage: u32,
    /// Bytes below which it is not.
    pub auto_aof_rewrite_min_bytes: u64,
}

/// Who may do what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Security {
    /// Password of the default user; empty: none.
    pub requirepass: Vec<u8>,
    /// Commands that go by another name, in the order given; an empty new name removes one.
    pub rename_command: Vec<RenameCommand>,
    /// Who may use DEBUG.
    pub enable_debug_command: Access,
    /// Who may change protected parameters.
    pub enable_protected_configs: Access,
}

/// One `rename-command`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenameCommand {
    /// Name of the command.
    pub from: Vec<u8>,
    /// Name it answers to from now on; empty: none.
    pub to: Vec<u8>,
}

/// Memory limit, eviction and expiry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// Memory limit in bytes; 0: none.
    pub maxmemory_bytes: u64,
    /// Which keys go when memory is full.
    pub maxmemory_policy: MaxmemoryPolicy,
    /// Keys that compete for each eviction.
    pub maxmemory_samples: u32,
    /// How long evicting may hold up commands, 0 to 100.
    pub maxmemory_eviction_tenacity: u8,
    /// How many hits saturate the LFU counter: the higher, the more.
    pub lfu_log_factor: u32,
    /// Minutes after which the LFU counter loses one; 0: never.
    pub lfu_decay_time_minutes: u32,
    /// How much time active expiry may take, 1 to 10.
    pub active_expire_effort: u8,
}

/// When freeing is left to a side thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lazyfree {
    /// On eviction.
    pub lazy_eviction: bool,
    /// On expiry.
    pub lazy_expire: bool,
    /// When a command overwrites or removes a key on the side, as RENAME does.
    pub lazy_server_del: bool,
    /// On DEL.
    pub lazy_user_del: bool,
    /// On FLUSHDB, FLUSHALL and SCRIPT FLUSH without SYNC or ASYNC.
    pub lazy_user_flush: bool,
}

/// Logs of slow and large commands, latency.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Monitoring {
    /// Log of slow commands; the threshold is in microseconds.
    pub slow_execution: CommandLog,
    /// Log of large requests; the threshold is in bytes.
    pub large_request: CommandLog,
    /// Log of large replies; the threshold is in bytes.
    pub large_reply: CommandLog,
    /// Latency events from this many milliseconds on are kept; 0: none.
    pub latency_monitor_threshold_ms: u64,
    /// Keep a histogram of latencies per command.
    pub latency_tracking: bool,
    /// Percentiles that INFO latencystats shows, each 0 to 100.
    pub latency_tracking_info_percentiles: Vec<f64>,
    /// The letters of `notify-keyspace-events`, in the order in which they are shown.
    pub notify_keyspace_events: String,
}

/// One log of commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandLog {
    /// What exceeds it is logged; 0: everything, -1: nothing.
    pub threshold: i64,
    /// Entries kept.
    pub len_max: u64,
}

/// Up to where small collections stay in one allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encodings {
    /// Fields of a hash.
    pub hash_max_listpack_entries: u64,
    /// Longest field or value of a hash, in bytes.
    pub hash_max_listpack_value_bytes: u64,
    /// Size of a list's block: entries, or -1 to -5 for 4, 8, 16, 32, 64 KB.
    pub list_max_listpack_size: i32,
    /// Blocks at each end of a list that stay uncompressed; 0: all.
    pub list_compress_depth: u32,
    /// Members of a set of integers.
    pub set_max_intset_entries: u64,
    /// Members of a set.
    pub set_max_listpack_entries: u64,
    /// Longest member of a set, in bytes.
    pub set_max_listpack_value_bytes: u64,
    /// Members of a sorted set.
    pub zset_max_listpack_entries: u64,
    /// Longest member of a sorted set, in bytes.
    pub zset_max_listpack_value_bytes: u64,
    /// Size of a stream's block in bytes; 0: any.
    pub stream_node_max_bytes: u64,
    /// Entries of a stream's block; 0: any number.
    pub stream_node_max_entries: u64,
    /// For how long names that producers give to entries are known, in seconds.
    pub stream_idmp_duration_s: u64,
    /// How many of them are known of each producer.
    pub stream_idmp_maxsize: u64,
    /// Size up to which a HyperLogLog stays sparse, in bytes.
    pub hll_sparse_max_bytes: u64,
    /// Which payloads are checked in full: all are.
    pub sanitize_dump_payload: Sanitize,
}

/// Declares a parameter that is one word out of a list, in the order in which errors list them.
macro_rules! choice {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            pub(crate) const ALL: &[$name] = &[$($name::$variant,)+];
            pub(crate) const WORDS: &[&str] = &[$($word,)+];

            /// The word that stands for it in files and in CONFIG GET.
            pub fn word(self) -> &'static str {
                Self::WORDS[self as usize]
            }
        }
    };
}

choice! {
    /// What a pipeline that spans shards promises.
    PipelineOrder {
        /// Others see its commands take effect in the order sent.
        #[default]
        Strict = "strict",
        /// Only commands on one shard keep their order, as with a cluster client.
        Relaxed = "relaxed",
    }
}

choice! {
    /// When the log of changes is durable.
    AppendFsync {
        /// Within a second.
        #[default]
        Everysec = "everysec",
        /// Before any reply leaves that shows the change.
        Always = "always",
        /// Whenever the system writes it.
        No = "no",
    }
}

choice! {
    /// What is worth a line in the log.
    LogLevel {
        /// Everything.
        Debug = "debug",
        /// Much, for development.
        Verbose = "verbose",
        /// What an operator wants to know.
        #[default]
        Notice = "notice",
        /// Only what needs attention.
        Warning = "warning",
        /// Nothing at all.
        Nothing = "nothing",
    }
}

choice! {
    /// What values for the kernel's choice among processes mean, when memory runs out.
    OomScoreAdj {
        /// The kernel is told nothing.
        #[default]
        No = "no",
        /// As `relative`.
        Yes = "yes",
        /// They are added to what was in force.
        Relative = "relative",
        /// They are in force.
        Absolute = "absolute",
    }
}

choice! {
    /// How a line of the log looks.
    LogFormat {
        /// As Redis writes it.
        #[default]
        Redis = "redis",
        /// One JSON object per line.
        Json = "json",
    }
}

choice! {
    /// Whose payloads are checked in full before they become values.
    Sanitize {
        /// Nobody's.
        #[default]
        No = "no",
        /// Everybody's.
        Yes = "yes",
        /// Those of clients.
        Clients = "clients",
    }
}

choice! {
    /// Who may do something that is not for everybody.
    Access {
        /// Nobody.
        #[default]
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Clients on this machine.
        Local = "local",
    }
}

impl Access {
    /// Whether a client may do it; `is_local`: it is on this machine.
    pub fn allows(self, is_local: bool) -> bool {
        match self {
            Access::No => false,
            Access::Yes => true,
            Access::Local => is_local,
        }
    }
}

choice! {
    /// Which keys go when memory is full.
    MaxmemoryPolicy {
        /// The least recently used of those that expire.
        VolatileLru = "volatile-lru",
        /// The least often used of those that expire.
        VolatileLfu = "volatile-lfu",
        /// Any that expires.
        VolatileRandom = "volatile-random",
        /// The one that expires next.
        VolatileTtl = "volatile-ttl",
        /// The least recently used.
        AllkeysLru = "allkeys-lru",
        /// The least often used.
        AllkeysLfu = "allkeys-lfu",
        /// Any.
        AllkeysRandom = "allkeys-random",
        /// None: commands that need memory fail.
        #[default]
        Noeviction = "noeviction",
    }
}

impl MaxmemoryPolicy {
    /// Whether only keys that expire may go.
    pub fn is_volatile(self) -> bool {
        use MaxmemoryPolicy::{VolatileLfu, VolatileLru, VolatileRandom, VolatileTtl};
        matches!(self, VolatileLru | VolatileLfu | VolatileRandom | VolatileTtl)
    }

    /// Whether entries count how often they are used (otherwise: when last).
    pub fn is_lfu(self) -> bool {
        matches!(self, MaxmemoryPolicy::VolatileLfu | MaxmemoryPolicy::AllkeysLfu)
    }
}
