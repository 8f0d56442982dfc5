//! The sections of INFO, in their order: Redis's fields as far as they are true here, and ours.

use std::sync::atomic::Ordering;

use super::system;
use super::text::{Text, percent, ratio};
use super::view::View;
use crate::clock;
use crate::persistence::load::Progress;
use crate::persistence::status::Kind as SaveKind;
use crate::pubsub::Kind;
use crate::session::basic::REDIS_VERSION;

/// A section.
pub(super) struct Section {
    /// What INFO's argument calls it.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    shown: Shown,
    pub(super) write: fn(&View, &mut Text),
}

/// When a section is shown without being named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Always,
    /// With `all` or `everything`.
    WithAll,
    Never,
}

impl Section {
    const fn new(
        name: &'static str,
        title: &'static str,
        shown: Shown,
        write: fn(&View, &mut Text),
    ) -> Self {
        Self { name, title, shown, write }
    }

    /// Whether INFO with these arguments shows it.
    pub(super) fn is_wanted<'a>(&self, mut args: impl ExactSizeIterator<Item = &'a [u8]>) -> bool {
        let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if args.len() == 0 {
            return self.shown == Shown::Always;
        }
        args.any(|word| {
            is(word, self.name)
                || is(word, "default") && self.shown == Shown::Always
                || (is(word, "all") || is(word, "everything")) && self.shown != Shown::Never
        })
    }
}

pub(super) const SECTIONS: &[Section] = &[
    Section::new("server", "Server", Shown::Always, server),
    Section::new("clients", "Clients", Shown::Always, clients),
    Section::new("memory", "Memory", Shown::Always, memory),
    Section::new("persistence", "Persistence", Shown::Always, persistence),
    Section::new("threads", "Threads", Shown::WithAll, threads),
    Section::new("stats", "Stats", Shown::Always, stats),
    Section::new("replication", "Replication", Shown::Always, replication),
    Section::new("cpu", "CPU", Shown::Always, cpu),
    // There are no modules; the section says so.
    Section::new("modules", "Modules", Shown::Always, |_, _| {}),
    Section::new("commandstats", "Commandstats", Shown::WithAll, command_stats),
    Section::new("errorstats", "Errorstats", Shown::Always, error_stats),
    Section::new("latencystats", "Latencystats", Shown::WithAll, latency_stats),
    Section::new("cluster", "Cluster", Shown::Always, |_, text| text.field("cluster_enabled", 0)),
    Section::new("keyspace", "Keyspace", Shown::Always, keyspace),
    Section::new("debug", "Debug", Shown::Never, debug),
];

fn server(view: &View, text: &mut Text) {
    let (server, config) = (&view.server, &view.config);
    let uptime_seconds = (clock::now_ms() - server.started_at_ms).max(0) / 1000;
    text.field("redis_version", REDIS_VERSION);
    text.field("merops_version", env!("CARGO_PKG_VERSION"));
    text.field("redis_mode", "standalone");
    text.field("os", system::os());
    text.field("arch_bits", usize::BITS);
    text.field("multiplexing_api", "epoll");
    text.field("process_id", std::process::id());
    text.field("process_supervised", "no");
    text.field("run_id", &server.run_id);
    text.field("tcp_port", config.network.port);
    text.field("server_time_usec", clock::now_us());
    text.field("uptime_in_seconds", uptime_seconds);
    text.field("uptime_in_days", uptime_seconds / 86_400);
    text.field("hz", config.process.hz);
    text.field("configured_hz", config.process.hz);
    text.field("executable", system::executable().display());
    let config_file = server.config_file.as_deref().map(std::path::absolute);
    let config_file = config_file.and_then(Result::ok).unwrap_or_default();
    text.field("config_file", config_file.display());
    text.field("threads", view.threads.len());
    text.field("shards", view.shards);
}

fn clients(view: &View, text: &mut Text) {
    text.numbers([
        ("connected_clients", view.sum(|thread| thread.clients.count)),
        ("cluster_connections", 0),
        ("maxclients", u64::from(view.config.clients.maxclients)),
        ("client_recent_max_input_buffer", view.max(|thread| thread.clients.input_bytes_max)),
        ("client_recent_max_output_buffer", view.max(|thread| thread.clients.output_bytes_max)),
        ("blocked_clients", view.sum(|thread| thread.clients.blocked)),
        ("tracking_clients", view.server.tracking.totals().clients as u64),
        ("pubsub_clients", view.sum(|thread| thread.clients.subscribed)),
        ("watching_clients", view.sum(|thread| thread.clients.watching)),
        ("clients_in_timeout_table", 0),
        ("total_watched_keys", view.sum(|thread| thread.clients.watched_keys)),
        ("total_blocking_keys", view.sum(|thread| thread.clients.waited_keys)),
        ("total_blocking_keys_on_nokey", view.sum(|thread| thread.clients.waited_keys_that_end)),
    ]);
}

