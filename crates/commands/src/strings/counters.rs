//! Strings that are numbers.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::{Event, StringRef};
use resp::Writer;
use stdx::number::{Decimal, Extended, parse_i64};

use super::old_string;

/// An integer was added.
pub(super) const INCRBY: Event = Event::string("incrby");
/// A floating-point number was.
pub(super) const INCRBYFLOAT: Event = Event::string("incrbyfloat");

/// INCR key
pub(super) fn incr(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    add(context, args, reply, 1)
}

/// DECR key
pub(super) fn decr(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    add(context, args, reply, -1)
}

/// INCRBY key increment
pub(super) fn incrby(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    add(context, args, reply, args.int(2)?)
}

/// DECRBY key decrement
pub(super) fn decrby(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    add(context, args, reply, args.int(2)?.checked_neg().ok_or(Error::DecrementOverflow)?)
}

#[inline]
fn add(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    increment: i64,
) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    let old = old_string(&edit)?.map_or(Ok(0), integer)?;
    let new = old.checked_add(increment).ok_or(Error::IncrementOverflow)?;
    edit.set_int(new);
    edit.event(INCRBY);
    reply.integer(new);
    Ok(())
}

/// A string as an integer.
pub(super) fn integer(string: StringRef<'_>) -> Result<i64> {
    match string {
        StringRef::Int(number) => Ok(number),
        StringRef::Bytes(text) => parse_i64(text).ok_or(Error::NotInteger),
    }
}

/// A string as a floating-point number.
pub(super) fn float(string: StringRef<'_>) -> Result<Extended> {
    Extended::parse(string.bytes(&mut Decimal::new())).ok_or(Error::NotFloat)
}

/// INCRBYFLOAT key increment
pub(super) fn incrbyfloat(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    let old = old_string(&edit)?.map_or(Ok(Extended::ZERO), float)?;
    let increment = Extended::parse(args.at(2)).ok_or(Error::NotFloat)?;
    let sum = old.checked_add(increment).filter(|sum| !sum.is_infinite());
    let text = sum.ok_or(Error::NanOrInfinity)?.to_text();
    edit.set_string(text.as_bytes());
    edit.event(INCRBYFLOAT);
    // The sum and not the call, so that a replay does no arithmetic of its own.
    edit.log(&[b"SET", edit.key().bytes, text.as_bytes(), b"KEEPTTL"]);
    reply.bulk(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests;
