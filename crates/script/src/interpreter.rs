//! One Lua state with a stack of its own, which runs one script at a time and is used again.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use ahash::AHashMap;
use mlua::{Function, Lua, Table, Value};
use resp::Protocol;
use stdx::fiber::{Fiber, Link};

use crate::convert::{Names, write_error, write_value};
use crate::error::Raise;
use crate::host::{Called, Host, LogLevel, Slice};
use crate::library::{Library, Loading, registered};
use crate::native::load;
use crate::random::Random;
use crate::run::{Finished, Options};
use crate::sandbox::{Sandbox, collect_rarely};
use crate::{Error, Source};

/// Enough for the deepest recursion that Lua, its libraries and our conversions allow, and a
/// command's handler on top. Only what is used takes memory.
const STACK_BYTES: usize = 8 * 1024 * 1024;
/// Compiled scripts of one generation; two are kept. Each takes one of the few thousand places for Lua values that we hold.
const SCRIPTS_MAX: usize = 128;
/// An interpreter that is larger after a script is swept before the next, unless it keeps as much.
const SWEEP_BYTES: usize = 8 * 1024 * 1024;

/// Replies up to this length are read without a limit of memory.
const SHORT_BYTES: usize = 16 * 1024;

/// What a script asks its host.
pub(crate) struct Ask {
    what: What,
    /// All arguments behind each other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    reply: Vec<u8>,
}

enum What {
    Call { resp3: bool, called: Called },
    Slice(Slice),
    Log(LogLevel),
    SetReplication(u8),
    MayCall(Option<bool>),
}

impl Ask {
    fn answer(&mut self, host: &mut dyn Host) {
        let Ask { what, bytes, ends, reply } = self;
        let mut start = 0;
        let mut args = ends.iter().map(|&end| &bytes[std::mem::replace(&mut start, end)..end]);
        match what {
            What::Call { resp3, called } if ends.len() <= 8 => {
                let mut few = [&[][..]; 8];
                few.iter_mut().zip(&mut args).for_each(|(place, arg)| *place = arg);
                *called = host.call(&few[..ends.len()], *resp3, reply);
            }
            What::Call { resp3, called } => {
                let args: Vec<&[u8]> = args.collect();
                *called = host.call(&args, *resp3, reply);
            }
            What::Slice(slice) => *slice = host.slice(),
            What::Log(level) => host.log(*level, bytes),
            What::SetReplication(flags) => host.set_replication(*flags),
            What::MayCall(may) => {
                let args: Vec<&[u8]> = args.collect();
                *may = host.may_call(&args);
            }
        }
    }

    /// Takes the next argument.
    pub(crate) fn push(&mut self, arg: &[u8]) {
        self.bytes.extend_from_slice(arg);
        self.ends.push(self.bytes.len());
    }
}

/// Why a script stopped.
pub(crate) enum Stop {
    Call { args: Vec<Vec<u8>>, resp3: bool },
    Slice,
    Done(Finished),
}

/// What the script's functions and its owner both see.
#[derive(Default)]
pub(crate) struct Shared {
    link: OnceCell<Link<Ask>>,
    job: RefCell<Option<Job>>,
    stop: RefCell<Option<Stop>>,
    /// The reply to a call that stopped the script.
    reply: RefCell<Vec<u8>>,
    /// Set once the script is to end: why.
    killed: RefCell<Option<Vec<u8>>>,
    /// Whether the script wants replies in RESP3.
    pub(crate) resp3: Cell<bool>,
    pub(crate) random: Random,
    /// The library that is being loaded.
    pub(crate) loading: RefCell<Option<Loading>>,
    pub(crate) names: OnceCell<Names>,
    /// An ask with buffers to use again.
    spare: Cell<Option<Box<Ask>>>,
    pub(crate) memory_bytes_max: Cell<usize>,
}

impl Shared {
    fn ask(&self, ask: &mut Ask) -> Result<(), Raise> {
        self.check_killed()?;
        let link = self.link.get().filter(|link| link.is_running());
        // Nothing of ours runs Lua elsewhere once the fiber has begun.
        let link = link.ok_or_else(|| Raise::Killed(b"no script runs".to_vec()))?;
        link.ask(ask);
        Ok(())
    }

