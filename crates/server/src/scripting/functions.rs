//! The rows of FCALL and FUNCTION.

use std::rc::Rc;

use command::flag::{ALLOW_BUSY, DENYOOM, MAY_REPLICATE, NOSCRIPT, READONLY, WRITE};
use command::{Args, Error, Group, Result};
use resp::Writer;
use script::Library;

use super::commands::{CHANGED, READ, RUNS, kill_running, spec};
use super::drive::{fcall, fcall_only_reads};
use super::host::log;
use super::libraries::{Policy, Taken};
use super::running::Kind;
use crate::client::Client;
use crate::clock;
use crate::command::{Request, SessionCommand};
use crate::core::{Core, Server};
use crate::help;

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::prompt(
        spec("FCALL function numkeys:int [key...] [arg...]", -3, RUNS | MAY_REPLICATE)
            .key_specs(CHANGED)
            .doc("7.0.0", "that of the function", "Runs a function."),
        |core, client, args, out| fcall(core, client, args, false, out),
    )
    .only_reads_if(fcall_only_reads),
    SessionCommand::prompt(
        spec("FCALL_RO function numkeys:int [key...] [arg...]", -3, RUNS | READONLY)
            .key_specs(READ)
            .doc("7.0.0", "that of the function", "Runs a function that must not write."),
        |core, client, args, out| fcall(core, client, args, true, out),
    ),
    SessionCommand::container(
        spec("FUNCTION", -2, 0).doc(
            "7.0.0",
            "depends on the subcommand",
            "Keeps libraries of functions.",
        ),
        SUBCOMMANDS,
    ),
];

const TO_ALL: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

const SUBCOMMANDS: &[SessionCommand] = &[
    SessionCommand::now(
        spec("DELETE library-name", 3, WRITE | NOSCRIPT).tips(TO_ALL).doc(
            "7.0.0",
            "O(1)",
            "Forgets a library.",
        ),
        delete,
    ),
    SessionCommand::now(
        spec("DUMP", 2, NOSCRIPT).doc("7.0.0", "O(libraries)", "All libraries, for RESTORE."),
        dump,
    ),
    SessionCommand::later(
        spec("FLUSH [async: ASYNC|SYNC]", -2, WRITE | NOSCRIPT).tips(TO_ALL).doc(
            "7.0.0",
            "O(libraries)",
            "FLUSH [ASYNC | SYNC]: forgets all libraries.",
        ),
        |request| Box::pin(flush(request)),
    ),
    help::row(Group::Scripting, "7.0.0"),
    SessionCommand::now(
        spec("KILL", 2, NOSCRIPT | ALLOW_BUSY)
            .tips(&["request_policy:all_shards", "response_policy:one_succeeded"])
            .doc("7.0.0", "O(1)", "Ends functions that run for long and have not written."),
        |core, _, _, reply| kill_running(core, Kind::Function, reply),
    ),
    SessionCommand::now(
        spec("LIST [LIBRARYNAME library-name-pattern] [WITHCODE]", -2, NOSCRIPT)
            .tips(&["nondeterministic_output_order"])
            .doc(
                "7.0.0",
                "O(functions)",
                "LIST [LIBRARYNAME pattern] [WITHCODE]: describes libraries.",
            ),
        list,
    ),
    SessionCommand::now(
        spec("LOAD [REPLACE] function-code", -3, WRITE | DENYOOM | NOSCRIPT).tips(TO_ALL).doc(
            "7.0.0",
            "O(1)",
            "LOAD [REPLACE] code: keeps a library; answers its name.",
        ),
        load,
    ),
    SessionCommand::now(
        spec(
            "RESTORE serialized-value [policy: FLUSH|APPEND|REPLACE]",
            -3,
            WRITE | DENYOOM | NOSCRIPT,
        )
        .tips(TO_ALL)
        .doc(
            "7.0.0",
            "O(libraries)",
            "RESTORE payload [FLUSH | APPEND | REPLACE]: takes in what DUMP gave.",
        ),
        restore,
    ),
    SessionCommand::now(
        spec("STATS", 2, NOSCRIPT | ALLOW_BUSY)
            .tips(&[
                "nondeterministic_output",
                "request_policy:all_shards",
                "response_policy:special",
            ])
            .doc("7.0.0", "O(1)", "The function that runs, and how many there are."),
        stats,
    ),
];

