//! Members in and out.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::{Event, Key};
use resp::Writer;
use stdx::number::parse_f64;
use value::Zset;

use crate::options::is;

/// What ZADD is told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) only_new: bool,
    pub(crate) only_known: bool,
    only_greater: bool,
    only_less: bool,
    pub(crate) counts_changes: bool,
    increments: bool,
}

impl Options {
    /// The options, and where the scores begin.
    fn parse(args: Args<'_>) -> Result<(Self, usize)> {
        let mut options = Self::default();
        let mut at = 2;
        while let Some(word) = args.get(at) {
            let option = match word {
                word if is(word, "NX") => &mut options.only_new,
                word if is(word, "XX") => &mut options.only_known,
                word if is(word, "GT") => &mut options.only_greater,
                word if is(word, "LT") => &mut options.only_less,
                word if is(word, "CH") => &mut options.counts_changes,
                word if is(word, "INCR") => &mut options.increments,
                _ => break,
            };
            *option = true;
            at += 1;
        }
        let words = args.len() - at;
        if words == 0 || !words.is_multiple_of(2) {
            return Err(Error::Syntax);
        }
        options.check(words / 2)?;
        Ok((options, at))
    }

    fn check(self, pairs: usize) -> Result {
        if self.only_new && self.only_known {
            return Err(Error::new("XX and NX options at the same time are not compatible"));
        }
        if self.only_new && (self.only_greater || self.only_less)
            || self.only_greater && self.only_less
        {
            return Err(Error::new(
                "GT, LT, and/or NX options at the same time are not compatible",
            ));
        }
        if self.increments && pairs > 1 {
            return Err(Error::new("INCR option supports a single increment-element pair"));
        }
        Ok(())
    }

    /// The score that a member gets; None if it is to stay as it is.
    fn score(self, old: Option<f64>, given: f64) -> Result<Option<f64>> {
        let Some(old) = old else { return Ok((!self.only_known).then_some(given)) };
        if self.only_new {
            return Ok(None);
        }
        let score = if self.increments { old + given } else { given };
        if score.is_nan() {
            return Err(Error::new("resulting score is not a number (NaN)"));
        }
        let is_refused = self.only_less && score >= old || self.only_greater && score <= old;
        Ok((!is_refused).then_some(score))
    }
}

fn parse_score(word: &[u8]) -> Result<f64> {
    parse_f64(word).ok_or(Error::NotFloat)
}

/// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
pub(super) fn zadd(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (options, first) = Options::parse(args)?;
    // One score, as is usual, needs no memory.
    let only = if args.len() - first == 2 { Some(parse_score(args.at(first))?) } else { None };
    let scores = match only {
        Some(_) => Vec::new(),
        None => {
            let scores = (first..args.len()).step_by(2).map(|at| parse_score(args.at(at)));
            scores.collect::<Result<Vec<f64>>>()?
        }
    };
    let scores = only.iter().chain(&scores).copied();
    let members = (first + 1..).step_by(2).map(|at| args.at(at));
    add(context, context.key(args, 1), options, scores.zip(members), reply)
}

/// Gives members their scores, as far as the options allow it.
pub(crate) fn add<'a>(
    context: &mut Context<'_>,
    key: Key<'_>,
    options: Options,
    members: impl Iterator<Item = (f64, &'a [u8])>,
    reply: &mut Writer<'_>,
) -> Result {
    let limits = context.limits.values;
    let mut edit = context.edit(key);
    if options.only_known && !edit.exists() {
        match options.increments {
            true => reply.null(),
            false => reply.integer(0),
        }
        return Ok(());
    }
    let zset = edit.get_or_create::<Zset>()?;
    let (mut added, mut changed, mut latest) = (0, 0, None);
    for (score, member) in members {
        latest = None;
        if options.is_plain() {
            match zset.insert(member, score, &limits) {
                None => added += 1,
                Some(old) => changed += usize::from(old != score),
            }
            continue;
        }
        let old = zset.score(member);
        let new = match options.score(old, score) {
            Ok(new) => new,
            Err(error) => {
                edit.count_as(added + changed, options.event());
                return Err(error);
            }
        };
        if let Some(new) = new {
            zset.insert(member, new, &limits);
            latest = Some(new);
            added += usize::from(old.is_none());
            changed += usize::from(old.is_some_and(|old| old != new));
        }
    }
    edit.count_as(added + changed, options.event());
    match (options.increments, latest) {
        (true, Some(score)) => reply.double(score),
        (true, None) => reply.null(),
        (false, _) => {
            let counted = if options.counts_changes { added + changed } else { added };
            reply.integer(counted as i64);
        }
    }
    Ok(())
}

impl Options {
    /// What changes are told as.
    fn event(self) -> Event {
        Event::zset(if self.increments { "zincr" } else { "zadd" })
    }

    /// Whether each score is simply set.
    fn is_plain(self) -> bool {
        !(self.only_new
            || self.only_known
            || self.only_greater
            || self.only_less
            || self.increments)
    }
}

/// ZINCRBY key increment member
pub(super) fn zincrby(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    // An option in the increment's place leaves too few words, as for ZADD.
    Options::parse(args)?;
    let increment = parse_score(args.at(2))?;
    let limits = context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    let zset = edit.get_or_create::<Zset>()?;
    let options = Options { increments: true, ..Options::default() };
    let old = zset.score(args.at(3));
    let score = match options.score(old, increment) {
        Ok(score) => score.unwrap_or(increment),
        Err(error) => {
            edit.unchanged();
            return Err(error);
        }
    };
    zset.insert(args.at(3), score, &limits);
    match old {
        Some(old) if old == score => edit.silent(),
        _ => edit.event(options.event()),
    }
    reply.double(score);
    Ok(())
}

/// ZREM key member [member ...]
pub(super) fn zrem(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    let removed = match edit.get_mut::<Zset>()? {
        Some(zset) => args.iter_from(2).filter(|member| zset.remove(member).is_some()).count(),
        None => 0,
    };
    edit.count_as(removed, Event::zset("zrem"));
    reply.integer(removed as i64);
    Ok(())
}
