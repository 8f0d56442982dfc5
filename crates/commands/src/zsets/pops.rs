//! Taking the members with the lowest or highest scores, at once or when there are some.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture, Wait};
use keyspace::{Event, Key};
use resp::Writer;
use value::Zset;

use super::bounds::is_max;
use crate::options::is;
use crate::waiting;

/// ZPOPMIN key [count]
pub(super) fn zpopmin(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    pop(context, args, reply, false)
}

/// ZPOPMAX key [count]
pub(super) fn zpopmax(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    pop(context, args, reply, true)
}

fn pop(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    from_max: bool,
) -> Result {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let count = match args.get(2) {
        None => None,
        Some(word) => {
            let count = stdx::number::parse_i64(word).and_then(|count| usize::try_from(count).ok());
            Some(count.ok_or(Error::new("value is out of range, must be positive"))?)
        }
    };
    let mut edit = context.edit(context.key(args, 1));
    let Some(zset) = edit.get_mut::<Zset>()? else {
        reply.array(0);
        return Ok(());
    };
    let taken = count.unwrap_or(1).min(zset.len());
    // One member without a count is not a pair of its own, in either protocol.
    let is_nested = count.is_some() && reply.is_resp3();
    reply.array(if is_nested { taken } else { 2 * taken });
    take(zset, from_max, taken, |member, score| {
        if is_nested {
            reply.array(2);
        }
        reply.bulk(member);
        reply.double(score);
    });
    edit.count_as(taken, popped(from_max));
    Ok(())
}

/// What taking is told as.
fn popped(from_max: bool) -> Event {
    Event::zset(if from_max { "zpopmax" } else { "zpopmin" })
}

/// Removes so many members from an end.
fn take(zset: &mut Zset, from_max: bool, count: usize, mut visit: impl FnMut(&[u8], f64)) {
    let len = zset.len();
    let mut text = stdx::number::Decimal::new();
    let begin = if from_max { len.saturating_sub(1) } else { 0 };
    zset.range(begin, count, from_max, |member, score| visit(member.bytes(&mut text), score));
    zset.remove_range(if from_max { len - count } else { 0 }, count);
}

/// The last argument: how long to wait.
pub(super) fn wait(args: Args<'_>) -> Result<Wait> {
    waiting::seconds(args.at(args.len() - 1))
}

/// What is taken from the first sorted set that has members.
#[derive(Clone, Copy)]
struct Take {
    from_max: bool,
    /// None for one member, which is replied behind the key.
    count: Option<usize>,
}

impl Take {
    /// Takes from a key; answers whether there was something, which is then replied.
    fn at_key(
        self,
        context: &mut Context<'_>,
        key: Key<'_>,
        reply: &mut Writer<'_>,
    ) -> Result<bool> {
        let mut edit = context.edit(key);
        let Some(zset) = edit.get_mut::<Zset>()? else { return Ok(false) };
        let taken = self.count.unwrap_or(1).min(zset.len());
        match self.count {
            None => {
                reply.array(3);
                reply.bulk(key.bytes);
            }
            Some(_) => {
                reply.array(2);
                reply.bulk(key.bytes);
                reply.array(taken);
            }
        }
        take(zset, self.from_max, taken, |member, score| {
            if self.count.is_some() {
                reply.array(2);
            }
            reply.bulk(member);
            reply.double(score);
        });
        edit.count_as(taken, popped(self.from_max));
        let command: &[u8] = if self.from_max { b"ZPOPMAX" } else { b"ZPOPMIN" };
        edit.log(&[command, key.bytes, taken.to_string().as_bytes()]);
        Ok(true)
    }

    fn local(
        self,
        context: &mut Context<'_>,
        args: Args<'_>,
        keys: std::ops::Range<usize>,
        reply: &mut Writer<'_>,
    ) -> Result<bool> {
        for at in keys {
            if self.at_key(context, context.key(args, at), reply)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// [`Self::local`] where the keys are on several shards.
    async fn across(self, plan: &mut Plan, keys: std::ops::Range<usize>) -> Result<bool> {
        let protocol = plan.reply().protocol();
        for at in keys {
            let taken = plan.on_key(at, move |context, key| {
                let mut out = Vec::new();
                let taken = self.at_key(context, key, &mut Writer::new(&mut out, protocol))?;
                Ok::<_, Error>(taken.then_some(out))
            });
            if let Some(reply) = taken.await? {
                plan.reply().raw(&reply);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn all_but_last(args: Args<'_>) -> std::ops::Range<usize> {
    1..args.len() - 1
}

const LOWEST: Take = Take { from_max: false, count: None };
const HIGHEST: Take = Take { from_max: true, count: None };

/// BZPOPMIN key [key ...] timeout
pub(super) fn bzpopmin(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    LOWEST.local(context, args, all_but_last(args), reply).map(drop)
}

/// BZPOPMAX key [key ...] timeout
pub(super) fn bzpopmax(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    HIGHEST.local(context, args, all_but_last(args), reply).map(drop)
}

/// BZPOPMIN across shards.
pub(super) fn bzpopmin_across(plan: &mut Plan) -> PlanFuture<'_> {
    let keys = all_but_last(plan.args());
    Box::pin(async move { LOWEST.across(plan, keys).await.map(drop) })
}

/// BZPOPMAX across shards.
pub(super) fn bzpopmax_across(plan: &mut Plan) -> PlanFuture<'_> {
    let keys = all_but_last(plan.args());
    Box::pin(async move { HIGHEST.across(plan, keys).await.map(drop) })
}

/// `numkeys key [key ...] MIN | MAX [COUNT count]`, from an argument on: what to take, and the
/// positions of the keys.
fn parse(args: Args<'_>, at: usize) -> Result<(Take, std::ops::Range<usize>)> {
    let (keys, mut words) = crate::options::counted_keys(args, at)?;
    let from_max = is_max(words.value()?)?;
    let mut count = None;
    while let Some(word) = words.next_word() {
        if !is(word, "COUNT") || words.remaining() == 0 || count.is_some() {
            return Err(Error::Syntax);
        }
        let error = Error::new("count should be greater than 0");
        let number = stdx::number::parse_i64(words.value()?);
        let number = number.filter(|number| *number > 0).ok_or(error)?;
        count = Some(number as usize);
    }
    Ok((Take { from_max, count: Some(count.unwrap_or(1)) }, keys))
}

/// ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]
pub(super) fn zmpop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (take, keys) = parse(args, 1)?;
    if !take.local(context, args, keys, reply)? {
        reply.null_array();
    }
    Ok(())
}

/// ZMPOP across shards.
pub(super) fn zmpop_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let (take, keys) = parse(plan.args(), 1)?;
        if !take.across(plan, keys).await? {
            plan.reply().null_array();
        }
        Ok(())
    })
}

/// BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]
pub(super) fn bzmpop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (take, keys) = parse(args, 2)?;
    take.local(context, args, keys, reply).map(drop)
}

/// BZMPOP across shards.
pub(super) fn bzmpop_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let (take, keys) = parse(plan.args(), 2)?;
        take.across(plan, keys).await.map(drop)
    })
}

/// The first argument, which is looked at last.
pub(super) fn bzmpop_wait(args: Args<'_>) -> Result<Wait> {
    parse(args, 2)?;
    waiting::seconds(args.at(1))
}
