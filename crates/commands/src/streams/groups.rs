//! Consumer groups: their administration, and what they deliver.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::{Edit, Event};
use resp::Writer;
use value::stream::{Group, Stream, StreamId};

use super::ids::{any, exact};
use super::references::Fate;
use super::remove::{chosen, ids, tell_deleted};
use crate::options::is;

/// The error for a key or a group that is not there.
pub(super) fn no_group(key: &[u8], group: &[u8], where_to: &str) -> Error {
    let end = format!("'{where_to}");
    Error::coded_quoting(&[
        b"NOGROUP No such key '",
        key,
        b"' or consumer group '",
        group,
        end.as_bytes(),
    ])
}

/// The error for a group that is not there, where the key is.
pub(super) fn no_group_for(key: &[u8], group: &[u8]) -> Error {
    let start = b"NOGROUP No such consumer group '";
    Error::coded_quoting(&[start, group, b"' for key name '", key, b"'"])
}

/// A group has a consumer that it had not.
pub(super) const NEW_CONSUMER: Event = Event::stream("xgroup-createconsumer");

/// Logs an entry's place in the pending lists, as XCLAIM sets it.
pub(super) fn log_claim(edit: &mut Edit<'_>, group: &[u8], id: StreamId) -> Result {
    let key = edit.key().bytes;
    let Some(stream) = edit.get::<Stream>()? else { return Ok(()) };
    let Some(known) = stream.group(group) else { return Ok(()) };
    let Some(pending) = known.pending().get(&id) else { return Ok(()) };
    let consumer = known.owner(pending).to_vec();
    let (id, last) = (id.to_string(), known.last_id.to_string());
    let (time, count) = (pending.delivered_ms.to_string(), pending.count.to_string());
    edit.log(&[
        b"XCLAIM",
        key,
        group,
        &consumer,
        b"0",
        id.as_bytes(),
        b"TIME",
        time.as_bytes(),
        b"RETRYCOUNT",
        count.as_bytes(),
        b"FORCE",
        b"JUSTID",
        b"LASTID",
        last.as_bytes(),
    ]);
    Ok(())
}

/// Logs what a group has delivered so far.
pub(super) fn log_position(edit: &mut Edit<'_>, group: &[u8]) -> Result {
    let key = edit.key().bytes;
    let Some(known) = edit.get::<Stream>()?.and_then(|stream| stream.group(group)) else {
        return Ok(());
    };
    let last = known.last_id.to_string();
    let read = known.entries_read.map_or_else(|| "-1".to_owned(), |read| read.to_string());
    let words = [b"XGROUP", &b"SETID"[..], key, group, last.as_bytes()];
    edit.log(&[&words[..], &[b"ENTRIESREAD", read.as_bytes()]].concat());
    Ok(())
}

/// `id | $`, and `[MKSTREAM] [ENTRIESREAD n]` behind it.
struct Position {
    makes_stream: bool,
    entries_read: Option<u64>,
}

impl Position {
    fn parse(args: Args<'_>, may_make: bool) -> Result<Self> {
        let mut position = Self { makes_stream: false, entries_read: None };
        let mut words = args.words_from(5);
        while let Some(word) = words.next_word() {
            if may_make && is(word, "MKSTREAM") {
                position.makes_stream = true;
            } else if is(word, "ENTRIESREAD") && words.remaining() > 0 {
                let read = words.int()?;
                position.entries_read = match read {
                    -1 => None,
                    ..-1 => {
                        return Err(Error::new("value for ENTRIESREAD must be positive or -1"));
                    }
                    read => Some(read as u64),
                };
            } else {
                return Err(Error::wrong_shape(args));
            }
        }
        Ok(position)
    }

    /// No more than were ever added.
    fn entries_read(&self, stream: &Stream) -> Option<u64> {
        self.entries_read.map(|read| read.min(stream.entries_added))
    }
}

const NEEDS_KEY: Error = Error::new(
    "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use \
     the MKSTREAM option to create an empty stream automatically.",
);

/// XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD entries-read]
pub(super) fn create(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let position = Position::parse(args, true)?;
    let mut edit = context.edit(context.key(args, 2));
    let stream = edit.get::<Stream>()?;
    if stream.is_none() && !position.makes_stream {
        return Err(NEEDS_KEY);
    }
    // An option may come again as long as the call is no longer than with each one once.
    if args.len() > 8 {
        return Err(Error::wrong_shape(args));
    }
    let last_id = match args.at(4) {
        b"$" => stream.map_or(StreamId::MIN, |stream| stream.last_id),
        word => exact(word, 0)?,
    };
    if stream.is_some_and(|stream| stream.group(args.at(3)).is_some()) {
        return Err(Error::Coded("BUSYGROUP Consumer Group name already exists".into()));
    }
    let stream = edit.get_or_create::<Stream>()?;
    let entries_read = position.entries_read(stream);
    stream.add_group(args.at(3), Group::new(last_id, entries_read));
    edit.event(Event::stream("xgroup-create"));
    reply.ok();
    Ok(())
}

