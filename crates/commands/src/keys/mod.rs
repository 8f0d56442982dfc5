//! Keys of any type: the rows, and the handlers that are a line or two.

use command::flag::{DENYOOM, FAST, LOADING, READONLY, STALE, WRITE, category};
use command::{Args, Group, KeySpec, Result, Spec, access};
use engine::{Command, Context, Merge, Run};
use resp::Writer;

mod copy;
mod expire;
mod object;
mod rename;
mod scan;

const fn generic(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Generic, usage, arity, flags)
}

const RENAMED: KeySpec = KeySpec::at(1, access::RW | access::ACCESS | access::DELETE_DATA);
const COPY_KEYS: &[KeySpec] =
    &[KeySpec::at(1, access::READ_VALUE), KeySpec::at(2, access::OVERWRITE)];
const RENAME_KEYS: &[KeySpec] = &[RENAMED, KeySpec::at(2, access::OVERWRITE)];
const RENAMENX_KEYS: &[KeySpec] = &[RENAMED, KeySpec::at(2, access::OW | access::INSERT_DATA)];
const MANY_READ: &[KeySpec] = &[KeySpec::range(1, -1, 1, access::READ)];
const MANY_REMOVED: &[KeySpec] = &[KeySpec::range(1, -1, 1, access::DELETE)];
const SECOND_READ: &[KeySpec] = &[KeySpec::at(2, access::READ)];

const SUM_OF_SHARDS: &[&str] = &["request_policy:multi_shard", "response_policy:agg_sum"];
const VARYING: &[&str] = &["nondeterministic_output"];

/// The rows.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        generic(
            "COPY source:key destination:key [DB destination-db:int] [REPLACE]",
            -3,
            WRITE | DENYOOM,
        )
        .key_specs(COPY_KEYS)
        .doc(
            "6.2.0",
            "O(N) in the elements, O(1) for strings",
            "Copies a key's value to another key.",
        ),
        Run::Plan { local: copy::copy, across: copy::copy_across },
    ),
    Command::new(
        generic("DEL key...", -2, WRITE).key_specs(MANY_REMOVED).tips(SUM_OF_SHARDS).doc(
            "1.0.0",
            "O(N) in the keys; what takes long is freed on another thread",
            "Removes keys.",
        ),
        Run::Scatter { part: del, merge: Merge::Sum },
    ),
    Command::new(
        generic("EXISTS key...", -2, READONLY | FAST).key_specs(MANY_READ).tips(SUM_OF_SHARDS).doc(
            "1.0.0",
            "O(N) in the keys",
            "Counts which of the keys exist.",
        ),
        Run::Scatter { part: exists, merge: Merge::Sum },
    ),
    Command::new(
        generic("EXPIRE key seconds:int [condition: NX|XX|GT|LT]", -3, WRITE | FAST)
            .key(access::UPDATE)
            .doc("1.0.0", "O(1)", "Makes a key go after so many seconds."),
        Run::Shard(expire::expire),
    ),
    Command::new(
        generic("EXPIREAT key unix-time-seconds:time [condition: NX|XX|GT|LT]", -3, WRITE | FAST)
            .key(access::UPDATE)
            .doc("1.2.0", "O(1)", "Makes a key go at a Unix time in seconds."),
        Run::Shard(expire::expireat),
    ),
    Command::new(
        generic("EXPIRETIME key", 2, READONLY | FAST).key(access::READ_VALUE).doc(
            "7.0.0",
            "O(1)",
            "Gives the Unix time in seconds at which a key goes.",
        ),
        Run::Shard(expire::expiretime),
    ),
    Command::new(
        generic("KEYS pattern", 2, READONLY)
            .also(category::DANGEROUS)
            .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
            .doc("1.0.0", "O(N) in the database's keys", "Gives all keys that match a pattern."),
        Run::Everywhere { part: scan::keys, merge: Merge::Concat, atomic: false },
    ),
    Command::new(
        generic("MOVE key db:int", 3, WRITE | FAST).key(access::UPDATE_ACCESS).doc(
            "1.0.0",
            "O(1)",
            "Moves a key to another database.",
        ),
        Run::Shard(copy::move_key),
    ),
    Command::container(
        generic("OBJECT", -2, 0).without(category::KEYSPACE).doc(
            "2.2.3",
            "depends on the subcommand",
            "Tells how a value is kept.",
        ),
        OBJECT,
    ),
    Command::new(
        generic("PERSIST key", 2, WRITE | FAST).key(access::UPDATE).doc(
            "2.2.0",
            "O(1)",
            "Makes a key stay.",
        ),
        Run::Shard(expire::persist),
    ),
    Command::new(
        generic("PEXPIRE key milliseconds:int [condition: NX|XX|GT|LT]", -3, WRITE | FAST)
            .key(access::UPDATE)
            .doc("2.6.0", "O(1)", "Makes a key go after so many milliseconds."),
        Run::Shard(expire::pexpire),
    ),
    Command::new(
        generic(
            "PEXPIREAT key unix-time-milliseconds:time [condition: NX|XX|GT|LT]",
            -3,
            WRITE | FAST,
        )
        .key(access::UPDATE)
        .doc("2.6.0", "O(1)", "Makes a key go at a Unix time in milliseconds."),
        Run::Shard(expire::pexpireat),
    ),
    Command::new(
        generic("PEXPIRETIME key", 2, READONLY | FAST).key(access::READ_VALUE).doc(
            "7.0.0",
            "O(1)",
            "Gives the Unix time in milliseconds at which a key goes.",
        ),
        Run::Shard(expire::pexpiretime),
    ),
    Command::new(
        generic("PTTL key", 2, READONLY | FAST).key(access::READ_VALUE).tips(VARYING).doc(
            "2.6.0",
            "O(1)",
            "Gives the milliseconds until a key goes.",
        ),
        Run::Shard(expire::pttl),
    ),
    Command::new(
        generic("RANDOMKEY", 1, READONLY)
            .tips(&[
                "request_policy:all_shards",
                "response_policy:special",
                "nondeterministic_output",
            ])
            .doc("1.0.0", "O(1)", "Gives a random key."),
        Run::Roam(scan::randomkey),
    ),
    Command::new(
        generic("RENAME key newkey:key", 3, WRITE).key_specs(RENAME_KEYS).doc(
            "1.0.0",
            "O(1)",
            "Gives a key another name, which loses what it held.",
        ),
        Run::Plan { local: rename::rename, across: rename::rename_across },
    ),
    Command::new(
        generic("RENAMENX key newkey:key", 3, WRITE | FAST).key_specs(RENAMENX_KEYS).doc(
            "1.0.0",
            "O(1)",
            "Gives a key another name if no key has it.",
        ),
        Run::Plan { local: rename::renamenx, across: rename::renamenx_across },
    ),
    Command::new(
        generic("SCAN cursor:int [MATCH pattern] [COUNT count:int] [TYPE type]", -2, READONLY)
            .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
            .doc(
                "2.8.0",
                "O(1) per call, O(N) for all keys of the database",
                "Gives the keys of the database bit by bit.",
            ),
        Run::Roam(scan::scan),
    ),
    Command::new(
        generic("TOUCH key...", -2, READONLY | FAST).key_specs(MANY_READ).tips(SUM_OF_SHARDS).doc(
            "3.2.1",
            "O(N) in the keys",
            "Marks keys as used just now, and counts which exist.",
        ),
        Run::Scatter { part: touch, merge: Merge::Sum },
    ),
    Command::new(
        generic("TTL key", 2, READONLY | FAST).key(access::READ_VALUE).tips(VARYING).doc(
            "1.0.0",
            "O(1)",
            "Gives the seconds until a key goes.",
        ),
        Run::Shard(expire::ttl),
    ),
    Command::new(
        generic("TYPE key", 2, READONLY | FAST).key(access::READ).doc(
            "1.0.0",
            "O(1)",
            "Gives the type of a key's value.",
        ),
        Run::Shard(kind),
    ),
    Command::new(
        generic("UNLINK key...", -2, WRITE | FAST).key_specs(MANY_REMOVED).tips(SUM_OF_SHARDS).doc(
            "4.0.0",
            "O(N) in the keys; what takes long is freed on another thread",
            "Removes keys.",
        ),
        Run::Scatter { part: del, merge: Merge::Sum },
    ),
];

