//! A Lua state with Redis's globals and nothing else.

use std::rc::Rc;

use mlua::chunk::ChunkMode;
use mlua::state::{GcIncParams, GcMode};
use mlua::{Function, HookTriggers, Lua, LuaOptions, StdLib, Table, VmState};

use crate::shared::Shared;
use crate::{libraries, native, redis};

/// How many instructions run between two looks at the host.
const INSTRUCTIONS: u32 = 10_000;

/// A cycle of the garbage collector begins when memory is this many percent of what was in use.
const PAUSE: i32 = 1000;
/// The same while a script holds more than [`HEAVY_BYTES`], as memory that runs out does not
/// collect garbage by itself.
const PAUSE_WHEN_HEAVY: i32 = 130;
const HEAVY_BYTES: usize = 8 * 1024 * 1024;

/// A state that is set up, and what is called in it.
pub(crate) struct Sandbox {
    pub(crate) lua: Lua,
    /// Runs a script: `run(script, KEYS, ARGV)` gives whether it went well, and its result or error.
    pub(crate) run: Function,
    /// The same for a function of a library, `call(function, keys, args)`.
    pub(crate) call: Function,
    /// Makes globals those of scripts, functions or libraries that are being loaded.
    pub(crate) switch: Function,
}

impl Sandbox {
    pub(crate) fn new(shared: &Rc<Shared>) -> mlua::Result<Sandbox> {
        let libs = StdLib::TABLE | StdLib::STRING | StdLib::MATH | StdLib::OS;
        let lua = Lua::new_with(libs, LuaOptions::new())?;
        // Scripts leave little garbage, and the libraries are walked in every cycle: fewer cycles.
        collect_rarely(&lua);
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
        lua.set_global_hook(triggers, move |lua, _| {
            if lua.used_memory() > HEAVY_BYTES {
                set_pause(lua, PAUSE_WHEN_HEAVY);
            }
            hook.breathe()?;
            Ok(VmState::Continue)
        })?;
        Ok(Sandbox {
            run: made.get("run")?,
            call: made.get("call")?,
            switch: made.get("switch")?,
            lua,
        })
    }
}

/// As an interpreter begins.
pub(crate) fn collect_rarely(lua: &Lua) {
    set_pause(lua, PAUSE);
}

fn set_pause(lua: &Lua, percent: i32) {
    lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().pause(percent)));
}
