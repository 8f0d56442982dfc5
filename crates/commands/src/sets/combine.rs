//! SINTER, SUNION and SDIFF, what they count, and what they store.

use std::future::Future;

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Edit, Event, Key};
use resp::Writer;
use stdx::number::parse_i64;
use value::{Set, Value};

use super::algebra::{Operation, combine, combined};
use crate::effect::{log_whole, remove_logged};
use crate::elements::Collected;
use crate::options::is;

/// A call: what it does with which keys.
#[derive(Clone, Copy)]
struct Request {
    operation: Operation,
    /// Where the keys are.
    first: usize,
    count: usize,
    answer: Answer,
}

#[derive(Clone, Copy)]
enum Answer {
    Members,
    /// How many members, and at which number to stop.
    Count(usize),
    /// The first argument is where to.
    Stored,
}

impl Request {
    /// SINTER key [key ...], and its like.
    fn members(operation: Operation, args: Args<'_>) -> Self {
        Self { operation, first: 1, count: args.len() - 1, answer: Answer::Members }
    }

    /// SINTERSTORE destination key [key ...], and its like.
    fn stored(operation: Operation, args: Args<'_>) -> Self {
        Self { operation, first: 2, count: args.len() - 2, answer: Answer::Stored }
    }

    /// SINTERCARD numkeys key [key ...] [LIMIT limit], and its like; SUNIONCARD has APPROX, too.
    fn count(operation: Operation, args: Args<'_>) -> Result<Self> {
        let count = parse_i64(args.at(1)).and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| *count > 0);
        let count = count.ok_or(Error::new("numkeys should be greater than 0"))?;
        if count > args.len() - 2 {
            return Err(Error::new("Number of keys can't be greater than number of args"));
        }
        let mut limit = 0;
        let mut words = args.words_from(2 + count);
        while let Some(word) = words.next_word() {
            if is(word, "LIMIT") {
                let number =
                    parse_i64(words.value()?).and_then(|limit| usize::try_from(limit).ok());
                limit = number.ok_or(Error::new("LIMIT can't be negative"))?;
            } else if !(is(word, "APPROX") && operation == Operation::Union) {
                // What may be approximate may be exact.
                return Err(Error::Syntax);
            }
        }
        let answer = Answer::Count(if limit == 0 { usize::MAX } else { limit });
        Ok(Self { operation, first: 2, count, answer })
    }

    fn keys(&self) -> impl Iterator<Item = usize> + use<> {
        self.first..self.first + self.count
    }

    /// Answers what is not stored.
    fn reply(&self, sets: &[Option<&Set>], reply: &mut Writer<'_>) {
        if let Answer::Count(limit) = self.answer {
            let mut count = 0;
            combine(self.operation, sets, |_| {
                count += 1;
                count < limit
            });
            reply.integer(count as i64);
            return;
        }
        let mut found = Collected::new();
        combine(self.operation, sets, |member| {
            found.push(member);
            true
        });
        reply.set(found.count);
        found.write(reply);
    }
}

fn run(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    request: Request,
) -> Result {
    let keys: Vec<Key<'_>> = request.keys().map(|index| context.key(args, index)).collect();
    for key in &keys {
        super::read(context, *key)?;
    }
    let limits = &context.limits.values;
    let set = |key: &Key<'_>| context.keyspace.peek(context.db, *key)?.get::<Set>().ok();
    let sets: Vec<Option<&Set>> = keys.iter().map(set).collect();
    if !matches!(request.answer, Answer::Stored) {
        request.reply(&sets, reply);
        return Ok(());
    }
    let result = combined(request.operation, &sets, limits);
    reply.integer(result.len() as i64);
    let mut target = context.edit(context.key(args, 1));
    if result.is_empty() {
        target.remove();
    } else {
        put(&mut target, request.operation, result);
    }
    Ok(())
}

/// Makes a key hold what was combined, for ever.
fn put(target: &mut Edit<'_>, operation: Operation, result: Set) {
    target.set_value(Value::Set(result));
    target.set_expiry(None);
    target.event(Event::set(match operation {
        Operation::Intersection => "sinterstore",
        Operation::Union => "sunionstore",
        Operation::Difference => "sdiffstore",
    }));
}

/// Sets of several shards, which come here as copies.
async fn run_across(plan: &mut Plan, request: Request) -> Result {
    let hops: Vec<_> = request.keys().map(|index| copy_of(plan, index)).collect();
    let (mut copies, mut limits) = (Vec::new(), None);
    for hop in hops {
        let (copy, its_limits) = hop.await?;
        copies.push(copy);
        limits = Some(its_limits);
    }
    let sets: Vec<Option<&Set>> = copies.iter().map(Option::as_ref).collect();
    if !matches!(request.answer, Answer::Stored) {
        request.reply(&sets, &mut plan.reply());
        return Ok(());
    }
    let limits = limits.expect("there is at least one key");
    let result = combined(request.operation, &sets, &limits);
    plan.reply().integer(result.len() as i64);
    plan.on_key(1, move |context, key| {
        let mut target = context.edit(key);
        if result.is_empty() {
            remove_logged(&mut target);
        } else {
            put(&mut target, request.operation, result);
            log_whole(&mut target);
        }
    })
    .await;
    Ok(())
}

/// A copy of a key's set, and the limits of its shard.
fn copy_of(
    plan: &Plan,
    index: usize,
) -> impl Future<Output = Result<(Option<Set>, value::Limits)>> + use<> {
    plan.on_key(index, |context, key| {
        let limits = context.limits.values;
        Ok((super::read(context, key)?.cloned(), limits))
    })
}

/// The handlers of one row.
macro_rules! handlers {
    ($local:ident, $across:ident, $args:ident => $request:expr) => {
        pub(super) fn $local(
            context: &mut Context<'_>,
            $args: Args<'_>,
            reply: &mut Writer<'_>,
        ) -> Result {
            let request = $request;
            run(context, $args, reply, request)
        }

        pub(super) fn $across(plan: &mut Plan) -> PlanFuture<'_> {
            Box::pin(async move {
                let $args = plan.args();
                let request = $request;
                run_across(plan, request).await
            })
        }
    };
}

handlers!(sinter, sinter_across, args => Request::members(Operation::Intersection, args));
handlers!(sunion, sunion_across, args => Request::members(Operation::Union, args));
handlers!(sdiff, sdiff_across, args => Request::members(Operation::Difference, args));
handlers!(sinterstore, sinterstore_across, args => Request::stored(Operation::Intersection, args));
handlers!(sunionstore, sunionstore_across, args => Request::stored(Operation::Union, args));
handlers!(sdiffstore, sdiffstore_across, args => Request::stored(Operation::Difference, args));
handlers!(sintercard, sintercard_across, args => Request::count(Operation::Intersection, args)?);
handlers!(sunioncard, sunioncard_across, args => Request::count(Operation::Union, args)?);
handlers!(sdiffcard, sdiffcard_across, args => Request::count(Operation::Difference, args)?);

#[cfg(test)]
mod tests;
