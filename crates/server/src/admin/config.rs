//! CONFIG: reading and changing the parameters while the server runs.
//!
//! The lock around `Server::config` puts changes into an order. Who has changed it asks every thread
//! to look again, and answers when all have: a thread may then see a later change already, never an
//! earlier one. The lock is not held while it waits.

use std::env;
use std::rc::Rc;

use command::{Args, Error, Group, Result, Spec, flag};
use config::{Config, Scope, SetError};

use crate::command::{LaterFuture, Request, SessionCommand};
use crate::core::{Core, Server};
use crate::{help, log, net, process};

const ADMIN: u32 = flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE;
const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const fn spec(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Server, usage, arity, flags)
}

pub(super) const COMMANDS: &[SessionCommand] = &[SessionCommand::container(
    spec("CONFIG", -2, 0).doc("2.0.0", "Depends on subcommand.", "The server's parameters."),
    &[
        SessionCommand::later(
            spec("GET parameter...", -3, ADMIN).doc(
                "2.0.0",
                "O(N) where N is the number of parameters times the number of patterns",
                "Answers the parameters that match a pattern, with their values.",
            ),
            |request| Box::pin(async { get(request) }),
        ),
        SessionCommand::later(
            spec("RESETSTAT", 2, ADMIN).tips(EVERYWHERE).doc(
                "2.0.0",
                "O(1)",
                "Lets statistics start from zero.",
            ),
            |request| Box::pin(reset_stat(request)),
        ),
        SessionCommand::later(
            spec("REWRITE", 2, ADMIN).tips(EVERYWHERE).doc(
                "2.8.0",
                "O(1)",
                "Makes the configuration file say what is in force.",
            ),
            |request| Box::pin(rewrite(request, Scope::Changed)),
        ),
        SessionCommand::later(
            spec("SET (parameter value)...", -4, ADMIN).tips(EVERYWHERE).hiding(is_secret).doc(
                "2.0.0",
                "O(N) where N is the number of parameters",
                "Changes parameters, all of those given or none.",
            ),
            set,
        ),
        help::row(Group::Server, "5.0.0"),
    ],
)];

/// Whether an argument of CONFIG SET is the value of a secret parameter.
fn is_secret(args: Args<'_>, index: usize) -> bool {
    let is_value = index >= 3 && index % 2 == 1;
    is_value && config::find(args.at(index - 1)).is_some_and(|(row, _)| row.is_sensitive)
}

fn get(request: &mut Request) -> Result {
    let config = request.core.config();
    let patterns: Vec<Vec<u8>> = request.args().iter_from(2).map(<[u8]>::to_vec).collect();
    let patterns: Vec<&[u8]> = patterns.iter().map(Vec::as_slice).collect();
    let found = config.get(&patterns);
    let mut reply = request.reply();
    reply.map(found.len());
    for (name, value) in found {
        reply.bulk(name);
        reply.bulk(&value);
    }
    Ok(())
}

fn set(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let changed = change(request);
        // Even if not: threads may have to accept anew.
        request.core.gather(refresh).await;
        crate::client_memory::settle(&request.core).await;
        changed?;
        request.reply().ok();
        Ok(())
    })
}

/// Makes the change the process's, without the threads.
fn change(request: &Request) -> Result {
    let args = request.args();
    if !args.len().is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    let pairs: Vec<(&[u8], &[u8])> =
        (2..args.len()).step_by(2).map(|at| (args.at(at), args.at(at + 1))).collect();
    let server = &request.core.server;
    let is_fixed = |(name, _): &(&[u8], _)| {
        config::find(name).is_some_and(|(row, _)| row.is_fixed_while_loading)
    };
    if server.persistence.is_loading() && pairs.iter().any(is_fixed) {
        return Err(Error::Loading);
    }
    let mut current = server.config();
    let is_local = request.client.is_local;
    let allows_protected = current.security.enable_protected_configs.allows(is_local);
    let changed = current
        .set(&pairs, allows_protected)
        .and_then(|changed| act(server, &current, changed))
        .map_err(|error| Error::made(error.to_string()))?;
    let old = std::mem::replace(&mut *current, changed.into());
    // What is loaded comes first: see `persistence::load`.
    if !server.persistence.is_loading() {
        server.append.obey(&old, &current);
    }
    Ok(())
}

