//! Fields one by one: setting, getting, removing, asking.

use command::{Args, Error, Result};
use engine::Context;
use resp::Writer;
use value::Hash;
use value::hash::Field;

use super::{HDEL, HSET, lapse, open, read};
use crate::elements::{self, Collected, Scan, wrong_type};

/// HSET key field value [field value ...]
#[inline]
pub(super) fn hset(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let created = set(context, args, "hset")?;
    reply.integer(created as i64);
    Ok(())
}

/// HMSET key field value [field value ...]
pub(super) fn hmset(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    set(context, args, "hmset")?;
    reply.ok();
    Ok(())
}

/// Sets fields; answers how many are new.
fn set(context: &mut Context<'_>, args: Args<'_>, command: &str) -> Result<usize> {
    if args.len() % 2 == 1 {
        return Err(Error::WrongArity(command.into()));
    }
    let limits = &context.limits.values;
    let pairs = || (2..args.len()).step_by(2);
    let mut edit = open(context, args, pairs().map(|at| args.at(at)));
    let hash: &mut Hash = edit.get_or_create().map_err(wrong_type)?;
    hash.prepare(args.iter_from(2), limits);
    let created = pairs().filter(|at| hash.set(args.at(*at), args.at(at + 1), None, limits));
    let created = created.count();
    edit.count(pairs().len());
    edit.event_of(HSET, pairs().map(|at| args.at(at)));
    Ok(created)
}

/// HSETNX key field value
pub(super) fn hsetnx(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (now_ms, limits) = (context.keyspace.expiry_now_ms(), &context.limits.values);
    let mut edit = open(context, args, args.iter_from(2).take(1));
    let hash = edit.get::<Hash>().map_err(wrong_type)?;
    let is_new = hash.is_none_or(|hash| hash.get(args.at(2), now_ms).is_none());
    if is_new {
        let hash: &mut Hash = edit.get_or_create().map_err(wrong_type)?;
        hash.prepare(args.iter_from(2), limits);
        hash.set(args.at(2), args.at(3), None, limits);
        edit.event_of(HSET, std::iter::once(args.at(2)));
    }
    reply.integer(i64::from(is_new));
    Ok(())
}

/// HGET key field
#[inline]
pub(super) fn hget(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    ask(context, args, |field| elements::write_option(reply, field.map(|field| field.value)))
}

/// HSTRLEN key field
pub(super) fn hstrlen(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    ask(context, args, |field| reply.integer(field.map_or(0, |field| field.value.len()) as i64))
}

/// HEXISTS key field
pub(super) fn hexists(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    ask(context, args, |field| reply.integer(i64::from(field.is_some())))
}

/// Answers with one field.
#[inline]
fn ask(
    context: &mut Context<'_>,
    args: Args<'_>,
    answer: impl FnOnce(Option<Field<'_>>),
) -> Result {
    let now_ms = context.keyspace.expiry_now_ms();
    let hash = read(context, context.key(args, 1))?;
    answer(hash.and_then(|hash| hash.field(args.at(2), now_ms)));
    if hash.is_some_and(|hash| hash.is_due(now_ms)) {
        lapse(context, args, 2);
    }
    Ok(())
}

/// HMGET key field [field ...]
pub(super) fn hmget(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let now_ms = context.keyspace.expiry_now_ms();
    let hash = read(context, context.key(args, 1))?;
    reply.array(args.len() - 2);
    for name in args.iter_from(2) {
        elements::write_option(reply, hash.and_then(|hash| hash.get(name, now_ms)));
    }
    if hash.is_some_and(|hash| hash.is_due(now_ms)) {
        lapse(context, args, 2);
    }
    Ok(())
}

/// HLEN key
pub(super) fn hlen(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let hash = read(context, context.key(args, 1))?;
    reply.integer(hash.map_or(0, Hash::len) as i64);
    Ok(())
}

/// HDEL key field [field ...]
pub(super) fn hdel(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    // One whose time has come is still there to be removed, as Redis has it.
    let mut edit = context.edit(context.key(args, 1));
    let (tells_fields, mut gone) = (edit.tells_fields(), Vec::new());
    let removed = match edit.get_mut::<Hash>().map_err(wrong_type)? {
        Some(hash) => args
            .iter_from(2)
            .filter(|name| {
                let is_gone = hash.remove(name);
                if is_gone && tells_fields {
                    gone.push(*name);
                }
                is_gone
            })
            .count(),
        None => 0,
    };
    edit.count(removed);
    if removed > 0 {
        edit.event_of(HDEL, gone.into_iter());
    }
    reply.integer(removed as i64);
    Ok(())
}

/// HGETALL key
pub(super) fn hgetall(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let now_ms = context.keyspace.expiry_now_ms();
    let hash = read(context, context.key(args, 1))?;
    reply.map(hash.map_or(0, |hash| hash.live_len(now_ms)));
    for Field { name, value, .. } in hash.iter().flat_map(|hash| hash.iter(now_ms)) {
        elements::write(reply, name);
        elements::write(reply, value);
    }
    Ok(())
}

/// HKEYS key
pub(super) fn hkeys(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let now_ms = context.keyspace.expiry_now_ms();
    let hash = read(context, context.key(args, 1))?;
    reply.array(hash.map_or(0, |hash| hash.live_len(now_ms)));
    for field in hash.iter().flat_map(|hash| hash.iter(now_ms)) {
        elements::write(reply, field.name);
    }
    Ok(())
}

/// HVALS key
pub(super) fn hvals(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let now_ms = context.keyspace.expiry_now_ms();
    let hash = read(context, context.key(args, 1))?;
    reply.array(hash.map_or(0, |hash| hash.live_len(now_ms)));
    for field in hash.iter().flat_map(|hash| hash.iter(now_ms)) {
        elements::write(reply, field.value);
    }
    Ok(())
}

/// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
pub(super) fn hscan(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let cursor = Scan::cursor(args)?;
    let now_ms = context.keyspace.expiry_now_ms();
    let (mut next, mut found) = (0, Collected::new());
    if let Some(hash) = read(context, context.key(args, 1))? {
        let scan = Scan::parse(args, Some("NOVALUES"))?;
        next = hash.scan(cursor, scan.count, now_ms, |field| {
            if scan.wants(field.name) {
                found.push(field.name);
                if !scan.no_values {
                    found.push(field.value);
                }
            }
        });
    }
    Scan::reply(reply, next, &found);
    Ok(())
}

#[cfg(test)]
mod tests;
