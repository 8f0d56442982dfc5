//! DEBUG: looks inside, for tests and for hunting errors.

mod digest;
mod inspect;
mod populate;
mod protocol;
mod reload;

use std::sync::atomic::Ordering;
use std::time::Duration;

use ::config::Scope;
use command::{Args, Error, Group, Result, Spec, flag};
use keyspace::Key;

use super::config;
use crate::command::{LaterFuture, Request, SessionCommand};
use crate::core::Core;

pub(crate) const COMMANDS: &[SessionCommand] = &[SessionCommand::later(
    Spec::new(
        Group::Server,
        "DEBUG subcommand [arg...]",
        -2,
        flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::PROTECTED,
    )
    .doc("1.0.0", "depends on the subcommand", "Looks inside the server."),
    debug,
)];

/// What a subcommand does.
enum Run {
    Now(fn(&mut Request) -> Result),
    Later(for<'a> fn(&'a mut Request) -> LaterFuture<'a>),
}

/// A subcommand. DEBUG is one command for statistics and rights, so these are no rows.
struct Subcommand {
    name: &'static str,
    /// Its arguments, for humans.
    syntax: &'static str,
    /// How many arguments follow the name.
    arguments: std::ops::RangeInclusive<usize>,
    doc: &'static str,
    run: Run,
}

