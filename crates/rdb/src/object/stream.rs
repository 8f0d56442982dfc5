//! Streams: blocks as they lie in memory, counters, and groups with their consumers.

pub(super) mod parts;
mod producers;

use std::collections::BTreeMap;

use value::stream::{Consumer, Group, Pending, StreamId};
use value::{Listpack, Stream};

use super::{form, listpack};
use crate::error::{Error, Result};
use crate::read::Reader;
use crate::write::{self, Output};

/// What stands for a count that is not known.
const UNKNOWN: u64 = u64::MAX;
/// What stands for a consumer that never got anything.
const NEVER_ACTIVE: i64 = -1;
/// Bytes of an id where it is no length.
const ID_BYTES: usize = 16;

/// The first form that says all of a stream: each is read by newer versions only.
fn form_of(stream: &Stream, version_max: u16) -> u8 {
    if version_max < 10 {
        return form::STREAM_1;
    }
    let mut consumers = stream.groups().values().flat_map(|group| group.consumers().values());
    if stream.groups().values().any(|group| group.released() > 0) {
        form::STREAM_5
    } else if stream.producers().is_some() {
        form::STREAM_4
    } else if version_max >= 11
        && consumers.any(|consumer| consumer.active_ms != Some(consumer.seen_ms))
    {
        form::STREAM_3
    } else {
        // It says nothing of when consumers last got something; its readers take that they did
        // when they last tried.
        form::STREAM_2
    }
}

pub(super) fn write(stream: &Stream, out: &mut Output) -> u16 {
    let version_min = write_head(stream, out);
    stream.blocks().for_each(|(base, pack)| write_block(base, pack, out));
    write_tail(stream, out);
    version_min
}

pub(super) fn write_head(stream: &Stream, out: &mut Output) -> u16 {
    let form = form_of(stream, out.version_max);
    out.form(form);
    write::length(out, stream.blocks().len() as u64);
    match form {
        form::STREAM_5 => 14,
        form::STREAM_4 => 13,
        form::STREAM_3 => 11,
        form::STREAM_2 => 10,
        _ => 9,
    }
}

pub(super) fn write_block(base: StreamId, pack: &Listpack, out: &mut Output) {
    write::bytes(out, &base.to_bytes());
    write::bytes(out, pack.as_bytes());
}

/// What stands behind the blocks.
fn write_tail(stream: &Stream, out: &mut Output) {
    let form = form_of(stream, out.version_max);
    write_counters(stream, form, out);
    for (name, group) in stream.groups() {
        write_group_head(name, group, form, out);
        group.pending().iter().for_each(|(id, pending)| write_pending(*id, pending, out));
        write::length(out, group.consumers().len() as u64);
        for (name, consumer) in group.consumers() {
            write_consumer_head(name, consumer, form, out);
            consumer.pending.iter().for_each(|id| out.extend_from_slice(&id.to_bytes()));
        }
        if form >= form::STREAM_5 {
            write::length(out, group.released() as u64);
            let released = group.by_time().take(group.released());
            released.for_each(|(id, _)| out.extend_from_slice(&id.to_bytes()));
        }
    }
    if form >= form::STREAM_4 {
        producers::write(stream, out);
    }
}

/// What stands between blocks and groups.
fn write_counters(stream: &Stream, form: u8, out: &mut Output) {
    write::length(out, stream.len() as u64);
    write_id(out, stream.last_id);
    if form >= form::STREAM_2 {
        write_id(out, stream.first_id());
        write_id(out, stream.max_deleted_id);
        write::length(out, stream.entries_added);
    }
    write::length(out, stream.groups().len() as u64);
}

fn write_id(out: &mut Output, id: StreamId) {
    write::length(out, id.ms);
    write::length(out, id.seq);
}

/// What stands before the pending entries.
fn write_group_head(name: &[u8], group: &Group, form: u8, out: &mut Output) {
    write::bytes(out, name);
    write_id(out, group.last_id);
    if form >= form::STREAM_2 {
        write::length(out, group.entries_read.unwrap_or(UNKNOWN));
    }
    write::length(out, group.pending().len() as u64);
}

fn write_pending(id: StreamId, pending: &Pending, out: &mut Output) {
    out.extend_from_slice(&id.to_bytes());
    out.extend_from_slice(&pending.delivered_ms.to_le_bytes());
    write::length(out, pending.count);
}

