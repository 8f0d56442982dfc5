//! Reading entries: ranges.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Key;
use resp::Writer;
use value::stream::{Entry, Stream, StreamId};

use super::ids::{end, start};
use crate::elements;
use crate::options::is;

/// A key's stream, to be read.
pub(super) fn read<'a>(context: &'a mut Context<'_>, key: Key<'_>) -> Result<Option<&'a Stream>> {
    let entry = context.read(key);
    Ok(entry.map(|entry| entry.get::<Stream>()).transpose()?)
}

pub(super) fn write_id(reply: &mut Writer<'_>, id: StreamId) {
    reply.bulk(id.to_string().as_bytes());
}

/// An entry as id and fields with values.
pub(super) fn write_entry(reply: &mut Writer<'_>, entry: &Entry<'_>) {
    reply.array(2);
    write_fields(reply, entry);
}

/// An entry's id, and its fields with values.
pub(super) fn write_fields(reply: &mut Writer<'_>, entry: &Entry<'_>) {
    write_id(reply, entry.id);
    reply.array(2 * entry.len);
    entry.each(|field, value| {
        elements::write(reply, field);
        elements::write(reply, value);
    });
}

/// Writes entries between two ids, up to `count` if that is not 0; answers how many.
pub(super) fn write_range(
    reply: &mut Writer<'_>,
    stream: &Stream,
    (start, end): (StreamId, StreamId),
    is_reverse: bool,
    count: usize,
) -> usize {
    let mut written = 0;
    let mut entries = Vec::new();
    let mut out = Writer::new(&mut entries, reply.protocol());
    stream.range(start, end, is_reverse, |entry| {
        write_entry(&mut out, entry);
        written += 1;
        written != count
    });
    reply.array(written);
    reply.raw(&entries);
    written
}

/// XLEN key
pub(super) fn xlen(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.integer(read(context, context.key(args, 1))?.map_or(0, Stream::len) as i64);
    Ok(())
}

/// XRANGE key start end [COUNT count]
pub(super) fn xrange(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    range(context, args, reply, false)
}

/// XREVRANGE key end start [COUNT count]
pub(super) fn xrevrange(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    range(context, args, reply, true)
}

fn range(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    is_reverse: bool,
) -> Result {
    let (first, last) = if is_reverse { (3, 2) } else { (2, 3) };
    let ends = (start(args.at(first))?, end(args.at(last))?);
    let mut count = None;
    let mut words = args.words_from(4);
    while let Some(word) = words.next_word() {
        if !is(word, "COUNT") || words.remaining() == 0 {
            return Err(Error::Syntax);
        }
        count = Some(usize::try_from(words.int()?).unwrap_or(0));
    }
    match read(context, context.key(args, 1))? {
        Some(_) if count == Some(0) => reply.null_array(),
        Some(stream) => {
            write_range(reply, stream, ends, is_reverse, count.unwrap_or(0));
        }
        None => reply.array(0),
    }
    Ok(())
}
