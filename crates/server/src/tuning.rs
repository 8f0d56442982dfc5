//! The parameters that a shard obeys, from the configuration.

use config::MaxmemoryPolicy::{AllkeysLru, VolatileLru};
use config::{Config, MaxmemoryPolicy};
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
    let looks_at_use = is_lfu || matches!(config.memory.maxmemory_policy, AllkeysLru | VolatileLru);
    shard.limits.shares_integers = config.memory.maxmemory_bytes == 0 || !looks_at_use;
    shard.memory.limit_bytes = config.memory.maxmemory_bytes as usize;
    shard.memory.samples = config.memory.maxmemory_samples;
    shard.memory.policy = policy(config.memory.maxmemory_policy);
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