fn memory(view: &View, text: &mut Text) {
    let (used, resident) = (view.used_memory, system::resident_bytes() as u64);
    let (peak, startup) = (view.peak_bytes(), view.startup_bytes());
    let overhead = view.overhead_bytes();
    let dataset = used.saturating_sub(overhead);
    let of_data = percent(dataset, used.saturating_sub(startup)).min(100.0);
    text.bytes("used_memory", used);
    text.bytes("used_memory_rss", resident);
    text.bytes("used_memory_peak", peak);
    text.field("used_memory_peak_perc", format_args!("{:.2}%", percent(used, peak)));
    text.numbers([
        ("used_memory_overhead", overhead),
        ("used_memory_startup", startup),
        ("used_memory_dataset", dataset),
    ]);
    text.field("used_memory_dataset_perc", format_args!("{of_data:.2}%"));
    text.bytes("total_system_memory", system::total_bytes());
    let scripts = &view.server.scripts;
    let interpreters = view.sum(|thread| thread.script_bytes);
    let libraries = view.server.libraries.read();
    text.numbers([
        // Functions run in the same interpreters.
        ("used_memory_vm_eval", interpreters),
        ("used_memory_lua", interpreters),
        ("used_memory_scripts_eval", scripts.memory_bytes() as u64),
        ("number_of_cached_scripts", scripts.len() as u64),
        ("number_of_functions", libraries.function_count() as u64),
        ("number_of_libraries", libraries.len() as u64),
        ("used_memory_vm_functions", 0),
        ("used_memory_vm_total", interpreters),
        ("used_memory_functions", libraries.memory_bytes() as u64),
        ("used_memory_scripts", (scripts.memory_bytes() + libraries.memory_bytes()) as u64),
    ]);
    drop(libraries);
    text.bytes("maxmemory", view.config.memory.maxmemory_bytes);
    text.field("maxmemory_policy", view.config.memory.maxmemory_policy.word());
    text.field("mem_fragmentation_ratio", format_args!("{:.2}", ratio(resident, used)));
    text.field("mem_fragmentation_bytes", resident as i64 - used as i64);
    text.numbers([
        ("mem_not_counted_for_evict", stdx::alloc::doomed_bytes() as u64),
        ("mem_replication_backlog", 0),
        ("mem_total_replication_buffers", 0),
        ("mem_clients_slaves", 0),
        ("mem_clients_normal", view.sum(|thread| thread.clients.memory_bytes)),
        ("mem_cluster_links", 0),
        // Tables grow segment by segment: there is never a second one.
        ("mem_overhead_db_hashtable_rehashing", 0),
        ("mem_aof_buffer", view.server.append.status().waiting_bytes),
    ]);
    text.field("mem_allocator", "mimalloc");
    text.numbers([
        ("active_defrag_running", 0),
        ("lazyfree_pending_objects", view.server.freer.pending()),
        ("lazyfreed_objects", view.server.freer.freed()),
    ]);
}

fn persistence(view: &View, text: &mut Text) {
    let persistence = &view.server.persistence;
    let status = persistence.status().clone();
    let running =
        status.running.as_ref().filter(|running| running.job.kind == SaveKind::Background);
    let now_ms = clock::now_ms();
    let seconds = |seconds: Option<i64>| seconds.unwrap_or(-1);
    let job = running.map(|running| &running.job);
    let early = job.map_or(0, |job| job.early_bytes.load(Ordering::Relaxed));
    let total = job.map_or(0, |job| job.keys_total.load(Ordering::Relaxed));
    let done = job.map_or(0, |job| job.keys_done());
    let changes = view.sum(|thread| thread.changes);
    text.numbers([
        ("loading", u64::from(persistence.is_loading())),
        ("async_loading", 0),
        // Copies that a save makes, because what it has not come to yet is changed.
        ("current_cow_peak", early),
        ("current_cow_size", early),
        ("current_cow_size_age", 0),
    ]);
    text.field("current_fork_perc", format_args!("{:.2}", percent(done, total)));
    text.numbers([
        ("current_save_keys_processed", done.min(total)),
        ("current_save_keys_total", total),
        ("rdb_changes_since_last_save", changes.saturating_sub(status.dirty_saved)),
        ("rdb_bgsave_in_progress", u64::from(running.is_some())),
    ]);
    text.field("rdb_last_save_time", status.saved_at);
    text.field("rdb_last_bgsave_status", if status.is_ok { "ok" } else { "err" });
    text.field("rdb_last_bgsave_time_sec", seconds(status.last_seconds));
    let current = running.map(|running| (now_ms - running.started_at_ms) / 1000);
    text.field("rdb_current_bgsave_time_sec", seconds(current));
    let progress = &persistence.progress;
    text.numbers([
        ("rdb_saves", status.saves),
        ("rdb_last_cow_size", status.last_early_bytes),
        ("rdb_last_load_keys_expired", progress.keys_expired.load(Ordering::Relaxed)),
        ("rdb_last_load_keys_loaded", progress.keys_loaded.load(Ordering::Relaxed)),
    ]);
    let append = view.server.append.status().clone();
    append.write(now_ms / 1000, |name, value| text.field(name, value));
    if persistence.is_loading() {
        loading(progress, now_ms, text);
    }
}