/// What stands before the ids of what a consumer has.
fn write_consumer_head(name: &[u8], consumer: &Consumer, form: u8, out: &mut Output) {
    write::bytes(out, name);
    out.extend_from_slice(&consumer.seen_ms.to_le_bytes());
    if form >= form::STREAM_3 {
        let active_ms = consumer.active_ms.unwrap_or(NEVER_ACTIVE);
        out.extend_from_slice(&active_ms.to_le_bytes());
    }
    write::length(out, consumer.pending.len() as u64);
}

pub(super) fn read(form: u8, reader: &mut Reader<'_>) -> Result<Stream> {
    let mut blocks = Vec::new();
    for _ in 0..reader.count(2 + ID_BYTES)? {
        let base = reader.string()?;
        let base = <[u8; ID_BYTES]>::try_from(&*base)
            .map_err(|_| Error::BadData("the id of a block has another length"))?;
        blocks.push((StreamId::from_bytes(base), listpack(&reader.string()?)?));
    }
    let len = reader.length()?;
    let last_id = read_id(reader)?;
    let (max_deleted_id, entries_added) = if form == form::STREAM_1 {
        (StreamId::MIN, len)
    } else {
        // The first entry's id is in the blocks, too.
        read_id(reader)?;
        (read_id(reader)?, reader.length()?)
    };
    let stream = Stream::from_parts(blocks, last_id, max_deleted_id, entries_added);
    let mut stream = stream.ok_or(Error::BadData("a block of a stream is broken"))?;
    if stream.len() as u64 != len {
        return Err(Error::BadData("a stream has another number of entries than it says"));
    }
    for _ in 0..reader.count(6)? {
        let name = reader.string()?;
        let group = read_group(form, &stream, reader)?;
        if !stream.add_group(&name, group) {
            return Err(Error::BadData("a group is there twice"));
        }
    }
    if form >= form::STREAM_4 {
        producers::read(&mut stream, reader)?;
    }
    Ok(stream)
}

fn read_id(reader: &mut Reader<'_>) -> Result<StreamId> {
    Ok(StreamId { ms: reader.length()?, seq: reader.length()? })
}

fn read_group(form: u8, stream: &Stream, reader: &mut Reader<'_>) -> Result<Group> {
    let last_id = read_id(reader)?;
    let entries_read = match form {
        form::STREAM_1 => stream.entries_until(last_id),
        _ => Some(reader.length()?).filter(|read| *read != UNKNOWN),
    };
    let mut group = Group::new(last_id, entries_read);
    let mut pending = BTreeMap::new();
    for _ in 0..reader.count(ID_BYTES + 9)? {
        let id = StreamId::from_bytes(reader.array()?);
        let delivery = (reader.milliseconds()?, reader.length()?);
        if pending.insert(id, delivery).is_some() {
            return Err(Error::BadData("an entry is pending twice"));
        }
    }
    for _ in 0..reader.count(10)? {
        let name = reader.string()?;
        let seen_ms = reader.milliseconds()?;
        let active_ms = match form {
            form::STREAM_1 | form::STREAM_2 => Some(seen_ms),
            _ => Some(reader.milliseconds()?).filter(|at| *at != NEVER_ACTIVE),
        };
        if !group.add_consumer(&name, seen_ms) {
            return Err(Error::BadData("Duplicate stream consumer detected"));
        }
        if let Some(consumer) = group.consumer_mut(&name) {
            consumer.active_ms = active_ms;
        }
        for _ in 0..reader.count(ID_BYTES)? {
            let id = StreamId::from_bytes(reader.array()?);
            let delivery = pending.remove(&id);
            let (delivered_ms, count) =
                delivery.ok_or(Error::BadData("a consumer has an entry that is not pending"))?;
            group.deliver(id, &name, delivered_ms, count);
        }
    }
    if form >= form::STREAM_5 {
        for _ in 0..reader.count(ID_BYTES)? {
            let id = StreamId::from_bytes(reader.array()?);
            let delivery = pending.remove(&id);
            let (_, count) =
                delivery.ok_or(Error::BadData("a released entry is not pending, or somebody's"))?;
            group.release(id, count);
        }
    }
    if pending.is_empty() {
        Ok(group)
    } else {
        Err(Error::BadData("a pending entry is no consumer's"))
    }
}

