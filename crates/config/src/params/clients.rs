//! What one client may use.

use super::{INT_MAX, field, integer, size};
use crate::kind::Kind;
use crate::limits::BULK_BYTES_LIMIT_MIN;
use crate::row::{Row, Unit};

/// Redis keeps these sizes in a signed long.
const SIZE_MAX: u64 = i64::MAX as u64;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "maxclients",
        integer!(1..=u32::MAX as i64, clients.maxclients),
        "10000",
        "Most connections at once.",
    ),
    Row::new(
        "timeout",
        integer!(0..=INT_MAX, clients.timeout_seconds),
        "0",
        "Idle time after which a connection is closed; 0: never.",
    )
    .unit(Unit::Seconds),
    Row::new(
        "proto-max-bulk-len",
        size!(BULK_BYTES_LIMIT_MIN as u64..=SIZE_MAX, clients.proto_max_bulk_len_bytes),
        "512mb",
        "Longest argument of a command, and longest string value.",
    ),
    Row::new(
        "client-query-buffer-limit",
        size!(BULK_BYTES_LIMIT_MIN as u64..=SIZE_MAX, clients.query_buffer_limit_bytes),
        "1gb",
        "Most request bytes of a client that wait to be processed.",
    ),
    Row::new(
        "client-output-buffer-limit",
        Kind::OutputLimits(field!(clients.output_buffer_limit)),
        "normal 0 0 0 replica 256mb 64mb 60 pubsub 32mb 8mb 60",
        "Reply bytes that may wait before a client is cut: at once, or for some seconds.",
    ),
    Row::new(
        "maxmemory-clients",
        Kind::MemoryOrPercent(field!(clients.maxmemory_clients)),
        "0",
        "Most memory of all clients together, above which the largest are closed; 0: no limit.",
    )
    .unit(Unit::Bytes),
    Row::new(
        "tracking-table-max-keys",
        integer!(0..=i64::MAX, clients.tracking_table_max_keys),
        "1000000",
        "Keys of which is known which clients keep them, beyond which some are told early; 0: no limit.",
    ),
];
