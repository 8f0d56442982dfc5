//! Lua to JSON.

use mlua::{Table, Value};

use super::{Config, Invalid};
use crate::convert::format_number;
use crate::native::{Params, type_name};

/// Deeper than any stack allows, whatever a script sets.
const DEPTH_MAX: i64 = 2500;

pub(super) fn encode(params: &Params<'_>, config: &Config) -> mlua::Result<Value> {
    if params.len() != 1 {
        return Err(params.refuse(0, "expected 1 argument"));
    }
    let mut encoder = Encoder { params, config, out: Vec::new() };
    encoder.value(params.get(0), 0)?;
    params.lua.create_string(&encoder.out).map(Value::String)
}

struct Encoder<'a> {
    params: &'a Params<'a>,
    config: &'a Config,
    out: Vec<u8>,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value, depth: i64) -> mlua::Result<()> {
        match value {
            Value::String(string) => self.string(&string.as_bytes()),
            Value::Integer(integer) => self.number(*integer as f64)?,
            Value::Number(number) => self.number(*number)?,
            Value::Boolean(true) => self.out.extend_from_slice(b"true"),
            Value::Boolean(false) => self.out.extend_from_slice(b"false"),
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::LightUserData(pointer) if pointer.0.is_null() => {
                self.out.extend_from_slice(b"null");
            }
            Value::Table(table) => self.table(table, depth + 1)?,
            other => return Err(self.refuse(type_name(other), "type not supported")),
        }
        Ok(())
    }

    fn refuse(&self, type_name: &str, reason: &str) -> mlua::Error {
        self.params.fail(format!("Cannot serialise {type_name}: {reason}"))
    }

    fn table(&mut self, table: &Table, depth: i64) -> mlua::Result<()> {
        if depth > self.config.encode_depth_max.min(DEPTH_MAX) {
            let text = format!("Cannot serialise, excessive nesting ({depth})");
            return Err(self.params.fail(text));
        }
        match self.array_len(table)? {
            Some(len) if len > 0 => {
                self.out.push(b'[');
                for index in 1..=len {
                    if index > 1 {
                        self.out.push(b',');
                    }
                    self.value(&table.raw_get::<Value>(index)?, depth)?;
                }
                self.out.push(b']');
            }
            _ => self.object(table, depth)?,
        }
        Ok(())
    }

    /// How many elements an array has; `None` if it is none.
    fn array_len(&self, table: &Table) -> mlua::Result<Option<i64>> {
        let (mut max, mut items) = (0_i64, 0_i64);
        for pair in table.pairs::<Value, Value>() {
            let index = match pair?.0 {
                Value::Integer(index) => index as f64,
                Value::Number(index) => index,
                _ => return Ok(None),
            };
            if index < 1.0 || index.floor() != index || index > f64::from(i32::MAX) {
                return Ok(None);
            }
            max = max.max(index as i64);
            items += 1;
        }
        let config = self.config;
        let ratio = config.sparse_ratio;
        let is_sparse = ratio > 0 && max > items.saturating_mul(ratio) && max > config.sparse_safe;
        if is_sparse && !config.sparse_convert {
            return Err(self.refuse("table", "excessively sparse array"));
        }
        Ok((!is_sparse).then_some(max))
    }

    fn object(&mut self, table: &Table, depth: i64) -> mlua::Result<()> {
        self.out.push(b'{');
        let mut is_first = true;
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            if !std::mem::take(&mut is_first) {
                self.out.push(b',');
            }
            match key {
                Value::String(key) => {
                    self.string(&key.as_bytes());
                    self.out.push(b':');
                }
                Value::Integer(_) | Value::Number(_) => {
                    self.out.push(b'"');
                    self.value(&key, depth)?;
                    self.out.extend_from_slice(b"\":");
                }
                other => {
                    let reason = "table key must be a number or string";
                    return Err(self.refuse(type_name(&other), reason));
                }
            }
            self.value(&value, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn number(&mut self, number: f64) -> mlua::Result<()> {
        if !number.is_finite() {
            match self.config.encode_invalid {
                Invalid::Refused => return Err(self.refuse("number", "must not be NaN or Inf")),
                Invalid::Null => {
                    self.out.extend_from_slice(b"null");
                    return Ok(());
                }
                Invalid::Written if number.is_nan() => {
                    self.out.extend_from_slice(b"nan");
                    return Ok(());
                }
                Invalid::Written => {}
            }
        }
        if number.fract() == 0.0 && number.abs() < 1e14 && self.config.encode_precision == 14 {
            let is_negative_zero = number == 0.0 && number.is_sign_negative();
            if !is_negative_zero {
                let text = itoa::Buffer::new().format(number as i64).to_owned();
                self.out.extend_from_slice(text.as_bytes());
                return Ok(());
            }
        }
        format_number(number, self.config.encode_precision as usize, &mut self.out);
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for &byte in text {
            let short = match byte {
                b'"' | b'\\' | b'/' => byte,
                8 => b'b',
                b'\t' => b't',
                b'\n' => b'n',
                12 => b'f',
                b'\r' => b'r',
                0..=31 | 127 => {
                    self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    continue;
                }
                _ => {
                    self.out.push(byte);
                    continue;
                }
            };
            self.out.extend_from_slice(&[b'\\', short]);
        }
        self.out.push(b'"');
    }
}
