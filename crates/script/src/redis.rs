//! The `redis` table.

use std::rc::Rc;

use mlua::{Lua, Table, Value};

use crate::convert::read_reply;
use crate::error::{Failure, Raise, refuse};
use crate::host::LogLevel;
use crate::library::Registered;
use crate::native::{Params, error_table, function};
use crate::shared::{Ask, Shared};
use crate::word::{Word, Words, all_words};
use crate::{Flags, source};

/// The version whose behaviour scripts, and clients that read INFO, may expect.
pub const REDIS_VERSION: &str = "8.0.0";
const REDIS_VERSION_NUMBER: u32 = 0x0008_0000;

const LEVELS: [(&str, LogLevel); 4] = [
    ("LOG_DEBUG", LogLevel::Debug),
    ("LOG_VERBOSE", LogLevel::Verbose),
    ("LOG_NOTICE", LogLevel::Notice),
    ("LOG_WARNING", LogLevel::Warning),
];
const REPLICATION: [(&str, u8); 5] =
    [("REPL_NONE", 0), ("REPL_AOF", 1), ("REPL_SLAVE", 2), ("REPL_REPLICA", 2), ("REPL_ALL", 3)];

/// Adds `redis`, what only scripts have of it, and what only libraries have while they load.
pub(crate) fn register(lua: &Lua, shared: &Rc<Shared>, into: &Table) -> mlua::Result<()> {
    let redis = lua.create_table()?;
    let of = |body: fn(&Params<'_>, &Shared) -> mlua::Result<Value>| {
        let shared = Rc::clone(shared);
        function(lua, move |params| body(params, &shared))
    };
    for (name, raises) in [("call", true), ("pcall", false)] {
        let shared = Rc::clone(shared);
        let body = move |lua: &Lua, words: Words| call(lua, &words, &shared, raises);
        redis.set(name, lua.create_function(body)?)?;
    }
    redis.set("error_reply", of(|params, _| error_reply(params))?)?;
    redis.set("status_reply", of(|params, _| status_reply(params))?)?;
    redis.set("sha1hex", of(|params, _| sha1hex(params))?)?;
    redis.set("setresp", of(set_resp)?)?;
    redis.set("set_repl", of(set_replication)?)?;
    let asking = Rc::clone(shared);
    let body = move |_: &Lua, words: Words| may_call(&words, &asking);
    redis.set("acl_check_cmd", lua.create_function(body)?)?;
    for (name, flags) in REPLICATION {
        redis.set(name, flags)?;
    }
    let only_load = lua.create_table()?;
    for table in [&redis, &only_load] {
        table.set("log", of(log)?)?;
        for (number, (name, _)) in LEVELS.iter().enumerate() {
            table.set(*name, number)?;
        }
        table.set("REDIS_VERSION", REDIS_VERSION)?;
        table.set("REDIS_VERSION_NUM", REDIS_VERSION_NUMBER)?;
    }
    only_load.set("register_function", of(register_function)?)?;
    // There is no debugger to stop in, and effects are replicated always.
    let only_eval = lua.create_table()?;
    only_eval.set("breakpoint", of(|_, _| Ok(Value::Boolean(false)))?)?;
    only_eval.set("debug", function(lua, |_| Ok(()))?)?;
    only_eval.set("replicate_commands", of(|_, _| Ok(Value::Boolean(true)))?)?;
    into.set("redis", redis)?;
    into.set("only_eval", only_eval)?;
    into.set("only_load", only_load)
}

/// The arguments as a command's.
fn command(words: &Words, shared: &Shared) -> mlua::Result<Box<Ask>> {
    if matches!(words.0, Word::Absent) {
        return refuse("Please specify at least one argument for this redis lib call");
    }
    let mut ask = shared.new_ask();
    if !all_words(words, |word| ask.push(word)) {
        return refuse("Lua redis lib command arguments must be strings or integers");
    }
    Ok(ask)
}

fn call(lua: &Lua, words: &Words, shared: &Shared, raises: bool) -> mlua::Result<Value> {
    let ask = match command(words, shared) {
        Ok(ask) => ask,
        Err(error) if raises => return Err(error),
        Err(error) => {
            return match error.downcast_ref::<Raise>() {
                Some(Raise::Reply(failure)) => error_table(lua, failure).map(Value::Table),
                _ => Err(error),
            };
        }
    };
    shared.call(lua, ask, |reply| match reply.strip_prefix(b"-") {
        Some(error) if raises => Err(Raise::Reply(failed(error)).into()),
        Some(error) => error_table(lua, &failed(error)).map(Value::Table),
        None => read_reply(lua, reply),
    })
}

