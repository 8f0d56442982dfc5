//! Logs of slow and large commands, latency, events.

use super::{field, flag, integer};
use crate::kind::Kind;
use crate::row::{Row, Unit};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "commandlog-execution-slower-than",
        integer!(-1..=i64::MAX, monitoring.slow_execution.threshold),
        "10000",
        "Commands that take longer enter the slow log; 0: all, -1: none.",
    )
    .aliases(&["slowlog-log-slower-than"])
    .unit(Unit::Microseconds),
    Row::new(
        "commandlog-slow-execution-max-len",
        integer!(0..=i64::MAX, monitoring.slow_execution.len_max),
        "128",
        "Entries that the slow log keeps.",
    )
    .aliases(&["slowlog-max-len"]),
    Row::new(
        "commandlog-request-larger-than",
        integer!(-1..=i64::MAX, monitoring.large_request.threshold),
        "1048576",
        "Larger requests enter the log of large requests; 0: all, -1: none.",
    )
    .unit(Unit::Bytes),
    Row::new(
        "commandlog-large-request-max-len",
        integer!(0..=i64::MAX, monitoring.large_request.len_max),
        "128",
        "Entries that the log of large requests keeps.",
    ),
    Row::new(
        "commandlog-reply-larger-than",
        integer!(-1..=i64::MAX, monitoring.large_reply.threshold),
        "1048576",
        "Commands with larger replies enter the log of large replies; 0: all, -1: none.",
    )
    .unit(Unit::Bytes),
    Row::new(
        "commandlog-large-reply-max-len",
        integer!(0..=i64::MAX, monitoring.large_reply.len_max),
        "128",
        "Entries that the log of large replies keeps.",
    ),
    Row::new(
        "latency-monitor-threshold",
        integer!(0..=i64::MAX, monitoring.latency_monitor_threshold_ms),
        "0",
        "Events that take this long are kept for LATENCY; 0: none.",
    )
    .unit(Unit::Milliseconds),
    Row::new(
        "latency-tracking",
        flag!(monitoring.latency_tracking),
        "yes",
        "Keeps a histogram of latencies per command.",
    ),
    Row::new(
        "latency-tracking-info-percentiles",
        Kind::Percentiles(field!(monitoring.latency_tracking_info_percentiles)),
        "50 99 99.9",
        "Percentiles of them that INFO latencystats shows.",
    ),
    Row::new(
        "notify-keyspace-events",
        Kind::Events(field!(monitoring.notify_keyspace_events)),
        "",
        "Classes of events about keys that are published on channels, a letter each.",
    ),
];