const ANY: usize = usize::MAX;

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "AOF-FLUSH-SLEEP",
        syntax: "<microseconds>",
        arguments: 1..=1,
        doc: "Waits so long before each writing of append files.",
        run: Run::Now(|request| {
            let sleep_us = request.args().int(2)?.max(0) as u64;
            request.core.server.append.flush_sleep_us.store(sleep_us, Ordering::Relaxed);
            request.reply().ok();
            Ok(())
        }),
    },
    Subcommand {
        name: "CONFIG-REWRITE-FORCE-ALL",
        syntax: "",
        arguments: 0..=0,
        doc: "CONFIG REWRITE with every parameter, also those left at their defaults.",
        run: Run::Later(|request| Box::pin(config::rewrite(request, Scope::All))),
    },
    Subcommand {
        name: "DICT-RESIZING",
        syntax: "<0|1>",
        arguments: 1..=1,
        doc: "Accepted without effect: tables grow and shrink in small steps at any time.",
        run: Run::Now(|request| {
            request.args().int(2)?;
            request.reply().ok();
            Ok(())
        }),
    },
    Subcommand {
        name: "DIGEST",
        syntax: "",
        arguments: 0..=0,
        doc: "A digest of all databases, equal for equal data however it is sharded.",
        run: Run::Later(digest::digest),
    },
    Subcommand {
        name: "DIGEST-VALUE",
        syntax: "<key> [<key> ...]",
        arguments: 0..=ANY,
        doc: "Digests of values.",
        run: Run::Later(digest::digest_value),
    },
    Subcommand {
        name: "ERROR",
        syntax: "<text>",
        arguments: 1..=1,
        doc: "Answers this error.",
        run: Run::Now(|request| {
            let text = String::from_utf8_lossy(request.args().at(2)).into_owned();
            Err(Error::Coded(text.into()))
        }),
    },
    Subcommand {
        name: "HTSTATS",
        syntax: "<db> [full]",
        arguments: 1..=2,
        doc: "The size of a database's tables, all shards together.",
        run: Run::Later(inspect::table),
    },
    Subcommand {
        name: "HTSTATS-KEY",
        syntax: "<key> [full]",
        arguments: 1..=2,
        doc: "The size of the table behind a key.",
        run: Run::Later(inspect::table_at_key),
    },
    Subcommand {
        name: "LISTPACK",
        syntax: "<key>",
        arguments: 1..=1,
        doc: "Writes the elements of a small value to the log.",
        run: Run::Later(inspect::listpack),
    },
    Subcommand {
        name: "LOADAOF",
        syntax: "",
        arguments: 0..=0,
        doc: "Forgets everything and loads the append files, without others in between.",
        run: Run::Later(reload::load_append_files),
    },
    Subcommand {
        name: "LOG",
        syntax: "<message>",
        arguments: 1..=1,
        doc: "Writes a line to the log.",
        run: Run::Now(log),
    },
    Subcommand {
        name: "OBJECT",
        syntax: "<key>",
        arguments: 1..=1,
        doc: "How a key is kept.",
        run: Run::Later(inspect::object),
    },
    Subcommand {
        name: "PANIC",
        syntax: "",
        arguments: 0..=0,
        doc: "Ends the process as a broken invariant does.",
        run: Run::Now(|_| panic!("DEBUG PANIC")),
    },
    Subcommand {
        name: "PAUSE-CRON",
        syntax: "<0|1>",
        arguments: 1..=1,
        doc: "Stops background work.",
        run: Run::Later(|request| {
            Box::pin(switch(request, |core, on| {
                core.switches.no_cron.set(on);
                core.server.is_cron_paused.store(on, Ordering::Relaxed);
            }))
        }),
    },
    Subcommand {
        name: "POPULATE",
        syntax: "<count> [<prefix>] [<size>]",
        arguments: 1..=3,
        doc: "Makes keys <prefix>:<number> with values value:<number>, padded to <size>.",
        run: Run::Later(populate::populate),
    },
    Subcommand {
        name: "PROTOCOL",
        syntax: "<type>",
        arguments: 1..=1,
        doc: protocol::DOC,
        run: Run::Now(protocol::protocol),
    },
    Subcommand {
        name: "QUICKLIST-PACKED-THRESHOLD",
        syntax: "<size>",
        arguments: 1..=1,
        doc: "Lists' elements from this size on have a block of their own; 0: as usual.",
        run: Run::Later(|request| Box::pin(set_packed_threshold(request))),
    },
    Subcommand {
        name: "RELOAD",
        syntax: "[MERGE] [NOFLUSH] [NOSAVE]",
        arguments: 0..=ANY,
        doc: "Saves everything, forgets and loads it, without others in between.",
        run: Run::Later(reload::reload),
    },
    Subcommand {
        name: "REPLYBUFFER",
        syntax: "RESIZING <0|1> | PEAK-RESET-TIME <NEVER|RESET|milliseconds>",
        arguments: 2..=2,
        doc: "Accepted without effect: a client has a buffer only while replies of it wait.",
        run: Run::Now(|request| {
            let (option, value) = (request.args().at(2), request.args().at(3));
            let is_word = [&b"never"[..], b"reset"].iter().any(|w| w.eq_ignore_ascii_case(value));
            match option.to_ascii_lowercase().as_slice() {
                b"peak-reset-time" if is_word => {}
                b"peak-reset-time" | b"resizing" => drop(request.args().int(3)?),
                _ => return Err(Error::Syntax),
            }
            request.reply().ok();
            Ok(())
        }),
    },
    Subcommand {
        name: "SET-ACTIVE-EXPIRE",
        syntax: "<0|1>",
        arguments: 1..=1,
        doc: "Whether keys expire that nobody asks for.",
        run: Run::Later(|request| {
            Box::pin(switch(request, |core, on| core.switches.no_active_expiry.set(!on)))
        }),
    },
    Subcommand {
        name: "SET-DISABLE-DENY-SCRIPTS",
        syntax: "<0|1>",
        arguments: 1..=1,
        doc: "Whether scripts may call commands that are denied to them.",
        run: Run::Later(|request| {
            Box::pin(switch(request, |core, on| core.switches.scripts_call_all.set(on)))
        }),
    },
    Subcommand {
        name: "SET-SKIP-CHECKSUM-VALIDATION",
        syntax: "<0|1>",
        arguments: 1..=1,
        doc: "Whether RESTORE takes payloads with wrong checksums.",
        run: Run::Later(|request| {
            Box::pin(switch(request, |core, on| {
                if let Some(mut shard) = core.router.shard_mut() {
                    shard.limits.skips_checksums = on;
                }
            }))
        }),
    },
    Subcommand {
        name: "SLEEP",
        syntax: "<seconds>",
        arguments: 1..=1,
        doc: "Blocks every thread for so long.",
        run: Run::Now(sleep),
    },
    Subcommand {
        name: "HELP",
        syntax: "",
        arguments: 0..=0,
        doc: "Prints this help.",
        run: Run::Now(help),
    },
];