/// The error of a command that answered it.
pub(crate) fn failed(reply: &[u8]) -> Failure {
    // A text without a code gets one; what is behind it ends as one line.
    let (code, message) = match reply.iter().position(|byte| *byte == b' ') {
        Some(space) => (&reply[..space], &reply[space + 1..]),
        None => (b"ERR".as_slice(), reply),
    };
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = message.iter().position(|byte| !is_end(byte)).unwrap_or(message.len());
    let end = message.iter().rposition(|byte| !is_end(byte)).map_or(start, |last| last + 1);
    let text = [code, b" ", &message[start..end]].concat();
    Failure { text, counted: true }
}

fn only_string<'a>(params: &Params<'a>) -> Option<&'a mlua::LuaString> {
    match params.values() {
        [Value::String(text)] => Some(text),
        _ => None,
    }
}

fn wrong_arguments(params: &Params<'_>) -> mlua::Result<Value> {
    let text = b"ERR wrong number or type of arguments".to_vec();
    error_table(params.lua, &Failure { text, counted: false }).map(Value::Table)
}

fn error_reply(params: &Params<'_>) -> mlua::Result<Value> {
    let Some(text) = only_string(params) else { return wrong_arguments(params) };
    let text = text.as_bytes();
    let failure = failed(text.strip_prefix(b"-").unwrap_or(&text));
    error_table(params.lua, &Failure { counted: false, ..failure }).map(Value::Table)
}

fn status_reply(params: &Params<'_>) -> mlua::Result<Value> {
    let Some(text) = only_string(params) else { return wrong_arguments(params) };
    let table = params.lua.create_table_with_capacity(0, 1)?;
    table.raw_set("ok", text)?;
    Ok(Value::Table(table))
}

fn sha1hex(params: &Params<'_>) -> mlua::Result<Value> {
    if params.len() != 1 {
        return refuse("wrong number of arguments");
    }
    let text = match params.get(0) {
        Value::String(_) | Value::Integer(_) | Value::Number(_) => params.string(0)?,
        _ => params.lua.create_string("")?,
    };
    let digest = source::digest(&text.as_bytes());
    params.lua.create_string(digest).map(Value::String)
}

/// An argument as a number, and 0 if it is none.
fn number_or_0(params: &Params<'_>, index: usize) -> i64 {
    params.integer(index).unwrap_or_default()
}

fn set_resp(params: &Params<'_>, shared: &Shared) -> mlua::Result<Value> {
    if params.len() != 1 {
        return refuse("redis.setresp() requires one argument.");
    }
    match number_or_0(params, 0) {
        2 => shared.resp3.set(false),
        3 => shared.resp3.set(true),
        _ => return refuse("RESP version must be 2 or 3."),
    }
    Ok(Value::Nil)
}

fn set_replication(params: &Params<'_>, shared: &Shared) -> mlua::Result<Value> {
    if params.len() != 1 {
        return refuse("redis.set_repl() requires one argument.");
    }
    match u8::try_from(number_or_0(params, 0)) {
        Ok(flags @ 0..=3) => shared.set_replication(flags)?,
        _ => {
            let names = "REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE";
            return refuse(format!("Invalid replication flags. Use {names}."));
        }
    }
    Ok(Value::Nil)
}

fn log(params: &Params<'_>, shared: &Shared) -> mlua::Result<Value> {
    if params.len() < 2 {
        return refuse("redis.log() requires two arguments or more.");
    }
    let Ok(level) = params.integer(0) else {
        return refuse("First argument must be a number (log level).");
    };
    let level = usize::try_from(level).ok().and_then(|level| LEVELS.get(level));
    let Some((_, level)) = level else { return refuse("Invalid log level.") };
    let mut line = Vec::new();
    for index in 1..params.len() {
        // What is neither text nor number is left out.
        if let Ok(text) = params.string(index) {
            if index > 1 {
                line.push(b' ');
            }
            line.extend_from_slice(&text.as_bytes());
        }
    }
    let mut ask = shared.new_ask();
    ask.push(&line);
    shared.log(ask, *level)?;
    Ok(Value::Nil)
}

