//! `bit`: operations on 32 bits.

use mlua::{Lua, Table};

use crate::native::{Params, function};

/// Two to the 52nd and 51st: added to a double, they leave its low 32 bits where they can be taken.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// An argument's low 32 bits, rounded as in LuaJIT's library.
fn bits(params: &Params<'_>, index: usize) -> mlua::Result<u32> {
    let number = params.number(index)?;
    Ok((number + MAGIC).to_bits() as u32)
}

fn signed(bits: u32) -> f64 {
    f64::from(bits.cast_signed())
}

pub(crate) fn create(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    let unary = |name: &str, operation: fn(u32) -> u32| {
        let body = move |params: &Params<'_>| Ok(signed(operation(bits(params, 0)?)));
        table.set(name, function(lua, body)?)
    };
    unary("tobit", |bits| bits)?;
    unary("bnot", |bits| !bits)?;
    unary("bswap", u32::swap_bytes)?;
    let fold = |name: &str, operation: fn(u32, u32) -> u32| {
        let body = move |params: &Params<'_>| {
            let mut result = bits(params, 0)?;
            for index in 1..params.len() {
                result = operation(result, bits(params, index)?);
            }
            Ok(signed(result))
        };
        table.set(name, function(lua, body)?)
    };
    fold("band", |a, b| a & b)?;
    fold("bor", |a, b| a | b)?;
    fold("bxor", |a, b| a ^ b)?;
    let shift = |name: &str, operation: fn(u32, u32) -> u32| {
        let body = move |params: &Params<'_>| {
            Ok(signed(operation(bits(params, 0)?, bits(params, 1)? & 31)))
        };
        table.set(name, function(lua, body)?)
    };
    shift("lshift", |bits, by| bits << by)?;
    shift("rshift", |bits, by| bits >> by)?;
    shift("arshift", |bits, by| (bits.cast_signed() >> by).cast_unsigned())?;
    shift("rol", u32::rotate_left)?;
    shift("ror", u32::rotate_right)?;
    table.set("tohex", function(lua, to_hex)?)?;
    Ok(table)
}

fn to_hex(params: &Params<'_>) -> mlua::Result<String> {
    let number = bits(params, 0)?;
    let digits = if params.len() < 2 { 8 } else { bits(params, 1)?.cast_signed() };
    let count = digits.unsigned_abs().min(8) as usize;
    let all = if digits < 0 { format!("{number:08X}") } else { format!("{number:08x}") };
    Ok(all[8 - count..].to_owned())
}
