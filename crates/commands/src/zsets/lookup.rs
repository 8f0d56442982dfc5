//! Looking at members, their scores and their ranks.

use std::collections::HashSet;

use command::{Args, Error, Result};
use engine::Context;
use resp::Writer;
use stdx::number::DoubleText;
use stdx::rng::Rng;
use value::Zset;
use value::listpack::Item;

use super::bounds::{By, Range};
use super::{read, write_pair};
use crate::elements::{self, Collected, Draws, Scan};
use crate::options::is;

/// ZCARD key
pub(super) fn zcard(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.integer(read(context, context.key(args, 1))?.map_or(0, Zset::len) as i64);
    Ok(())
}

fn write_score(reply: &mut Writer<'_>, score: Option<f64>) {
    match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
}

/// ZSCORE key member
pub(super) fn zscore(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let zset = read(context, context.key(args, 1))?;
    write_score(reply, zset.and_then(|zset| zset.score(args.at(2))));
    Ok(())
}

/// ZMSCORE key member [member ...]
pub(super) fn zmscore(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let zset = read(context, context.key(args, 1))?;
    reply.array(args.len() - 2);
    for member in args.iter_from(2) {
        write_score(reply, zset.and_then(|zset| zset.score(member)));
    }
    Ok(())
}

/// ZRANK key member [WITHSCORE]
pub(super) fn zrank(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    rank(context, args, reply, false)
}

/// ZREVRANK key member [WITHSCORE]
pub(super) fn zrevrank(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    rank(context, args, reply, true)
}

fn rank(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    is_reverse: bool,
) -> Result {
    if args.len() > 4 {
        return Err(Error::WrongArity(args_name(args)));
    }
    let with_score = match args.get(3) {
        None => false,
        Some(word) if is(word, "WITHSCORE") => true,
        Some(_) => return Err(Error::Syntax),
    };
    let zset = read(context, context.key(args, 1))?;
    let found = zset.and_then(|zset| {
        let (rank, score) = zset.rank(args.at(2))?;
        Some((if is_reverse { zset.len() - 1 - rank } else { rank }, score))
    });
    match (found, with_score) {
        (Some((rank, score)), true) => {
            reply.array(2);
            reply.integer(rank as i64);
            reply.double(score);
        }
        (Some((rank, _)), false) => reply.integer(rank as i64),
        (None, true) => reply.null_array(),
        (None, false) => reply.null(),
    }
    Ok(())
}

/// A call's own name, for its errors.
fn args_name(args: Args<'_>) -> String {
    String::from_utf8_lossy(args.at(0)).to_ascii_lowercase()
}

/// ZCOUNT key min max
pub(super) fn zcount(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    count(context, args, reply, By::Score)
}

/// ZLEXCOUNT key min max
pub(super) fn zlexcount(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    count(context, args, reply, By::Lex)
}

fn count(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>, by: By) -> Result {
    let range = Range::parse(by, args.at(2), args.at(3))?;
    let zset = read(context, context.key(args, 1))?;
    reply.integer(zset.map_or(0, |zset| range.resolve(zset, false).1) as i64);
    Ok(())
}

/// ZSCAN key cursor [MATCH pattern] [COUNT count] [NOSCORES]
pub(super) fn zscan(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let cursor = Scan::cursor(args)?;
    let (mut next, mut found) = (0, Collected::new());
    if let Some(zset) = read(context, context.key(args, 1))? {
        let scan = Scan::parse(args, Some("NOSCORES"))?;
        let mut text = DoubleText::new();
        next = zset.scan(cursor, scan.count, |member, score| {
            if scan.wants(member) {
                found.push(member);
                if !scan.no_values {
                    found.push(Item::Bytes(text.format(score)));
                }
            }
        });
    }
    Scan::reply(reply, next, &found);
    Ok(())
}

/// ZRANDMEMBER key [count [WITHSCORES]]
pub(super) fn zrandmember(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let draws = (args.len() > 2).then(|| Draws::parse(args, 2)).transpose()?;
    let with_scores = match args.get(3) {
        None => false,
        Some(word) if args.len() == 4 && is(word, "WITHSCORES") => true,
        Some(_) => return Err(Error::Syntax),
    };
    if with_scores && args.int(2)?.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(Error::new("value is out of range"));
    }
    let key = context.key(args, 1);
    let bounds = elements::Bounds::new(context, reply);
    let entry = context.keyspace.read(context.db, key);
    let zset = entry.map(|entry| entry.get::<Zset>()).transpose()?;
    let rng = &mut *context.rng;
    match (draws, zset) {
        (None, None) => reply.null(),
        (None, Some(zset)) => {
            let rank = rng.below(zset.len() as u64) as usize;
            zset.range(rank, 1, false, |member, _| elements::write(reply, member));
        }
        (Some(_), None) => reply.array(0),
        (Some(Draws::Different(count)), Some(zset)) => {
            let ranks = different_ranks(count, zset.len(), rng);
            announce(reply, ranks.len(), with_scores);
            for rank in ranks {
                write_at(reply, zset, rank, with_scores);
            }
        }
        (Some(Draws::Any(count)), Some(zset)) => {
            announce(reply, usize::try_from(count).unwrap_or(usize::MAX), with_scores);
            for _ in 0..count {
                write_at(reply, zset, rng.below(zset.len() as u64) as usize, with_scores);
                bounds.check(reply)?;
            }
        }
    }
    Ok(())
}

/// So many members follow, with scores as pairs or not.
fn announce(reply: &mut Writer<'_>, count: usize, with_scores: bool) {
    let is_flat = with_scores && !reply.is_resp3();
    reply.array(if is_flat { count.saturating_mul(2) } else { count });
}

fn write_at(reply: &mut Writer<'_>, zset: &Zset, rank: usize, with_scores: bool) {
    zset.range(rank, 1, false, |member, score| {
        write_pair(reply, member, with_scores.then_some(score));
    });
}

/// Up to `count` ranks below `len`, each at most once: all, or drawn by Floyd's algorithm (CACM 30,
/// 1987).
fn different_ranks(count: usize, len: usize, rng: &mut Rng) -> Vec<usize> {
    if count >= len {
        return (0..len).collect();
    }
    let (mut seen, mut ranks) = (HashSet::new(), Vec::with_capacity(count));
    for last in len - count..len {
        let drawn = rng.below(last as u64 + 1) as usize;
        let rank = if seen.insert(drawn) { drawn } else { last };
        seen.insert(rank);
        ranks.push(rank);
    }
    ranks
}
