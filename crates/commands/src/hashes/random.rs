//! Random fields.

use command::{Args, Error, Result};
use engine::Context;
use resp::Writer;
use value::Hash;
use value::hash::Field;

use crate::elements::{self, Draws, wrong_type};
use crate::options::is;

/// A call removes no more fields whose time has come.
const EXPIRED_AT_ONCE: usize = 1000;

/// HRANDFIELD key [count [WITHVALUES]]
pub(super) fn hrandfield(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let draws = (args.len() > 2).then(|| Draws::parse(args, 2)).transpose()?;
    let with_values = args.get(3).is_some_and(|word| is(word, "WITHVALUES"));
    if args.len() > 4 || args.len() == 4 && !with_values {
        return Err(Error::Syntax);
    }
    if with_values && args.int(2)?.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(Error::NotInRange);
    }
    let (now_ms, key) = (context.keyspace.expiry_now_ms(), context.key(args, 1));
    if super::read(context, key)?.is_some_and(|hash| hash.is_due(now_ms)) {
        context.edit(key).expire_any_fields(EXPIRED_AT_ONCE);
    }
    let bounds = elements::Bounds::new(context, reply);
    let entry = context.keyspace.peek(context.db, key);
    let hash = entry.map(|entry| entry.get::<Hash>()).transpose().map_err(wrong_type)?;
    let hash = hash.filter(|hash| hash.live_len(now_ms) > 0);
    match (draws, hash) {
        (None, hash) => {
            let field = hash.and_then(|hash| hash.random(now_ms, context.rng));
            elements::write_option(reply, field.map(|field| field.name));
        }
        (Some(_), None) => reply.array(0),
        (Some(Draws::Different(count)), Some(hash)) => {
            announce(reply, count.min(hash.live_len(now_ms)) as u64, with_values);
            hash.sample(count, now_ms, context.rng, |field| write(reply, &field, with_values));
        }
        (Some(Draws::Any(count)), Some(hash)) => {
            announce(reply, count, with_values);
            hash.draw(count, now_ms, context.rng, |field| {
                write(reply, &field, with_values);
                bounds.allow(reply)
            });
            bounds.check(reply)?;
        }
    }
    Ok(())
}

/// RESP3 has each field with its value in an array of its own.
fn announce(reply: &mut Writer<'_>, count: u64, with_values: bool) {
    let is_flat = with_values && !reply.is_resp3();
    reply.array(count as usize * if is_flat { 2 } else { 1 });
}

fn write(reply: &mut Writer<'_>, field: &Field<'_>, with_values: bool) {
    if with_values && reply.is_resp3() {
        reply.array(2);
    }
    elements::write(reply, field.name);
    if with_values {
        elements::write(reply, field.value);
    }
}

#[cfg(test)]
mod tests;
