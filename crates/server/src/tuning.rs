//! The parameters that a shard obeys, from the configuration.

use config::MaxmemoryPolicy::{AllkeysLru, VolatileLru};
use config::{Config, Encodings, MaxmemoryPolicy};
use engine::Shard;
use keyspace::{ClockKind, OnExpired, Options, Policy};

/// Makes a shard obey `config`; while clients are paused, nothing expires.
pub(crate) fn tune(shard: &mut Shard, config: &Config, is_paused: bool) {
    let is_lfu = config.memory.maxmemory_policy.is_lfu();
    shard.keyspace.configure(&Options {
        clock: if is_lfu { ClockKind::Lfu } else { ClockKind::Lru },
        lfu_log_factor: config.memory.lfu_log_factor,
        lfu_decay_minutes: config.memory.lfu_decay_time_minutes,
        on_expired: if is_paused { OnExpired::Hide } else { OnExpired::Remove },
        ..Options::default()
    });
    shard.limits.string_bytes_max = config.clients.proto_max_bulk_len_bytes as usize;
    let reply_bytes_max = config.clients.output_buffer_limit.normal.hard_bytes as usize;
    shard.limits.reply_bytes_max = if reply_bytes_max == 0 { usize::MAX } else { reply_bytes_max };
    let looks_at_use = is_lfu || matches!(config.memory.maxmemory_policy, AllkeysLru | VolatileLru);
    shard.limits.shares_integers = config.memory.maxmemory_bytes == 0 || !looks_at_use;
    let list_plain_bytes_min = shard.limits.values.list_plain_bytes_min;
    shard.limits.values = value::Limits { list_plain_bytes_min, ..values(&config.encodings) };
    shard.memory.limit_bytes = config.memory.maxmemory_bytes as usize;
    shard.memory.samples = config.memory.maxmemory_samples;
    shard.memory.policy = policy(config.memory.maxmemory_policy);
}

fn values(encodings: &Encodings) -> value::Limits {
    value::Limits {
        hash_max_listpack_entries: encodings.hash_max_listpack_entries as usize,
        hash_max_listpack_value_bytes: encodings.hash_max_listpack_value_bytes as usize,
        list_max_listpack_size: encodings.list_max_listpack_size,
        list_compress_depth: encodings.list_compress_depth as usize,
        // Only tests change it, by DEBUG.
        list_plain_bytes_min: 0,
        set_max_intset_entries: encodings.set_max_intset_entries as usize,
        set_max_listpack_entries: encodings.set_max_listpack_entries as usize,
        set_max_listpack_value_bytes: encodings.set_max_listpack_value_bytes as usize,
        zset_max_listpack_entries: encodings.zset_max_listpack_entries as usize,
        zset_max_listpack_value_bytes: encodings.zset_max_listpack_value_bytes as usize,
        stream_node_max_bytes: encodings.stream_node_max_bytes as usize,
        stream_node_max_entries: encodings.stream_node_max_entries as usize,
        stream_idmp_duration_s: encodings.stream_idmp_duration_s,
        stream_idmp_maxsize: encodings.stream_idmp_maxsize as usize,
        hll_sparse_max_bytes: encodings.hll_sparse_max_bytes as usize,
    }
}

fn policy(policy: MaxmemoryPolicy) -> Policy {
    match policy {
        MaxmemoryPolicy::VolatileLru => Policy::VolatileLru,
        MaxmemoryPolicy::VolatileLfu => Policy::VolatileLfu,
        MaxmemoryPolicy::VolatileRandom => Policy::VolatileRandom,
        MaxmemoryPolicy::VolatileTtl => Policy::VolatileTtl,
        MaxmemoryPolicy::AllkeysLru => Policy::AllKeysLru,
        MaxmemoryPolicy::AllkeysLfu => Policy::AllKeysLfu,
        MaxmemoryPolicy::AllkeysRandom => Policy::AllKeysRandom,
        MaxmemoryPolicy::Noeviction => Policy::NoEviction,
    }
}
