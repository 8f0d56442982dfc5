//! `cjson`.

mod decode;
mod encode;

use std::cell::RefCell;
use std::rc::Rc;

use mlua::{Lua, Table, Value};

use crate::native::{Params, function};

/// What scripts can set.
#[derive(Clone, Debug)]
struct Config {
    sparse_convert: bool,
    sparse_ratio: i64,
    sparse_safe: i64,
    encode_depth_max: i64,
    decode_depth_max: i64,
    encode_precision: i64,
    encode_invalid: Invalid,
    decode_invalid: bool,
    keep_buffer: bool,
}

/// What becomes of infinities and NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    Refused,
    Written,
    Null,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            sparse_convert: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_depth_max: 1000,
            decode_depth_max: 1000,
            encode_precision: 14,
            encode_invalid: Invalid::Refused,
            decode_invalid: true,
            keep_buffer: true,
        }
    }
}

type Shared = Rc<RefCell<Config>>;

/// A table of the library with settings of its own.
pub(crate) fn create(lua: &Lua) -> mlua::Result<Table> {
    let config = Shared::default();
    let table = lua.create_table()?;
    let of = |body: fn(&Params<'_>, &mut Config) -> mlua::Result<Value>| {
        let config = Rc::clone(&config);
        function(lua, move |params| body(params, &mut config.borrow_mut()))
    };
    table.set("encode", of(|params, config| encode::encode(params, config))?)?;
    table.set("decode", of(|params, config| decode::decode(params, config))?)?;
    let settings = Rc::clone(&config);
    table.set(
        "encode_sparse_array",
        function(lua, move |params| set_sparse(params, &mut settings.borrow_mut()))?,
    )?;
    table.set(
        "encode_max_depth",
        of(|params, config| integer(params, &mut config.encode_depth_max, 1, i64::from(i32::MAX)))?,
    )?;
    table.set(
        "decode_max_depth",
        of(|params, config| integer(params, &mut config.decode_depth_max, 1, i64::from(i32::MAX)))?,
    )?;
    table.set(
        "encode_number_precision",
        of(|params, config| integer(params, &mut config.encode_precision, 1, 14))?,
    )?;
    table.set(
        "encode_keep_buffer",
        of(|params, config| {
            at_most(params, 1)?;
            switch(params, &mut config.keep_buffer).map(Value::Boolean)
        })?,
    )?;
    table.set("encode_invalid_numbers", of(set_invalid)?)?;
    table.set(
        "decode_invalid_numbers",
        of(|params, config| {
            at_most(params, 1)?;
            switch(params, &mut config.decode_invalid).map(Value::Boolean)
        })?,
    )?;
    table.set("new", function(lua, |params| create(params.lua))?)?;
    table.set("null", Value::NULL)?;
    table.set("_NAME", "cjson")?;
    table.set("_VERSION", "2.1.0")?;
    Ok(table)
}

fn at_most(params: &Params<'_>, count: usize) -> mlua::Result<()> {
    if params.len() > count {
        return Err(params.refuse(count, "found too many arguments"));
    }
    Ok(())
}

/// One of few words, by its place.
fn option(params: &Params<'_>, words: &[&str]) -> mlua::Result<usize> {
    let given = params.string(0)?;
    let found = words.iter().position(|word| word.as_bytes() == &*given.as_bytes());
    found.ok_or_else(|| params.refuse(0, &format!("invalid option '{}'", given.to_string_lossy())))
}

fn switch(params: &Params<'_>, setting: &mut bool) -> mlua::Result<bool> {
    match params.get(0) {
        Value::Nil => {}
        Value::Boolean(on) => *setting = *on,
        _ => *setting = option(params, &["off", "on"])? == 1,
    }
    Ok(*setting)
}

fn set_integer(
    params: &Params<'_>,
    index: usize,
    setting: &mut i64,
    min: i64,
    max: i64,
) -> mlua::Result<i64> {
    if !params.get(index).is_nil() {
        let value = params.integer(index)?;
        if value < min || value > max {
            return Err(params.refuse(0, &format!("expected integer between {min} and {max}")));
        }
        *setting = value;
    }
    Ok(*setting)
}

fn integer(params: &Params<'_>, setting: &mut i64, min: i64, max: i64) -> mlua::Result<Value> {
    at_most(params, 1)?;
    set_integer(params, 0, setting, min, max).map(|value| Value::Number(value as f64))
}

fn set_sparse(params: &Params<'_>, config: &mut Config) -> mlua::Result<(bool, i64, i64)> {
    at_most(params, 3)?;
    let max = i64::from(i32::MAX);
    Ok((
        switch(params, &mut config.sparse_convert)?,
        set_integer(params, 1, &mut config.sparse_ratio, 0, max)?,
        set_integer(params, 2, &mut config.sparse_safe, 0, max)?,
    ))
}

fn set_invalid(params: &Params<'_>, config: &mut Config) -> mlua::Result<Value> {
    at_most(params, 1)?;
    config.encode_invalid = match params.get(0) {
        Value::Nil => config.encode_invalid,
        Value::Boolean(false) => Invalid::Refused,
        Value::Boolean(true) => Invalid::Written,
        _ => match option(params, &["off", "on", "null"])? {
            0 => Invalid::Refused,
            1 => Invalid::Written,
            _ => Invalid::Null,
        },
    };
    match config.encode_invalid {
        Invalid::Refused => Ok(Value::Boolean(false)),
        Invalid::Written => Ok(Value::Boolean(true)),
        Invalid::Null => params.lua.create_string("null").map(Value::String),
    }
}
