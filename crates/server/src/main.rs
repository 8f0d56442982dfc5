//! The `merops` binary: `merops [CONFIG] [--directive value …]`.

mod admin;
mod blocked;
mod boot;
mod check;
mod client;
mod client_memory;
mod clock;
mod command;
mod connection;
mod core;
mod cron;
mod dispatch;
mod freer;
mod help;
mod histogram;
mod huge_pages;
mod input;
mod log;
mod names;
mod net;
mod oom_score;
mod persistence;
mod pressure;
mod process;
mod pubsub;
mod rates;
mod registry;
mod scripting;
mod session;
mod stats;
mod stream;
mod tracking;
mod transaction;
mod tuning;
mod turns;

use std::path::Path;
use std::process::ExitCode;

use config::{Config, Invocation, Loaded};

use crate::process::{KeepingFiles, PidFile};

/// Counts what the process allocates: `used_memory` and `maxmemory` go by it.
#[global_allocator]
static ALLOCATOR: stdx::alloc::CountingAllocator = stdx::alloc::CountingAllocator;

const HELP: &str = "\
Usage: merops [CONFIG] [--directive value ...]
       merops -                 reads the configuration from standard input
       merops check FILE|DIR    says what RDB and append files hold, and what is wrong with them
       merops check --fix DIR   cuts off what is damaged in append files, and says what is gone
       merops -v, --version
       merops -h, --help

CONFIG is TOML if its name ends in .toml, else as redis.conf. Every directive is also a flag:
       merops --port 7000 --maxmemory 1gb --maxmemory-policy allkeys-lru

With --restore-to 2026-11-20T12:00:00Z (or milliseconds since 1970) the server starts with what the
append files had at that moment. New ones begin there; those that were found are kept beside them.
";

fn main() -> ExitCode {
    process::keep_title();
    huge_pages::forbid();
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "check") {
        return check::run(&arguments[1..]);
    }
    let files = KeepingFiles::default();
    let result = match config::load_with(&arguments, &files) {
        Ok(Invocation::Version) => {
            println!("{}", version());
            Ok(ExitCode::SUCCESS)
        }
        Ok(Invocation::Help) => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Ok(Invocation::Serve(loaded)) => serve(*loaded, files),
        Err(error) => Err(format!("Fatal: {error}")),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn version() -> String {
    let (version, redis) = (env!("CARGO_PKG_VERSION"), session::basic::REDIS_VERSION);
    format!("Merops server v={version} redis_version={redis} bits={}", usize::BITS)
}

/// Runs the server, or the process that does in the background. The error says why it could not.
fn serve(loaded: Loaded, files: KeepingFiles) -> Result<ExitCode, String> {
    let Loaded { mut config, warnings, path, restore_to_ms } = loaded;
    let detached = config.process.daemonize && process::is_detached();
    if detached {
        process::leave_terminal().map_err(|error| format!("Can't detach: {error}"))?;
    } else if config.process.daemonize {
        return process::detach(&files.into_stdin())
            .map_err(|error| format!("Can't start in the background: {error}"));
    }
    let dir = config.process.dir;
    config.process.dir = process::change_dir(&dir)
        .map_err(|error| format!("Fatal: can't change to dir '{}': {error}", dir.display()))?;
    log::start(&config.process).map_err(|error| format!("Fatal: can't open logfile: {error}"))?;
    tracing::info!("{}, pid={}, just started", version(), std::process::id());
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if restore_to_ms.is_some() && !config.append.appendonly {
        return Err("--restore-to needs append files, and appendonly is no".to_owned());
    }
    lower_maxclients(&mut config)?;
    let file = path.clone();
    let ready = move |config: &Config| ready(config, file.as_deref(), detached);
    let ran = boot::run(config, path, restore_to_ms, ready);
    // Whoever watches only the log must learn of it, too.
    ran.inspect_err(|error| tracing::error!("{error}")).map(|()| ExitCode::SUCCESS)
}

/// What the system cannot give, the configuration must not promise.
fn lower_maxclients(config: &mut Config) -> Result<(), String> {
    let (threads, _) = config.threads.resolve(boot::cores());
    let wanted = config.clients.maxclients;
    match process::make_room(wanted, threads) {
        Ok(()) => Ok(()),
        Err((0, error)) => Err(format!("Fatal: 'ulimit -n' leaves no room for clients: {error}")),
        Err((room, error)) => {
            tracing::warn!(
                "maxclients is {room} instead of {wanted}: 'ulimit -n' allows no more open files, \
                 and raising it failed: {error}"
            );
            config.clients.maxclients = room;
            Ok(())
        }
    }
}

/// The server accepts connections. What it returns is kept until the server stops.
fn ready(config: &Config, config_file: Option<&Path>, detached: bool) -> Option<PidFile> {
    process::set_title(config, config_file);
    let file = config.process.pidfile.as_deref().and_then(|path| {
        let failed = |error: &_| tracing::warn!("Can't write pidfile {}: {error}", path.display());
        PidFile::write(path).inspect_err(failed).ok()
    });
    if detached && let Err(error) = process::report_ready() {
        tracing::warn!("Can't let go of the terminal: {error}");
    }
    file
}