fn debug(request: &mut Request) -> LaterFuture<'_> {
    let args = request.args();
    match find(args) {
        Some(Subcommand { run: Run::Later(run), .. }) => run(request),
        Some(Subcommand { run: Run::Now(run), .. }) => Box::pin(std::future::ready(run(request))),
        None => {
            let word = args.at(1);
            let shown = String::from_utf8_lossy(&word[..word.len().min(128)]);
            let error = Error::made(format!(
                "unknown subcommand or wrong number of arguments for '{shown}'. Try DEBUG HELP."
            ));
            Box::pin(std::future::ready(Err(error)))
        }
    }
}

fn find(args: Args<'_>) -> Option<&'static Subcommand> {
    SUBCOMMANDS.iter().find(|known| {
        known.name.as_bytes().eq_ignore_ascii_case(args.at(1))
            && known.arguments.contains(&(args.len() - 2))
    })
}

fn help(request: &mut Request) -> Result {
    let mut reply = request.reply();
    reply.array(1 + 2 * SUBCOMMANDS.len());
    reply.simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for Subcommand { name, syntax, doc, .. } in SUBCOMMANDS {
        reply.simple(format!("{name} {syntax}").trim_end());
        reply.simple(&format!("    {doc}"));
    }
    Ok(())
}

fn log(request: &mut Request) -> Result {
    let message = String::from_utf8_lossy(request.args().at(2)).into_owned();
    tracing::warn!("DEBUG LOG: {message}");
    request.reply().ok();
    Ok(())
}

/// Sets a switch on every thread.
async fn switch(request: &mut Request, set: fn(&Core, bool)) -> Result {
    let on = request.args().int(2)? != 0;
    request.core.gather(move |core| set(core, on)).await;
    request.reply().ok();
    Ok(())
}

/// Redis's one thread does nothing while it sleeps; here none does.
fn sleep(request: &mut Request) -> Result {
    let seconds: f64 = stdx::ascii::parse(request.args().at(2)).ok_or(Error::NotFloat)?;
    let duration = Duration::try_from_secs_f64(seconds.max(0.0)).map_err(|_| Error::NotFloat)?;
    let router = &request.core.router;
    for thread in (0..router.thread_count()).filter(|thread| *thread != router.thread()) {
        router.call(thread, move || std::thread::sleep(duration));
    }
    // They begin now, and not when this thread is done.
    router.flush();
    std::thread::sleep(duration);
    request.reply().ok();
    Ok(())
}

/// QUICKLIST-PACKED-THRESHOLD size
async fn set_packed_threshold(request: &mut Request) -> Result {
    let bytes = ::config::memory(request.args().at(2)).filter(|bytes| *bytes < 4 << 30);
    let bytes = bytes
        .ok_or(Error::new("argument must be a memory value bigger than 1 and smaller than 4gb"))?
        as usize;
    let set = move |core: &std::rc::Rc<Core>| {
        if let Some(mut shard) = core.router.shard_mut() {
            shard.limits.values.list_plain_bytes_min = bytes;
        }
    };
    request.core.gather(set).await;
    request.reply().ok();
    Ok(())
}

/// Runs a job on the shard that has a key.
async fn at_key<R: Send + 'static>(
    request: &Request,
    key: Vec<u8>,
    job: impl FnOnce(&mut engine::Context<'_>, Key<'_>) -> R + Send + 'static,
) -> R {
    let router = &request.core.router;
    let (shard, db) = (router.owner(&key), usize::from(request.client.db.get()));
    router.hop(shard, db, move |context| job(context, Key::new(&key))).await
}

#[cfg(test)]
mod tests;
