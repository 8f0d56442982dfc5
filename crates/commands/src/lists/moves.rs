//! Moving elements from list to list, at once or when there are some.

use command::{Args, Error, Result};
use engine::{Context, Plan, PlanFuture, Wait};
use keyspace::{Edit, Event, Key};
use resp::Writer;
use value::list::End;
use value::{Limits, List};

use super::{end, popped, pushed};
use crate::options::is;
use crate::waiting;

/// What is moved: from which end of the first list, to which of the second.
#[derive(Clone, Copy)]
struct Move {
    from: End,
    to: End,
    amount: Amount,
}

/// How many elements are moved.
#[derive(Clone, Copy)]
enum Amount {
    /// One, which is the reply.
    One,
    /// Some, which are replied as an array.
    Many {
        count: usize,
        /// Not fewer.
        exactly: bool,
        /// All at once, in their order; else one after the other.
        in_bulk: bool,
    },
}

/// What left a list for another.
struct Taken<'a> {
    from: &'a [u8],
    moved: &'a [Vec<u8>],
    /// Whether that was all of it.
    is_empty: bool,
}

/// A try that found too little to move.
const NOTHING: Vec<Vec<u8>> = Vec::new();

impl Move {
    const RIGHT_TO_LEFT: Self = Self { from: End::Right, to: End::Left, amount: Amount::One };

    /// `LEFT | RIGHT LEFT | RIGHT`
    fn ends(args: Args<'_>) -> Result<Self> {
        Ok(Self { from: end(args.at(3))?, to: end(args.at(4))?, amount: Amount::One })
    }

    /// [`Self::ends`], and from an argument on `[COUNT count | EXACTLY count OBO | BULK]`.
    fn many(args: Args<'_>, at: usize) -> Result<Self> {
        let ends = Self::ends(args)?;
        let many = |count, exactly, in_bulk| Self {
            amount: Amount::Many { count, exactly, in_bulk },
            ..ends
        };
        let mut words = args.words_from(at);
        let Some(selector) = words.next_word() else { return Ok(many(1, false, true)) };
        let exactly = match selector {
            word if is(word, "COUNT") => false,
            word if is(word, "EXACTLY") => true,
            _ => return Err(Error::Syntax),
        };
        let error = Error::new("count should be greater than 0");
        let count = stdx::number::parse_i64(words.value()?);
        let count = count.filter(|count| *count > 0).ok_or(error)? as usize;
        let in_bulk = match words.value()? {
            word if is(word, "BULK") => true,
            word if is(word, "OBO") => false,
            _ => return Err(Error::Syntax),
        };
        match words.remaining() {
            0 => Ok(many(count, exactly, in_bulk)),
            _ => Err(Error::Syntax),
        }
    }

    /// How many elements a list of so many gives.
    fn count(self, len: usize) -> usize {
        match self.amount {
            Amount::One => len.min(1),
            Amount::Many { count, exactly: true, .. } if count > len => 0,
            Amount::Many { count, .. } => count.min(len),
        }
    }

    /// Takes what is to be moved, in the order in which it is to lie in the other list.
    fn take(self, list: &mut List, limits: &Limits) -> Vec<Vec<u8>> {
        let count = self.count(list.len());
        let mut moved = Vec::with_capacity(count);
        for _ in 0..count {
            moved.extend(list.peek(self.from).map(value::listpack::Item::to_vec));
            list.drop_end(self.from, limits);
        }
        // As they were taken, they lie in the other list's order if they are pushed to its right.
        let in_bulk = matches!(self.amount, Amount::Many { in_bulk: true, .. });
        let is_reversed = if in_bulk { self.from == End::Right } else { self.to == End::Left };
        if is_reversed {
            moved.reverse();
        }
        moved
    }

    fn put(self, list: &mut List, moved: &[Vec<u8>], limits: &Limits) {
        if moved.len() > 1 {
            list.expect(moved.len(), moved.iter().map(Vec::len).sum(), limits);
        }
        match self.to {
            End::Left => moved.iter().rev().for_each(|item| list.push(End::Left, item, limits)),
            End::Right => moved.iter().for_each(|item| list.push(End::Right, item, limits)),
        }
    }