/// How far loading has come.
fn loading(progress: &Progress, now_ms: i64, text: &mut Text) {
    let started_ms = progress.started_at_ms.load(Ordering::Relaxed);
    let total = progress.total_bytes.load(Ordering::Relaxed);
    let loaded = progress.loaded_bytes.load(Ordering::Relaxed).min(total);
    let elapsed_s = (now_ms as u64).saturating_sub(started_ms) / 1000;
    let eta_s = match loaded {
        0 => 1,
        loaded => elapsed_s * (total - loaded) / loaded,
    };
    text.numbers([
        ("loading_start_time", started_ms / 1000),
        ("loading_total_bytes", total),
        ("loading_rdb_used_mem", 0),
        ("loading_loaded_bytes", loaded),
    ]);
    text.field("loading_loaded_perc", format_args!("{:.2}", percent(loaded, total)));
    text.field("loading_eta_seconds", eta_s);
}

fn threads(view: &View, text: &mut Text) {
    let cpu = system::threads_cpu();
    for thread in &view.threads {
        let name = format!("core-{}", thread.thread);
        let time = cpu.iter().find(|(known, _)| *known == name).map(|(_, time)| *time);
        let time = time.unwrap_or_default();
        text.field(
            &format!("thread_{}", thread.thread),
            format_args!(
                "clients={},keys={},commands={},messages_sent={},cpu_user={:.2},cpu_sys={:.2}",
                thread.clients.count,
                thread.databases.iter().map(|database| database.keys).sum::<u64>(),
                thread.counts.commands_processed,
                thread.messages_sent,
                time.user,
                time.system,
            ),
        );
    }
}

fn stats(view: &View, text: &mut Text) {
    let (counts, directory) = (&view.counts, &view.server.directory);
    let kilobytes = |rate: f64| format!("{:.2}", rate / 1024.0);
    text.numbers([
        ("total_connections_received", counts.connections_received),
        ("total_commands_processed", counts.commands_processed),
        ("instantaneous_ops_per_sec", view.sum(|thread| thread.rate.commands) as u64),
        ("total_net_input_bytes", counts.bytes_received),
        ("total_net_output_bytes", counts.bytes_sent),
        ("total_net_repl_input_bytes", 0),
        ("total_net_repl_output_bytes", 0),
    ]);
    let (input, output) =
        (view.sum(|thread| thread.rate.bytes_received), view.sum(|thread| thread.rate.bytes_sent));
    text.field("instantaneous_input_kbps", kilobytes(input));
    text.field("instantaneous_output_kbps", kilobytes(output));
    text.numbers([
        ("rejected_connections", counts.connections_rejected),
        ("sync_full", 0),
        ("sync_partial_ok", 0),
        ("sync_partial_err", 0),
        ("expired_subkeys", view.keyspace.expired_fields),
        ("expired_keys", view.keyspace.expired),
        ("expired_time_cap_reached_count", counts.expiry_cut_short),
        ("expire_cycle_cpu_milliseconds", microseconds(counts.expiry_ticks) / 1000),
        ("evicted_keys", view.keyspace.evicted),
        ("evicted_scripts", view.server.scripts.evicted()),
        ("evicted_clients", counts.clients_evicted),
        ("keyspace_hits", view.keyspace.hits),
        ("keyspace_misses", view.keyspace.misses),
        ("pubsub_channels", directory.channel_count(Kind::Channel) as u64),
        ("pubsub_patterns", directory.pattern_count() as u64),
        ("pubsubshard_channels", directory.channel_count(Kind::Shard) as u64),
        ("latest_fork_usec", 0),
        ("total_forks", 0),
        ("migrate_cached_sockets", 0),
        ("tracking_total_keys", view.server.tracking.totals().keys as u64),
        ("tracking_total_items", view.server.tracking.totals().items as u64),
        ("tracking_total_prefixes", view.server.tracking.totals().prefixes as u64),
        ("total_error_replies", counts.error_replies),
        ("total_reads_processed", counts.reads_processed),
        ("total_writes_processed", counts.writes_processed),
        ("client_query_buffer_limit_disconnections", counts.query_limit_disconnections),
        ("client_output_buffer_limit_disconnections", counts.output_limit_disconnections),
        ("acl_access_denied_auth", view.errors.get("WRONGPASS").copied().unwrap_or(0)),
        ("cross_shard_messages", view.sum(|thread| thread.messages_sent)),
    ]);
    turns(view, text);
}

