//! Going past a value without making it: where it ends.

use std::io::Read;

use super::error::{FileError, Place};
use super::source::Source;
use crate::object::form;
use crate::payload::Dialect;

type Result<T> = std::result::Result<T, FileError>;

/// Forms that modules wrote: the first cannot be gone past, the second can.
const MODULE_OF_CANDIDATES: u8 = 6;
pub(super) const MODULE: u8 = 7;
/// Bytes of an id, of a time, of a double.
const ID: u64 = 16;
const TIME: u64 = 8;
const DOUBLE: u64 = 8;

/// Goes past a value. For a module's, the error says whose; it is behind it all the same.
pub(super) fn value<R: Read>(source: &mut Source<R>, dialect: Dialect, kind: u8) -> Result<()> {
    let start = source.position();
    let is_valkeys = dialect == Dialect::Valkey && kind == form::HASH_OTHER;
    match kind {
        form::STRING => strings(source, 1, "a string"),
        form::SET_OF_INTEGERS => strings(source, 1, "a set of integers"),
        form::LIST_ZIPLIST | form::ZSET_ZIPLIST | form::HASH_ZIPLIST => {
            strings(source, 1, "a ziplist")
        }
        form::HASH_ZIPMAP => strings(source, 1, "a zipmap"),
        form::HASH_LISTPACK
        | form::SET_LISTPACK
        | form::ZSET_LISTPACK
        | form::HASH_TRIPLES_OTHER => strings(source, 1, "a listpack"),
        form::LIST | form::SET => counted(source, |source| strings(source, 1, "an element")),
        form::LIST_OF_ZIPLISTS => counted(source, |source| strings(source, 1, "a ziplist")),
        form::LIST_OF_LISTPACKS => counted(source, |source| {
            source.length("the form of a list's block")?;
            strings(source, 1, "a block of a list")
        }),
        form::ZSET => counted(source, |source| {
            source.string("a member")?;
            match source.byte("a score")? {
                253..=255 => Ok(()),
                len => source.skip(len.into(), "a score"),
            }
        }),
        form::ZSET_OF_DOUBLES => counted(source, |source| {
            source.string("a member")?;
            source.skip(DOUBLE, "a score")
        }),
        form::HASH => counted(source, |source| strings(source, 2, "a field or its value")),
        form::HASH_OTHER if is_valkeys => counted(source, |source| {
            strings(source, 2, "a field or its value")?;
            source.skip(TIME, "a field's deadline")
        }),
        form::HASH_OTHER => counted(source, timed_field),
        form::HASH_WITH_DEADLINES => {
            source.skip(TIME, "a hash's first deadline")?;
            counted(source, timed_field)
        }
        form::HASH_TRIPLES => {
            source.skip(TIME, "a hash's first deadline")?;
            strings(source, 1, "a listpack")
        }
        form::STREAM_1 | form::STREAM_2 | form::STREAM_3 | form::STREAM_4 | form::STREAM_5 => {
            stream(source, kind)
        }
        MODULE => {
            let id = source.length("a module's id")?;
            module_data(source)?;
            let what = format!("a value of the module type '{}', which is not here", name_of(id));
            Err(FileError::Unknown { at: Place { offset: start, key: None }, what })
        }
        MODULE_OF_CANDIDATES => Err(FileError::broken(
            start,
            "a module's value of a release candidate of Redis 4, which cannot be gone past",
        )),
        other => {
            let what = format!("expected a value or an opcode, found {other}");
            Err(FileError::broken(start, what))
        }
    }
}

fn strings<R: Read>(source: &mut Source<R>, count: usize, what: &str) -> Result<()> {
    (0..count).try_for_each(|_| source.string(what).map(drop))
}

/// As many items as a length before them says. Each is at least one byte of the file, so that a
/// wrong length ends with it.
fn counted<R: Read>(
    source: &mut Source<R>,
    mut item: impl FnMut(&mut Source<R>) -> Result<()>,
) -> Result<()> {
    for _ in 0..source.length("a number of elements")? {
        item(source)?;
    }
    Ok(())
}

fn timed_field<R: Read>(source: &mut Source<R>) -> Result<()> {
    source.length("a field's deadline")?;
    strings(source, 2, "a field or its value")
}

fn lengths<R: Read>(source: &mut Source<R>, count: usize, what: &str) -> Result<()> {
    (0..count).try_for_each(|_| source.length(what).map(drop))
}

fn stream<R: Read>(source: &mut Source<R>, kind: u8) -> Result<()> {
    counted(source, |source| strings(source, 2, "a stream's block"))?;
    lengths(source, 3, "a stream's length or last id")?;
    if kind >= form::STREAM_2 {
        lengths(source, 5, "a stream's counters")?;
    }
    counted(source, |source| group(source, kind))?;
    if kind >= form::STREAM_4 {
        lengths(source, 2, "the bounds of producers")?;
        counted(source, |source| {
            strings(source, 1, "a producer")?;
            counted(source, |source| {
                strings(source, 1, "an entry's name")?;
                source.skip(ID, "an entry's id")
            })
        })?;
        lengths(source, 2, "a producers' counter")?;
    }
    Ok(())
}

fn group<R: Read>(source: &mut Source<R>, kind: u8) -> Result<()> {
    strings(source, 1, "a group's name")?;
    lengths(source, 2, "a group's last id")?;
    if kind >= form::STREAM_2 {
        lengths(source, 1, "a group's counter")?;
    }
    counted(source, |source| {
        source.skip(ID + TIME, "a pending entry")?;
        lengths(source, 1, "a number of deliveries")
    })?;
    counted(source, |source| {
        strings(source, 1, "a consumer's name")?;
        let times = if kind >= form::STREAM_3 { 2 } else { 1 };
        source.skip(times * TIME, "a consumer's times")?;
        counted(source, |source| source.skip(ID, "a consumer's pending entry"))
    })?;
    if kind >= form::STREAM_5 {
        counted(source, |source| source.skip(ID, "a released entry"))?;
    }
    Ok(())
}

/// Goes past what a module wrote.
pub(super) fn module_data<R: Read>(source: &mut Source<R>) -> Result<()> {
    loop {
        let start = source.position();
        match source.length("a module's data")? {
            0 => return Ok(()),
            1 | 2 => lengths(source, 1, "a module's number")?,
            3 => source.skip(4, "a module's number")?,
            4 => source.skip(8, "a module's number")?,
            5 => strings(source, 1, "a module's string")?,
            _ => return Err(FileError::broken(start, "expected a module's data, or their end")),
        }
    }
}

/// The name in a module's id: nine characters of six bits, and ten bits for a version.
pub(super) fn name_of(id: u64) -> String {
    const CHARACTERS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let character = |at: u32| CHARACTERS[(id >> (10 + 6 * at) & 63) as usize];
    (0..9).rev().map(|at| char::from(character(at))).collect()
}