/// Does what a change means outside the threads, or nothing: then the error says why.
fn act(server: &Server, old: &Config, mut new: Config) -> std::result::Result<Config, SetError> {
    if new.clients.maxclients > old.clients.maxclients
        && let Err((room, _)) =
            process::make_room(new.clients.maxclients, server.network.thread_count())
    {
        let reason = format!("there are not enough file descriptors, try with {room}");
        return Err(SetError::refused("maxclients", reason));
    }
    let oom_score =
        |config: &Config| (config.process.oom_score_adj, config.process.oom_score_adj_values);
    if oom_score(&new) != oom_score(old) {
        server.oom_score.obey(&new.process).map_err(|error| {
            tracing::warn!("Can't set oom_score_adj: {error}");
            SetError::refused("oom-score-adj", "Failed to set oom_score_adj")
        })?;
    }
    if let Err(error) = change_place(server, old, &mut new) {
        // It was in force until now, so there is no reason why it should not be again.
        let _ = server.oom_score.obey(&old.process);
        return Err(error);
    }
    let titled = |config: &Config| {
        (
            config.process.proc_title_template.clone(),
            config.network.port,
            config.network.bind.clone(),
        )
    };
    if titled(&new) != titled(old) {
        process::set_title(&new, server.config_file.as_deref());
    }
    if new.process.loglevel != old.process.loglevel {
        log::set_level(new.process.loglevel);
    }
    let used_bytes = server.used_memory() as u64;
    let limit_bytes = new.memory.maxmemory_bytes;
    if limit_bytes != old.memory.maxmemory_bytes && (1..used_bytes).contains(&limit_bytes) {
        tracing::warn!(
            limit_bytes,
            used_bytes,
            "The new maxmemory is below the memory in use: keys will be evicted or commands refused"
        );
    }
    Ok(new)
}

/// Changes directory and addresses, or neither.
fn change_place(
    server: &Server,
    old: &Config,
    new: &mut Config,
) -> std::result::Result<(), SetError> {
    if new.process.dir != old.process.dir {
        new.process.dir = process::change_dir(&new.process.dir)
            .map_err(|error| SetError::refused("dir", process::system_text(&error)))?;
    }
    rebind(server, old, new).inspect_err(|_| {
        // It was the directory until now, so there is no reason why it should not be again.
        let _ = env::set_current_dir(&old.process.dir);
    })
}

fn rebind(server: &Server, old: &Config, new: &Config) -> std::result::Result<(), SetError> {
    let (old, new) = (&old.network, &new.network);
    if (old.port, &old.bind) == (new.port, &new.bind) {
        return Ok(());
    }
    server.listeners().rebind(new).map_err(|error| {
        tracing::warn!("{error}");
        match old.bind == new.bind {
            true => SetError::refused("port", "Unable to listen on this port. Check server logs."),
            false => SetError::refused("bind", "Failed to bind to specified addresses."),
        }
    })
}

/// Makes the newest configuration this thread's.
fn refresh(core: &Rc<Core>) {
    let config = core.server.config().clone();
    core.apply(config);
    net::accept_anew(core);
}

async fn reset_stat(request: &mut Request) -> Result {
    let reset = |core: &Rc<Core>| {
        core.stats.reset();
        if let Some(mut shard) = core.router.shard_mut() {
            shard.keyspace.reset_stats();
        }
    };
    request.core.gather(reset).await;
    request.core.server.freer.reset();
    request.reply().ok();
    Ok(())
}

/// Writing waits for the disk, so a side thread does it.
pub(super) async fn rewrite(request: &mut Request, scope: Scope) -> Result {
    let server = request.core.server.clone();
    let write = move || {
        let config = server.config().clone();
        config::rewrite(&config, server.config_file.as_deref(), scope)
    };
    let written = tokio::task::spawn_blocking(write).await;
    match written.expect("rewriting neither panics nor is cancelled") {
        Ok(()) => {
            tracing::info!("CONFIG REWRITE executed with success.");
            request.reply().ok();
            Ok(())
        }
        Err(error) => {
            tracing::warn!("CONFIG REWRITE failed: {error}");
            Err(Error::made(error.to_string()))
        }
    }
}