/// The event loops: totals over all threads, and of what is now the busiest thread.
fn turns(view: &View, text: &mut Text) {
    let command_ticks = view.commands.iter().map(|command| command.ticks).sum();
    let busiest = view.threads.iter().map(|thread| thread.rate);
    let busiest = busiest.max_by(|a, b| a.turns.total_cmp(&b.turns)).unwrap_or_default();
    let mean_ticks = if busiest.turns > 0.0 { busiest.turn_ticks / busiest.turns } else { 0.0 };
    let mean_ns = clock::ticks_to_ns(mean_ticks as u64);
    text.numbers([
        ("eventloop_cycles", view.counts.turns),
        ("eventloop_duration_sum", microseconds(view.counts.turn_ticks)),
        ("eventloop_duration_cmd_sum", microseconds(command_ticks)),
        ("instantaneous_eventloop_cycles_per_sec", busiest.turns as u64),
        // Rounded up, as a turn may well take less than a microsecond.
        ("instantaneous_eventloop_duration_usec", mean_ns.div_ceil(1000)),
    ]);
}

fn replication(view: &View, text: &mut Text) {
    text.field("role", "master");
    text.field("connected_slaves", 0);
    text.field("master_failover_state", "no-failover");
    text.field("master_replid", &view.server.replication_id);
    text.field("master_replid2", "0".repeat(40));
    text.field("master_repl_offset", 0);
    text.field("second_repl_offset", -1);
    text.field("repl_backlog_active", 0);
}

fn cpu(_: &View, text: &mut Text) {
    let (process, main) = (system::process_cpu(), system::main_thread_cpu());
    for (name, seconds) in [
        ("used_cpu_sys", process.system),
        ("used_cpu_user", process.user),
        ("used_cpu_sys_children", process.system_children),
        ("used_cpu_user_children", process.user_children),
        ("used_cpu_sys_main_thread", main.system),
        ("used_cpu_user_main_thread", main.user),
    ] {
        text.field(name, format_args!("{seconds:.6}"));
    }
}

fn command_stats(view: &View, text: &mut Text) {
    for (row, command) in view.server.registry.rows().iter().zip(&view.commands) {
        if command.calls + command.rejected + command.failed == 0 {
            continue;
        }
        let usec = microseconds(command.ticks);
        text.field(
            &format!("cmdstat_{}", row.name),
            format_args!(
                "calls={},usec={usec},usec_per_call={:.2},rejected_calls={},failed_calls={}",
                command.calls,
                ratio(usec, command.calls),
                command.rejected,
                command.failed,
            ),
        );
    }
}

fn error_stats(view: &View, text: &mut Text) {
    if view.threads.iter().any(|thread| thread.has_too_many_codes) {
        return text.field("errorstat_ERRORSTATS_DISABLED", "count=1");
    }
    for (code, count) in &view.errors {
        text.field(&format!("errorstat_{code}"), format_args!("count={count}"));
    }
}

fn latency_stats(view: &View, text: &mut Text) {
    let percentiles = &view.config.monitoring.latency_tracking_info_percentiles;
    for (row, histogram) in &view.histograms {
        let values: Vec<String> = percentiles
            .iter()
            .map(|&percent| {
                let ns = clock::ticks_to_ns(histogram.percentile(percent));
                format!("p{percent}={}.{:03}", ns / 1000, ns % 1000)
            })
            .collect();
        let name = format!("latency_percentiles_usec_{}", view.server.registry.row(*row).name);
        text.field(&name, values.join(","));
    }
}

fn keyspace(view: &View, text: &mut Text) {
    for (db, database) in view.databases.iter().enumerate().filter(|(_, db)| db.keys > 0) {
        text.field(
            &format!("db{db}"),
            format_args!(
                "keys={},expires={},avg_ttl={},subexpiry={}",
                database.keys,
                database.expires,
                database.average_ttl_ms(),
                database.timed_hashes
            ),
        );
    }
}

fn debug(view: &View, text: &mut Text) {
    text.numbers([
        ("eventloop_duration_aof_sum", 0),
        ("eventloop_duration_cron_sum", microseconds(view.counts.cron_ticks)),
        ("eventloop_duration_max", microseconds(view.max(|thread| thread.turn_ticks_max))),
        ("eventloop_cmd_per_cycle_max", view.max(|thread| thread.turn_commands_max)),
    ]);
}

fn microseconds(ticks: u64) -> u64 {
    clock::ticks_to_ns(ticks) / 1000
}
