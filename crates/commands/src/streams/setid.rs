//! XSETID: the counters of a stream.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::{Edit, Event};
use resp::Writer;
use value::stream::{Stream, StreamId};

use super::ids::exact;
use crate::options::is;

/// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
pub(super) fn xsetid(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let id = exact(args.at(2), 0)?;
    let (mut entries_added, mut max_deleted) = (None, StreamId::MIN);
    let mut words = args.words_from(3);
    while let Some(word) = words.next_word() {
        if is(word, "ENTRIESADDED") && words.remaining() > 0 {
            let added = words.int()?;
            let added = u64::try_from(added);
            entries_added = Some(added.map_err(|_| Error::new("entries_added must be positive"))?);
        } else if is(word, "MAXDELETEDID") && words.remaining() > 0 {
            max_deleted = exact(words.value()?, 0)?;
            if id < max_deleted {
                return Err(Error::new(
                    "The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
        } else {
            return Err(Error::Syntax);
        }
    }
    let mut edit = context.edit(context.key(args, 1));
    check_last_id(edit.get::<Stream>()?.ok_or(Error::NoSuchKey)?, id, entries_added)?;
    set_last_id(&mut edit, id, entries_added, max_deleted)?;
    reply.ok();
    Ok(())
}

fn check_last_id(stream: &Stream, id: StreamId, entries_added: Option<u64>) -> Result {
    if id < stream.max_deleted_id {
        return Err(Error::new(
            "The ID specified in XSETID is smaller than current max_deleted_entry_id",
        ));
    }
    if !stream.is_empty() && id < stream.last_entry_id() {
        return Err(Error::new(
            "The ID specified in XSETID is smaller than the target stream top item",
        ));
    }
    if !stream.is_empty() && entries_added.is_some_and(|added| (stream.len() as u64) > added) {
        return Err(Error::new(
            "The entries_added specified in XSETID is smaller than the target stream length",
        ));
    }
    Ok(())
}

fn set_last_id(
    edit: &mut Edit<'_>,
    id: StreamId,
    entries_added: Option<u64>,
    max_deleted: StreamId,
) -> Result {
    if let Some(stream) = edit.get_mut::<Stream>()? {
        stream.last_id = id;
        stream.entries_added = entries_added.unwrap_or(stream.entries_added);
        if max_deleted != StreamId::MIN {
            stream.max_deleted_id = max_deleted;
        }
        edit.event(Event::stream("xsetid"));
    }
    Ok(())
}
