//! What runs on an interpreter's own stack.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use ahash::AHashMap;
use mlua::{Function, Lua, Table, Value};
use resp::Protocol;
use stdx::fiber::Link;

use crate::convert::{Names, write_error, write_value};
use crate::library::{Library, Loading, registered};
use crate::native::load;
use crate::run::{Finished, Options};
use crate::sandbox::Sandbox;
use crate::shared::{Ask, Shared, Stop};

/// Compiled scripts of one generation; two are kept. Each takes one of the few thousand places for
/// Lua values that we hold.
const SCRIPTS_MAX: usize = 128;

/// What an interpreter does when it is resumed.
pub(crate) enum Job {
    Eval { script: Function, digest: [u8; 40], keys: Table, args: Table },
    Function { library: Arc<Library>, name: Vec<u8>, keys: Table, args: Table },
    Load { code: Vec<u8> },
    End,
}

/// Two generations of compiled scripts: what the younger has no room for and the older does not
/// see used again is compiled anew.
#[derive(Default)]
pub(crate) struct Scripts {
    young: AHashMap<[u8; 40], Function>,
    old: AHashMap<[u8; 40], Function>,
}

impl Scripts {
    pub(crate) fn get(&mut self, digest: &[u8; 40]) -> Option<Function> {
        if let Some(script) = self.young.get(digest) {
            return Some(script.clone());
        }
        let script = self.old.remove(digest)?;
        self.insert(*digest, script.clone());
        Some(script)
    }

    pub(crate) fn insert(&mut self, digest: [u8; 40], script: Function) {
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
pub(crate) struct Engine {
    pub(crate) sandbox: Sandbox,
    pub(crate) shared: Rc<Shared>,
    pub(crate) scripts: RefCell<Scripts>,
    /// Functions of libraries by the libraries' numbers.
    libraries: RefCell<HashMap<u64, Loaded>>,
    globals: Cell<Globals>,
    protocol: Cell<Protocol>,
}

impl Engine {
    pub(crate) fn new(sandbox: Sandbox, shared: Rc<Shared>) -> Engine {
        Engine {
            sandbox,
            shared,
            scripts: RefCell::default(),
            libraries: RefCell::default(),
            globals: Cell::new(Globals::Eval),
            protocol: Cell::new(Protocol::Resp2),
        }
    }

    fn names(&self) -> &Names {
        self.shared.names.get().expect("made with the sandbox")
    }

    pub(crate) fn start(&self, job: Job, options: Options) {
        self.protocol.set(options.protocol);
        self.shared.resp3.set(false);
        self.shared.killed.replace(None);
        self.shared.job.replace(Some(job));
    }

    pub(crate) fn work(&self, link: Link<Ask>) {
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

pub(crate) fn table_of(lua: &Lua, items: &[&[u8]]) -> mlua::Result<Table> {
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