/// The stream of a subcommand's key, and its group.
fn with_group<'e>(edit: &'e mut Edit<'_>, args: Args<'_>) -> Result<&'e mut Stream> {
    let stream = edit.get::<Stream>()?.ok_or(NEEDS_KEY)?;
    if stream.group(args.at(3)).is_none() {
        return Err(no_group_for(args.at(2), args.at(3)));
    }
    edit.get_mut::<Stream>()?.ok_or(NEEDS_KEY)
}

/// XGROUP SETID key group id | $ [ENTRIESREAD entries-read]
pub(super) fn setid(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let position = Position::parse(args, false)?;
    let mut edit = context.edit(context.key(args, 2));
    let stream = with_group(&mut edit, args)?;
    let last_id = match args.at(4) {
        b"$" => Ok(stream.last_id),
        word => any(word, 0),
    };
    let last_id = match last_id {
        Ok(last_id) => last_id,
        Err(error) => {
            edit.unchanged();
            return Err(error);
        }
    };
    let entries_read = position.entries_read(stream);
    if let Some(mut group) = stream.group_mut(args.at(3)) {
        (group.last_id, group.entries_read) = (last_id, entries_read);
    }
    edit.event(Event::stream("xgroup-setid"));
    reply.ok();
    Ok(())
}

/// XGROUP DESTROY key group
pub(super) fn destroy(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 2));
    let stream = edit.get_mut::<Stream>()?.ok_or(NEEDS_KEY)?;
    let removed = stream.remove_group(args.at(3));
    edit.count_as(usize::from(removed), Event::stream("xgroup-destroy"));
    reply.integer(i64::from(removed));
    Ok(())
}

/// XGROUP CREATECONSUMER key group consumer
pub(super) fn createconsumer(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let now_ms = context.now_ms();
    let mut edit = context.edit(context.key(args, 2));
    let stream = with_group(&mut edit, args)?;
    let group = stream.group_mut(args.at(3));
    let added = group.is_some_and(|mut group| group.add_consumer(args.at(4), now_ms));
    edit.count_as(usize::from(added), NEW_CONSUMER);
    reply.integer(i64::from(added));
    Ok(())
}

/// XGROUP DELCONSUMER key group consumer
pub(super) fn delconsumer(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let mut edit = context.edit(context.key(args, 2));
    let stream = with_group(&mut edit, args)?;
    let group = stream.group_mut(args.at(3));
    let removed = group.and_then(|mut group| group.remove_consumer(args.at(4)));
    let removals = usize::from(removed.is_some());
    edit.count_as(removals, Event::stream("xgroup-delconsumer"));
    reply.integer(removed.unwrap_or(0) as i64);
    Ok(())
}

/// XACK key group id [id ...]
pub(super) fn xack(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    if edit.get::<Stream>()?.and_then(|stream| stream.group(args.at(2))).is_none() {
        reply.integer(0);
        return Ok(());
    }
    let ids = ids(args, 3)?;
    let group = edit.get_mut::<Stream>()?.and_then(|stream| stream.group_mut(args.at(2)));
    let acknowledged = group.map_or(0, |mut group| {
        ids.into_iter().filter(|id| group.acknowledge(*id).is_some()).count()
    });
    edit.silent();
    edit.count(acknowledged);
    reply.integer(acknowledged as i64);
    Ok(())
}

/// XACKDEL key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
pub(super) fn xackdel(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (references, ids) = chosen(args, 3)?;
    let mut edit = context.edit(context.key(args, 1));
    let mut stream = edit.get_mut::<Stream>()?;
    let (mut changed, mut deleted) = (0, 0);
    reply.array(ids.len());
    for id in ids {
        let mut fate = Fate::Absent;
        let acknowledge = |stream: &mut Stream| -> bool {
            let group = stream.group_mut(args.at(2));
            group.is_some_and(|mut group| group.acknowledge(id).is_some())
        };
        if let Some(stream) = &mut stream
            && acknowledge(stream)
        {
            changed += 1;
            fate = match references.delete(stream, id) {
                Fate::Deleted => {
                    deleted += 1;
                    Fate::Deleted
                }
                // It was deleted before; it is acknowledged all the same.
                Fate::Absent => Fate::Deleted,
                fate => fate,
            };
        }
        reply.integer(fate as i64);
    }
    tell_deleted(&mut edit, deleted);
    edit.count(changed);
    Ok(())
}
