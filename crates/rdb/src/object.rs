//! Values as RDB has them: by type, each in one of several forms.

mod hash;
mod list;
mod set;
mod stream;
mod zset;

use std::borrow::Cow;

use value::listpack::Item;
use value::{Limits, Listpack, Part, Value};

use self::stream::parts::GroupsInParts;
use crate::error::{Error, Result};
use crate::payload::{self, Dialect};
use crate::read::Reader;
use crate::write::{self, Output};

/// The forms of values, by the number that stands before each.
pub(crate) mod form {
    pub(crate) const STRING: u8 = 0;
    pub(crate) const LIST: u8 = 1;
    pub(crate) const SET: u8 = 2;
    pub(crate) const ZSET: u8 = 3;
    pub(crate) const HASH: u8 = 4;
    pub(crate) const ZSET_OF_DOUBLES: u8 = 5;
    pub(crate) const HASH_ZIPMAP: u8 = 9;
    pub(crate) const LIST_ZIPLIST: u8 = 10;
    pub(crate) const SET_OF_INTEGERS: u8 = 11;
    pub(crate) const ZSET_ZIPLIST: u8 = 12;
    pub(crate) const HASH_ZIPLIST: u8 = 13;
    pub(crate) const LIST_OF_ZIPLISTS: u8 = 14;
    /// The first form of streams; the others have more of their counters and consumers.
    pub(crate) const STREAM_1: u8 = 15;
    pub(crate) const HASH_LISTPACK: u8 = 16;
    pub(crate) const ZSET_LISTPACK: u8 = 17;
    pub(crate) const LIST_OF_LISTPACKS: u8 = 18;
    pub(crate) const STREAM_2: u8 = 19;
    pub(crate) const SET_LISTPACK: u8 = 20;
    pub(crate) const STREAM_3: u8 = 21;
    /// With deadlines: as Valkey writes it, or as Redis's release candidates did.
    pub(crate) const HASH_OTHER: u8 = 22;
    pub(crate) const HASH_TRIPLES_OTHER: u8 = 23;
    pub(crate) const HASH_WITH_DEADLINES: u8 = 24;
    pub(crate) const HASH_TRIPLES: u8 = 25;
    pub(crate) const STREAM_4: u8 = 26;
    pub(crate) const STREAM_5: u8 = 27;
}

/// Whether there is a value of this form.
pub(crate) fn is_form(form: u8) -> bool {
    matches!(form, form::STRING..=form::ZSET_OF_DOUBLES | form::HASH_ZIPMAP..=form::STREAM_5)
}

const DUPLICATE: Error = Error::BadData("it is a table, ziplist or listpack with dup elements");
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

/// One element of a collection.
fn write_item(out: &mut Output, item: Item<'_>) {
    match item {
        Item::Int(number) => write::integer(out, number),
        Item::Bytes(bytes) => write::string(out, bytes),
    }
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
    sealed(|out| write_int(number, out))
}

/// A string as a payload.
pub fn dump_string(bytes: &[u8]) -> Vec<u8> {
    sealed(|out| write_string(bytes, out))
}

/// A value as a payload, in a form that Redis 7.0 reads where there is one.
pub fn dump_value(value: &Value) -> Vec<u8> {
    sealed(|out| write_value(value, out))
}

fn sealed(write: impl FnOnce(&mut Output) -> u16) -> Vec<u8> {
    let mut out = Output::new();
    let version_min = write(&mut out);
    payload::seal(&mut out.bytes, version_min);
    out.bytes
}

/// Writes an integer's text, with its form before it.
pub(crate) fn write_int(number: i64, out: &mut Output) -> u16 {
    out.form(form::STRING);
    write::integer(out, number);
    0
}

/// Writes a string, with its form before it.
pub(crate) fn write_string(bytes: &[u8], out: &mut Output) -> u16 {
    out.form(form::STRING);
    write::string(out, bytes);
    0
}

/// Writes a value, with its form before it. Answers the first version that has the form.
pub(crate) fn write_value(value: &Value, out: &mut Output) -> u16 {
    match value {
        Value::Bytes(bytes) => write_string(bytes.as_slice(), out),
        Value::List(list) => list::write(list, out),
        Value::Set(set) => set::write(set, out),
        Value::Hash(hash) => hash::write(hash, out),
        Value::Zset(zset) => zset::write(zset, out),
        Value::Stream(stream) => stream::write(stream, out),
    }
}

/// A value that is written in parts, in the form that [`write_value`] gives it too.
#[derive(Debug, Default)]
pub struct InParts {
    /// To which deadlines are relative.
    first_ms: Option<i64>,
    /// What stands behind a stream's blocks.
    groups: Option<GroupsInParts>,
}

