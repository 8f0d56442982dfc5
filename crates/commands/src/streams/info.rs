//! XINFO: what a stream, its groups and their consumers are at.

use command::{Args, Error, Result};
use engine::Context;
use resp::Writer;
use value::stream::{Group, Producers, Stream, StreamId};

use super::groups::no_group_for;
use super::read::{read, write_id, write_range};
use crate::options::is;

const ALL: (StreamId, StreamId) = (StreamId::MIN, StreamId::MAX);

fn field(reply: &mut Writer<'_>, name: &str, number: u64) {
    reply.bulk(name.as_bytes());
    reply.integer(number as i64);
}

fn id_field(reply: &mut Writer<'_>, name: &str, id: StreamId) {
    reply.bulk(name.as_bytes());
    write_id(reply, id);
}

fn known_field(reply: &mut Writer<'_>, name: &str, number: Option<u64>) {
    reply.bulk(name.as_bytes());
    match number {
        Some(number) => reply.integer(number as i64),
        None => reply.null(),
    }
}

/// XINFO STREAM key [FULL [COUNT count]]
pub(super) fn stream(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let now_ms = context.now_ms();
    let stream = read(context, context.key(args, 2))?.ok_or(Error::NoSuchKey)?;
    let full = match args.len() {
        3 => None,
        4 if is(args.at(3), "FULL") => Some(10),
        6 if is(args.at(3), "FULL") && is(args.at(4), "COUNT") => {
            Some(usize::try_from(args.int(5)?).unwrap_or(10))
        }
        _ => return Err(Error::wrong_shape(args)),
    };
    let names = if stream.producers().is_some() { 6 } else { 0 };
    reply.map(names + if full.is_some() { 9 } else { 10 });
    field(reply, "length", stream.len() as u64);
    field(reply, "radix-tree-keys", stream.blocks().len() as u64);
    // There is no radix tree; a tree of so many keys would have about one node more.
    field(reply, "radix-tree-nodes", stream.blocks().len() as u64 + 1);
    id_field(reply, "last-generated-id", stream.last_id);
    id_field(reply, "max-deleted-entry-id", stream.max_deleted_id);
    field(reply, "entries-added", stream.entries_added);
    id_field(reply, "recorded-first-entry-id", stream.first_id());
    if let Some(producers) = stream.producers() {
        write_producers(reply, producers, now_ms);
    }
    match full {
        None => {
            field(reply, "groups", stream.groups().len() as u64);
            write_end(reply, stream, "first-entry", false);
            write_end(reply, stream, "last-entry", true);
        }
        Some(count) => {
            reply.bulk(b"entries");
            write_range(reply, stream, ALL, false, count);
            reply.bulk(b"groups");
            reply.array(stream.groups().len());
            for (name, group) in stream.groups() {
                write_group(reply, stream, name, group, count);
            }
        }
    }
    Ok(())
}

/// How many names of entries are known, and for how long.
fn write_producers(reply: &mut Writer<'_>, producers: &Producers, now_ms: i64) {
    field(reply, "idmp-duration", producers.duration_s());
    field(reply, "idmp-maxsize", producers.size_max() as u64);
    let (tracked, names) = producers.counts(now_ms);
    field(reply, "pids-tracked", tracked as u64);
    field(reply, "iids-tracked", names as u64);
    field(reply, "iids-added", producers.added);
    field(reply, "iids-duplicates", producers.duplicates);
}

/// The first or the last entry.
fn write_end(reply: &mut Writer<'_>, stream: &Stream, name: &str, is_last: bool) {
    reply.bulk(name.as_bytes());
    let mut found = false;
    stream.range(ALL.0, ALL.1, is_last, |entry| {
        super::read::write_entry(reply, entry);
        found = true;
        false
    });
    if !found {
        reply.null();
    }
}

