//! Libraries of functions.

use std::sync::atomic::{AtomicU64, Ordering};

use mlua::{Function as LuaFunction, Lua, Table, Value};

use crate::engine::message;
use crate::interpreter::Interpreter;
use crate::source::quoting;
use crate::{Called, Error, Flags, Host, LogLevel, Slice};

/// How much memory loading may take.
const MEMORY_BYTES_MAX: usize = 128 * 1024 * 1024;
/// How often loading is looked at before it is given up: some hundred milliseconds.
const LOOKS_MAX: usize = 5_000;

static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// Functions that were loaded together.
#[derive(Debug)]
pub struct Library {
    name: String,
    code: Vec<u8>,
    code_at: usize,
    functions: Vec<Function>,
    number: u64,
}

/// A function as its library describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, unique among all libraries.
    pub name: String,
    /// What it is for.
    pub description: Option<Vec<u8>>,
    /// What it says about itself.
    pub flags: Flags,
}

/// What a library has registered so far.
#[derive(Default)]
pub(crate) struct Loading {
    functions: Vec<(Function, LuaFunction)>,
}

impl Library {
    /// Reads a library's first line and runs its code, which registers functions.
    ///
    /// # Errors
    /// As FUNCTION LOAD answers them. Whether names are taken is not known here.
    pub fn load(
        code: impl Into<Vec<u8>>,
        log: &mut dyn FnMut(LogLevel, &[u8]),
    ) -> Result<Library, Error> {
        let code = code.into();
        let (name, code_at) = shebang(&code)?;
        let mut host = Loader { looks: 0, log };
        let loading = Interpreter::new(MEMORY_BYTES_MAX)?.load(&code[code_at..], &mut host)?;
        if loading.functions.is_empty() {
            return Err(Error::new("No functions registered"));
        }
        let functions = loading.functions.into_iter().map(|(function, _)| function).collect();
        Ok(Library {
            name,
            code,
            code_at,
            functions,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// The name that code gives itself in its first line.
    ///
    /// # Errors
    /// If that line is wrong.
    pub fn name_of(code: &[u8]) -> Result<String, Error> {
        shebang(code).map(|(name, _)| name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What FUNCTION LOAD was given.
    pub fn body(&self) -> &[u8] {
        &self.code
    }

    /// Its functions, in the order in which they were registered.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// What it takes, in bytes, without what interpreters made of it.
    pub fn memory_bytes(&self) -> usize {
        let function_bytes = |function: &Function| {
            let description = function.description.as_ref().map_or(0, Vec::capacity);
            size_of::<Function>() + function.name.capacity() + description
        };
        let functions: usize = self.functions.iter().map(function_bytes).sum();
        size_of::<Self>() + self.name.capacity() + self.code.capacity() + functions
    }

    pub(crate) fn code(&self) -> &[u8] {
        &self.code[self.code_at..]
    }

    /// Unlike a name, never used for another library.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Loading {
    /// The functions by their names, in one table.
    pub(crate) fn into_functions(self, lua: &Lua) -> mlua::Result<Table> {
        let functions = self.functions.into_iter();
        lua.create_table_from(functions.map(|(function, body)| (function.name, body)))
    }

    /// # Errors
    /// If the name is taken or no name.
    pub(crate) fn register(&mut self, function: Registered) -> Result<(), &'static str> {
        let Some(name) = valid_name(&function.name) else { return Err(BAD_NAME) };
        if self.functions.iter().any(|(known, _)| known.name == name) {
            return Err("Function already exists in the library");
        }
        let Registered { description, flags, body, .. } = function;
        self.functions.push((Function { name, description, flags }, body));
        Ok(())
    }
}

/// A function as `redis.register_function` got it.
pub(crate) struct Registered {
    pub(crate) name: Vec<u8>,
    pub(crate) description: Option<Vec<u8>>,
    pub(crate) flags: Flags,
    pub(crate) body: LuaFunction,
}

/// How a run of a library's code ended.
pub(crate) fn registered(result: mlua::Result<(bool, Value)>) -> Result<(), String> {
    match result {
        Ok((true, _)) => Ok(()),
        Ok((false, Value::Table(error))) => {
            let text: Option<mlua::LuaString> = error.raw_get("err").unwrap_or_default();
            Err(text.map_or_else(|| "ERR unknown error".to_owned(), |text| text.to_string_lossy()))
        }
        Ok((false, Value::String(text))) => Err(format!("ERR {}", text.to_string_lossy())),
        Ok((false, _)) => Err("ERR unknown error".to_owned()),
        Err(error) => Err(format!("ERR {}", message(&error))),
    }
}

const BAD_NAME: &str = "Library names can only contain letters, numbers, or underscores(_) and \
                        must be at least one character long";

fn valid_name(name: &[u8]) -> Option<String> {
    let valid = !name.is_empty() && name.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'_');
    valid.then(|| String::from_utf8_lossy(name).into_owned())
}

/// The name, and where the code begins, with the line end of the first line.
fn shebang(code: &[u8]) -> Result<(String, usize), Error> {
    if !code.starts_with(b"#!") {
        return Err(Error::new("Missing library metadata"));
    }
    let invalid = || Error::new("Invalid library metadata");
    let end = code.iter().position(|&byte| byte == b'\n').ok_or_else(invalid)?;
    let parts = resp::split_args(&code[..end]).map_err(|_| invalid())?;
    let (engine, options) = parts.split_first().ok_or_else(invalid)?;
    let mut name = None;
    for option in options {
        let value = option.get(..5).filter(|word| word.eq_ignore_ascii_case(b"name="));
        if value.is_none() {
            return Err(quoting("Invalid metadata value given", option));
        }
        if name.replace(&option[5..]).is_some() {
            let text = "Invalid metadata value, name argument was given multiple times";
            return Err(Error::new(text));
        }
    }
    let name = name.ok_or_else(|| Error::new("Library name was not given"))?;
    let name = valid_name(name).ok_or_else(|| Error::new(BAD_NAME))?;
    let engine = &engine[2..];
    if !engine.eq_ignore_ascii_case(b"lua") {
        let engine = String::from_utf8_lossy(engine);
        return Err(Error::new(format!("Engine '{engine}' not found")));
    }
    Ok((name, end))
}

/// Whom code that is being loaded asks: it may log, and not take long.
struct Loader<'a> {
    looks: usize,
    log: &'a mut dyn FnMut(LogLevel, &[u8]),
}

impl Host for Loader<'_> {
    fn call(&mut self, _: &[&[u8]], _: bool, reply: &mut Vec<u8>) -> Called {
        crate::Stopped.call(&[], false, reply)
    }

    fn slice(&mut self) -> Slice {
        self.looks += 1;
        if self.looks < LOOKS_MAX {
            return Slice::Continue;
        }
        Slice::Kill("FUNCTION LOAD timeout".to_owned())
    }

    fn log(&mut self, level: LogLevel, text: &[u8]) {
        (self.log)(level, text);
    }

    fn set_replication(&mut self, _: u8) {}

    fn may_call(&mut self, _: &[&[u8]]) -> Option<bool> {
        None
    }
}