    /// An ask to push arguments to.
    pub(crate) fn new_ask(&self) -> Box<Ask> {
        let mut ask = self.spare.take().unwrap_or_else(|| {
            let what = What::Slice(Slice::Continue);
            Box::new(Ask { what, bytes: Vec::new(), ends: Vec::new(), reply: Vec::new() })
        });
        ask.bytes.clear();
        ask.ends.clear();
        ask.reply.clear();
        ask
    }

    /// Buffers that a large call has grown are not kept.
    fn put_back(&self, ask: Box<Ask>) {
        const KEPT_BYTES_MAX: usize = 64 * 1024;
        if ask.bytes.capacity().max(ask.reply.capacity()) <= KEPT_BYTES_MAX {
            self.spare.set(Some(ask));
        }
    }

    /// Calls a command; `use_reply` gets what came back.
    pub(crate) fn call<R>(
        &self,
        lua: &Lua,
        mut ask: Box<Ask>,
        use_reply: impl FnOnce(&[u8]) -> mlua::Result<R>,
    ) -> mlua::Result<R> {
        let resp3 = self.resp3.get();
        ask.what = What::Call { resp3, called: Called::Done };
        self.ask(&mut ask)?;
        if let What::Call { called: Called::Suspend, .. } = ask.what {
            let mut start = 0;
            let take = |&end: &usize| ask.bytes[std::mem::replace(&mut start, end)..end].to_vec();
            let args = ask.ends.iter().map(take).collect();
            self.suspend(Stop::Call { args, resp3 })?;
            ask.reply = self.reply.take();
        }
        // Values of a short reply need no limit, and are made faster without.
        let is_short = ask.reply.len() <= SHORT_BYTES;
        if is_short {
            lua.set_memory_limit(0)?;
        }
        let result = use_reply(&ask.reply);
        if is_short {
            lua.set_memory_limit(self.memory_bytes_max.get())?;
        }
        self.put_back(ask);
        result
    }

    pub(crate) fn log(&self, mut ask: Box<Ask>, level: LogLevel) -> Result<(), Raise> {
        ask.what = What::Log(level);
        self.ask(&mut ask)
    }

    pub(crate) fn set_replication(&self, flags: u8) -> Result<(), Raise> {
        let mut ask = self.new_ask();
        ask.what = What::SetReplication(flags);
        self.ask(&mut ask)
    }

    pub(crate) fn may_call(&self, mut ask: Box<Ask>) -> Result<Option<bool>, Raise> {
        ask.what = What::MayCall(None);
        self.ask(&mut ask)?;
        Ok(match ask.what {
            What::MayCall(may) => may,
            _ => None,
        })
    }

    /// Lets the host look whether the script has run for long enough.
    pub(crate) fn breathe(&self) -> Result<(), Raise> {
        if self.link.get().is_none_or(|link| !link.is_running()) {
            return Ok(());
        }
        let mut ask = self.new_ask();
        ask.what = What::Slice(Slice::Continue);
        self.ask(&mut ask)?;
        let slice = match &mut ask.what {
            What::Slice(slice) => std::mem::replace(slice, Slice::Continue),
            _ => Slice::Continue,
        };
        self.put_back(ask);
        match slice {
            Slice::Continue => Ok(()),
            Slice::Suspend => self.suspend(Stop::Slice),
            Slice::Kill(text) => {
                self.kill(text);
                self.check_killed()
            }
        }
    }

    fn suspend(&self, stop: Stop) -> Result<(), Raise> {
        self.stop.replace(Some(stop));
        if let Some(link) = self.link.get() {
            link.suspend();
        }
        self.check_killed()
    }

    fn kill(&self, text: String) {
        self.killed.replace(Some(text.into_bytes()));
    }

    fn check_killed(&self) -> Result<(), Raise> {
        match &*self.killed.borrow() {
            Some(text) => Err(Raise::Killed(text.clone())),
            None => Ok(()),
        }
    }
}

