//! Adding and removing at the ends.

use command::{Args, Error, Result};
use engine::Context;
use resp::Writer;
use value::List;
use value::list::End;

use super::{bulk, popped, pushed};

/// LPUSH key element [element ...]
pub(super) fn lpush(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    push(context, args, reply, End::Left, true)
}

/// LPUSHX key element [element ...]
pub(super) fn lpushx(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    push(context, args, reply, End::Left, false)
}

/// RPUSH key element [element ...]
pub(super) fn rpush(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    push(context, args, reply, End::Right, true)
}

/// RPUSHX key element [element ...]
pub(super) fn rpushx(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    push(context, args, reply, End::Right, false)
}

fn push(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    end: End,
    creates: bool,
) -> Result {
    let limits = &context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    if !creates && !edit.exists() {
        reply.integer(0);
        return Ok(());
    }
    let list = edit.get_or_create::<List>()?;
    let items = args.iter_from(2);
    let added = items.len();
    if added > 1 {
        list.expect(added, args.iter_from(2).map(<[u8]>::len).sum(), limits);
    }
    items.for_each(|item| list.push(end, item, limits));
    reply.integer(list.len() as i64);
    edit.count_as(added, pushed(end));
    Ok(())
}

/// LPOP key [count]
pub(super) fn lpop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    pop(context, args, reply, End::Left, "lpop")
}

/// RPOP key [count]
pub(super) fn rpop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    pop(context, args, reply, End::Right, "rpop")
}

fn pop(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    end: End,
    command: &str,
) -> Result {
    if args.len() > 3 {
        return Err(Error::WrongArity(command.to_owned()));
    }
    let count = args.get(2).map(count).transpose()?;
    let limits = &context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    let Some(list) = edit.get_mut::<List>()? else {
        match count {
            Some(_) => reply.null_array(),
            None => reply.null(),
        }
        return Ok(());
    };
    match count {
        Some(count) => {
            let count = count.min(list.len());
            take(list, end, count, limits, reply);
            edit.count_as(count, popped(end));
        }
        None => {
            if let Some(item) = list.peek(end) {
                bulk(reply, item);
            }
            list.drop_end(end, limits);
            edit.event(popped(end));
        }
    }
    Ok(())
}

/// How many elements are wanted.
fn count(word: &[u8]) -> Result<usize> {
    let error = Error::new("value is out of range, must be positive");
    let count = stdx::number::parse_i64(word).ok_or(error.clone())?;
    usize::try_from(count).map_err(|_| error)
}

/// Removes elements from an end, of which there are so many, and replies them.
pub(super) fn take(
    list: &mut List,
    end: End,
    count: usize,
    limits: &value::Limits,
    reply: &mut Writer<'_>,
) {
    reply.array(count);
    let len = list.len();
    match end {
        End::Left => {
            list.range(0, count, |item| bulk(reply, item));
            list.remove_range(0, count, limits);
        }
        End::Right => {
            list.range_back(len, count, |item| bulk(reply, item));
            list.remove_range(len - count, count, limits);
        }
    }
}
