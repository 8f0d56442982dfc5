//! Ranges of members: shown, stored, removed.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture};
use keyspace::{Edit, Event, Key};
use resp::Writer;
use value::{Collection, Limits, Zset};

use super::bounds::{By, Limit, Range};
use super::{read, write_pair};
use crate::effect::log_whole;
use crate::options::is;

/// What a command of the family fixes, where its options do not.
#[derive(Clone, Copy)]
struct Shape {
    /// Where the source key is.
    key_at: usize,
    by: Option<By>,
    is_reverse: Option<bool>,
    stores: bool,
}

const SHOWN: Shape = Shape { key_at: 1, by: None, is_reverse: None, stores: false };
const STORED: Shape = Shape { key_at: 2, by: None, is_reverse: None, stores: true };

/// A call, understood.
#[derive(Clone)]
struct Request {
    range: Range,
    is_reverse: bool,
    limit: Option<Limit>,
    with_scores: bool,
}

impl Request {
    fn parse(args: Args<'_>, shape: Shape) -> Result<Self> {
        let (mut by, mut is_reverse) = (shape.by, shape.is_reverse);
        let (mut limit, mut with_scores) = (None, false);
        let mut words = args.words_from(shape.key_at + 3);
        while let Some(word) = words.next_word() {
            if !shape.stores && is(word, "WITHSCORES") {
                with_scores = true;
            } else if is(word, "LIMIT") && words.remaining() >= 2 {
                limit = Some(Limit { offset: words.int()?, count: words.int()? });
            } else if is_reverse.is_none() && is(word, "REV") {
                is_reverse = Some(true);
            } else if by.is_none() && is(word, "BYLEX") {
                by = Some(By::Lex);
            } else if by.is_none() && is(word, "BYSCORE") {
                by = Some(By::Score);
            } else {
                return Err(Error::Syntax);
            }
        }
        let (by, is_reverse) = (by.unwrap_or(By::Rank), is_reverse.unwrap_or(false));
        // -1 for all is the same as no limit.
        if by == By::Rank && limit.is_some_and(|limit| limit.count != -1) {
            return Err(Error::new(
                "syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if by == By::Lex && with_scores {
            return Err(Error::new(
                "syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let (first, second) = (args.at(shape.key_at + 1), args.at(shape.key_at + 2));
        let (min, max) = match is_reverse && by != By::Rank {
            true => (second, first),
            false => (first, second),
        };
        let limit = limit.filter(|_| by != By::Rank);
        Ok(Self { range: Range::parse(by, min, max)?, is_reverse, limit, with_scores })
    }

    /// The rank to begin at, in the direction of the call, and how many members there are.
    fn resolve(&self, zset: &Zset) -> (usize, usize) {
        let (first, len) = self.range.resolve(zset, self.is_reverse);
        let limit = self.limit.unwrap_or(Limit { offset: 0, count: -1 });
        let (skip, count) = limit.apply(len);
        let begin = match self.is_reverse {
            false => first + skip,
            true => (first + len).saturating_sub(1 + skip),
        };
        (begin, count)
    }

    fn reply(&self, zset: Option<&Zset>, reply: &mut Writer<'_>) {
        let (begin, count) = zset.map_or((0, 0), |zset| self.resolve(zset));
        let is_flat = self.with_scores && !reply.is_resp3();
        reply.array(if is_flat { 2 * count } else { count });
        if let Some(zset) = zset {
            zset.range(begin, count, self.is_reverse, |member, score| {
                write_pair(reply, member, self.with_scores.then_some(score));
            });
        }
    }

    /// The range as a sorted set of its own.
    fn copy(&self, zset: &Zset, limits: &Limits) -> Zset {
        let mut copy = Zset::new();
        let (begin, count) = self.resolve(zset);
        let mut text = stdx::number::Decimal::new();
        zset.range(begin, count, self.is_reverse, |member, score| {
            copy.insert(member.bytes(&mut text), score, limits);
        });
        copy
    }
}

fn show(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>, shape: Shape) -> Result {
    let request = Request::parse(args, shape)?;
    request.reply(read(context, context.key(args, shape.key_at))?, reply);
    Ok(())
}

/// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
pub(super) fn zrange(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    show(context, args, reply, SHOWN)
}

/// ZREVRANGE key start stop [WITHSCORES]
pub(super) fn zrevrange(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    show(context, args, reply, Shape { by: Some(By::Rank), is_reverse: Some(true), ..SHOWN })
}

/// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
pub(super) fn zrangebyscore(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    show(context, args, reply, Shape { by: Some(By::Score), is_reverse: Some(false), ..SHOWN })
}

/// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
pub(super) fn zrevrangebyscore(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    show(context, args, reply, Shape { by: Some(By::Score), is_reverse: Some(true), ..SHOWN })
}

/// ZRANGEBYLEX key min max [LIMIT offset count]
pub(super) fn zrangebylex(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    show(context, args, reply, Shape { by: Some(By::Lex), is_reverse: Some(false), ..SHOWN })
}

/// ZREVRANGEBYLEX key max min [LIMIT offset count]
pub(super) fn zrevrangebylex(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    show(context, args, reply, Shape { by: Some(By::Lex), is_reverse: Some(true), ..SHOWN })
}

/// Makes a key hold a sorted set, for ever, which is told as `event`; nothing, if that is empty.
pub(crate) fn store(edit: &mut Edit<'_>, zset: Zset, event: Event) {
    if zset.is_empty() {
        edit.remove();
    } else {
        edit.set_value(zset.into_value());
        edit.set_expiry(None);
        edit.event(event);
    }
}

const ZRANGESTORE: Event = Event::zset("zrangestore");

/// ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
pub(super) fn zrangestore(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let request = Request::parse(args, STORED)?;
    let copy = copy_of(context, context.key(args, 2), &request)?;
    reply.integer(copy.len() as i64);
    store(&mut context.edit(context.key(args, 1)), copy, ZRANGESTORE);
    Ok(())
}

fn copy_of(context: &mut Context<'_>, key: Key<'_>, request: &Request) -> Result<Zset> {
    let limits = context.limits.values;
    let zset = read(context, key)?;
    Ok(zset.map_or_else(Zset::new, |zset| request.copy(zset, &limits)))
}

/// ZRANGESTORE from one shard to another.
pub(super) fn zrangestore_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move {
        let request = Request::parse(plan.args(), STORED)?;
        let copy = plan.on_key(2, move |context, key| copy_of(context, key, &request)).await?;
        let count = copy.len();
        let stored = plan.on_key(1, move |context, key| {
            let mut edit = context.edit(key);
            let existed = edit.exists();
            store(&mut edit, copy, ZRANGESTORE);
            if existed || count > 0 {
                log_whole(&mut edit);
            }
        });
        stored.await;
        plan.reply().integer(count as i64);
        Ok(())
    })
}

/// ZREMRANGEBYRANK key start stop
pub(super) fn zremrangebyrank(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    remove(context, args, reply, By::Rank)
}

/// ZREMRANGEBYSCORE key min max
pub(super) fn zremrangebyscore(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    remove(context, args, reply, By::Score)
}

/// ZREMRANGEBYLEX key min max
pub(super) fn zremrangebylex(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    remove(context, args, reply, By::Lex)
}

fn remove(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>, by: By) -> Result {
    let range = Range::parse(by, args.at(2), args.at(3))?;
    let mut edit = context.edit(context.key(args, 1));
    let removed = match edit.get_mut::<Zset>()? {
        None => 0,
        Some(zset) => {
            let (first, count) = range.resolve(zset, false);
            let is_all = count == zset.len();
            if count > 0 && !is_all {
                zset.remove_range(first, count);
            }
            if count > 0 {
                edit.event(Event::zset(match by {
                    By::Rank => "zremrangebyrank",
                    By::Score => "zremrangebyscore",
                    By::Lex => "zremrangebylex",
                }));
            }
            if is_all {
                // A large one goes to the thread that frees.
                edit.remove();
            }
            count
        }
    };
    edit.count(removed);
    reply.integer(removed as i64);
    Ok(())
}
