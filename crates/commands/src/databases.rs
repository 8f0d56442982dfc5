//! Whole databases: how many keys they have, emptying them, exchanging them; and what a key costs.

use command::flag::{FAST, READONLY, WRITE, category};
use command::{Args, Error, Group, KeySpec, Result, Spec, access};
use engine::{Command, Context, Merge, Run};
use keyspace::Cause;
use resp::Writer;

use crate::options::{int32, is};

const fn server(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Server, usage, arity, flags)
}

const DANGEROUS: u32 = category::KEYSPACE | category::DANGEROUS;
const EVERY_SHARD_OK: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];
const USAGE_KEY: &[KeySpec] = &[KeySpec::at(2, access::READ)];

/// The rows.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        server("DBSIZE", 1, READONLY | FAST)
            .also(category::KEYSPACE)
            .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
            .doc("1.0.0", "O(1)", "Gives the number of keys in the database."),
        Run::Everywhere { part: dbsize, merge: Merge::Sum, atomic: false },
    ),
    Command::new(
        server("FLUSHALL [async: ASYNC|SYNC]", -1, WRITE).also(DANGEROUS).tips(EVERY_SHARD_OK).doc(
            "1.0.0",
            "O(1); what was there is freed on another thread",
            "Empties all databases.",
        ),
        Run::Everywhere { part: flushall, merge: Merge::First, atomic: true },
    ),
    Command::new(
        server("FLUSHDB [async: ASYNC|SYNC]", -1, WRITE).also(DANGEROUS).tips(EVERY_SHARD_OK).doc(
            "1.0.0",
            "O(1); what was there is freed on another thread",
            "Empties the database.",
        ),
        Run::Everywhere { part: flushdb, merge: Merge::First, atomic: true },
    ),
    Command::container(
        server("MEMORY", -2, 0).doc(
            "4.0.0",
            "depends on the subcommand",
            "Tells what memory is used for.",
        ),
        MEMORY,
    ),
    Command::new(
        server("SWAPDB index1:int index2:int", 3, WRITE | FAST).also(DANGEROUS).doc(
            "4.0.0",
            "O(1)",
            "Exchanges two databases.",
        ),
        Run::Everywhere { part: swapdb, merge: Merge::First, atomic: true },
    ),
];

const MEMORY: &[Command] = &[Command::new(
    server("USAGE key [SAMPLES count:int]", -3, READONLY).key_specs(USAGE_KEY).doc(
        "4.0.0",
        "O(1)",
        "Gives the bytes that a key costs.",
    ),
    Run::Shard(memory_usage),
)];

/// DBSIZE
fn dbsize(context: &mut Context<'_>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.integer(context.keyspace.len(context.db) as i64);
    Ok(())
}

/// FLUSHALL [ASYNC | SYNC]
fn flushall(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    check_mode(args)?;
    context.keyspace.discard_all();
    log(context, &[b"FLUSHALL"]);
    reply.ok();
    Ok(())
}

/// FLUSHDB [ASYNC | SYNC]
fn flushdb(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    check_mode(args)?;
    context.keyspace.discard_database(context.db);
    log(context, &[b"FLUSHDB"]);
    reply.ok();
    Ok(())
}

/// The mode makes no difference: a database goes in one step, and is freed on another thread.
fn check_mode(args: Args<'_>) -> Result {
    match args.get(1) {
        None => Ok(()),
        Some(mode) if args.len() == 2 && (is(mode, "ASYNC") || is(mode, "SYNC")) => Ok(()),
        Some(_) => Err(Error::Syntax),
    }
}

/// SWAPDB index1 index2
fn swapdb(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let a = int32(args, 1).map_err(|_| Error::new("invalid first DB index"))?;
    let b = int32(args, 2).map_err(|_| Error::new("invalid second DB index"))?;
    let databases = context.keyspace.databases();
    let index = |number| usize::try_from(number).ok().filter(|index| *index < databases);
    let (Some(a), Some(b)) = (index(a), index(b)) else { return Err(Error::DbIndexOutOfRange) };
    context.keyspace.swap(a, b);
    log(context, &[b"SWAPDB", args.at(1), args.at(2)]);
    reply.ok();
    Ok(())
}

/// Logs a change that no edit of a key covers.
fn log(context: &mut Context<'_>, effect: &[&[u8]]) {
    let db = context.db;
    context.keyspace.changes().record(db, 0, Cause::Command, effect);
}

/// MEMORY USAGE key [SAMPLES count]
fn memory_usage(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut words = args.words_from(3);
    while let Some(word) = words.next_word() {
        // The count is checked and not needed: values know their size.
        if !is(word, "SAMPLES") || words.int()? < 0 {
            return Err(Error::Syntax);
        }
    }
    match context.keyspace.peek(context.db, context.key(args, 2)) {
        Some(entry) => reply.integer(entry.memory_bytes() as i64),
        None => reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
