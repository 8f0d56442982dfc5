//! Random members.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::{Edit, Event};
use resp::Writer;
use stdx::number::parse_i64;
use value::Set;

use crate::effect::remove_logged;
use crate::elements::{self, Draws, wrong_type};

/// SRANDMEMBER key [count]
pub(super) fn srandmember(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let draws = (args.len() == 3).then(|| Draws::parse(args, 2)).transpose()?;
    let key = context.key(args, 1);
    let bounds = elements::Bounds::new(context, reply);
    let entry = context.keyspace.read(context.db, key);
    let set = entry.map(|entry| entry.get::<Set>()).transpose().map_err(wrong_type)?;
    match (draws, set) {
        (None, set) => {
            elements::write_option(reply, set.and_then(|set| set.random(context.rng)));
        }
        (Some(_), None) => reply.array(0),
        (Some(Draws::Different(count)), Some(set)) => {
            reply.array(count.min(set.len()));
            set.sample(count, context.rng, |member| elements::write(reply, member));
        }
        (Some(Draws::Any(count)), Some(set)) => {
            reply.array(usize::try_from(count).unwrap_or(usize::MAX));
            set.draw(count, context.rng, |member| {
                elements::write(reply, member);
                bounds.allow(reply)
            });
            bounds.check(reply)?;
        }
    }
    Ok(())
}

/// SPOP key [count]
pub(super) fn spop(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    if args.len() == 3 {
        let count = parse_i64(args.at(2)).and_then(|count| usize::try_from(count).ok());
        let count = count.ok_or(Error::new("value is out of range, must be positive"))?;
        return pop_many(context, args, reply, count);
    }
    let key = context.key(args, 1);
    let mut edit = context.keyspace.edit(context.db, key);
    match edit.get_mut::<Set>().map_err(wrong_type)?.and_then(|set| set.pop(context.rng)) {
        Some(member) => {
            log_popped(&mut edit, std::slice::from_ref(&member));
            edit.event(SPOP);
            reply.bulk(&member);
        }
        None => reply.null(),
    }
    Ok(())
}

const SPOP: Event = Event::set("spop");

fn pop_many(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    count: usize,
) -> Result {
    let key = context.key(args, 1);
    let mut edit = context.keyspace.edit(context.db, key);
    let Some(set) = edit.get::<Set>().map_err(wrong_type)? else {
        reply.set(0);
        return Ok(());
    };
    if count >= set.len() {
        let popped = set.len();
        reply.set(popped);
        set.iter().for_each(|member| elements::write(reply, member));
        edit.event(SPOP);
        remove_logged(&mut edit);
        edit.count(popped);
        return Ok(());
    }
    reply.set(count);
    if count > 0 {
        let set = edit.get_mut::<Set>().map_err(wrong_type)?.expect("it is there");
        let popped = set.pop_many(count, context.rng);
        popped.iter().for_each(|member| reply.bulk(member));
        log_popped(&mut edit, &popped);
        edit.count_as(count, SPOP);
    }
    Ok(())
}

/// Which members went, because a replay would draw others.
fn log_popped(edit: &mut Edit<'_>, popped: &[Vec<u8>]) {
    let key = edit.key().bytes;
    let members = popped.iter().map(Vec::as_slice);
    edit.log(&[&b"SREM"[..], key].into_iter().chain(members).collect::<Vec<_>>());
}

#[cfg(test)]
mod tests;