    /// Moves where both keys are here. Answers what was moved, which is nothing if there was not
    /// enough.
    fn local(self, context: &mut Context<'_>, from: Key<'_>, to: Key<'_>) -> Result<Vec<Vec<u8>>> {
        let limits = &context.limits.values;
        match context.edit(from).get::<List>()? {
            Some(list) if self.count(list.len()) > 0 => {}
            _ => return Ok(NOTHING),
        }
        context.edit(to).get::<List>()?;
        let mut edit = context.edit(from);
        let Some(list) = edit.get_mut::<List>()? else { return Ok(NOTHING) };
        let moved = self.take(list, limits);
        if from.bytes == to.bytes {
            self.put(list, &moved, limits);
            self.log_rotation(&mut edit, &moved);
            edit.event(pushed(self.to));
            edit.event(popped(self.from));
            return Ok(moved);
        }
        let is_empty = list.is_empty();
        self.end_taking(&mut edit, moved.len(), is_empty);
        drop(edit);
        let taken = Taken { from: from.bytes, moved: &moved, is_empty };
        self.put_to(context, to, &taken)?;
        Ok(moved)
    }

    /// Logs what was taken. It is told when it has been put.
    fn end_taking(self, edit: &mut Edit<'_>, count: usize, is_empty: bool) {
        self.log_taken(edit, count);
        if is_empty {
            edit.remove_untold();
        }
        edit.silent();
    }

    /// Puts elements to a key, logs it, and tells of both keys in Redis's order.
    fn put_to(self, context: &mut Context<'_>, to: Key<'_>, taken: &Taken<'_>) -> Result {
        let limits = &context.limits.values;
        let mut edit = context.edit(to);
        // A move is one change.
        edit.uncounted();
        self.put(edit.get_or_create::<List>()?, taken.moved, limits);
        self.log_put(&mut edit, taken.moved);
        edit.event(pushed(self.to));
        drop(edit);
        let (news, db) = (context.keyspace.news(), context.db);
        news.event(popped(self.from), db, taken.from);
        if taken.is_empty {
            news.event(Event::DEL, db, taken.from);
        }
        Ok(())
    }

    fn log_taken(self, edit: &mut Edit<'_>, count: usize) {
        let command: &[u8] = match self.from {
            End::Left => b"LPOP",
            End::Right => b"RPOP",
        };
        edit.log(&[command, edit.key().bytes, count.to_string().as_bytes()]);
    }

    fn log_put(self, edit: &mut Edit<'_>, moved: &[Vec<u8>]) {
        let command: &[u8] = match self.to {
            End::Left => b"LPUSH",
            End::Right => b"RPUSH",
        };
        let mut words = vec![command, edit.key().bytes];
        match self.to {
            End::Left => words.extend(moved.iter().rev().map(Vec::as_slice)),
            End::Right => words.extend(moved.iter().map(Vec::as_slice)),
        }
        edit.log(&words);
    }

    fn log_rotation(self, edit: &mut Edit<'_>, moved: &[Vec<u8>]) {
        self.log_taken(edit, moved.len());
        self.log_put(edit, moved);
    }

    /// [`Self::local`] where the keys are on two shards.
    async fn across(self, plan: &mut Plan) -> Result<Vec<Vec<u8>>> {
        let has_enough = plan.on_key(1, move |context, key| {
            let edit = context.edit(key);
            let list = edit.get::<List>()?;
            Ok::<_, Error>(list.is_some_and(|list| self.count(list.len()) > 0))
        });
        if !has_enough.await? {
            return Ok(NOTHING);
        }
        let fits = plan.on_key(2, |context, key| {
            context.edit(key).get::<List>()?;
            Ok::<_, Error>(())
        });
        fits.await?;
        let taken = plan.on_key(1, move |context, key| {
            let limits = &context.limits.values;
            let mut edit = context.edit(key);
            let Some(list) = edit.get_mut::<List>()? else { return Ok((NOTHING, false)) };
            let moved = self.take(list, limits);
            let is_empty = list.is_empty();
            self.end_taking(&mut edit, moved.len(), is_empty);
            Ok::<_, Error>((moved, is_empty))
        });
        let (moved, is_empty) = taken.await?;
        let (from, items) = (plan.args().at(1).to_vec(), moved.clone());
        let put = plan.on_key(2, move |context, key| {
            self.put_to(context, key, &Taken { from: &from, moved: &items, is_empty })
        });
        put.await?;
        Ok(moved)
    }

