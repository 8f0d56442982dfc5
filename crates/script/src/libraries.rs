//! The libraries that Redis adds to Lua's own.

mod bit;
mod json;
mod msgpack;
mod structs;

use mlua::{Lua, Table};

/// The libraries by their names.
pub(crate) fn create(lua: &Lua) -> mlua::Result<Table> {
    let libraries = lua.create_table()?;
    libraries.set("bit", bit::create(lua)?)?;
    libraries.set("cjson", json::create(lua)?)?;
    libraries.set("cmsgpack", msgpack::create(lua)?)?;
    libraries.set("struct", structs::create(lua)?)?;
    Ok(libraries)
}