/// What redis-server calls the engine.
const ENGINE: &[u8] = b"LUA";

fn refused(error: &script::Error) -> Error {
    Error::Coded(error.to_string().into())
}

fn load(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let code = args.at(args.len() - 1);
    let mut policy = Policy::Append;
    for option in args.iter_from(2).take(args.len() - 3) {
        if !option.eq_ignore_ascii_case(b"replace") {
            let quoted = command::quotable(option, usize::MAX);
            return Err(Error::Quoting([b"ERR Unknown option given: ", quoted].concat()));
        }
        policy = Policy::Replace;
    }
    let taken = |taken| match taken {
        Taken::Library(name) => Error::made(format!("Library '{name}' already exists")),
        Taken::Function(name) => Error::made(format!("Function {name} already exists")),
    };
    let libraries = &core.server.libraries;
    // A name that is taken counts for more than code that does not run.
    let name = Library::name_of(code).map_err(|error| refused(&error))?;
    if policy == Policy::Append && libraries.read().has(&name) {
        return Err(taken(Taken::Library(name)));
    }
    let library = Library::load(code, &mut log).map_err(|error| refused(&error))?;
    libraries.add(vec![library], policy).map_err(taken)?;
    record(core);
    reply.bulk(name.as_bytes());
    Ok(())
}

fn list(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (mut pattern, mut with_code) = (None, false);
    let mut words = args.iter_from(2);
    while let Some(word) = words.next() {
        if !with_code && word.eq_ignore_ascii_case(b"withcode") {
            with_code = true;
        } else if pattern.is_none() && word.eq_ignore_ascii_case(b"libraryname") {
            let given = words.next();
            pattern = Some(given.ok_or(Error::new("library name argument was not given"))?);
        } else {
            let quoted = command::quotable(word, usize::MAX);
            return Err(Error::Quoting([b"ERR Unknown argument ", quoted].concat()));
        }
    }
    let shelf = core.server.libraries.read();
    let is_wanted = |library: &&Library| {
        pattern.is_none_or(|pattern| stdx::glob::matches(pattern, library.name().as_bytes(), true))
    };
    let libraries: Vec<&Library> = shelf.iter().filter(is_wanted).collect();
    reply.array(libraries.len());
    for library in libraries {
        describe(library, with_code, reply);
    }
    Ok(())
}

fn describe(library: &Library, with_code: bool, reply: &mut Writer<'_>) {
    reply.map(if with_code { 4 } else { 3 });
    reply.bulk(b"library_name");
    reply.bulk(library.name().as_bytes());
    reply.bulk(b"engine");
    reply.bulk(ENGINE);
    reply.bulk(b"functions");
    reply.array(library.functions().len());
    for function in library.functions() {
        reply.map(3);
        reply.bulk(b"name");
        reply.bulk(function.name.as_bytes());
        reply.bulk(b"description");
        match &function.description {
            Some(text) => reply.bulk(text),
            None => reply.null(),
        }
        reply.bulk(b"flags");
        reply.set(function.flags.names().count());
        function.flags.names().for_each(|name| reply.simple(name));
    }
    if with_code {
        reply.bulk(b"library_code");
        reply.bulk(library.body());
    }
}

fn delete(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    if !core.server.libraries.delete(args.at(2)) {
        return Err(Error::new("Library not found"));
    }
    record(core);
    reply.ok();
    Ok(())
}

async fn flush(request: &mut Request) -> Result {
    let args = request.args();
    if args.len() > 3 {
        return Err(wrong_count(args.at(1)));
    }
    let how = args.get(2).unwrap_or(b"sync");
    if !how.eq_ignore_ascii_case(b"sync") && !how.eq_ignore_ascii_case(b"async") {
        return Err(Error::new("FUNCTION FLUSH only supports SYNC|ASYNC option"));
    }
    request.core.server.libraries.flush();
    record(&request.core);
    request.core.gather(|core| core.lua.flush()).await;
    request.reply().ok();
    Ok(())
}

