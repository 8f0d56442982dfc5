//! Values as RDB has them: by type, each in one of several forms.

mod list;

use value::{Limits, Value};

use crate::error::{Error, Result};
use crate::payload::{self, Dialect};
use crate::read::Reader;
use crate::write;

/// The forms of values, by the number that stands before each.
mod form {
    pub(super) const STRING: u8 = 0;
    pub(super) const LIST: u8 = 1;
    pub(super) const LIST_ZIPLIST: u8 = 10;
    pub(super) const LIST_OF_ZIPLISTS: u8 = 14;
    pub(super) const LIST_OF_LISTPACKS: u8 = 18;
}

/// A value that was read.
#[derive(Debug)]
pub enum Object {
    /// The keyspace decides how to keep it.
    String(Vec<u8>),
    /// Any other.
    Value(Value),
}

/// An integer's text as a payload.
pub fn dump_int(number: i64) -> Vec<u8> {
    let mut out = vec![form::STRING];
    write::integer(&mut out, number);
    payload::seal(&mut out, 0);
    out
}

/// A string as a payload.
pub fn dump_string(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![form::STRING];
    write::string(&mut out, bytes);
    payload::seal(&mut out, 0);
    out
}

/// A value as a payload, in a form that Redis 7.0 reads where there is one.
pub fn dump_value(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let version_min = match value {
        Value::Bytes(bytes) => return dump_string(bytes.as_slice()),
        Value::List(list) => list::write(list, &mut out),
        _ => 0,
    };
    payload::seal(&mut out, version_min);
    out
}

/// The value of a payload. Whatever the bytes are, it neither panics nor takes more memory than a
/// multiple of theirs.
pub fn load_payload(bytes: &[u8], limits: &Limits) -> Result<Object> {
    let (dialect, form, value) = payload::open(bytes)?;
    let mut reader = Reader::new(value);
    read(dialect, form, &mut reader, limits)
}

fn read(dialect: Dialect, form: u8, reader: &mut Reader<'_>, limits: &Limits) -> Result<Object> {
    let _ = dialect;
    let value = match form {
        form::STRING => return Ok(Object::String(reader.string()?.into_owned())),
        form::LIST..=form::LIST
        | form::LIST_ZIPLIST
        | form::LIST_OF_ZIPLISTS
        | form::LIST_OF_LISTPACKS => Value::List(list::read(form, reader, limits)?),
        other => return Err(Error::UnknownType(other)),
    };
    if value.is_void() {
        Err(Error::BadData("a collection is empty"))
    } else {
        Ok(Object::Value(value))
    }
}
