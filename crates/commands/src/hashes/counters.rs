//! Values that are numbers.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Event;
use resp::Writer;
use stdx::number::{Decimal, Extended, parse_i64};
use value::Hash;
use value::hash::{Field, Item};

use super::open;
use crate::elements::wrong_type;

/// HINCRBY key field increment
pub(super) fn hincrby(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let increment = args.int(3)?;
    let (now_ms, limits) = (context.keyspace.expiry_now_ms(), &context.limits.values);
    let mut edit = open(context, args, args.iter_from(2).take(1));
    let hash = edit.get::<Hash>().map_err(wrong_type)?;
    let old = hash.and_then(|hash| hash.field(args.at(2), now_ms));
    let deadline_ms = old.and_then(|field| field.deadline_ms);
    let new = match old {
        Some(field) => integer(&field)?.checked_add(increment),
        None => Some(increment),
    };
    let new = new.ok_or(Error::IncrementOverflow)?;
    let hash: &mut Hash = edit.get_or_create().map_err(wrong_type)?;
    hash.set(args.at(2), Decimal::new().format(new), deadline_ms, limits);
    edit.event_of(Event::hash("hincrby"), std::iter::once(args.at(2)));
    reply.integer(new);
    Ok(())
}

fn integer(field: &Field<'_>) -> Result<i64> {
    let number = match field.value {
        Item::Int(number) => Some(number),
        Item::Bytes(text) => parse_i64(text),
    };
    number.ok_or(Error::new("hash value is not an integer"))
}

/// HINCRBYFLOAT key field increment
pub(super) fn hincrbyfloat(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let increment = Extended::parse(args.at(3)).ok_or(Error::NotFloat)?;
    if increment.is_infinite() {
        return Err(Error::new("value is NaN or Infinity"));
    }
    let (now_ms, limits) = (context.keyspace.expiry_now_ms(), &context.limits.values);
    let mut edit = open(context, args, args.iter_from(2).take(1));
    let hash = edit.get::<Hash>().map_err(wrong_type)?;
    let old = hash.and_then(|hash| hash.field(args.at(2), now_ms));
    let deadline_ms = old.and_then(|field| field.deadline_ms);
    let old = match old {
        Some(field) => Extended::parse(field.value.bytes(&mut Decimal::new()))
            .ok_or(Error::new("hash value is not a float"))?,
        None => Extended::ZERO,
    };
    let sum = old.checked_add(increment).filter(|sum| !sum.is_infinite());
    let text = sum.ok_or(Error::NanOrInfinity)?.to_text();
    let hash: &mut Hash = edit.get_or_create().map_err(wrong_type)?;
    hash.set(args.at(2), text.as_bytes(), deadline_ms, limits);
    edit.event_of(Event::hash("hincrbyfloat"), std::iter::once(args.at(2)));
    // The sum and not the call, so that a replay does no arithmetic of its own.
    let (key, name, text) = (edit.key().bytes, args.at(2), text.as_bytes());
    if deadline_ms.is_none() {
        edit.log(&[b"HSET", key, name, text]);
    } else {
        edit.log(&[b"HSETEX", key, b"KEEPTTL", b"FIELDS", b"1", name, text]);
    }
    reply.bulk(text);
    Ok(())
}

#[cfg(test)]
mod tests;
