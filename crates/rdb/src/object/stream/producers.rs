//! The names that producers gave to entries, behind a stream's groups.

use value::Stream;
use value::stream::StreamId;

use super::ID_BYTES;
use crate::error::{Error, Result};
use crate::read::Reader;
use crate::write::{self, Output};

/// Redis's bounds where a stream has none of its own.
const USUAL: (u64, usize) = (100, 100);
/// What the bounds can be.
const DURATIONS_S: std::ops::RangeInclusive<u64> = 1..=86_400;
const SIZES: std::ops::RangeInclusive<u64> = 1..=10_000;

pub(super) fn write(stream: &Stream, out: &mut Output) {
    let Some(producers) = stream.producers() else {
        write::length(out, USUAL.0);
        write::length(out, USUAL.1 as u64);
        (0..3).for_each(|_| write::length(out, 0));
        return;
    };
    write::length(out, producers.duration_s());
    write::length(out, producers.size_max() as u64);
    write::length(out, producers.producers().len() as u64);
    for (producer, names) in producers.producers() {
        write::bytes(out, producer);
        write::length(out, names.iter().len() as u64);
        for (name, id) in names.iter() {
            write::bytes(out, name);
            out.extend_from_slice(&id.to_bytes());
        }
    }
    write::length(out, producers.added);
    write::length(out, producers.duplicates);
}

pub(super) fn read(stream: &mut Stream, reader: &mut Reader<'_>) -> Result<()> {
    let (duration_s, size_max) = (reader.length()?, reader.length()?);
    if !DURATIONS_S.contains(&duration_s) || !SIZES.contains(&size_max) {
        return Err(Error::BadData("names are known for too long, or too many"));
    }
    let size_max = size_max as usize;
    let mut names = Vec::new();
    for _ in 0..reader.count(2)? {
        let producer = reader.string()?.into_owned();
        let count = reader.count(1 + ID_BYTES)?;
        if count as u64 > size_max as u64 {
            return Err(Error::BadData("a producer has too many names"));
        }
        let mut own = Vec::with_capacity(count);
        for _ in 0..count {
            own.push((reader.string()?.into_owned(), StreamId::from_bytes(reader.array()?)));
        }
        names.push((producer, own));
    }
    let (added, duplicates) = (reader.length()?, reader.length()?);
    let is_usual = (duration_s, size_max) == USUAL && names.is_empty();
    if is_usual && added == 0 && duplicates == 0 {
        return Ok(());
    }
    let producers = stream.producers_or(duration_s, size_max);
    (producers.added, producers.duplicates) = (added, duplicates);
    for (producer, own) in names {
        own.iter().for_each(|(name, id)| producers.put(&producer, name, *id));
    }
    Ok(())
}