/// What an interpreter does when it is resumed.
enum Job {
    Eval { script: Function, digest: [u8; 40], keys: Table, args: Table },
    Function { library: Arc<Library>, name: Vec<u8>, keys: Table, args: Table },
    Load { code: Vec<u8> },
    End,
}

/// Two generations of compiled scripts: what the younger has no room for and the older does not
/// see used again is compiled anew.
#[derive(Default)]
struct Scripts {
    young: AHashMap<[u8; 40], Function>,
    old: AHashMap<[u8; 40], Function>,
}

impl Scripts {
    fn get(&mut self, digest: &[u8; 40]) -> Option<Function> {
        if let Some(script) = self.young.get(digest) {
            return Some(script.clone());
        }
        let script = self.old.remove(digest)?;
        self.insert(*digest, script.clone());
        Some(script)
    }

    fn insert(&mut self, digest: [u8; 40], script: Function) {
        if self.young.len() == SCRIPTS_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, script);
    }
}

/// Which globals are in place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Globals {
    Eval,
    Call,
    Load,
}

/// A library's functions, as long as it lives.
struct Loaded {
    library: Weak<Library>,
    functions: Table,
}

/// What runs on the fiber.
struct Engine {
    sandbox: Sandbox,
    shared: Rc<Shared>,
    scripts: RefCell<Scripts>,
    /// Functions of libraries by the libraries' numbers.
    libraries: RefCell<HashMap<u64, Loaded>>,
    globals: Cell<Globals>,
    protocol: Cell<Protocol>,
}

pub(crate) struct Interpreter {
    engine: Rc<Engine>,
    fiber: Fiber<Ask>,
    /// The memory in use at which it is swept between two scripts.
    sweep_at: Cell<usize>,
}

impl Interpreter {
    pub(crate) fn new(memory_bytes_max: usize) -> Result<Interpreter, Error> {
        let shared = Rc::new(Shared::default());
        shared.memory_bytes_max.set(memory_bytes_max);
        let make = |shared: &Rc<Shared>| {
            let sandbox = Sandbox::new(shared)?;
            let _ = shared.names.set(Names::new(&sandbox.lua)?);
            Ok::<_, mlua::Error>(sandbox)
        };
        let sandbox = make(&shared).map_err(Error::new)?;
        let engine = Rc::new(Engine {
            sandbox,
            shared,
            scripts: RefCell::default(),
            libraries: RefCell::default(),
            globals: Cell::new(Globals::Eval),
            protocol: Cell::new(Protocol::Resp2),
        });
        let inside = Rc::clone(&engine);
        let fiber = Fiber::new(STACK_BYTES, move |link| inside.work(link)).map_err(Error::new)?;
        Ok(Interpreter { engine, fiber, sweep_at: Cell::new(sweep_bytes(memory_bytes_max)) })
    }

    /// Prepares a script.
    pub(crate) fn eval(
        &self,
        source: &Source,
        keys: &[&[u8]],
        args: &[&[u8]],
        options: Options,
    ) -> Result<(), Error> {
        let script = self.compile(source)?;
        let lua = &self.engine.sandbox.lua;
        let keys = table_of(lua, keys).map_err(Error::new)?;
        let args = table_of(lua, args).map_err(Error::new)?;
        let digest = *source.digest();
        self.engine.start(Job::Eval { script, digest, keys, args }, options);
        Ok(())
    }

    /// Prepares a function of a library.
    pub(crate) fn function(
        &self,
        library: &Arc<Library>,
        name: &[u8],
        keys: &[&[u8]],
        args: &[&[u8]],
        options: Options,
    ) -> Result<(), Error> {
        let lua = &self.engine.sandbox.lua;
        let keys = table_of(lua, keys).map_err(Error::new)?;
        let args = table_of(lua, args).map_err(Error::new)?;
        let (library, name) = (Arc::clone(library), name.to_vec());
        self.engine.start(Job::Function { library, name, keys, args }, options);
        Ok(())
    }

