//! A Lua state with Redis's globals and nothing else.

use std::rc::Rc;

use mlua::chunk::ChunkMode;
use mlua::{Function, HookTriggers, Lua, LuaOptions, StdLib, Table, VmState};

use crate::interpreter::Shared;
use crate::{libraries, native, redis};

/// How many instructions run between two looks at the host.
const INSTRUCTIONS: u32 = 10_000;

/// A state that is set up, and what is called in it.
pub(crate) struct Sandbox {
    pub(crate) lua: Lua,
    /// Runs a script: `run(script)` gives whether it went well, and its result or error.
    pub(crate) run: Function,
    /// The same for a function of a library, `call(function, keys, args)`.
    pub(crate) call: Function,
    /// Makes globals those of scripts, functions or libraries that are being loaded.
    pub(crate) switch: Function,
    /// Where KEYS and ARGV go.
    pub(crate) eval_globals: Table,
}

impl Sandbox {
    pub(crate) fn new(shared: &Rc<Shared>) -> mlua::Result<Sandbox> {
        let libs = StdLib::TABLE | StdLib::STRING | StdLib::MATH | StdLib::OS;
        let lua = Lua::new_with(libs, LuaOptions::new().catch_rust_panics(false))?;
        let functions = lua.create_table()?;
        native::register(&lua, shared, &functions)?;
        redis::register(&lua, shared, &functions)?;
        functions.set("libraries", libraries::create(&lua)?)?;
        let made: Table = lua
            .load(include_str!("prelude.lua"))
            .set_name("=merops")
            .set_mode(ChunkMode::Text)
            .call(functions)?;
        lua.set_globals(made.get("globals")?)?;
        let hook = Rc::clone(shared);
        let triggers = HookTriggers::new().every_nth_instruction(INSTRUCTIONS);
        lua.set_global_hook(triggers, move |_, _| {
            hook.breathe()?;
            Ok(VmState::Continue)
        })?;
        Ok(Sandbox {
            run: made.get("run")?,
            call: made.get("call")?,
            switch: made.get("switch")?,
            eval_globals: made.get("eval")?,
            lua,
        })
    }
}
