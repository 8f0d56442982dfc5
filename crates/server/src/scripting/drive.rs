//! Brings a script from its first step to its last.

use std::borrow::Cow;

use command::{Args, Error, Result};
use script::{Finished, Flags, Options, Program, Resume, Step};

use super::host::{Demand, Identity, Scope, ScriptHost};
use super::reach::Reach;
use super::running::Kind;
use crate::admin::monitor;
use crate::command::Request;
use crate::core::Core;
use crate::persistence::Persistence;

pub(super) const NO_SCRIPT: Error =
    Error::Coded(Cow::Borrowed("NOSCRIPT No matching script. Please use EVAL."));

/// SHA-1 in hexadecimal digits.
const DIGEST_LEN: usize = 40;

/// How a call names its script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Body,
    Digest,
}

/// EVAL script numkeys [key [key ...]] [arg [arg ...]], and its like.
pub(super) async fn eval(request: &mut Request, which: Which, is_read_only: bool) -> Result {
    let core = request.core.clone();
    show(request);
    let args = request.args();
    if which == Which::Digest && args.at(1).len() != DIGEST_LEN {
        return Err(NO_SCRIPT);
    }
    let key_count = key_count(args)?;
    let script = match which {
        Which::Digest => core.server.scripts.find(args.at(1)).ok_or(NO_SCRIPT)?,
        Which::Body => {
            let compiles = |source: &script::Source| core.lua.compile(source);
            let learned = core.server.scripts.learn(args.at(1), false, compiles);
            learned.map_err(|error| Error::Coded(error.to_string().into()))?
        }
    };
    let flags = script.source.flags();
    let is_read_only = admit(&core, flags, is_read_only)?;
    let words: Vec<&[u8]> = args.iter_from(3).collect();
    let (keys, args) = words.split_at(key_count);
    let job = Job {
        program: Program::Eval { source: &script.source, keys, args },
        identity: Identity { kind: Kind::Script, name: b"", call: request.args() },
        reach: &script.reach,
        keys,
        is_read_only,
        flags,
    };
    let finished = run(request, job).await?;
    request.out = finished.reply;
    Ok(())
}

/// FCALL function numkeys [key [key ...]] [arg [arg ...]], and its like.
pub(super) async fn fcall(request: &mut Request, is_read_only: bool) -> Result {
    let core = request.core.clone();
    show(request);
    let args = request.args();
    let name = args.at(1);
    let Some((loaded, at)) = core.server.libraries.read().function(name) else {
        return Err(Error::new("Function not found"));
    };
    let bad_count = |error| match error {
        Error::NotInteger => Error::new("Bad number of keys provided"),
        other => other,
    };
    let key_count = key_count(args).map_err(bad_count)?;
    let flags = loaded.library.functions()[at].flags;
    let name = loaded.library.functions()[at].name.as_bytes();
    let flags = Some(flags);
    let is_read_only = admit(&core, flags, is_read_only)?;
    let words: Vec<&[u8]> = args.iter_from(3).collect();
    let (keys, args) = words.split_at(key_count);
    let job = Job {
        program: Program::Function { library: &loaded.library, name, keys, args },
        identity: Identity { kind: Kind::Function, name, call: request.args() },
        reach: &loaded.reaches[at],
        keys,
        is_read_only,
        flags,
    };
    let finished = run(request, job).await?;
    request.out = finished.reply;
    Ok(())
}

/// Whether the script of a call says that it does not write.
pub(super) fn eval_only_reads(core: &Core, args: Args<'_>, which: Which) -> bool {
    let flags = match which {
        Which::Digest => {
            core.server.scripts.find(args.at(1)).and_then(|script| script.source.flags())
        }
        Which::Body => {
            let compiles = |source: &script::Source| core.lua.compile(source);
            let learned = core.server.scripts.learn(args.at(1), false, compiles);
            learned.ok().and_then(|script| script.source.flags())
        }
    };
    flags.is_some_and(|flags| flags.contains(Flags::NO_WRITES))
}

