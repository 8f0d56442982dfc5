//! Functions that the prelude builds on, and how functions of ours read arguments and refuse them
//! as those written in C do.

use std::rc::Rc;

use mlua::chunk::ChunkMode;
use mlua::{Function, IntoLuaMulti, Lua, LuaString, MultiValue, Table, Value, Variadic};

use crate::engine::message;
use crate::error::{Failure, Raise};
use crate::shared::Shared;

/// The name that frames of the prelude have.
const PRELUDE: &str = "=merops";
/// How many items of a pattern may need a level of recursion each.
const PATTERN_ITEMS_MAX: usize = 4096;

/// Arguments of a call from Lua.
pub(crate) struct Params<'a> {
    pub(crate) lua: &'a Lua,
    values: &'a [Value],
}

impl<'a> Params<'a> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// What was given at `index`, from 0.
    pub(crate) fn get(&self, index: usize) -> &'a Value {
        self.values.get(index).unwrap_or(&Value::Nil)
    }

    pub(crate) fn values(&self) -> &'a [Value] {
        self.values
    }

    pub(crate) fn string(&self, index: usize) -> mlua::Result<LuaString> {
        match self.get(index) {
            Value::String(string) => Ok(string.clone()),
            number @ (Value::Number(_) | Value::Integer(_)) => {
                let text = self.lua.coerce_string(number.clone())?;
                text.ok_or_else(|| self.expected(index, "string"))
            }
            _ => Err(self.expected(index, "string")),
        }
    }

    pub(crate) fn number(&self, index: usize) -> mlua::Result<f64> {
        let number = match self.get(index) {
            Value::Number(number) => Some(*number),
            Value::Integer(integer) => Some(*integer as f64),
            string @ Value::String(_) => self.lua.coerce_number(string.clone())?,
            _ => None,
        };
        number.ok_or_else(|| self.expected(index, "number"))
    }

    pub(crate) fn integer(&self, index: usize) -> mlua::Result<i64> {
        self.number(index).map(truncated)
    }

    pub(crate) fn integer_or(&self, index: usize, default: i64) -> mlua::Result<i64> {
        if self.get(index).is_nil() { Ok(default) } else { self.integer(index) }
    }

    /// An error that names the argument.
    pub(crate) fn refuse(&self, index: usize, text: &str) -> mlua::Error {
        let name = self.lua.inspect_stack(0, |debug| debug.names().name.map(Into::into));
        let name: String = name.flatten().unwrap_or_else(|| "?".to_owned());
        self.fail(format!("bad argument #{} to '{name}' ({text})", index + 1))
    }

    fn expected(&self, index: usize, what: &str) -> mlua::Error {
        let got = self.values.get(index).map_or("no value", type_name);
        self.refuse(index, &format!("{what} expected, got {got}"))
    }

    /// An error that says where the script called.
    pub(crate) fn fail(&self, text: impl AsRef<[u8]>) -> mlua::Error {
        let mut message = place(self.lua, 1);
        message.extend_from_slice(text.as_ref());
        Raise::Text(message).into()
    }
}

/// As C makes an integer of a double on the machines that Redis knows.
pub(crate) fn truncated(number: f64) -> i64 {
    let fits = number >= i64::MIN as f64 && number < i64::MAX as f64;
    if fits { number as i64 } else { i64::MIN }
}

/// Lua's name of a value's type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "number",
        Value::LightUserData(_) | Value::Error(_) => "userdata",
        other => other.type_name(),
    }
}

/// Where the frame at a level is, as messages begin.
fn place(lua: &Lua, level: usize) -> Vec<u8> {
    let place = lua.inspect_stack(level, |debug| {
        let line = debug.current_line()?;
        Some(format!("{}:{line}: ", debug.source().short_src?))
    });
    place.flatten().unwrap_or_default().into_bytes()
}

