//! Append files: whether changes are logged, and when the log is durable.

use super::{INT_MAX, choice, field, flag, integer, size};
use crate::kind::Kind;
use crate::row::{Mutability, Row};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "appendonly",
        flag!(append.appendonly),
        "no",
        "Logs every change, in a file per shard, and starts from there.",
    ),
    Row::new(
        "appendfsync",
        choice!(AppendFsync, append.appendfsync),
        "everysec",
        "When the log is durable: always before a reply leaves, within a second, or never by itself.",
    ),
    Row::new(
        "appendfilename",
        Kind::FileName {
            at: field!(append.appendfilename),
            otherwise: "appendfilename can't be a path, just a filename",
        },
        "appendonly.aof",
        "What names of append files begin with.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "appenddirname",
        Kind::FileName {
            at: field!(append.appenddirname),
            otherwise: "appenddirname can't be a path, just a dirname",
        },
        "appendonlydir",
        "The folder of the append files.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "aof-load-truncated",
        flag!(append.aof_load_truncated),
        "yes",
        "Starts although the last writes of a crash are incomplete, and leaves them out.",
    ),
    Row::new(
        "no-appendfsync-on-rewrite",
        flag!(append.no_appendfsync_on_rewrite),
        "no",
        "Leaves syncing to the system while the log is rewritten.",
    ),
    Row::new(
        "auto-aof-rewrite-percentage",
        integer!(0..=INT_MAX, append.auto_aof_rewrite_percentage),
        "100",
        "Rewrites the log when it has grown by so much since the last time; 0: never by itself.",
    ),
    Row::new(
        "auto-aof-rewrite-min-size",
        size!(0..=i64::MAX as u64, append.auto_aof_rewrite_min_bytes),
        "64mb",
        "But not while it is smaller.",
    ),
    Row::new(
        "aof-rewrite-incremental-fsync",
        flag!(append.aof_rewrite_incremental_fsync),
        "yes",
        "Syncs the file that a rewritten log begins with all 4 MB while it is written.",
    ),
    Row::new(
        "aof-timestamp-enabled",
        Kind::Fixed { value: "yes", otherwise: "a log always says when its changes were made" },
        "yes",
        "Whether a log says when its changes were made, as --restore-to needs it: it does.",
    ),
    Row::new(
        "aof-use-rdb-preamble",
        Kind::Fixed { value: "yes", otherwise: "a log always begins with an RDB file" },
        "yes",
        "Whether a rewritten log begins with an RDB file: it does.",
    ),
];
