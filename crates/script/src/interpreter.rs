//! One Lua state with a stack of its own, which runs one script at a time and is used again.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use mlua::Function;
use stdx::fiber::Fiber;

use crate::convert::Names;
use crate::engine::{Engine, Job, message, table_of};
use crate::host::Host;
use crate::library::{Library, Loading};
use crate::native::load;
use crate::run::{Finished, Options};
use crate::sandbox::{Sandbox, collect_rarely};
use crate::shared::{Ask, Shared, Stop};
use crate::{Error, Source};

/// Enough for the deepest recursion that Lua, its libraries and our conversions allow, and a
/// command's handler on top. Only what is used takes memory.
const STACK_BYTES: usize = 8 * 1024 * 1024;
/// An interpreter that is larger after a script is swept before the next, unless it keeps as much.
const SWEEP_BYTES: usize = 8 * 1024 * 1024;

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
        let engine = Rc::new(Engine::new(sandbox, shared));
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

    /// Forgets compiled scripts.
    pub(crate) fn forget_scripts(&self) {
        self.engine.scripts.take();
        // An error of a finalizer, of which scripts have none.
        let _ = self.engine.sandbox.lua.gc_collect();
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
