//! Values as RDB has them: by type, each in one of several forms.

mod hash;
mod list;
mod set;
mod stream;
mod zset;

use std::borrow::Cow;

use value::{Limits, Listpack, Value};

use crate::error::{Error, Result};
use crate::payload::{self, Dialect};
use crate::read::Reader;
use crate::write;

/// The forms of values, by the number that stands before each.
mod form {
    pub(super) const STRING: u8 = 0;
    pub(super) const LIST: u8 = 1;
    pub(super) const SET: u8 = 2;
    pub(super) const ZSET: u8 = 3;
    pub(super) const HASH: u8 = 4;
    pub(super) const ZSET_OF_DOUBLES: u8 = 5;
    pub(super) const HASH_ZIPMAP: u8 = 9;
    pub(super) const LIST_ZIPLIST: u8 = 10;
    pub(super) const SET_OF_INTEGERS: u8 = 11;
    pub(super) const ZSET_ZIPLIST: u8 = 12;
    pub(super) const HASH_ZIPLIST: u8 = 13;
    pub(super) const LIST_OF_ZIPLISTS: u8 = 14;
    /// The first form of streams; the others have more of their counters and consumers.
    pub(super) const STREAM_1: u8 = 15;
    pub(super) const HASH_LISTPACK: u8 = 16;
    pub(super) const ZSET_LISTPACK: u8 = 17;
    pub(super) const LIST_OF_LISTPACKS: u8 = 18;
    pub(super) const STREAM_2: u8 = 19;
    pub(super) const SET_LISTPACK: u8 = 20;
    pub(super) const STREAM_3: u8 = 21;
    /// With deadlines: as Valkey writes it, or as Redis's release candidates did.
    pub(super) const HASH_OTHER: u8 = 22;
    pub(super) const HASH_TRIPLES_OTHER: u8 = 23;
    pub(super) const HASH_WITH_DEADLINES: u8 = 24;
    pub(super) const HASH_TRIPLES: u8 = 25;
    pub(super) const STREAM_4: u8 = 26;
    pub(super) const STREAM_5: u8 = 27;
}

const DUPLICATE: Error = Error::BadData("an element is there twice");
const ODD: Error = Error::BadData("the last element lacks its other half");

/// A listpack from outside.
fn listpack(bytes: &[u8]) -> Result<Listpack> {
    Listpack::from_untrusted(bytes).ok_or(Error::BadData("a listpack is broken"))
}

/// Elements two by two.
fn pairs<'a, 'b>(
    elements: &'a [Cow<'b, [u8]>],
) -> Result<std::slice::ChunksExact<'a, Cow<'b, [u8]>>> {
    if elements.len().is_multiple_of(2) { Ok(elements.chunks_exact(2)) } else { Err(ODD) }
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
        Value::Set(set) => set::write(set, &mut out),
        Value::Hash(hash) => hash::write(hash, &mut out),
        Value::Zset(zset) => zset::write(zset, &mut out),
        Value::Stream(stream) => stream::write(stream, &mut out),
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
    let value = match form {
        form::STRING => return Ok(Object::String(reader.string()?.into_owned())),
        form::LIST | form::LIST_ZIPLIST | form::LIST_OF_ZIPLISTS | form::LIST_OF_LISTPACKS => {
            Value::List(list::read(form, reader, limits)?)
        }
        form::SET | form::SET_OF_INTEGERS | form::SET_LISTPACK => {
            Value::Set(set::read(form, reader, limits)?)
        }
        form::ZSET | form::ZSET_OF_DOUBLES | form::ZSET_ZIPLIST | form::ZSET_LISTPACK => {
            Value::Zset(zset::read(form, reader, limits)?)
        }
        form::HASH
        | form::HASH_ZIPMAP
        | form::HASH_ZIPLIST
        | form::HASH_LISTPACK
        | form::HASH_OTHER
        | form::HASH_TRIPLES_OTHER
        | form::HASH_WITH_DEADLINES
        | form::HASH_TRIPLES => Value::Hash(hash::read(dialect, form, reader, limits)?),
        form::STREAM_1 | form::STREAM_2 | form::STREAM_3 | form::STREAM_4 | form::STREAM_5 => {
            Value::Stream(Box::new(stream::read(form, reader)?))
        }
        other => return Err(Error::UnknownType(other)),
    };
    if value.is_void() {
        Err(Error::BadData("a collection is empty"))
    } else {
        Ok(Object::Value(value))
    }
}
