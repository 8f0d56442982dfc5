//! The parameters that a shard obeys, from the configuration.

use config::{Config, MaxmemoryPolicy};
use engine::Shard;
use keyspace::Policy;

/// Makes a shard obey `config`.
pub(crate) fn tune(shard: &mut Shard, config: &Config) {
    shard.limits.string_bytes_max = config.clients.proto_max_bulk_len_bytes as usize;
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