fn wrong_count(subcommand: &[u8]) -> Error {
    let before = "unknown subcommand or wrong number of arguments for '";
    Error::quoting(before, subcommand, "'. Try FUNCTION HELP.")
}

fn dump(core: &Rc<Core>, _: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let shelf = core.server.libraries.read();
    reply.bulk(&rdb::dump_functions(shelf.iter().map(Library::body)));
    Ok(())
}

fn restore(core: &Rc<Core>, _: &Rc<Client>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    if args.len() > 4 {
        return Err(wrong_count(args.at(1)));
    }
    let policy = match args.get(3) {
        None => Policy::Append,
        Some(word) if word.eq_ignore_ascii_case(b"append") => Policy::Append,
        Some(word) if word.eq_ignore_ascii_case(b"replace") => Policy::Replace,
        Some(word) if word.eq_ignore_ascii_case(b"flush") => Policy::Flush,
        Some(_) => {
            return Err(Error::new(
                "Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
    };
    let codes = rdb::load_functions(args.at(2)).map_err(|error| {
        Error::new(match error {
            rdb::Error::BadVersionOrChecksum => "DUMP payload version or checksum are wrong",
            rdb::Error::UnknownType(_) => "given type is not a function",
            rdb::Error::Truncated | rdb::Error::BadData(_) | rdb::Error::Empty(_) => {
                "Failed loading library"
            }
        })
    })?;
    let load = |code| Library::load(code, &mut log).map_err(|error| refused(&error));
    let libraries = codes.into_iter().map(load).collect::<Result<_>>()?;
    let taken = |taken| match taken {
        Taken::Library(name) => Error::made(format!("Library {name} already exists")),
        Taken::Function(name) => Error::made(format!("Function {name} already exists")),
    };
    core.server.libraries.add(libraries, policy).map_err(taken)?;
    record(core);
    reply.ok();
    Ok(())
}

/// Records all libraries as they are now.
fn record(core: &Rc<Core>) {
    let write = |core: &Core| {
        let Some(mut shard) = core.router.shard_mut() else { return };
        // Whoever records last has seen the last change.
        let shelf = core.server.libraries.to_record();
        let payload = rdb::dump_functions(shelf.iter().map(Library::body));
        shard.record(&[b"FUNCTION", b"RESTORE", &payload, b"FLUSH"]);
    };
    let has_shard = core.router.shard().is_some();
    match has_shard {
        true => write(core),
        false => core.router.call(0, move || write(&Core::current())),
    }
}

/// Takes in the libraries of such a record, in the place of all that are there.
pub(crate) fn restore_all(server: &Server, payload: &[u8]) -> std::result::Result<(), String> {
    let codes = rdb::load_functions(payload).map_err(|error| format!("{error:?}"))?;
    let load = |code| Library::load(code, &mut log).map_err(|error| error.to_string());
    let libraries = codes.into_iter().map(load).collect::<std::result::Result<_, _>>()?;
    let added = server.libraries.add(libraries, Policy::Flush);
    added.map_err(|taken| format!("{taken:?} comes twice"))
}

fn stats(core: &Rc<Core>, _: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let running = &core.server.running_scripts;
    let function = running.function();
    if function.is_none() && running.late_kind(|_| true).is_some() {
        return Err(Error::Coded(Kind::Script.busy().into()));
    }
    reply.map(2);
    reply.bulk(b"running_script");
    match function {
        None => reply.null(),
        Some(function) => {
            reply.map(3);
            reply.bulk(b"name");
            reply.bulk(&function.name);
            reply.bulk(b"command");
            reply.array(function.command.len());
            function.command.iter().for_each(|word| reply.bulk(word));
            reply.bulk(b"duration_ms");
            let ran_ticks = core.router.clock().ticks_since(function.begun_ticks);
            let ran_ns = clock::ticks_to_ns(ran_ticks);
            reply.integer((ran_ns / 1_000_000) as i64);
        }
    }
    let shelf = core.server.libraries.read();
    reply.bulk(b"engines");
    reply.map(1);
    reply.bulk(ENGINE);
    reply.map(2);
    reply.bulk(b"libraries_count");
    reply.integer(shelf.len() as i64);
    reply.bulk(b"functions_count");
    reply.integer(shelf.function_count() as i64);
    Ok(())
}