impl InParts {
    /// Writes what stands before the parts. Answers also the first version that has the form.
    pub(crate) fn begin(value: &Value, out: &mut Output) -> (Self, u16) {
        let mut parts = Self::default();
        let version_min = match value {
            Value::Bytes(_) => unreachable!("a string has no parts"),
            Value::List(list) => list::write_head(list, out),
            Value::Set(set) => set::write_head(set, out),
            Value::Zset(zset) => zset::write_head(zset, out),
            Value::Hash(hash) => {
                let (first_ms, version_min) = hash::write_head(hash, out);
                parts.first_ms = first_ms;
                version_min
            }
            Value::Stream(stream) => {
                parts.groups = Some(GroupsInParts::new(stream, out.version_max));
                stream::write_head(stream, out)
            }
        };
        (parts, version_min)
    }

    /// Writes a part. What is large is given away, behind what was written before.
    pub fn put(&mut self, part: Part<'_>, out: &mut Output, give: &mut dyn FnMut(Vec<u8>)) {
        match part {
            Part::Member(member) => write_item(out, member),
            Part::Scored(member, score) => zset::write_member(member, score, out),
            Part::Field(field) => hash::write_field(field, self.first_ms, out),
            Part::Stretch(stretch) => list::write_stretch(stretch, out),
            Part::Block(base, pack) => stream::write_block(base, pack, out),
            Part::Group | Part::Pending(..) | Part::GroupEnd => self.put_group(part, out, give),
        }
    }

    fn put_group(&mut self, part: Part<'_>, out: &mut Output, give: &mut dyn FnMut(Vec<u8>)) {
        let Some(groups) = &mut self.groups else { return };
        match part {
            Part::Pending(id, pending) => groups.pending(id, pending, out),
            Part::Group => groups.begin(out),
            _ => groups.end(out, give),
        }
    }

    /// Writes what stands behind the parts.
    pub fn end(self, out: &mut Output) {
        if let Some(groups) = self.groups {
            groups.finish(out);
        }
    }
}

/// What a payload claims to be, in the words in which Redis logs that it is not.
pub fn describe_payload(payload: &[u8]) -> &'static str {
    match payload.first().copied().unwrap_or(form::STRING) {
        form::LIST_ZIPLIST | form::LIST_OF_ZIPLISTS => "Quicklist ziplist",
        form::LIST_OF_LISTPACKS => "Quicklist listpack",
        form::SET_OF_INTEGERS => "Intset",
        form::SET_LISTPACK => "Set listpack",
        form::ZSET_ZIPLIST => "Zset ziplist",
        form::ZSET_LISTPACK => "Zset listpack",
        form::HASH_ZIPMAP => "Zipmap",
        form::HASH_ZIPLIST => "Hash ziplist",
        form::HASH_LISTPACK | form::HASH_TRIPLES | form::HASH_TRIPLES_OTHER => "Hash listpack",
        form::STREAM_1 | form::STREAM_2 | form::STREAM_3 | form::STREAM_4 | form::STREAM_5 => {
            "Stream listpack"
        }
        _ => "Value",
    }
}

/// The value of a payload. Whatever the bytes are, it neither panics nor takes more memory than a
/// multiple of theirs.
pub fn load_payload(bytes: &[u8], limits: &Limits) -> Result<Object> {
    load_payload_with(bytes, limits, true)
}

/// [`load_payload`], whose checksum counts only if `sums`.
pub fn load_payload_with(bytes: &[u8], limits: &Limits, sums: bool) -> Result<Object> {
    let (dialect, form, value) = payload::open(bytes, sums)?;
    let mut reader = Reader::new(value);
    read(dialect, form, &mut reader, limits)
}

/// The string that `bytes` are, if a value of this form is one: [`load_value`] without a copy.
pub fn load_string(form: u8, bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut reader = Reader::new(bytes);
    let string = (form == form::STRING).then(|| reader.string().ok())??;
    (reader.remaining() == 0).then_some(string)
}

/// The value of this form that `bytes` are, all of them.
pub fn load_value(dialect: Dialect, form: u8, bytes: &[u8], limits: &Limits) -> Result<Object> {
    let mut reader = Reader::new(bytes);
    let object = read(dialect, form, &mut reader, limits)?;
    match reader.remaining() {
        0 => Ok(object),
        _ => Err(Error::BadData("something stands behind a value")),
    }
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
    if value.is_void() { Err(Error::Empty(value.kind().name())) } else { Ok(Object::Value(value)) }
}
