//! The process and its files.

use super::{INT_MAX, choice, field, flag, integer, optional_path, path_bytes, to_path};
use crate::kind::{Kind, Lens};
use crate::limits::{HZ_MAX, HZ_MIN};
use crate::row::{Mutability, Row, Unit};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "busy-reply-threshold",
        integer!(0..=i64::MAX, process.busy_reply_threshold_ms),
        "5000",
        "How long a script may hold every key before others hear that it is busy; 0: they wait.",
    )
    .aliases(&["lua-time-limit"])
    .unit(Unit::Milliseconds),
    Row::new(
        "dir",
        Kind::Text(Lens {
            get: |config| path_bytes(Some(&config.process.dir)),
            set: |config, bytes| config.process.dir = to_path(bytes),
        }),
        "./",
        "Working directory: data files and relative paths start here.",
    )
    .mutability(Mutability::Protected)
    .fixed_while_loading(),
    Row::new(
        "databases",
        integer!(1..=INT_MAX, process.databases),
        "16",
        "Number of databases that SELECT can choose from.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "loglevel",
        choice!(LogLevel, process.loglevel),
        "notice",
        "What is worth a line in the log.",
    ),
    Row::new("logfile", optional_path!(process.logfile), "", "Log file; empty: standard output.")
        .mutability(Mutability::Immutable),
    Row::new(
        "log-format",
        choice!(LogFormat, process.log_format),
        "redis",
        "Lines as Redis writes them, or one JSON object per line.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "daemonize",
        flag!(process.daemonize),
        "no",
        "Detaches from the terminal and runs in the background.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "pidfile",
        optional_path!(process.pidfile),
        "",
        "File that holds the process id while the server runs.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "set-proc-title",
        flag!(process.set_proc_title),
        "yes",
        "Shows address and port in the process' title.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "proc-title-template",
        Kind::Title(field!(process.proc_title_template)),
        "{title} {listen-addr} {server-mode}",
        "What that title says.",
    ),
    Row::new(
        "disable-thp",
        flag!(process.disable_thp),
        "no",
        "Never uses huge pages; else it does with more than 64 MB of data.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "oom-score-adj",
        choice!(OomScoreAdj, process.oom_score_adj),
        "no",
        "Tells Linux how soon to end the server when memory runs out; yes is relative.",
    ),
    Row::new(
        "oom-score-adj-values",
        Kind::OomScores(field!(process.oom_score_adj_values)),
        "0 200 800",
        "By how much: the first counts, the others are for replicas and processes it starts.",
    ),
    Row::new(
        "hz",
        Kind::Integer {
            min: 0,
            max: INT_MAX,
            // Any number is taken, and brought into range, as old files may hold.
            at: Lens {
                get: |config| config.process.hz.into(),
                set: |config, hz| {
                    config.process.hz = hz.clamp(HZ_MIN.into(), HZ_MAX.into()) as u16;
                },
            },
        },
        "10",
        "Turns of the background work per second; brought into the range 1 to 500.",
    ),
    Row::new(
        "dynamic-hz",
        flag!(process.dynamic_hz),
        "yes",
        "Raises hz with the number of clients.",
    ),
    Row::new(
        "shutdown-on-sigterm",
        Kind::Shutdown(field!(process.shutdown_on_sigterm)),
        "default",
        "What SIGTERM means: default (save if there are save points), or save, nosave, force, now.",
    ),
    Row::new(
        "shutdown-on-sigint",
        Kind::Shutdown(field!(process.shutdown_on_sigint)),
        "default",
        "The same for SIGINT.",
    ),
];
