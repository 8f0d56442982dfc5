//! RENAME and RENAMENX.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Detached, Event, Key};
use resp::Writer;

use crate::effect::log_whole;

/// RENAME key newkey
pub(super) fn rename(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    if !exists(context, context.key(args, 1)) {
        return Err(Error::NoSuchKey);
    }
    if args.at(1) != args.at(2) {
        move_here(context, args);
    }
    reply.ok();
    Ok(())
}

/// RENAMENX key newkey
pub(super) fn renamenx(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    if !exists(context, context.key(args, 1)) {
        return Err(Error::NoSuchKey);
    }
    let is_free = !exists(context, context.key(args, 2));
    if is_free {
        move_here(context, args);
    }
    reply.integer(i64::from(is_free));
    Ok(())
}

fn exists(context: &mut Context<'_>, key: Key<'_>) -> bool {
    context.keyspace.peek(context.db, key).is_some()
}

fn move_here(context: &mut Context<'_>, args: Args<'_>) {
    let moved = take(context, context.key(args, 1)).expect("the key exists");
    put(context, args.at(1), context.key(args, 2), moved);
}

/// Takes a key away; it is told where it goes.
fn take(context: &mut Context<'_>, key: Key<'_>) -> Option<Detached> {
    let mut source = context.edit(key);
    source.silent();
    source.take()
}

/// Puts a key that was called `old` to its new place, and tells both.
fn put(context: &mut Context<'_>, old: &[u8], key: Key<'_>, moved: Detached) {
    let (db, keyspace) = (context.db, &mut *context.keyspace);
    let mut target = keyspace.edit(db, key);
    target.remove_untold();
    target.put(moved);
    target.silent();
    drop(target);
    keyspace.news().event(Event::generic("rename_from"), db, old);
    keyspace.news().event(Event::generic("rename_to"), db, key.bytes);
}

/// RENAME from one shard to another.
pub(super) fn rename_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        move_across(plan).await?;
        plan.reply().ok();
        Ok(())
    })
}

/// RENAMENX from one shard to another.
pub(super) fn renamenx_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let (source, target) = (plan.on_key(1, exists), plan.on_key(2, exists));
        if !source.await {
            return Err(Error::NoSuchKey);
        }
        let is_free = !target.await;
        if is_free {
            move_across(plan).await?;
        }
        plan.reply().integer(i64::from(is_free));
        Ok(())
    })
}

async fn move_across(plan: &Plan) -> Result {
    let old = plan.args().at(1).to_vec();
    let taken = plan.on_key(1, |context, key| {
        let moved = take(context, key);
        if moved.is_some() {
            context.edit(key).log(&[b"DEL", key.bytes]);
        }
        moved
    });
    let moved = taken.await.ok_or(Error::NoSuchKey)?;
    plan.on_key(2, move |context, key| {
        put(context, &old, key, moved);
        log_whole(&mut context.edit(key));
    })
    .await;
    Ok(())
}

#[cfg(test)]
mod tests;