    /// Loads a library for the first time.
    pub(crate) fn load(mut self, code: &[u8], host: &mut dyn Host) -> Result<Loading, Error> {
        self.engine.start(Job::Load { code: code.to_vec() }, Options::default());
        match self.resume(host) {
            Stop::Done(Finished { error: Some(text), .. }) => Err(Error::raw(text)),
            _ => self.engine.shared.loading.take().ok_or_else(|| Error::new("not loaded")),
        }
    }

    pub(crate) fn compile(&self, source: &Source) -> Result<Function, Error> {
        if let Some(script) = self.engine.scripts.borrow_mut().get(source.digest()) {
            return Ok(script);
        }
        match load(&self.engine.sandbox.lua, source.code(), b"@user_script") {
            Ok(script) => {
                self.engine.scripts.borrow_mut().insert(*source.digest(), script.clone());
                Ok(script)
            }
            Err(error) => {
                let text = message(&error);
                Err(Error::new(format!("Error compiling script (new function): {text}")))
            }
        }
    }

    /// Runs until the script stops.
    pub(crate) fn resume(&mut self, host: &mut dyn Host) -> Stop {
        self.fiber.resume(&mut |ask| ask.answer(host));
        let stop = self.engine.shared.stop.take();
        stop.expect("who leaves the fiber says why")
    }

    pub(crate) fn set_reply(&self, reply: Vec<u8>) {
        self.engine.shared.reply.replace(reply);
    }

    pub(crate) fn kill(&self, text: String) {
        self.engine.shared.kill(text);
    }

    pub(crate) fn used_memory(&self) -> usize {
        self.engine.sandbox.lua.used_memory()
    }

    /// Makes it ready for another script.
    pub(crate) fn tidy(&self) {
        let lua = &self.engine.sandbox.lua;
        if lua.used_memory() <= self.sweep_at.get() {
            return;
        }
        // An error of a finalizer, of which scripts have none.
        let _ = lua.gc_collect();
        collect_rarely(lua);
        // What libraries keep is not walked after every script.
        let least = sweep_bytes(self.engine.shared.memory_bytes_max.get());
        self.sweep_at.set(least.max(lua.used_memory() * 2));
    }
}

/// How large an interpreter may become before it is swept for the first time.
fn sweep_bytes(memory_bytes_max: usize) -> usize {
    if memory_bytes_max == 0 { SWEEP_BYTES } else { SWEEP_BYTES.min(memory_bytes_max / 4) }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        // The fiber holds the engine; it lets go by ending.
        self.engine.shared.job.replace(Some(Job::End));
        let idle = self.fiber.resume(&mut |ask| ask.answer(&mut crate::Stopped));
        debug_assert!(idle, "only an idle interpreter is dropped");
    }
}

impl Engine {
    fn names(&self) -> &Names {
        self.shared.names.get().expect("made with the sandbox")
    }

    fn start(&self, job: Job, options: Options) {
        self.protocol.set(options.protocol);
        self.shared.resp3.set(false);
        self.shared.killed.replace(None);
        self.shared.job.replace(Some(job));
    }

    fn work(&self, link: Link<Ask>) {
        let link = self.shared.link.get_or_init(|| link);
        loop {
            let job = self.shared.job.take();
            self.limit_memory(self.shared.memory_bytes_max.get());
            let finished = match job {
                None | Some(Job::End) => return,
                Some(Job::Eval { script, digest, keys, args }) => {
                    self.switch(Globals::Eval);
                    let result = self.sandbox.run.call::<(bool, Value)>((script, keys, args));
                    self.finish(result, &digest)
                }
                Some(Job::Function { library, name, keys, args }) => {
                    self.run_function(&library, &name, keys, args)
                }
                Some(Job::Load { code }) => self.load(&code),
            };
            self.limit_memory(0);
            self.shared.stop.replace(Some(Stop::Done(finished)));
            link.suspend();
        }
    }

    /// Limits what Lua may use. Without a limit, what we make in Lua is made faster.
    fn limit_memory(&self, bytes: usize) {
        let limited = self.sandbox.lua.set_memory_limit(bytes);
        debug_assert!(limited.is_ok(), "the state is ours");
    }

