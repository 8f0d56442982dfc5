//! Entries out.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::{Edit, Event};
use resp::Writer;
use value::stream::{Stream, StreamId};

use super::ids::exact;
use super::references::{Fate, References, forget};
use super::trimming::Options;
use crate::options::is;

/// Entries went because the stream was too long.
pub(super) const XTRIM: Event = Event::stream("xtrim");
/// Entries were deleted.
const XDEL: Event = Event::stream("xdel");

/// XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]
pub(super) fn xtrim(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let limits = context.limits.values;
    let options = Options::parse(args, false, limits.stream_node_max_entries)?;
    let mut edit = context.edit(context.key(args, 1));
    let (Some(stream), Some(trimming)) = (edit.get_mut::<Stream>()?, options.trimming) else {
        reply.integer(0);
        return Ok(());
    };
    let removed = trimming.run(stream);
    reply.integer(removed as i64);
    if removed > 0 {
        let outcome = trimming.outcome(stream);
        let mut logged: Vec<&[u8]> = vec![b"XTRIM", args.at(1)];
        logged.extend(outcome.iter().map(Vec::as_slice));
        edit.log(&logged);
    }
    edit.count_as(removed, XTRIM);
    Ok(())
}

/// Ids from an argument on.
pub(super) fn ids(args: Args<'_>, from: usize) -> Result<Vec<StreamId>> {
    args.iter_from(from).map(|word| exact(word, 0)).collect()
}

/// XDEL key id [id ...]
pub(super) fn xdel(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    if edit.get::<Stream>()?.is_none() {
        reply.integer(0);
        return Ok(());
    }
    let ids = ids(args, 2)?;
    let deleted = match edit.get_mut::<Stream>()? {
        Some(stream) => ids.into_iter().filter(|id| stream.delete(*id)).count(),
        None => 0,
    };
    edit.count_as(deleted, XDEL);
    reply.integer(deleted as i64);
    Ok(())
}

/// `[KEEPREF | DELREF | ACKED] IDS numids id [id ...]` from an argument on.
pub(super) fn chosen(args: Args<'_>, from: usize) -> Result<(References, Vec<StreamId>)> {
    let (mut references, mut found) = (References::Keep, None);
    let mut at = from;
    while let Some(word) = args.get(at) {
        if let Some(choice) = References::parse(word) {
            references = choice;
            at += 1;
        } else if is(word, "IDS") && found.is_none() && at + 1 < args.len() {
            let count = args.int(at + 1).ok().and_then(|count| usize::try_from(count).ok());
            let count = count.filter(|count| *count > 0);
            let count = count.ok_or(Error::new("Number of IDs must be a positive integer"))?;
            if count > args.len() - (at + 2) {
                return Err(Error::new(
                    "The `numids` parameter must match the number of arguments",
                ));
            }
            let words = args.iter_from(at + 2).take(count);
            found = Some(words.map(|word| exact(word, 0)).collect::<Result<Vec<_>>>()?);
            at += 2 + count;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok((references, found.ok_or(Error::Syntax)?))
}

/// XDELEX key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]
pub(super) fn xdelex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (references, ids) = chosen(args, 2)?;
    let mut edit = context.edit(context.key(args, 1));
    let (mut changes, mut deleted) = (0, 0);
    reply.array(ids.len());
    let mut stream = edit.get_mut::<Stream>()?;
    for id in ids {
        let mut fate = Fate::Absent;
        if let Some(stream) = &mut stream {
            let was_pending = references == References::Delete && forget(stream, id);
            fate = references.delete(stream, id);
            changes += usize::from(was_pending || fate == Fate::Deleted);
            deleted += usize::from(fate == Fate::Deleted);
        }
        reply.integer(fate as i64);
    }
    tell_deleted(&mut edit, deleted);
    edit.count(changes);
    Ok(())
}

/// Tells that so many entries were deleted, if any.
pub(super) fn tell_deleted(edit: &mut Edit<'_>, entries: usize) {
    match entries {
        0 => edit.silent(),
        _ => edit.event(XDEL),
    }
}
