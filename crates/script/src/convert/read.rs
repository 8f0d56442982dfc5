//! From replies to Lua.

use bstr::BStr;
use mlua::{Lua, Table, Value};

use crate::native::error_table;
use crate::redis::failed;

/// No command nests deeper.
const DEPTH_MAX: usize = 64;

/// The Lua value of a complete reply.
///
/// # Errors
/// If the bytes are no reply.
pub(crate) fn read_reply(lua: &Lua, reply: &[u8]) -> mlua::Result<Value> {
    Reader { lua, rest: reply }.value(DEPTH_MAX)
}

fn malformed() -> mlua::Error {
    mlua::Error::runtime("a reply that is none")
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> mlua::Result<Value> {
        let (&kind, _) = self.rest.split_first().ok_or_else(malformed)?;
        let line = self.line()?;
        if depth == 0 {
            return Err(malformed());
        }
        match kind {
            b':' => Ok(Value::Number(number(line)? as f64)),
            b'$' => match usize::try_from(number(line)?) {
                Ok(len) => {
                    let bytes = self.take(len)?;
                    self.lua.create_string(bytes).map(Value::String)
                }
                Err(_) => Ok(Value::Boolean(false)),
            },
            b'+' => self.field("ok", line),
            b'-' => error_table(self.lua, &failed(line)).map(Value::Table),
            b'*' | b'>' => self.array(number(line)?, depth - 1),
            b'_' => Ok(Value::Nil),
            b'#' => Ok(Value::Boolean(line == b"t")),
            b',' => {
                let text = std::str::from_utf8(line).map_err(|_| malformed())?;
                let double: f64 = text.parse().map_err(|_| malformed())?;
                let table = self.lua.create_table_with_capacity(0, 1)?;
                table.raw_set("double", double)?;
                Ok(Value::Table(table))
            }
            b'(' => self.field("big_number", line),
            b'=' => self.verbatim(number(line)?),
            b'%' => self.map(number(line)?, depth - 1),
            b'~' => self.set(number(line)?, depth - 1),
            b'|' => {
                // Attributes are not shown to scripts.
                for _ in 0..number(line)?.saturating_mul(2) {
                    self.value(depth - 1)?;
                }
                self.value(depth - 1)
            }
            _ => Err(malformed()),
        }
    }

    /// The rest of a line behind its type.
    fn line(&mut self) -> mlua::Result<&'a [u8]> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or_else(malformed)?;
        let line = self.rest.get(1..end).ok_or_else(malformed)?;
        self.rest = &self.rest[end + 1..];
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn take(&mut self, len: usize) -> mlua::Result<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or_else(malformed)?;
        self.rest = rest.strip_prefix(b"\r\n").ok_or_else(malformed)?;
        Ok(bytes)
    }

    /// A table with one field.
    fn field(&self, name: &str, value: &[u8]) -> mlua::Result<Value> {
        let table = self.lua.create_table_with_capacity(0, 1)?;
        table.raw_set(name, BStr::new(value))?;
        Ok(Value::Table(table))
    }

    /// A table for as many values, unless fewer bytes are there.
    fn table(&self, array: i64, fields: i64) -> mlua::Result<Table> {
        let fits = |count: i64| usize::try_from(count).unwrap_or(0).min(self.rest.len() / 3);
        self.lua.create_table_with_capacity(fits(array), fits(fields))
    }

    fn array(&mut self, len: i64, depth: usize) -> mlua::Result<Value> {
        if len < 0 {
            return Ok(Value::Boolean(false));
        }
        let table = self.table(len, 0)?;
        for index in 1..=len {
            // Strings are most of what arrays hold.
            if let Some(bytes) = self.string()? {
                table.raw_set(index, BStr::new(bytes))?;
                continue;
            }
            let value = self.value(depth)?;
            table.raw_set(index, value)?;
        }
        Ok(Value::Table(table))
    }

    /// The next value if it is a string that is there.
    fn string(&mut self) -> mlua::Result<Option<&'a [u8]>> {
        if !self.rest.starts_with(b"$") || self.rest.starts_with(b"$-") {
            return Ok(None);
        }
        let len = usize::try_from(number(self.line()?)?).map_err(|_| malformed())?;
        self.take(len).map(Some)
    }

    fn map(&mut self, len: i64, depth: usize) -> mlua::Result<Value> {
        let map = self.table(0, len)?;
        for _ in 0..len {
            let key = self.value(depth)?;
            let value = self.value(depth)?;
            set(&map, key, value)?;
        }
        self.wrapped("map", map)
    }

    fn set(&mut self, len: i64, depth: usize) -> mlua::Result<Value> {
        let members = self.table(0, len)?;
        for _ in 0..len {
            let member = self.value(depth)?;
            set(&members, member, Value::Boolean(true))?;
        }
        self.wrapped("set", members)
    }

    fn wrapped(&self, name: &str, inner: Table) -> mlua::Result<Value> {
        let table = self.lua.create_table_with_capacity(0, 1)?;
        table.raw_set(name, inner)?;
        Ok(Value::Table(table))
    }

    fn verbatim(&mut self, len: i64) -> mlua::Result<Value> {
        let bytes = self.take(usize::try_from(len).map_err(|_| malformed())?)?;
        let (format, text) = bytes.split_at_checked(4).ok_or_else(malformed)?;
        let inner = self.lua.create_table_with_capacity(0, 2)?;
        inner.raw_set("format", BStr::new(&format[..3]))?;
        inner.raw_set("string", BStr::new(text))?;
        self.wrapped("verbatim_string", inner)
    }
}

/// Sets a field; nil and NaN, which name none, are refused.
fn set(table: &Table, key: Value, value: Value) -> mlua::Result<()> {
    let is_nan = matches!(key, Value::Number(number) if number.is_nan());
    if key.is_nil() || is_nan {
        return Err(malformed());
    }
    table.raw_set(key, value)
}

fn number(digits: &[u8]) -> mlua::Result<i64> {
    stdx::number::parse_i64(digits).ok_or_else(malformed)
}
