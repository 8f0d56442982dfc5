//! Members one by one: adding, removing, asking, moving, going through them.

use command::{Args, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::Event;
use resp::Writer;
use value::Set;

use crate::elements::{self, Collected, Scan, wrong_type};

const SADD: Event = Event::set("sadd");
const SREM: Event = Event::set("srem");

/// SADD key member [member ...]
pub(super) fn sadd(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let limits = &context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    let set: &mut Set = edit.get_or_create().map_err(wrong_type)?;
    set.prepare(args.at(2), args.len() - 2, limits);
    let added = args.iter_from(2).filter(|member| set.add(member, limits)).count();
    edit.count_as(added, SADD);
    reply.integer(added as i64);
    Ok(())
}

/// SREM key member [member ...]
pub(super) fn srem(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    let removed = match edit.get_mut::<Set>().map_err(wrong_type)? {
        Some(set) => args.iter_from(2).filter(|member| set.remove(member)).count(),
        None => 0,
    };
    edit.count_as(removed, SREM);
    reply.integer(removed as i64);
    Ok(())
}

/// SISMEMBER key member
pub(super) fn sismember(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let set = super::read(context, context.key(args, 1))?;
    reply.integer(i64::from(set.is_some_and(|set| set.contains(args.at(2)))));
    Ok(())
}

/// SMISMEMBER key member [member ...]
pub(super) fn smismember(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let set = super::read(context, context.key(args, 1))?;
    reply.array(args.len() - 2);
    for member in args.iter_from(2) {
        reply.integer(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    Ok(())
}

/// SCARD key
pub(super) fn scard(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let set = super::read(context, context.key(args, 1))?;
    reply.integer(set.map_or(0, Set::len) as i64);
    Ok(())
}

/// SMEMBERS key
pub(super) fn smembers(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let set = super::read(context, context.key(args, 1))?;
    reply.set(set.map_or(0, Set::len));
    for member in set.iter().flat_map(|set| set.iter()) {
        elements::write(reply, member);
    }
    Ok(())
}

/// SSCAN key cursor [MATCH pattern] [COUNT count]
pub(super) fn sscan(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let cursor = Scan::cursor(args)?;
    let (mut next, mut found) = (0, Collected::new());
    if let Some(set) = super::read(context, context.key(args, 1))? {
        let scan = Scan::parse(args, None)?;
        next = set.scan(cursor, scan.count, |member| {
            if scan.wants(member) {
                found.push(member);
            }
        });
    }
    Scan::reply(reply, next, &found);
    Ok(())
}

/// SMOVE source destination member
pub(super) fn smove(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (source, target, member) = (context.key(args, 1), context.key(args, 2), args.at(3));
    let entry = context.keyspace.peek(context.db, source);
    let has_member = match entry.map(|entry| entry.get::<Set>()).transpose().map_err(wrong_type)? {
        Some(set) => {
            let target = context.keyspace.peek(context.db, target);
            target.map(|entry| entry.get::<Set>()).transpose().map_err(wrong_type)?;
            set.contains(member)
        }
        None => false,
    };
    if has_member && source != target {
        remove(context, source, member);
        add(context, target, member);
    }
    reply.integer(i64::from(has_member));
    Ok(())
}

/// SMOVE from one shard to another.
pub(super) fn smove_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let member = plan.args().at(3).to_vec();
        let source = plan.on_key(1, {
            let member = member.clone();
            move |context, key| -> Result<Option<bool>> {
                let entry = context.keyspace.peek(context.db, key);
                let set = entry.map(|entry| entry.get::<Set>()).transpose().map_err(wrong_type)?;
                Ok(set.map(|set| set.contains(&member)))
            }
        });
        let target = plan.on_key(2, |context, key| -> Result {
            let entry = context.keyspace.peek(context.db, key);
            entry.map(|entry| entry.get::<Set>()).transpose().map_err(wrong_type)?;
            Ok(())
        });
        let (source, target) = (source.await?, target.await);
        if source.is_some() {
            target?;
        }
        let has_member = source == Some(true);
        if has_member {
            let moved = member.clone();
            plan.on_key(1, move |context, key| {
                remove(context, key, &moved);
                context.edit(key).log(&[b"SREM", key.bytes, &moved]);
            })
            .await;
            plan.on_key(2, move |context, key| {
                if add(context, key, &member) {
                    context.edit(key).log(&[b"SADD", key.bytes, &member]);
                }
            })
            .await;
        }
        plan.reply().integer(i64::from(has_member));
        Ok(())
    })
}

fn remove(context: &mut Context<'_>, key: keyspace::Key<'_>, member: &[u8]) {
    let mut edit = context.edit(key);
    let set = edit.get_mut::<Set>().expect("its type was looked at");
    set.expect("it has the member").remove(member);
    edit.event(SREM);
}

/// Answers whether the member is new.
fn add(context: &mut Context<'_>, key: keyspace::Key<'_>, member: &[u8]) -> bool {
    let limits = &context.limits.values;
    let mut edit = context.edit(key);
    let set: &mut Set = edit.get_or_create().expect("its type was looked at");
    set.prepare(member, 1, limits);
    let is_new = set.add(member, limits);
    edit.count_as(usize::from(is_new), SADD);
    is_new
}

#[cfg(test)]
mod tests;
