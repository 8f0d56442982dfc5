//! Taking from the first of several lists that has elements, at once or when one gets some.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture, Wait};
use keyspace::Key;
use resp::Writer;
use value::List;
use value::list::End;

use super::{bulk, end, ends, popped};
use crate::options::{counted_keys, is};
use crate::waiting;

/// The last argument: how long to wait.
pub(super) fn wait(args: Args<'_>) -> Result<Wait> {
    waiting::seconds(args.at(args.len() - 1))
}

/// What is taken from the first list that has elements.
#[derive(Clone, Copy)]
struct Take {
    end: End,
    /// None for one element, which is replied without an array of its own.
    count: Option<usize>,
}

impl Take {
    /// Takes from a key; the reply, if there was something.
    fn at_key(
        self,
        context: &mut Context<'_>,
        key: Key<'_>,
        reply: &mut Writer<'_>,
    ) -> Result<bool> {
        let limits = &context.limits.values;
        let mut edit = context.edit(key);
        let Some(list) = edit.get_mut::<List>()? else { return Ok(false) };
        reply.array(2);
        reply.bulk(key.bytes);
        let taken = self.count.unwrap_or(1).min(list.len());
        match self.count {
            Some(_) => ends::take(list, self.end, taken, limits, reply),
            None => {
                if let Some(item) = list.peek(self.end) {
                    bulk(reply, item);
                }
                list.drop_end(self.end, limits);
            }
        }
        edit.count_as(taken, popped(self.end));
        let command: &[u8] = match self.end {
            End::Left => b"LPOP",
            End::Right => b"RPOP",
        };
        edit.log(&[command, key.bytes, taken.to_string().as_bytes()]);
        Ok(true)
    }

    /// Takes from the first of a call's keys that has elements. Answers whether one had.
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

const FIRST: Take = Take { end: End::Left, count: None };
const LAST: Take = Take { end: End::Right, count: None };

/// BLPOP key [key ...] timeout
pub(super) fn blpop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    FIRST.local(context, args, all_but_last(args), reply).map(drop)
}

/// BRPOP key [key ...] timeout
pub(super) fn brpop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    LAST.local(context, args, all_but_last(args), reply).map(drop)
}

/// BLPOP across shards.
pub(super) fn blpop_across(plan: &mut Plan) -> PlanFuture<'_> {
    let keys = all_but_last(plan.args());
    Box::pin(async move { FIRST.across(plan, keys).await.map(drop) })
}

/// BRPOP across shards.
pub(super) fn brpop_across(plan: &mut Plan) -> PlanFuture<'_> {
    let keys = all_but_last(plan.args());
    Box::pin(async move { LAST.across(plan, keys).await.map(drop) })
}

/// `numkeys key [key ...] LEFT | RIGHT [COUNT count]`, from an argument on: what to take, and the
/// positions of the keys.
fn parse(args: Args<'_>, at: usize) -> Result<(Take, std::ops::Range<usize>)> {
    let (keys, mut words) = counted_keys(args, at)?;
    let end = end(words.value()?)?;
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
    Ok((Take { end, count: Some(count.unwrap_or(1)) }, keys))
}

/// LMPOP numkeys key [key ...] LEFT | RIGHT [COUNT count]
pub(super) fn lmpop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (take, keys) = parse(args, 1)?;
    if !take.local(context, args, keys, reply)? {
        reply.null_array();
    }
    Ok(())
}

/// LMPOP across shards.
pub(super) fn lmpop_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let (take, keys) = parse(plan.args(), 1)?;
        if !take.across(plan, keys).await? {
            plan.reply().null_array();
        }
        Ok(())
    })
}

/// BLMPOP timeout numkeys key [key ...] LEFT | RIGHT [COUNT count]
pub(super) fn blmpop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (take, keys) = parse(args, 2)?;
    take.local(context, args, keys, reply).map(drop)
}

/// BLMPOP across shards.
pub(super) fn blmpop_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let (take, keys) = parse(plan.args(), 2)?;
        take.across(plan, keys).await.map(drop)
    })
}

/// The first argument, which is looked at last.
pub(super) fn blmpop_wait(args: Args<'_>) -> Result<Wait> {
    parse(args, 2)?;
    waiting::seconds(args.at(1))
}