#[cfg(test)]
mod tests {
    use value::{Limits, Value};

    use super::super::{Object, dump_value, load_payload};
    use super::*;

    fn id(ms: u64) -> StreamId {
        StreamId { ms, seq: 7 }
    }

    fn sample(active_ms: Option<i64>) -> Stream {
        let mut stream = Stream::new();
        for ms in 1..=250 {
            let value = ms.to_string();
            let fields = [(&b"field"[..], value.as_bytes()), (b"other", b"x")];
            stream.append(id(ms), fields.into_iter(), &Limits::default()).unwrap();
        }
        assert!(stream.delete(id(100)));
        let mut group = Group::new(id(3), None);
        assert!(group.add_consumer(b"reader", 5000));
        group.consumer_mut(b"reader").unwrap().active_ms = active_ms;
        group.deliver(id(2), b"reader", 4000, 3);
        assert!(stream.add_group(b"group", group));
        stream
    }

    fn there_and_back(stream: &Stream) -> Stream {
        let payload = dump_value(&Value::Stream(Box::new(stream.clone())));
        match load_payload(&payload, &Limits::default()).unwrap() {
            Object::Value(Value::Stream(read)) => *read,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn streams_come_back() {
        for active_ms in [None, Some(4000), Some(5000)] {
            let stream = sample(active_ms);
            let read = there_and_back(&stream);
            assert!(read.blocks().map(|(base, _)| base).eq(stream.blocks().map(|(base, _)| base)));
            assert_eq!(read.len(), 249);
            assert_eq!(read.first_id(), id(1));
            assert_eq!(read.last_id, id(250));
            assert_eq!(read.max_deleted_id, id(100));
            assert_eq!(read.entries_added, 250);
            let group = read.group(b"group").unwrap();
            assert_eq!((group.last_id, group.entries_read), (id(3), None));
            let consumer = group.consumer(b"reader").unwrap();
            assert_eq!((consumer.seen_ms, consumer.active_ms), (5000, active_ms));
            assert!(consumer.pending.iter().eq([&id(2)]));
            let pending = group.pending()[&id(2)];
            assert_eq!((pending.delivered_ms, pending.count), (4000, 3));
        }
    }

    #[test]
    fn released_entries_and_names_of_entries_come_back() {
        let mut stream = sample(Some(5000));
        stream.producers_or(50, 7).put(b"producer", b"first", id(1));
        assert_eq!(dump_value(&Value::Stream(Box::new(stream.clone())))[0], form::STREAM_4);
        assert_eq!(there_and_back(&stream).producers().unwrap().duration_s(), 50);
        let mut group = stream.group_mut(b"group").unwrap();
        group.release(id(9), 2);
        group.release(id(3), 0);
        drop(group);
        let producers = stream.producers_or(1, 1);
        producers.put(b"producer", b"second", id(2));
        producers.put(b"other", b"first", id(3));
        (producers.added, producers.duplicates) = (3, 4);
        let read = there_and_back(&stream);
        let group = read.group(b"group").unwrap();
        let order: Vec<u64> = group.by_time().map(|(id, _)| id.ms).collect();
        assert_eq!((order, group.released()), (vec![9, 3, 2], 2));
        assert_eq!(group.pending()[&id(9)].count, 2);
        let producers = read.producers().unwrap();
        assert_eq!((producers.added, producers.duplicates, producers.size_max()), (3, 4, 7));
        assert_eq!(producers.find(b"producer", b"second", 0), Some(id(2)));
        assert_eq!(producers.find(b"other", b"first", 0), Some(id(3)));
        assert_eq!(producers.counts(0), (2, 3));
    }

    #[test]
    fn an_empty_stream_comes_back() {
        let mut stream = sample(None);
        (1..=250).for_each(|ms| assert_eq!(stream.delete(id(ms)), ms != 100));
        let read = there_and_back(&stream);
        assert!(read.is_empty());
        assert_eq!(read.last_id, id(250));
    }

    #[test]
    fn a_length_that_is_not_so_is_refused() {
        let mut out = vec![form::STREAM_2, 0, 1];
        out.extend_from_slice(&[0; 8]);
        crate::payload::seal(&mut out, 0);
        assert!(matches!(load_payload(&out, &Limits::default()), Err(Error::BadData(_))));
    }
}