/// Whether the function of a call says that it does not write.
pub(super) fn fcall_only_reads(core: &Core, args: Args<'_>) -> bool {
    let found = core.server.libraries.read().function(args.at(1));
    found
        .is_some_and(|(loaded, at)| loaded.library.functions()[at].flags.contains(Flags::NO_WRITES))
}

/// Shows the call to those who monitor: before what it calls.
fn show(request: &Request) {
    let spec = request.core.server.registry.row(request.row).spec;
    monitor::consider_now(&request.core, &request.client, spec, request.args());
}

/// Whether what says this about itself may run now, and (the answer) not write. One that says
/// nothing may do as it likes.
fn admit(core: &Core, flags: Option<Flags>, is_read_only: bool) -> Result<bool> {
    let says = |flag| flags.is_some_and(|flags| flags.contains(flag));
    if is_read_only && flags.is_some() && !says(Flags::NO_WRITES) {
        return Err(Error::new("Can not execute a script with write flag using *_ro command."));
    }
    if flags.is_some() && !says(Flags::NO_WRITES) && Persistence::refusal(core).is_some() {
        return Err(Error::Coded(
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
             persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only \
             scripts."
                .into(),
        ));
    }
    let may_run = flags.is_none() || says(Flags::ALLOW_OOM) || says(Flags::NO_WRITES);
    if !may_run && crate::pressure::is_exceeded(core) {
        return Err(Error::Coded(
            "OOM allow-oom flag is not set on the script, can not run it when used memory > \
             'maxmemory'"
                .into(),
        ));
    }
    Ok(is_read_only || says(Flags::NO_WRITES))
}

fn key_count(args: Args<'_>) -> Result<usize> {
    let count = args.int(2)?;
    let most = args.len() - 3;
    match usize::try_from(count) {
        Ok(count) if count <= most => Ok(count),
        Ok(_) => Err(Error::new("Number of keys can't be greater than number of args")),
        Err(_) => Err(Error::new("Number of keys can't be negative")),
    }
}

/// A script or a function with what it is called with.
struct Job<'a> {
    program: Program<'a>,
    identity: Identity<'a>,
    reach: &'a Reach,
    keys: &'a [&'a [u8]],
    is_read_only: bool,
    flags: Option<Flags>,
}

/// Runs a job to its end. One that turns out to need other keys than it declared, and has
/// written nothing by then, begins again with all keys held.
async fn run(request: &Request, job: Job<'_>) -> Result<Finished> {
    let Job { program, identity, reach, keys, is_read_only, flags } = job;
    let (core, client) = (&request.core, &request.client);
    let mut scope = Scope::choose(core, reach);
    loop {
        let mut host = ScriptHost::new(core, client, scope, identity, keys, is_read_only).await;
        host.may_grow = flags.is_some_and(|flags| flags.contains(Flags::ALLOW_OOM));
        let options = Options { protocol: client.protocol.get() };
        let mut run = core
            .lua
            .start(program, options)
            .map_err(|error| Error::Coded(error.to_string().into()))?;
        let mut with = Resume::Continue;
        let finished = loop {
            match run.resume(&mut host, with) {
                Step::Done(finished) => break Some(finished),
                Step::Slice => with = host.rest().await,
                Step::Call { args, resp3 } => match host.demand(args, resp3).await {
                    Demand::Reply(reply) => with = Resume::Reply(reply),
                    Demand::Everything => break None,
                },
            }
        };
        drop(run);
        match finished {
            Some(finished) => {
                // One that failed has not shown all that it touches.
                if finished.error.is_none() || !host.kept_to_keys() {
                    reach.learn(host.kept_to_keys());
                }
                return Ok(finished);
            }
            None => {
                reach.learn(false);
                scope = Scope::Everything;
            }
        }
    }
}
