//! Values as RDB has them: by type, each in one of several forms.

use value::{Limits, Value};

use crate::error::{Error, Result};
use crate::payload;
use crate::read::Reader;
use crate::write;

/// The types of values, by the number that stands before each.
pub(crate) mod kind {
    pub(crate) const STRING: u8 = 0;
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
    let mut out = vec![kind::STRING];
    write::integer(&mut out, number);
    payload::seal(&mut out, 0);
    out
}

/// A string as a payload.
pub fn dump_string(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![kind::STRING];
    write::string(&mut out, bytes);
    payload::seal(&mut out, 0);
    out
}

/// A value as a payload.
pub fn dump_value(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => dump_string(bytes.as_slice()),
        _ => todo!(),
    }
}

/// The value of a payload. Whatever the bytes are, it neither panics nor takes more memory than a
/// multiple of theirs.
pub fn load_payload(bytes: &[u8], limits: &Limits) -> Result<Object> {
    let (dialect, kind, value) = payload::open(bytes)?;
    let _ = (dialect, limits);
    let mut reader = Reader::new(value);
    match kind {
        kind::STRING => Ok(Object::String(reader.string()?.into_owned())),
        other => Err(Error::UnknownType(other)),
    }
}