/// A function for Lua.
pub(crate) fn function<R: IntoLuaMulti>(
    lua: &Lua,
    body: impl Fn(&Params<'_>) -> mlua::Result<R> + 'static,
) -> mlua::Result<Function> {
    lua.create_function(move |lua, values: Variadic<Value>| body(&Params { lua, values: &values }))
}

/// Fills the table that the prelude takes.
pub(crate) fn register(lua: &Lua, shared: &Rc<Shared>, into: &Table) -> mlua::Result<()> {
    into.set("translate", function(lua, |params| visible(params.lua, params.get(0), true))?)?;
    into.set("describe", function(lua, |params| visible(params.lua, params.get(0), false))?)?;
    into.set(
        "is_killed",
        function(lua, |params| Ok(matches!(raised(params.get(0)), Some(Raise::Killed(_)))))?,
    )?;
    into.set("locate", function(lua, locate)?)?;
    into.set("compile", function(lua, compile)?)?;
    into.set(
        "is_simple_pattern",
        function(lua, |params| {
            let pattern = params.string(0)?;
            let items = pattern.as_bytes().iter().filter(|byte| b"?*+-(".contains(byte)).count();
            Ok(items <= PATTERN_ITEMS_MAX)
        })?,
    )?;
    let breathing = Rc::clone(shared);
    into.set("breathe", function(lua, move |_| Ok(breathing.breathe()?))?)?;
    let random = Rc::clone(shared);
    into.set("random", function(lua, move |params| draw(params, random.random.next()))?)?;
    let seeded = Rc::clone(shared);
    into.set(
        "randomseed",
        function(lua, move |params| {
            seeded.random.seed(params.integer(0)? as i32);
            Ok(())
        })?,
    )
}

fn draw(params: &Params<'_>, number: f64) -> mlua::Result<f64> {
    let int = |index| params.integer(index).map(|integer| integer as i32);
    let (low, high) = match params.len() {
        0 => return Ok(number),
        1 => (1, int(0)?),
        2 => (int(0)?, int(1)?),
        _ => return Err(params.fail("wrong number of arguments")),
    };
    if low > high {
        return Err(params.refuse(params.len() - 1, "interval is empty"));
    }
    let width = f64::from(high) - f64::from(low) + 1.0;
    Ok((number * width).floor() + f64::from(low))
}

fn raised(error: &Value) -> Option<&Raise> {
    match error {
        Value::Error(error) => error.downcast_ref::<Raise>(),
        _ => None,
    }
}

/// What one of our errors stands for; an end of the script is raised again if `again`.
fn visible(lua: &Lua, error: &Value, again: bool) -> mlua::Result<Value> {
    match raised(error) {
        Some(Raise::Text(text)) => lua.create_string(text).map(Value::String),
        Some(Raise::Killed(text)) if again => Err(Raise::Killed(text.clone()).into()),
        Some(Raise::Killed(text)) => {
            let failure = Failure { text: [b"ERR ", &text[..]].concat(), counted: false };
            error_table(lua, &failure).map(Value::Table)
        }
        Some(Raise::Reply(failure)) => error_table(lua, failure).map(Value::Table),
        None => match error {
            // Of mlua's own, which end in a traceback.
            Value::Error(error) => lua.create_string(message(error)).map(Value::String),
            other => Ok(other.clone()),
        },
    }
}

/// The table that stands for an error reply.
pub(crate) fn error_table(lua: &Lua, failure: &Failure) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 4)?;
    table.raw_set("err", bstr::BStr::new(&failure.text))?;
    if failure.counted {
        table.raw_set("ignore_error_stats_update", true)?;
    }
    Ok(table)
}

/// The script's innermost frame: its source, its line, and both as messages begin. A tail call into
/// the prelude leaves no frame of the script; then it is the beginning of the function given.
fn locate(params: &Params<'_>) -> mlua::Result<(String, usize, String)> {
    let lua = params.lua;
    // Level 0 is this function.
    for level in 1.. {
        let found = lua.inspect_stack(level, |debug| {
            let source = debug.source();
            let name = source.source.unwrap_or_default().into_owned();
            let is_script = source.what != "C" && source.what != "tail" && name != PRELUDE;
            let short = source.short_src.unwrap_or_default().into_owned();
            is_script.then(|| (name, debug.current_line().unwrap_or(0), short))
        });
        match found {
            Some(Some((name, line, short))) => {
                let place = format!("{short}:{line}: ");
                return Ok((name, line, place));
            }
            Some(None) => {}
            None => break,
        }
    }
    let Value::Function(running) = params.get(0) else { return Ok(Default::default()) };
    let info = running.info();
    let (name, line) = (info.source.unwrap_or_default(), info.line_defined.unwrap_or(0).max(1));
    let place = format!("{}:{line}: ", info.short_src.unwrap_or_default());
    Ok((name, line, place))
}

/// `loadstring`, for text only.
fn compile(params: &Params<'_>) -> mlua::Result<MultiValue> {
    let (code, name) = (params.string(0)?, params.string(1)?);
    match load(params.lua, &code.as_bytes(), &name.as_bytes()) {
        Ok(function) => (function,).into_lua_multi(params.lua),
        Err(mlua::Error::SyntaxError { message, .. }) => {
            (Value::Nil, message).into_lua_multi(params.lua)
        }
        Err(other) => Err(other),
    }
}

/// Compiles text.
pub(crate) fn load(lua: &Lua, code: &[u8], name: &[u8]) -> mlua::Result<Function> {
    let shown = name.split(|&byte| byte == 0).next().unwrap_or_default();
    let shown = String::from_utf8_lossy(shown).into_owned();
    // The parser does not hold the name: were it collected meanwhile, its memory would be read.
    let held = lua.create_string(&shown)?;
    // What begins like compiled code gets the parser's error, not mlua's.
    let spaced = code.first().is_some_and(|&byte| byte == 27).then(|| [b" ", code].concat());
    let code = spaced.as_deref().unwrap_or(code);
    let function = lua.load(code).set_name(shown).set_mode(ChunkMode::Text).into_function();
    drop(held);
    function
}
