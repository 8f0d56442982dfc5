//! From Lua to replies.

use mlua::{LuaString, Table, Value};
use resp::{Protocol, Writer};

use super::Names;
use crate::native::truncated;
use crate::run::Finished;

/// Tables that nest deeper, or in a circle, are cut off with an error.
const DEPTH_MAX: usize = 1000;

/// Writes what a script returned. `resp3` is what the script speaks: its booleans mean something
/// else in RESP2.
pub(crate) fn write_value(
    value: &Value,
    names: &Names,
    resp3: bool,
    protocol: Protocol,
    into: &mut Finished,
) {
    let mut reply = std::mem::take(&mut into.reply);
    // An array or map whose lookups fail for lack of memory ends where it is.
    let mut out = Output { out: &mut reply, names, resp3, protocol };
    if let Value::Table(table) = value
        && let Some(text) = out.error_of(table)
    {
        into.counted = is_counted(table);
        out.writer().error(&text);
        into.error = Some(text);
    } else {
        out.value(value, DEPTH_MAX);
    }
    into.reply = reply;
}

/// Writes the error that ended a script: the table that the prelude's handler made.
pub(crate) fn write_error(error: &Table, name: &[u8], protocol: Protocol, into: &mut Finished) {
    // Not raw: what a script raised may have a metatable.
    let field = |name: &str| match error.get::<Value>(name) {
        Ok(Value::String(text)) => Some(text.as_bytes().to_vec()),
        Ok(Value::Integer(number)) => Some(number.to_string().into_bytes()),
        Ok(Value::Number(number)) => {
            let mut text = Vec::new();
            super::format_number(number, 14, &mut text);
            Some(text)
        }
        _ => None,
    };
    let mut text = field("err").unwrap_or_else(|| b"ERR unknown error".to_vec());
    if let (Some(source), Some(line)) = (field("source"), field("line")) {
        for piece in [b" script: ", name, b", on ", &source, b":", &line, b"."] {
            text.extend_from_slice(piece);
        }
    }
    into.counted = is_counted(error);
    Writer::new(&mut into.reply, protocol).error(&text);
    into.error = Some(text);
}

fn is_counted(error: &Table) -> bool {
    matches!(error.raw_get::<Value>("ignore_error_stats_update"), Ok(Value::Boolean(true)))
}

struct Output<'a> {
    out: &'a mut Vec<u8>,
    names: &'a Names,
    resp3: bool,
    protocol: Protocol,
}

impl Output<'_> {
    fn writer(&mut self) -> Writer<'_> {
        Writer::new(self.out, self.protocol)
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) => self.writer().bulk(&text.as_bytes()),
            Value::Integer(integer) => self.writer().integer(*integer),
            Value::Number(number) => self.writer().integer(truncated(*number)),
            Value::Boolean(boolean) if self.resp3 => self.writer().boolean(*boolean),
            Value::Boolean(true) => self.writer().integer(1),
            Value::Table(_) if depth == 0 => self.writer().error("ERR reached lua stack limit"),
            Value::Table(table) => self.table(table, depth - 1),
            _ => self.writer().null(),
        }
    }

    fn error_of(&self, table: &Table) -> Option<Vec<u8>> {
        text(table, &self.names.err).map(|text| text.as_bytes().to_vec())
    }

    fn table(&mut self, table: &Table, depth: usize) {
        let names = self.names;
        if let Some(error) = self.error_of(table) {
            return self.writer().error(error);
        }
        if let Some(status) = text(table, &names.ok) {
            return self.writer().simple_bytes(&status.as_bytes());
        }
        match get(table, &names.double) {
            Value::Number(double) => return self.writer().double(double),
            Value::Integer(double) => return self.writer().double(double as f64),
            _ => {}
        }
        if let Some(number) = text(table, &names.big_number) {
            let space = |byte: &u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte };
            let digits: Vec<u8> = number.as_bytes().iter().map(space).collect();
            return self.writer().big_number(&digits);
        }
        if let Value::Table(verbatim) = get(table, &names.verbatim) {
            let field = |name| match verbatim.raw_get::<Value>(name) {
                Ok(Value::String(text)) => Some(text),
                _ => None,
            };
            if let (Some(format), Some(text)) = (field("format"), field("string")) {
                return self.verbatim(&format.as_bytes(), &text.as_bytes());
            }
        }
        if let Value::Table(map) = get(table, &names.map) {
            let len = map.pairs::<Value, Value>().count();
            self.writer().map(len);
            for (key, value) in map.pairs::<Value, Value>().flatten() {
                self.value(&key, depth);
                self.value(&value, depth);
            }
            return;
        }
        if let Value::Table(set) = get(table, &names.set) {
            let len = set.pairs::<Value, Value>().count();
            self.writer().set(len);
            for (member, _) in set.pairs::<Value, Value>().flatten() {
                self.value(&member, depth);
            }
            return;
        }
        self.array(table, depth);
    }

    /// Everything before the first nil.
    fn array(&mut self, table: &Table, depth: usize) {
        let start = self.out.len();
        // With nils in between, one of several lengths; too large is put right below.
        let expected = table.raw_len();
        self.writer().array(expected);
        let header = self.out.len();
        for index in 1..=expected {
            match table.raw_get::<Value>(index) {
                Ok(Value::Nil) | Err(_) => {
                    let mut right = Vec::new();
                    Writer::new(&mut right, self.protocol).array(index - 1);
                    self.out.splice(start..header, right);
                    return;
                }
                Ok(value) => self.value(&value, depth),
            }
        }
    }

    fn verbatim(&mut self, format: &[u8], text: &[u8]) {
        let mut padded = *b"   ";
        let until_nul = format.split(|&byte| byte == 0).next().unwrap_or_default();
        padded.iter_mut().zip(until_nul).for_each(|(place, byte)| *place = *byte);
        self.writer().verbatim(padded, text);
    }
}

fn get(table: &Table, name: &LuaString) -> Value {
    table.raw_get(name).unwrap_or(Value::Nil)
}

fn text(table: &Table, name: &LuaString) -> Option<LuaString> {
    match get(table, name) {
        Value::String(text) => Some(text),
        _ => None,
    }
}
