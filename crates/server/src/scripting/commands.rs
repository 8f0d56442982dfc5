//! The rows.

use std::rc::Rc;

use command::flag::{
    ALLOW_BUSY, MAY_REPLICATE, MOVABLEKEYS, NO_MANDATORY_KEYS, NOSCRIPT, READONLY, SCRIPT_RUNNER,
    SKIP_MONITOR, STALE,
};
use command::{Args, Error, Find, Group, KeySpec, Result, Spec, access};
use resp::Writer;

use super::drive::{Which, eval, eval_only_reads};
use super::running::{Kind, NotKilled};
use crate::client::Client;
use crate::command::{Request, SessionCommand};
use crate::core::Core;
use crate::help;

pub(super) const RUNS: u32 =
    NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS | MOVABLEKEYS | SCRIPT_RUNNER;

const fn keys(access: command::Access) -> [KeySpec; 1] {
    let find = Find::KeyNum { count_at: 0, first: 1, step: 1 };
    [KeySpec { find, ..KeySpec::at(2, access) }]
}
pub(super) const CHANGED: &[KeySpec] = &keys(access::RW | access::ACCESS | access::UPDATE_DATA);
pub(super) const READ: &[KeySpec] = &keys(access::RO | access::ACCESS);

pub(super) const fn spec(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Scripting, usage, arity, flags)
}

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::prompt(
        spec("EVAL script numkeys:int [key...] [arg...]", -3, RUNS | MAY_REPLICATE)
            .key_specs(CHANGED)
            .doc("2.6.0", "that of the script", "Runs a Lua script."),
        |core, client, args, out| eval(core, client, args, (Which::Body, false), out),
    )
    .only_reads_if(|core, args| eval_only_reads(core, args, Which::Body)),
    SessionCommand::prompt(
        spec("EVALSHA sha1 numkeys:int [key...] [arg...]", -3, RUNS | MAY_REPLICATE)
            .key_specs(CHANGED)
            .doc(
                "2.6.0",
                "that of the script",
                "Runs a Lua script that the server knows, by its digest.",
            ),
        |core, client, args, out| eval(core, client, args, (Which::Digest, false), out),
    )
    .only_reads_if(|core, args| eval_only_reads(core, args, Which::Digest)),
    SessionCommand::prompt(
        spec("EVALSHA_RO sha1 numkeys:int [key...] [arg...]", -3, RUNS | READONLY)
            .key_specs(READ)
            .doc(
                "7.0.0",
                "that of the script",
                "Runs a Lua script that the server knows and that must not write.",
            ),
        |core, client, args, out| eval(core, client, args, (Which::Digest, true), out),
    ),
    SessionCommand::prompt(
        spec("EVAL_RO script numkeys:int [key...] [arg...]", -3, RUNS | READONLY)
            .key_specs(READ)
            .doc("7.0.0", "that of the script", "Runs a Lua script that must not write."),
        |core, client, args, out| eval(core, client, args, (Which::Body, true), out),
    ),
    SessionCommand::container(
        spec("SCRIPT", -2, 0).doc("2.6.0", "depends on the subcommand", "Keeps scripts."),
        SUBCOMMANDS,
    ),
];

const SUBCOMMANDS: &[SessionCommand] = &[
    SessionCommand::now(
        spec("DEBUG (mode: YES|SYNC|NO)", 3, NOSCRIPT).doc(
            "3.2.0",
            "O(1)",
            "NO switches the debugger off; there is none to switch on.",
        ),
        debug,
    ),
    SessionCommand::now(
        spec("EXISTS sha1...", -3, NOSCRIPT)
            .tips(&["request_policy:all_shards", "response_policy:agg_logical_and"])
            .doc("2.6.0", "O(digests)", "Whether the server knows scripts with these digests."),
        exists,
    ),
    SessionCommand::later(
        spec("FLUSH [async: ASYNC|SYNC]", -2, NOSCRIPT)
            .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
            .doc("2.6.0", "O(scripts)", "FLUSH [ASYNC | SYNC]: forgets all scripts."),
        |request| Box::pin(flush(request)),
    ),
    help::row(Group::Scripting, "5.0.0"),
    SessionCommand::now(
        spec("KILL", 2, NOSCRIPT | ALLOW_BUSY)
            .tips(&["request_policy:all_shards", "response_policy:one_succeeded"])
            .doc("2.6.0", "O(1)", "Ends scripts that run for long and have not written."),
        kill,
    ),
    SessionCommand::now(
        spec("LOAD script", 3, NOSCRIPT | STALE)
            .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
            .doc("2.6.0", "O(bytes)", "Keeps a script for EVALSHA; answers its digest."),
        load,
    ),
    SessionCommand::now(
        spec("SHOW sha1", 3, NOSCRIPT | STALE).doc("8.0.0", "O(1)", "The script of a digest."),
        show,
    ),
];

fn debug(_: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    if args.at(2).eq_ignore_ascii_case(b"no") {
        reply.ok();
        return Ok(());
    }
    if args.at(2).eq_ignore_ascii_case(b"yes") || args.at(2).eq_ignore_ascii_case(b"sync") {
        return Err(Error::new("There is no debugger for scripts"));
    }
    Err(Error::new("Use SCRIPT DEBUG YES/SYNC/NO"))
}

fn exists(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.array(args.len() - 2);
    for digest in args.iter_from(2) {
        reply.integer(i64::from(core.server.scripts.find(digest).is_some()));
    }
    Ok(())
}

async fn flush(request: &mut Request) -> Result {
    let args = request.args();
    let how = args.get(2).unwrap_or(b"sync");
    let is_known = how.eq_ignore_ascii_case(b"sync") || how.eq_ignore_ascii_case(b"async");
    if args.len() > 3 || !is_known {
        return Err(Error::new("SCRIPT FLUSH only support SYNC|ASYNC option"));
    }
    request.core.server.scripts.flush();
    request.core.gather(|core| core.lua.flush_scripts()).await;
    request.reply().ok();
    Ok(())
}

fn kill(core: &Rc<Core>, _: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    kill_running(core, Kind::Script, reply)
}

/// SCRIPT KILL and FUNCTION KILL.
pub(super) fn kill_running(core: &Core, kind: Kind, reply: &mut Writer<'_>) -> Result {
    match core.server.running_scripts.kill(kind) {
        Ok(()) => {
            reply.ok();
            Ok(())
        }
        Err(NotKilled::NotBusy) => {
            Err(Error::Coded("NOTBUSY No scripts in execution right now.".into()))
        }
        Err(NotKilled::HasWritten) => Err(Error::Coded(
            "UNKILLABLE Sorry the script already executed write commands against the dataset. \
             You can either wait the script termination or kill the server in a hard way using \
             the SHUTDOWN NOSAVE command."
                .into(),
        )),
        Err(NotKilled::Other(kind)) => Err(Error::Coded(kind.busy().into())),
    }
}

fn load(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let compiles = |source: &script::Source| core.lua.compile(source);
    let script = core.server.scripts.learn(args.at(2), true, compiles);
    let script = script.map_err(|error| Error::Coded(error.to_string().into()))?;
    reply.bulk(script.source.digest());
    Ok(())
}

fn show(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let script = core.server.scripts.find(args.at(2)).ok_or(super::drive::NO_SCRIPT)?;
    reply.bulk(script.source.body());
    Ok(())
}
