//! Up to where small collections stay in one allocation.

use super::{INT_MAX, choice, integer, size};
use crate::row::Row;

/// Redis keeps these sizes in a signed long.
const SIZE_MAX: u64 = i64::MAX as u64;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "hash-max-listpack-entries",
        integer!(0..=i64::MAX, encodings.hash_max_listpack_entries),
        "512",
        "Most fields of a compact hash.",
    )
    .aliases(&["hash-max-ziplist-entries"]),
    Row::new(
        "hash-max-listpack-value",
        size!(0..=SIZE_MAX, encodings.hash_max_listpack_value_bytes),
        "64",
        "Longest field or value of a compact hash.",
    )
    .aliases(&["hash-max-ziplist-value"]),
    Row::new(
        "list-max-listpack-size",
        integer!(i32::MIN as i64..=INT_MAX, encodings.list_max_listpack_size),
        "-2",
        "Size of a list's blocks: in entries, or -1 to -5 for 4, 8, 16, 32 or 64 KB.",
    )
    .aliases(&["list-max-ziplist-size"]),
    Row::new(
        "list-compress-depth",
        integer!(0..=INT_MAX, encodings.list_compress_depth),
        "0",
        "Blocks at each end of a list that stay uncompressed; 0: all.",
    ),
    Row::new(
        "set-max-intset-entries",
        integer!(0..=i64::MAX, encodings.set_max_intset_entries),
        "512",
        "Most members of a compact set of integers.",
    ),
    Row::new(
        "set-max-listpack-entries",
        integer!(0..=i64::MAX, encodings.set_max_listpack_entries),
        "128",
        "Most members of a compact set.",
    ),
    Row::new(
        "set-max-listpack-value",
        integer!(0..=i64::MAX, encodings.set_max_listpack_value_bytes),
        "64",
        "Longest member of a compact set.",
    )
    .unit(crate::row::Unit::Bytes),
    Row::new(
        "zset-max-listpack-entries",
        integer!(0..=i64::MAX, encodings.zset_max_listpack_entries),
        "128",
        "Most members of a compact sorted set.",
    )
    .aliases(&["zset-max-ziplist-entries"]),
    Row::new(
        "zset-max-listpack-value",
        size!(0..=SIZE_MAX, encodings.zset_max_listpack_value_bytes),
        "64",
        "Longest member of a compact sorted set.",
    )
    .aliases(&["zset-max-ziplist-value"]),
    Row::new(
        "stream-node-max-bytes",
        size!(0..=SIZE_MAX, encodings.stream_node_max_bytes),
        "4096",
        "Size of a stream's blocks; 0: any.",
    ),
    Row::new(
        "stream-node-max-entries",
        integer!(0..=i64::MAX, encodings.stream_node_max_entries),
        "100",
        "Entries of a stream's blocks; 0: any number.",
    ),
    Row::new(
        "stream-idmp-duration",
        integer!(1..=86_400, encodings.stream_idmp_duration_s),
        "100",
        "Seconds for which names that producers give to entries are known.",
    ),
    Row::new(
        "stream-idmp-maxsize",
        integer!(1..=10_000, encodings.stream_idmp_maxsize),
        "100",
        "Names of entries that are known of each producer.",
    ),
    Row::new(
        "hll-sparse-max-bytes",
        size!(0..=SIZE_MAX, encodings.hll_sparse_max_bytes),
        "3000",
        "Size up to which a HyperLogLog stays sparse.",
    ),
    Row::new(
        "sanitize-dump-payload",
        choice!(Sanitize, encodings.sanitize_dump_payload),
        "no",
        "Kept for Redis's sake: what RESTORE takes is checked in full either way.",
    ),
];
