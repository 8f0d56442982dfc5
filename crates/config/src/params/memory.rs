//! Memory limit, eviction, expiry, and when freeing is left to a side thread.

use super::{INT_MAX, choice, flag, integer, size};
use crate::row::{Row, Unit};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "maxmemory",
        size!(0..=u64::MAX, memory.maxmemory_bytes),
        "0",
        "Memory limit, above which keys are evicted or commands refused; 0: none.",
    ),
    Row::new(
        "maxmemory-policy",
        choice!(MaxmemoryPolicy, memory.maxmemory_policy),
        "noeviction",
        "Which keys go when memory is full; volatile: only those that expire.",
    ),
    Row::new(
        "maxmemory-samples",
        integer!(1..=64, memory.maxmemory_samples),
        "5",
        "Keys that are compared for each eviction: more is more exact and slower.",
    ),
    Row::new(
        "maxmemory-eviction-tenacity",
        integer!(0..=100, memory.maxmemory_eviction_tenacity),
        "10",
        "How long evicting may hold up commands: 10 is half a millisecond, 100 is without end.",
    ),
    Row::new(
        "lfu-log-factor",
        integer!(0..=INT_MAX, memory.lfu_log_factor),
        "10",
        "The higher, the more hits it takes to saturate a key's LFU counter.",
    ),
    Row::new(
        "lfu-decay-time",
        integer!(0..=INT_MAX, memory.lfu_decay_time_minutes),
        "1",
        "Time after which a key's LFU counter loses one; 0: it loses one at each look.",
    )
    .unit(Unit::Minutes),
    Row::new(
        "active-expire-effort",
        integer!(1..=10, memory.active_expire_effort),
        "1",
        "How much time the search for expired keys may take.",
    ),
];

pub(super) const LAZYFREE_ROWS: &[Row] = &[
    Row::new(
        "lazyfree-lazy-eviction",
        flag!(lazyfree.lazy_eviction),
        "no",
        "Kept for Redis's sake: big evicted values are freed on a side thread either way.",
    ),
    Row::new(
        "lazyfree-lazy-expire",
        flag!(lazyfree.lazy_expire),
        "no",
        "Kept for Redis's sake: big expired values are freed on a side thread either way.",
    ),
    Row::new(
        "lazyfree-lazy-server-del",
        flag!(lazyfree.lazy_server_del),
        "no",
        "Kept for Redis's sake: big replaced values are freed on a side thread either way.",
    ),
    Row::new(
        "lazyfree-lazy-user-del",
        flag!(lazyfree.lazy_user_del),
        "no",
        "Kept for Redis's sake: DEL frees big values on a side thread either way.",
    ),
    Row::new(
        "lazyfree-lazy-user-flush",
        flag!(lazyfree.lazy_user_flush),
        "no",
        "Kept for Redis's sake: flushed databases are freed on a side thread either way.",
    ),
];