    /// Replies what was moved; nothing if that is nothing.
    fn reply(self, reply: &mut Writer<'_>, moved: &[Vec<u8>]) {
        match (self.amount, moved) {
            (_, []) => {}
            (Amount::One, [item, ..]) => reply.bulk(item),
            (Amount::Many { .. }, items) => {
                reply.array(items.len());
                items.iter().for_each(|item| reply.bulk(item));
            }
        }
    }

    /// Replies what was moved, or that it was nothing.
    fn reply_at_once(self, reply: &mut Writer<'_>, moved: &[Vec<u8>]) {
        match (self.amount, moved) {
            (Amount::One | Amount::Many { exactly: true, .. }, []) => reply.null(),
            (Amount::Many { .. }, []) => reply.array(0),
            _ => self.reply(reply, moved),
        }
    }
}

/// Moves at once, or not.
fn now(what: Move, context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let moved = what.local(context, context.key(args, 1), context.key(args, 2))?;
    what.reply_at_once(reply, &moved);
    Ok(())
}

async fn now_across(what: Move, plan: &mut Plan) -> Result {
    let moved = what.across(plan).await?;
    what.reply_at_once(&mut plan.reply(), &moved);
    Ok(())
}

/// Tries; without a reply if there was nothing to move.
fn attempt(
    what: Move,
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let moved = what.local(context, context.key(args, 1), context.key(args, 2))?;
    what.reply(reply, &moved);
    Ok(())
}

async fn attempt_across(what: Move, plan: &mut Plan) -> Result {
    let moved = what.across(plan).await?;
    what.reply(&mut plan.reply(), &moved);
    Ok(())
}

/// LMOVE source destination LEFT | RIGHT LEFT | RIGHT
pub(super) fn lmove(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    now(Move::ends(args)?, context, args, reply)
}

/// LMOVE across shards.
pub(super) fn lmove_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move { now_across(Move::ends(plan.args())?, plan).await })
}

/// RPOPLPUSH source destination
pub(super) fn rpoplpush(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    now(Move::RIGHT_TO_LEFT, context, args, reply)
}

/// RPOPLPUSH across shards.
pub(super) fn rpoplpush_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(now_across(Move::RIGHT_TO_LEFT, plan))
}

/// LMOVEM source destination LEFT | RIGHT LEFT | RIGHT [COUNT count | EXACTLY count OBO | BULK]
pub(super) fn lmovem(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    now(Move::many(args, 5)?, context, args, reply)
}

/// LMOVEM across shards.
pub(super) fn lmovem_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move { now_across(Move::many(plan.args(), 5)?, plan).await })
}

/// BLMOVE source destination LEFT | RIGHT LEFT | RIGHT timeout
pub(super) fn blmove(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    attempt(Move::ends(args)?, context, args, reply)
}

/// BLMOVE across shards.
pub(super) fn blmove_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move { attempt_across(Move::ends(plan.args())?, plan).await })
}

/// The ends come first, then the timeout.
pub(super) fn blmove_wait(args: Args<'_>) -> Result<Wait> {
    Move::ends(args)?;
    waiting::seconds(args.at(5))
}

/// BLMOVEM source destination LEFT | RIGHT LEFT | RIGHT timeout [COUNT count | EXACTLY count
/// OBO | BULK]
pub(super) fn blmovem(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    attempt(Move::many(args, 6)?, context, args, reply)
}

/// BLMOVEM across shards.
pub(super) fn blmovem_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(async move { attempt_across(Move::many(plan.args(), 6)?, plan).await })
}

/// The ends come first, then the timeout.
pub(super) fn blmovem_wait(args: Args<'_>) -> Result<Wait> {
    Move::many(args, 6)?;
    waiting::seconds(args.at(5))
}

/// BRPOPLPUSH source destination timeout
pub(super) fn brpoplpush(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    attempt(Move::RIGHT_TO_LEFT, context, args, reply)
}

/// BRPOPLPUSH across shards.
pub(super) fn brpoplpush_across(plan: &mut Plan) -> PlanFuture<'_> {
    Box::pin(attempt_across(Move::RIGHT_TO_LEFT, plan))
}

/// The last argument.
pub(super) fn brpoplpush_wait(args: Args<'_>) -> Result<Wait> {
    waiting::seconds(args.at(3))
}
