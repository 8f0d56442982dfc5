//! Parts of strings, and their lengths.

use std::ops::Range;

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Event;
use resp::Writer;
use stdx::number::Decimal;

use super::old_string;

/// STRLEN key
pub(super) fn strlen(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let len = match context.read(context.key(args, 1)) {
        Some(entry) => entry.string()?.len(),
        None => 0,
    };
    reply.integer(len as i64);
    Ok(())
}

/// APPEND key value
pub(super) fn append(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let value = args.at(2);
    let limit = context.limits.string_bytes_max;
    let mut edit = context.edit(context.key(args, 1));
    let len = match old_string(&edit)?.map(|string| string.len()) {
        None => {
            edit.set(value, None);
            value.len()
        }
        Some(old_len) => {
            let len = checked_len(old_len, value.len(), limit)?;
            edit.string_buffer()?.append(value);
            len
        }
    };
    edit.event(Event::string("append"));
    reply.integer(len as i64);
    Ok(())
}

/// SETRANGE key offset value
pub(super) fn setrange(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let offset = usize::try_from(args.int(2)?).map_err(|_| Error::OffsetOutOfRange)?;
    let value = args.at(3);
    let limit = context.limits.string_bytes_max;
    let mut edit = context.edit(context.key(args, 1));
    let old_len = old_string(&edit)?.map_or(0, |string| string.len());
    if value.is_empty() {
        reply.integer(old_len as i64);
        return Ok(());
    }
    let end = checked_len(offset, value.len(), limit)?;
    let mut buffer = edit.string_buffer()?;
    if end > old_len {
        buffer.resize(end);
    }
    buffer.bytes_mut()[offset..end].copy_from_slice(value);
    reply.integer(buffer.len() as i64);
    edit.event(Event::string("setrange"));
    Ok(())
}

/// The length of a string that grows, if it may.
fn checked_len(len: usize, more: usize, limit: usize) -> Result<usize> {
    len.checked_add(more).filter(|len| *len <= limit).ok_or(Error::StringTooLong)
}

/// GETRANGE key start end, and SUBSTR
pub(super) fn getrange(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let (start, end) = (args.int(2)?, args.int(3)?);
    match context.read(context.key(args, 1)) {
        None => reply.bulk(b""),
        Some(entry) => {
            let mut text = Decimal::new();
            let bytes = entry.string()?.bytes(&mut text);
            reply.bulk(&bytes[clamp(start, end, bytes.len())]);
        }
    }
    Ok(())
}

/// The bytes from `start` to `end`, both included, negative ones counted from the end.
fn clamp(start: i64, end: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_start = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
    let (start, end) = (from_start(start).max(0), from_start(end).min(len - 1));
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

#[cfg(test)]
mod tests;
