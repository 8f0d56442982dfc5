//! `cmsgpack`: MessagePack.

use mlua::{Lua, LuaString, MultiValue, Table, Value};

use crate::native::{Params, function};

/// Tables that nest deeper are packed as nil.
const PACK_DEPTH_MAX: usize = 16;
/// What nests deeper is refused: only lengths that lie do.
const UNPACK_DEPTH_MAX: usize = 1500;
/// As many results as a call in Lua may have.
const RESULTS_MAX: usize = 7000;

pub(crate) fn create(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("pack", function(lua, pack)?)?;
    table.set("unpack", function(lua, |params| unpack(params, 0, 0))?)?;
    table
        .set("unpack_one", function(lua, |params| unpack(params, 1, params.integer_or(1, 0)?))?)?;
    table.set(
        "unpack_limit",
        function(lua, |params| unpack(params, params.integer(1)?, params.integer_or(2, 0)?))?,
    )?;
    table.set("_NAME", "cmsgpack")?;
    table.set("_VERSION", "lua-cmsgpack 0.4.0")?;
    table.set("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo")?;
    table.set("_DESCRIPTION", "MessagePack C implementation for Lua")?;
    Ok(table)
}

fn pack(params: &Params<'_>) -> mlua::Result<Value> {
    if params.len() == 0 {
        return Err(params.fail("bad argument #0 to 'pack' (MessagePack pack needs input.)"));
    }
    let mut out = Vec::new();
    for value in params.values() {
        pack_value(value, 0, &mut out)?;
    }
    params.lua.create_string(&out).map(Value::String)
}

fn pack_value(value: &Value, depth: usize, out: &mut Vec<u8>) -> mlua::Result<()> {
    match value {
        Value::String(string) => {
            let bytes = string.as_bytes();
            match bytes.len() {
                len @ 0..32 => out.push(0xA0 | len as u8),
                len @ 32..0x100 => out.extend_from_slice(&[0xD9, len as u8]),
                len => pack_len(len, 0xDA, out),
            }
            out.extend_from_slice(&bytes);
        }
        Value::Boolean(boolean) => out.push(if *boolean { 0xC3 } else { 0xC2 }),
        Value::Integer(integer) => pack_integer(*integer, out),
        Value::Number(number) => pack_number(*number, out),
        Value::Table(table) if depth < PACK_DEPTH_MAX => pack_table(table, depth, out)?,
        _ => out.push(0xC0),
    }
    Ok(())
}

/// A length in 16 or 32 bits, behind `kind` or the one after it.
fn pack_len(len: usize, kind: u8, out: &mut Vec<u8>) {
    match u16::try_from(len) {
        Ok(len) => {
            out.push(kind);
            out.extend_from_slice(&len.to_be_bytes());
        }
        Err(_) => {
            out.push(kind + 1);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        }
    }
}

