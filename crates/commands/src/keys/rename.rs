//! RENAME and RENAMENX.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Detached, Key};
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
    let moved = context.edit(context.key(args, 1)).take().expect("the key exists");
    context.edit(context.key(args, 2)).put(moved);
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
    let moved = plan.on_key(1, take).await.ok_or(Error::NoSuchKey)?;
    plan.on_key(2, |context, key| {
        let mut target = context.edit(key);
        target.put(moved);
        log_whole(&mut target);
    })
    .await;
    Ok(())
}

fn take(context: &mut Context<'_>, key: Key<'_>) -> Option<Detached> {
    let mut source = context.edit(key);
    let moved = source.take()?;
    source.log(&[b"DEL", key.bytes]);
    Some(moved)
}

#[cfg(test)]
mod tests;
