//! Persistence: when data is saved, and how.

use super::{INT_MAX, field, flag, integer};
use crate::kind::Kind;
use crate::row::{Mutability, Row, Unit};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "save",
        Kind::SavePoints(field!(persistence.save)),
        "3600 1 300 100 60 10000",
        "Saves the data when so many seconds have passed and so much has changed; \"\": never.",
    ),
    Row::new(
        "dbfilename",
        Kind::FileName {
            at: field!(persistence.dbfilename),
            otherwise: "dbfilename can't be a path, just a filename",
        },
        "dump.rdb",
        "The file that data is saved to and, at the start, loaded from.",
    )
    .mutability(Mutability::Protected),
    Row::new(
        "stop-writes-on-bgsave-error",
        flag!(persistence.stop_writes_on_bgsave_error),
        "yes",
        "Refuses changes while the data should be saved and cannot be.",
    ),
    Row::new(
        "rdbcompression",
        flag!(persistence.rdbcompression),
        "yes",
        "Compresses strings of more than 20 bytes in files.",
    ),
    Row::new(
        "rdbchecksum",
        flag!(persistence.rdbchecksum),
        "yes",
        "Ends files with a checksum, and checks it when they are loaded.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "rdb-version",
        integer!(0..=14, persistence.rdb_version),
        "0",
        "Version of files, from 6; 0: 10, which Redis 7.0 reads, or the first that says all.",
    ),
    Row::new(
        "rdb-skip-unknown",
        flag!(persistence.rdb_skip_unknown),
        "no",
        "Skips values and data of absent modules when loading, with a line in the log for each.",
    ),
    Row::new(
        "rdb-save-incremental-fsync",
        flag!(persistence.rdb_save_incremental_fsync),
        "yes",
        "Syncs a file all 4 MB while it is written, so that its end has little left to do.",
    ),
    Row::new(
        "loading-process-events-interval-bytes",
        integer!(1024..=INT_MAX, persistence.loading_process_events_interval_bytes),
        "2097152",
        "Bytes that are loaded at most before clients are looked at.",
    )
    .unit(Unit::Bytes)
    .hidden(),
    Row::new(
        "rdb-key-save-delay",
        integer!(-INT_MAX - 1..=INT_MAX, persistence.rdb_key_save_delay_us),
        "0",
        "For tests: waits so long for each key when saving, or a microsecond for so many keys.",
    )
    .unit(Unit::Microseconds)
    .hidden(),
    Row::new(
        "key-load-delay",
        integer!(-INT_MAX - 1..=INT_MAX, persistence.key_load_delay_us),
        "0",
        "For tests: waits so long for each key when loading, or a microsecond for so many keys.",
    )
    .unit(Unit::Microseconds)
    .hidden(),
];
