//! How a value is kept.

use std::ops::Range;

use command::{Args, Error, Result};
use engine::Context;
use keyspace::{ClockKind, Entry, ValueRef};
use resp::Writer;

/// Integers of which Redis keeps one object for all keys; programs tell them by their references.
const SHARED_INTEGERS: Range<i64> = 0..10_000;
/// What Redis shows for those.
const SHARED_REFERENCES: i64 = i32::MAX as i64;

const HELP: &[&str] = &[
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    The name of the encoding in which the value is kept.",
    "FREQ <key>",
    "    The access counter, which grows with the logarithm of the uses and fades with time.",
    "IDLETIME <key>",
    "    The seconds since the key was last used.",
    "REFCOUNT <key>",
    "    The number of references to the value: 1, and very many for a small integer.",
    "HELP",
    "    This text.",
];

/// OBJECT HELP
pub(super) fn help(_: &mut Context<'_>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.array(HELP.len());
    for line in HELP {
        reply.simple(line);
    }
    Ok(())
}

/// OBJECT ENCODING key
pub(super) fn encoding(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    tell(context, args, reply, |entry, reply| {
        reply.bulk(entry.encoding().as_bytes());
        Ok(())
    })
}

/// OBJECT REFCOUNT key
pub(super) fn refcount(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let shares_integers = context.limits.shares_integers;
    tell(context, args, reply, |entry, reply| {
        let is_shared = match entry.value() {
            ValueRef::Int(number) => shares_integers && SHARED_INTEGERS.contains(&number),
            _ => false,
        };
        reply.integer(if is_shared { SHARED_REFERENCES } else { 1 });
        Ok(())
    })
}

/// OBJECT IDLETIME key
pub(super) fn idletime(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let clock = context.keyspace.clock_kind();
    tell(context, args, reply, |entry, reply| {
        if clock == ClockKind::Lfu {
            return Err(Error::new(
                "An LFU maxmemory policy is selected, idle time not tracked. Please note that \
                 when switching between policies at runtime LRU and LFU data will take some time \
                 to adjust.",
            ));
        }
        reply.integer(entry.idle_seconds().into());
        Ok(())
    })
}

/// OBJECT FREQ key
pub(super) fn freq(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let clock = context.keyspace.clock_kind();
    tell(context, args, reply, |entry, reply| {
        if clock == ClockKind::Lru {
            return Err(Error::new(
                "An LFU maxmemory policy is not selected, access frequency not tracked. Please \
                 note that when switching between policies at runtime LRU and LFU data will take \
                 some time to adjust.",
            ));
        }
        reply.integer(entry.frequency().into());
        Ok(())
    })
}

fn tell(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    of_entry: impl FnOnce(Entry<'_>, &mut Writer<'_>) -> Result,
) -> Result {
    let key = context.key(args, 2);
    match context.keyspace.look_quietly(context.db, key) {
        Some(entry) => of_entry(entry, reply),
        None => {
            reply.null();
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