    fn switch(&self, to: Globals) {
        if self.globals.replace(to) == to {
            return;
        }
        let name = match to {
            Globals::Eval => "eval",
            Globals::Call => "call",
            Globals::Load => "load",
        };
        let switched = self.sandbox.switch.call::<()>(name);
        debug_assert!(switched.is_ok(), "the prelude knows {name}");
    }

    fn run_function(
        &self,
        library: &Arc<Library>,
        name: &[u8],
        keys: Table,
        args: Table,
    ) -> Finished {
        let known = self.libraries.borrow().contains_key(&library.number());
        if !known {
            let failed = self.load(library.code());
            if failed.error.is_some() {
                return failed;
            }
            let loading = self.shared.loading.take().unwrap_or_default();
            let functions = match loading.into_functions(&self.sandbox.lua) {
                Ok(functions) => functions,
                Err(error) => {
                    let text = format!("ERR {}", message(&error)).into_bytes();
                    return Finished::failed(self.protocol.get(), text);
                }
            };
            let mut libraries = self.libraries.borrow_mut();
            libraries.retain(|_, loaded| loaded.library.strong_count() > 0);
            let loaded = Loaded { library: Arc::downgrade(library), functions };
            libraries.insert(library.number(), loaded);
        }
        let functions = self.libraries.borrow()[&library.number()].functions.clone();
        let function: Option<Function> =
            functions.raw_get(bstr::BStr::new(name)).unwrap_or_default();
        let Some(function) = function else {
            return Finished::failed(self.protocol.get(), b"ERR Function not found".to_vec());
        };
        self.switch(Globals::Call);
        let result = self.sandbox.call.call::<(bool, Value)>((function, keys, args));
        self.finish(result, name)
    }

    /// Runs a library's code; what it registers is in `loading` afterwards.
    fn load(&self, code: &[u8]) -> Finished {
        let failed = |text: String| {
            Finished::failed(self.protocol.get(), format!("ERR {text}").into_bytes())
        };
        let function = match load(&self.sandbox.lua, code, b"@user_function") {
            Ok(function) => function,
            Err(error) => return failed(format!("Error compiling function: {}", message(&error))),
        };
        self.switch(Globals::Load);
        self.shared.loading.replace(Some(Loading::default()));
        let result = self.sandbox.run.call::<(bool, Value)>(function);
        match registered(result) {
            Ok(()) => Finished::empty(),
            Err(text) => {
                self.shared.loading.replace(None);
                failed(format!("Error registering functions: {text}"))
            }
        }
    }

    /// The reply of a script that is over.
    fn finish(&self, result: mlua::Result<(bool, Value)>, name: &[u8]) -> Finished {
        let protocol = self.protocol.get();
        match result {
            Ok((true, value)) => {
                let mut finished = Finished::empty();
                let resp3 = self.shared.resp3.get();
                write_value(&value, self.names(), resp3, protocol, &mut finished);
                finished
            }
            Ok((false, Value::Table(error))) => {
                let mut finished = Finished::empty();
                write_error(&error, name, protocol, &mut finished);
                finished
            }
            // An error that no handler could run for: memory, or an error within the handler.
            Ok((false, other)) => {
                let text = match &other {
                    Value::String(text) => text.to_string_lossy(),
                    Value::Error(error) => message(error),
                    _ => "execution failure".to_owned(),
                };
                let name = String::from_utf8_lossy(name);
                let text = format!("ERR Error running script {name}, {text}");
                Finished::failed(protocol, text.into_bytes())
            }
            Err(error) => {
                let text = format!("ERR Error running script, {}", message(&error));
                Finished::failed(protocol, text.into_bytes())
            }
        }
    }
}

fn table_of(lua: &Lua, items: &[&[u8]]) -> mlua::Result<Table> {
    if items.is_empty() {
        return lua.create_table();
    }
    lua.create_sequence_from(items.iter().map(|item| bstr::BStr::new(*item)))
}

/// An error in one line, as Lua words it.
pub(crate) fn message(error: &mlua::Error) -> String {
    match error {
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        mlua::Error::RuntimeError(message) | mlua::Error::MemoryError(message) => message.clone(),
        mlua::Error::CallbackError { cause, .. } => message(cause),
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}