const OBJECT: &[Command] = &[
    Command::new(
        generic("ENCODING key", 3, READONLY).key_specs(SECOND_READ).tips(VARYING).doc(
            "2.2.3",
            "O(1)",
            "Gives the name of a value's encoding.",
        ),
        Run::Shard(object::encoding),
    ),
    Command::new(
        generic("FREQ key", 3, READONLY).key_specs(SECOND_READ).tips(VARYING).doc(
            "4.0.0",
            "O(1)",
            "Gives the access counter of a key, under an LFU policy.",
        ),
        Run::Shard(object::freq),
    ),
    Command::new(
        generic("HELP", 2, LOADING | STALE).doc("6.2.0", "O(1)", "Explains the subcommands."),
        Run::Shard(object::help),
    ),
    Command::new(
        generic("IDLETIME key", 3, READONLY).key_specs(SECOND_READ).tips(VARYING).doc(
            "2.2.3",
            "O(1)",
            "Gives the seconds since a key was last used.",
        ),
        Run::Shard(object::idletime),
    ),
    Command::new(
        generic("REFCOUNT key", 3, READONLY).key_specs(SECOND_READ).tips(VARYING).doc(
            "2.2.3",
            "O(1)",
            "Gives the number of references to a value: one.",
        ),
        Run::Shard(object::refcount),
    ),
];

/// DEL key [key ...], and UNLINK
fn del(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut removed = 0;
    for index in 1..args.len() {
        removed += i64::from(context.edit(context.key(args, index)).remove());
    }
    reply.integer(removed);
    Ok(())
}

/// EXISTS key [key ...]
fn exists(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut found = 0;
    for index in 1..args.len() {
        let key = context.key(args, index);
        found += i64::from(context.keyspace.look(context.db, key).is_some());
    }
    reply.integer(found);
    Ok(())
}

/// TOUCH key [key ...]
fn touch(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    // Even of a connection that asked that its commands touch nothing.
    context.keyspace.set_no_touch(false);
    let mut found = 0;
    for index in 1..args.len() {
        found += i64::from(context.read(context.key(args, index)).is_some());
    }
    reply.integer(found);
    Ok(())
}

/// TYPE key
fn kind(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let key = context.key(args, 1);
    let entry = context.keyspace.look(context.db, key);
    reply.simple(entry.map_or("none", |entry| entry.kind().name()));
    Ok(())
}
