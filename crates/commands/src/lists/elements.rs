//! Elements by their positions and by what they are.

use std::ops::ControlFlow;

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Event;
use resp::Writer;
use value::List;
use value::list::End;
use value::listpack::Item;

use super::{bulk, stretch};
use crate::elements;
use crate::options::is;

/// LLEN key
pub(super) fn llen(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let list = context.read(context.key(args, 1)).map(|entry| entry.get::<List>()).transpose()?;
    reply.integer(list.map_or(0, List::len) as i64);
    Ok(())
}

/// LINDEX key index
pub(super) fn lindex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let Some(entry) = context.read(context.key(args, 1)) else {
        reply.null();
        return Ok(());
    };
    let list = entry.get::<List>()?;
    match list.position(args.int(2)?) {
        Some(position) => list.range(position, 1, |item| bulk(reply, item)),
        None => reply.null(),
    }
    Ok(())
}

/// LRANGE key start stop
pub(super) fn lrange(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (start, stop) = (args.int(2)?, args.int(3)?);
    let list = context.read(context.key(args, 1)).map(|entry| entry.get::<List>()).transpose()?;
    let Some(list) = list else {
        reply.array(0);
        return Ok(());
    };
    let (start, count) = stretch(start, stop, list.len());
    reply.array(count);
    list.range(start, count, |item| bulk(reply, item));
    Ok(())
}

/// LSET key index element
pub(super) fn lset(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let limits = &context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    let list = edit.get::<List>()?.ok_or(Error::NoSuchKey)?;
    let position = list.position(args.int(2)?).ok_or(Error::new("index out of range"))?;
    if let Some(list) = edit.get_mut::<List>()? {
        list.set(position, args.at(3), limits);
        edit.event(Event::list("lset"));
    }
    reply.ok();
    Ok(())
}

/// LTRIM key start stop
pub(super) fn ltrim(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (start, stop) = (args.int(2)?, args.int(3)?);
    let limits = &context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    reply.ok();
    let Some(list) = edit.get_mut::<List>()? else { return Ok(()) };
    let len = list.len();
    let (start, count) = stretch(start, stop, len);
    if count > 0 {
        list.remove_range(start + count, len - start - count, limits);
        list.remove_range(0, start, limits);
    }
    // Even if all of it stays.
    edit.event(Event::list("ltrim"));
    if count == 0 {
        // A large list goes to the thread that frees.
        edit.remove();
    }
    edit.count(len - count);
    Ok(())
}

/// LREM key count element
pub(super) fn lrem(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let count = args.int(2)?;
    if count == i64::MIN {
        return Err(elements::out_of_range());
    }
    let limits = &context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    let Some(list) = edit.get_mut::<List>()? else {
        reply.integer(0);
        return Ok(());
    };
    let from = if count < 0 { End::Right } else { End::Left };
    let most = match count {
        0 => usize::MAX,
        count => count.unsigned_abs() as usize,
    };
    let removed = list.remove(args.at(3), from, most, limits);
    reply.integer(removed as i64);
    edit.count_as(removed, Event::list("lrem"));
    Ok(())
}

/// LINSERT key BEFORE | AFTER pivot element
pub(super) fn linsert(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let behind = match args.at(2) {
        word if is(word, "AFTER") => 1,
        word if is(word, "BEFORE") => 0,
        _ => return Err(Error::Syntax),
    };
    let limits = &context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    let Some(list) = edit.get_mut::<List>()? else {
        reply.integer(0);
        return Ok(());
    };
    // As Redis, which does not know yet whether the pivot is there.
    list.expect(1, args.at(4).len(), limits);
    match list.find(args.at(3)) {
        Some(pivot) => {
            list.insert(pivot + behind, args.at(4), limits);
            reply.integer(list.len() as i64);
            edit.event(Event::list("linsert"));
        }
        None => {
            reply.integer(-1);
            edit.unchanged();
        }
    }
    Ok(())
}

/// What LPOS looks for.
struct Search<'a> {
    wanted: Item<'a>,
    /// The first match that counts, from 1 on.
    rank: usize,
    from: End,
    /// How many are wanted; None for the first as a single reply.
    count: Option<usize>,
    /// How many elements are looked at.
    most: usize,
}

impl<'a> Search<'a> {
    fn parse(args: Args<'a>) -> Result<Self> {
        let (mut rank, mut count, mut most) = (1, None, usize::MAX);
        let mut words = args.words_from(3);
        while let Some(word) = words.next_word() {
            if words.remaining() == 0 {
                return Err(Error::Syntax);
            }
            if is(word, "RANK") {
                rank = words.int()?;
                if rank == 0 {
                    return Err(Error::new(
                        "RANK can't be zero: use 1 to start from the first match, 2 from the \
                         second ... or use negative to start from the end of the list",
                    ));
                }
                if rank == i64::MIN {
                    return Err(crate::elements::out_of_range());
                }
            } else if is(word, "COUNT") {
                count = Some(not_negative(words.value()?, "COUNT can't be negative")?);
            } else if is(word, "MAXLEN") {
                most = match not_negative(words.value()?, "MAXLEN can't be negative")? {
                    0 => usize::MAX,
                    most => most,
                };
            } else {
                return Err(Error::Syntax);
            }
        }
        let from = if rank < 0 { End::Right } else { End::Left };
        let rank = rank.unsigned_abs() as usize;
        Ok(Self { wanted: Item::of(args.at(2)), rank, from, count, most })
    }

    /// The positions of the matches.
    fn run(&self, list: &List) -> Vec<usize> {
        let wanted = match self.count {
            None => 1,
            Some(0) => usize::MAX,
            Some(count) => count,
        };
        let (mut seen, mut matches, mut found) = (0, 0, Vec::new());
        let mut see = |position: usize, item: Item<'_>| {
            if seen == self.most {
                return ControlFlow::Break(());
            }
            seen += 1;
            if item == self.wanted {
                matches += 1;
                if matches >= self.rank {
                    found.push(position);
                }
            }
            if found.len() < wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let _ = match self.from {
            End::Left => list.walk(0, &mut see),
            End::Right => list.walk_back(list.len().saturating_sub(1), &mut see),
        };
        found
    }
}

fn not_negative(word: &[u8], error: &'static str) -> Result<usize> {
    let number = stdx::number::parse_i64(word).ok_or(Error::new(error))?;
    usize::try_from(number).map_err(|_| Error::new(error))
}

/// LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
pub(super) fn lpos(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let search = Search::parse(args)?;
    let list = context.read(context.key(args, 1)).map(|entry| entry.get::<List>()).transpose()?;
    let found = list.map_or_else(Vec::new, |list| search.run(list));
    match (search.count, found.first()) {
        (None, None) => reply.null(),
        (None, Some(position)) => reply.integer(*position as i64),
        (Some(_), _) => {
            reply.array(found.len());
            found.iter().for_each(|position| reply.integer(*position as i64));
        }
    }
    Ok(())
}