fn may_call(words: &Words, shared: &Shared) -> mlua::Result<Value> {
    let ask = command(words, shared)?;
    match shared.may_call(ask)? {
        Some(may) => Ok(Value::Boolean(may)),
        None => refuse("Invalid command passed to redis.acl_check_cmd()"),
    }
}

fn register_function(params: &Params<'_>, shared: &Shared) -> mlua::Result<Value> {
    if shared.loading.borrow().is_none() {
        return refuse("redis.register_function can only be called on FUNCTION LOAD command");
    }
    let function = match params.values() {
        [one] => named(params, one),
        [name, body] => positional(params, name, body),
        _ => return refuse("wrong number of arguments to redis.register_function"),
    };
    let function = match function? {
        Ok(function) => function,
        Err(text) => return refuse(text),
    };
    let mut loading = shared.loading.borrow_mut();
    match loading.as_mut().map(|loading| loading.register(function)) {
        Some(Err(text)) => refuse(text),
        _ => Ok(Value::Nil),
    }
}

type Read = mlua::Result<Result<Registered, &'static str>>;

/// Text of a string or a number.
fn text(params: &Params<'_>, value: &Value) -> mlua::Result<Option<Vec<u8>>> {
    match value {
        Value::String(_) | Value::Integer(_) | Value::Number(_) => {
            let text = params.lua.coerce_string(value.clone())?;
            Ok(text.map(|text| text.as_bytes().to_vec()))
        }
        _ => Ok(None),
    }
}

fn positional(params: &Params<'_>, name: &Value, body: &Value) -> Read {
    let Some(name) = text(params, name)? else {
        return Ok(Err("first argument to redis.register_function must be a string"));
    };
    let Value::Function(body) = body else {
        return Ok(Err("second argument to redis.register_function must be a function"));
    };
    let body = body.clone();
    Ok(Ok(Registered { name, description: None, flags: Flags::default(), body }))
}

fn named(params: &Params<'_>, arguments: &Value) -> Read {
    let Value::Table(arguments) = arguments else {
        return Ok(Err(
            "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
        ));
    };
    let (mut name, mut description, mut body) = (None, None, None);
    let mut flags = Flags::default();
    for pair in arguments.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let Some(key) = text(params, &key)? else {
            return Ok(Err("named argument key given to redis.register_function is not a string"));
        };
        match key.to_ascii_lowercase().as_slice() {
            b"function_name" => match text(params, &value)? {
                Some(given) => name = Some(given),
                None => {
                    return Ok(Err(
                        "function_name argument given to redis.register_function must be a string",
                    ));
                }
            },
            b"description" => match text(params, &value)? {
                Some(given) => description = Some(given),
                None => {
                    return Ok(Err(
                        "description argument given to redis.register_function must be a string",
                    ));
                }
            },
            b"callback" => match value {
                Value::Function(given) => body = Some(given),
                _ => {
                    return Ok(Err(
                        "callback argument given to redis.register_function must be a function",
                    ));
                }
            },
            b"flags" => {
                let Value::Table(given) = value else {
                    return Ok(Err(
                        "flags argument to redis.register_function must be a table representing function flags",
                    ));
                };
                let Some(given) = read_flags(&given)? else { return Ok(Err("unknown flag given")) };
                flags = given;
            }
            _ => return Ok(Err("unknown argument given to redis.register_function")),
        }
    }
    let Some(name) = name else {
        return Ok(Err("redis.register_function must get a function name argument"));
    };
    let Some(body) = body else {
        return Ok(Err("redis.register_function must get a callback argument"));
    };
    Ok(Ok(Registered { name, description, flags, body }))
}

fn read_flags(given: &Table) -> mlua::Result<Option<Flags>> {
    let mut flags = Flags::default();
    for index in 1.. {
        let flag = match given.raw_get::<Value>(index)? {
            Value::Nil => break,
            Value::String(name) => Flags::named_ignoring_case(&name.as_bytes()),
            _ => None,
        };
        let Some(flag) = flag else { return Ok(None) };
        flags = flags.and(flag);
    }
    Ok(Some(flags))
}