/// A group with up to `count` (all, if that is 0) of what is pending, and its consumers.
fn write_group(reply: &mut Writer<'_>, stream: &Stream, name: &[u8], group: &Group, count: usize) {
    let most = if count == 0 { usize::MAX } else { count };
    reply.map(8);
    reply.bulk(b"name");
    reply.bulk(name);
    id_field(reply, "last-delivered-id", group.last_id);
    known_field(reply, "entries-read", group.entries_read);
    known_field(reply, "lag", stream.lag(group));
    field(reply, "pel-count", group.pending().len() as u64);
    field(reply, "nacked-count", group.released() as u64);
    reply.bulk(b"pending");
    reply.array(group.pending().len().min(most));
    for (id, pending) in group.pending().iter().take(most) {
        reply.array(4);
        write_id(reply, *id);
        reply.bulk(group.owner(pending));
        reply.integer(pending.delivered_ms);
        reply.integer(pending.count as i64);
    }
    reply.bulk(b"consumers");
    reply.array(group.consumers().len());
    for (name, consumer) in group.consumers() {
        reply.map(5);
        reply.bulk(b"name");
        reply.bulk(name);
        reply.bulk(b"seen-time");
        reply.integer(consumer.seen_ms);
        reply.bulk(b"active-time");
        reply.integer(consumer.active_ms.unwrap_or(-1));
        field(reply, "pel-count", consumer.pending.len() as u64);
        reply.bulk(b"pending");
        reply.array(consumer.pending.len().min(most));
        for id in consumer.pending.iter().take(most) {
            let pending = group.pending().get(id);
            reply.array(3);
            write_id(reply, *id);
            reply.integer(pending.map_or(0, |pending| pending.delivered_ms));
            reply.integer(pending.map_or(0, |pending| pending.count as i64));
        }
    }
}

/// XINFO GROUPS key
pub(super) fn groups(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let stream = read(context, context.key(args, 2))?.ok_or(Error::NoSuchKey)?;
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.bulk(b"name");
        reply.bulk(name);
        field(reply, "consumers", group.consumers().len() as u64);
        field(reply, "pending", group.pending().len() as u64);
        id_field(reply, "last-delivered-id", group.last_id);
        known_field(reply, "entries-read", group.entries_read);
        known_field(reply, "lag", stream.lag(group));
    }
    Ok(())
}

/// XINFO CONSUMERS key group
pub(super) fn consumers(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let now_ms = context.now_ms();
    let stream = read(context, context.key(args, 2))?.ok_or(Error::NoSuchKey)?;
    let no_group = || no_group_for(args.at(2), args.at(3));
    let group = stream.group(args.at(3)).ok_or_else(no_group)?;
    reply.array(group.consumers().len());
    for (name, consumer) in group.consumers() {
        reply.map(4);
        reply.bulk(b"name");
        reply.bulk(name);
        field(reply, "pending", consumer.pending.len() as u64);
        field(reply, "idle", (now_ms - consumer.seen_ms).max(0) as u64);
        reply.bulk(b"inactive");
        reply.integer(consumer.active_ms.map_or(-1, |active_ms| now_ms - active_ms));
    }
    Ok(())
}

const HELP: &[&str] = &[
    "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CONSUMERS <key> <groupname>",
    "    The consumers of a group.",
    "GROUPS <key>",
    "    The groups of a stream.",
    "STREAM <key> [FULL [COUNT <count>]",
    "    The stream itself; in full with entries, groups and what is pending.",
    "HELP",
    "    This text.",
];

/// XINFO HELP
pub(super) fn help(_: &mut Context<'_>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.array(HELP.len());
    HELP.iter().for_each(|line| reply.simple(line));
    Ok(())
}

const GROUP_HELP: &[&str] = &[
    "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CREATE <key> <groupname> <id|$> [option]",
    "    Makes a group that begins behind an entry. Options are:",
    "    * MKSTREAM",
    "      Makes the stream, too, if there is none.",
    "    * ENTRIESREAD entries_read",
    "      How many entries count as read.",
    "CREATECONSUMER <key> <groupname> <consumer>",
    "    Makes a consumer.",
    "DELCONSUMER <key> <groupname> <consumer>",
    "    Removes a consumer with what it has pending.",
    "DESTROY <key> <groupname>",
    "    Removes a group.",
    "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
    "    Moves a group to behind an entry.",
    "HELP",
    "    This text.",
];

/// XGROUP HELP
pub(super) fn group_help(_: &mut Context<'_>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.array(GROUP_HELP.len());
    GROUP_HELP.iter().for_each(|line| reply.simple(line));
    Ok(())
}