fn pack_number(number: f64, out: &mut Vec<u8>) {
    let is_integer = number.fract() == 0.0 && number.abs() < i64::MAX as f64;
    if is_integer {
        pack_integer(number as i64, out);
    } else if f64::from(number as f32) == number {
        out.push(0xCA);
        out.extend_from_slice(&(number as f32).to_be_bytes());
    } else {
        out.push(0xCB);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

fn pack_integer(integer: i64, out: &mut Vec<u8>) {
    let bytes = integer.to_be_bytes();
    if (-32..=127).contains(&integer) {
        return out.push(integer as u8);
    }
    let (kind, kept) = match integer {
        0x1_0000_0000.. => (0xCF, 8),
        0x1_0000.. => (0xCE, 4),
        0x100.. => (0xCD, 2),
        0.. => (0xCC, 1),
        -0x80.. => (0xD0, 1),
        -0x8000.. => (0xD1, 2),
        -0x8000_0000.. => (0xD2, 4),
        _ => (0xD3, 8),
    };
    out.push(kind);
    out.extend_from_slice(&bytes[8 - kept..]);
}

/// Whether the keys are 1 to some number without gaps, and how many there are.
fn measure(table: &Table) -> mlua::Result<(bool, usize)> {
    let (mut max, mut count) = (0_i64, 0_usize);
    let mut is_array = true;
    for pair in table.pairs::<Value, Value>() {
        let index = match pair?.0 {
            Value::Integer(index) => index,
            _ => 0,
        };
        is_array &= (1..=i64::from(i32::MAX)).contains(&index);
        max = max.max(index);
        count += 1;
    }
    Ok((is_array && max as usize == count, count))
}

fn pack_table(table: &Table, depth: usize, out: &mut Vec<u8>) -> mlua::Result<()> {
    let (is_array, count) = measure(table)?;
    if is_array {
        match count {
            0..16 => out.push(0x90 | count as u8),
            _ => pack_len(count, 0xDC, out),
        }
        for index in 1..=count {
            pack_value(&table.raw_get::<Value>(index)?, depth + 1, out)?;
        }
        return Ok(());
    }
    match count {
        0..16 => out.push(0x80 | count as u8),
        _ => pack_len(count, 0xDE, out),
    }
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        pack_value(&key, depth + 1, out)?;
        pack_value(&value, depth + 1, out)?;
    }
    Ok(())
}

/// Unpacks up to `limit` values from `offset` on and says where it stopped; without both, all.
fn unpack(params: &Params<'_>, limit: i64, offset: i64) -> mlua::Result<MultiValue> {
    let input: LuaString = params.string(0)?;
    let input = input.as_bytes();
    if limit < 0 || offset < 0 {
        let len = input.len();
        let what = "Invalid request to unpack with offset of";
        return Err(params.fail(format!("{what} {offset} and limit of {len}.")));
    }
    let Some(rest) = input.get(offset as usize..) else {
        let len = input.len();
        return Err(params.fail(format!("Start offset {offset} greater than input length {len}.")));
    };
    let is_all = limit == 0 && offset == 0;
    let mut cursor = Cursor { params, rest };
    let mut values = Vec::new();
    while !cursor.rest.is_empty() && (is_all || values.len() < limit as usize) {
        if values.len() >= RESULTS_MAX {
            let text = "stack overflow (too many return values at once; \
                        use unpack_one or unpack_limit instead.)";
            return Err(params.fail(text));
        }
        values.push(cursor.value(UNPACK_DEPTH_MAX)?);
    }
    if !is_all {
        let left = cursor.rest.len();
        let stopped = if left == 0 { -1 } else { (input.len() - left) as i64 };
        values.insert(0, Value::Number(stopped as f64));
    }
    Ok(MultiValue::from_vec(values))
}

struct Cursor<'a> {
    params: &'a Params<'a>,
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> mlua::Result<&'a [u8]> {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.params.fail("Missing bytes in input.")),
        }
    }

    /// An unsigned integer of so many bytes.
    fn unsigned(&mut self, len: usize) -> mlua::Result<u64> {
        let bytes = self.take(len)?;
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn signed(&mut self, len: usize) -> mlua::Result<i64> {
        let unused = 64 - 8 * len as u32;
        Ok((self.unsigned(len)? << unused).cast_signed() >> unused)
    }

    fn string(&mut self, len: u64) -> mlua::Result<Value> {
        let bytes = self.take(usize::try_from(len).unwrap_or(usize::MAX))?;
        self.params.lua.create_string(bytes).map(Value::String)
    }

    fn value(&mut self, depth: usize) -> mlua::Result<Value> {
        if depth == 0 {
            return Err(self.params.fail("Bad data format in input."));
        }
        let kind = self.take(1)?[0];
        let number = |number: u64| Value::Number(number as f64);
        Ok(match kind {
            0x00..=0x7F => number(u64::from(kind)),
            0x80..=0x8F => self.map(u64::from(kind & 15), depth - 1)?,
            0x90..=0x9F => self.array(u64::from(kind & 15), depth - 1)?,
            0xA0..=0xBF => self.string(u64::from(kind & 31))?,
            0xC0 => Value::Nil,
            0xC2 => Value::Boolean(false),
            0xC3 => Value::Boolean(true),
            0xCA => Value::Number(f64::from(f32::from_bits(self.unsigned(4)? as u32))),
            0xCB => Value::Number(f64::from_bits(self.unsigned(8)?)),
            0xCC => number(self.unsigned(1)?),
            0xCD => number(self.unsigned(2)?),
            0xCE => number(self.unsigned(4)?),
            0xCF => number(self.unsigned(8)?),
            0xD0 => Value::Number(self.signed(1)? as f64),
            0xD1 => Value::Number(self.signed(2)? as f64),
            0xD2 => Value::Number(self.signed(4)? as f64),
            0xD3 => Value::Number(self.signed(8)? as f64),
            0xD9 => self.sized_string(1)?,
            0xDA => self.sized_string(2)?,
            0xDB => self.sized_string(4)?,
            0xDC => self.sized_array(2, depth - 1)?,
            0xDD => self.sized_array(4, depth - 1)?,
            0xDE => self.sized_map(2, depth - 1)?,
            0xDF => self.sized_map(4, depth - 1)?,
            0xE0..=0xFF => Value::Number(f64::from(kind.cast_signed())),
            _ => return Err(self.params.fail("Bad data format in input.")),
        })
    }

    fn sized_string(&mut self, bytes: usize) -> mlua::Result<Value> {
        let len = self.unsigned(bytes)?;
        self.string(len)
    }

    fn sized_array(&mut self, bytes: usize, depth: usize) -> mlua::Result<Value> {
        let len = self.unsigned(bytes)?;
        self.array(len, depth)
    }

    fn sized_map(&mut self, bytes: usize, depth: usize) -> mlua::Result<Value> {
        let len = self.unsigned(bytes)?;
        self.map(len, depth)
    }

    fn array(&mut self, len: u64, depth: usize) -> mlua::Result<Value> {
        let table = self.params.lua.create_table()?;
        for index in 1..=len {
            table.raw_set(index, self.value(depth)?)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, len: u64, depth: usize) -> mlua::Result<Value> {
        let table = self.params.lua.create_table()?;
        for _ in 0..len {
            let (key, value) = (self.value(depth)?, self.value(depth)?);
            match key {
                Value::Nil => return Err(self.params.fail("table index is nil")),
                Value::Number(number) if number.is_nan() => {
                    return Err(self.params.fail("table index is NaN"));
                }
                key => table.raw_set(key, value)?,
            }
        }
        Ok(Value::Table(table))
    }
}
