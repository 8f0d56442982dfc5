//! Hashes: the rows, and what their handlers share.

use command::flag::{DENYOOM, FAST, READONLY, WRITE};
use command::{Args, Group, KeySpec, Result, Spec, access};
use engine::{Command, Context, Run};
use keyspace::{Edit, Event, Key};
use value::Hash;

use crate::elements::wrong_type;

mod counters;
mod deadline;
mod expire;
mod fields;
mod import;
mod random;
mod timed;

const fn hash(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Hash, usage, arity, flags)
}

const INSERTED: &[KeySpec] = &[KeySpec::first(access::RW | access::INSERT_DATA)];
const REMOVED: &[KeySpec] = &[KeySpec::first(access::RW | access::DELETE_DATA)];
const TAKEN: &[KeySpec] = &[KeySpec::first(access::RW | access::ACCESS | access::DELETE_DATA)];

const VARYING: &[&str] = &["nondeterministic_output"];
const ANY_ORDER: &[&str] = &["nondeterministic_output_order"];

/// What HIMPORT SET becomes: no row of its own.
pub const IMPORT: Command = Command::new(
    hash("HIMPORT", -4, WRITE | DENYOOM).key(access::OVERWRITE).doc(
        "8.10.0",
        "O(N) where N is the number of fields",
        "Makes a key a hash of these fields.",
    ),
    Run::Shard(import::import),
);

/// The rows.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        hash("HDEL key field...", -3, WRITE | FAST).key_specs(REMOVED).doc(
            "2.0.0",
            "O(1) for each field",
            "Removes fields of a hash.",
        ),
        Run::Shard(fields::hdel),
    ),
    Command::new(
        hash("HEXISTS key field", 3, READONLY | FAST).key(access::READ).doc(
            "2.0.0",
            "O(1)",
            "Tells whether a hash has a field.",
        ),
        Run::Shard(fields::hexists),
    ),
    Command::new(
        hash(
            "HEXPIRE key seconds:int [condition: NX|XX|GT|LT] FIELDS \
             (fields: numfields:int field...)",
            -6,
            WRITE | FAST,
        )
        .key(access::UPDATE)
        .doc("7.4.0", "O(1) for each field", "Makes fields go after so many seconds."),
        Run::Shard(expire::hexpire),
    ),
    Command::new(
        hash(
            "HEXPIREAT key unix-time-seconds:time [condition: NX|XX|GT|LT] FIELDS \
             (fields: numfields:int field...)",
            -6,
            WRITE | FAST,
        )
        .key(access::UPDATE)
        .doc("7.4.0", "O(1) for each field", "Makes fields go at a Unix time."),
        Run::Shard(expire::hexpireat),
    ),
    Command::new(
        hash("HEXPIRETIME key FIELDS (fields: numfields:int field...)", -5, READONLY | FAST)
            .key(access::READ_VALUE)
            .doc("7.4.0", "O(1) for each field", "Gives the Unix times at which fields go."),
        Run::Shard(expire::hexpiretime),
    ),
    Command::new(
        hash("HGET key field", 3, READONLY | FAST).key(access::READ_VALUE).doc(
            "2.0.0",
            "O(1)",
            "Gives the value of a field.",
        ),
        Run::Shard(fields::hget),
    ),
    Command::new(
        hash("HGETALL key", 2, READONLY).key(access::READ_VALUE).tips(ANY_ORDER).doc(
            "2.0.0",
            "O(N)",
            "Gives all fields of a hash with their values.",
        ),
        Run::Shard(fields::hgetall),
    ),
    Command::new(
        hash("HGETDEL key FIELDS (fields: numfields:int field...)", -5, WRITE | FAST)
            .key_specs(TAKEN)
            .doc("8.0.0", "O(1) for each field", "Gives the values of fields and removes these."),
        Run::Shard(timed::hgetdel),
    ),
    Command::new(
        hash(
            "HGETEX key [expiration: EX seconds:int|PX milliseconds:int|EXAT \
             unix-time-seconds:time|PXAT unix-time-milliseconds:time|PERSIST] FIELDS \
             (fields: numfields:int field...)",
            -5,
            WRITE | FAST,
        )
        .key(access::UPDATE_ACCESS)
        .doc(
            "8.0.0",
            "O(1) for each field",
            "Gives the values of fields and sets when these go.",
        ),
        Run::Shard(timed::hgetex),
    ),
    Command::new(
        hash("HINCRBY key field increment:int", 4, WRITE | DENYOOM | FAST)
            .key(access::UPDATE_ACCESS)
            .doc("2.0.0", "O(1)", "Adds a number to the integer that a field holds."),
        Run::Shard(counters::hincrby),
    ),
    Command::new(
        hash("HINCRBYFLOAT key field increment:double", 4, WRITE | DENYOOM | FAST)
            .key(access::UPDATE_ACCESS)
            .doc("2.6.0", "O(1)", "Adds a number to the floating-point number that a field holds."),
        Run::Shard(counters::hincrbyfloat),
    ),
    Command::new(
        hash("HKEYS key", 2, READONLY).key(access::READ_VALUE).tips(ANY_ORDER).doc(
            "2.0.0",
            "O(N)",
            "Gives all fields of a hash.",
        ),
        Run::Shard(fields::hkeys),
    ),
    Command::new(
        hash("HLEN key", 2, READONLY | FAST).key(access::READ).doc(
            "2.0.0",
            "O(1)",
            "Gives the number of fields of a hash.",
        ),
        Run::Shard(fields::hlen),
    ),
    Command::new(
        hash("HMGET key field...", -3, READONLY | FAST).key(access::READ_VALUE).doc(
            "2.0.0",
            "O(1) for each field",
            "Gives the values of several fields.",
        ),
        Run::Shard(fields::hmget),
    ),
    Command::new(
        hash("HMSET key (field value)...", -4, WRITE | DENYOOM | FAST)
            .key(access::UPDATE)
            .doc(
                "2.0.0",
                "O(1) for each field",
                "Sets fields of a hash, which it creates if need be.",
            )
            .deprecated("4.0.0", "`HSET` with several pairs of field and value"),
        Run::Shard(fields::hmset),
    ),
    Command::new(
        hash("HPERSIST key FIELDS (fields: numfields:int field...)", -5, WRITE | FAST)
            .key(access::UPDATE)
            .doc("7.4.0", "O(1) for each field", "Makes fields stay."),
        Run::Shard(expire::hpersist),
    ),
    Command::new(
        hash(
            "HPEXPIRE key milliseconds:int [condition: NX|XX|GT|LT] FIELDS \
             (fields: numfields:int field...)",
            -6,
            WRITE | FAST,
        )
        .key(access::UPDATE)
        .doc("7.4.0", "O(1) for each field", "Makes fields go after so many milliseconds."),
        Run::Shard(expire::hpexpire),
    ),
    Command::new(
        hash(
            "HPEXPIREAT key unix-time-milliseconds:time [condition: NX|XX|GT|LT] FIELDS \
             (fields: numfields:int field...)",
            -6,
            WRITE | FAST,
        )
        .key(access::UPDATE)
        .doc(
            "7.4.0",
            "O(1) for each field",
            "Makes fields go at a Unix time in milliseconds.",
        ),
        Run::Shard(expire::hpexpireat),
    ),
    Command::new(
        hash("HPEXPIRETIME key FIELDS (fields: numfields:int field...)", -5, READONLY | FAST)
            .key(access::READ_VALUE)
            .doc(
                "7.4.0",
                "O(1) for each field",
                "Gives the Unix times in milliseconds at which fields go.",
            ),
        Run::Shard(expire::hpexpiretime),
    ),
    Command::new(
        hash("HPTTL key FIELDS (fields: numfields:int field...)", -5, READONLY | FAST)
            .key(access::READ_VALUE)
            .tips(VARYING)
            .doc("7.4.0", "O(1) for each field", "Gives the milliseconds until fields go."),
        Run::Shard(expire::hpttl),
    ),
    Command::new(
        hash("HRANDFIELD key [options: count:int [WITHVALUES]]", -2, READONLY)
            .key(access::READ_VALUE)
            .tips(VARYING)
            .doc(
                "6.2.0",
                "O(1) without a count, else O(N) in the fields given",
                "Gives random fields of a hash.",
            ),
        Run::Shard(random::hrandfield),
    ),
    Command::new(
        hash("HSCAN key cursor:int [MATCH pattern] [COUNT count:int] [NOVALUES]", -3, READONLY)
            .key(access::READ_VALUE)
            .tips(VARYING)
            .doc(
                "2.8.0",
                "O(1) per call, O(N) for all fields",
                "Gives the fields of a hash, and their values, bit by bit.",
            ),
        Run::Shard(fields::hscan),
    ),
    Command::new(
        hash("HSET key (field value)...", -4, WRITE | DENYOOM | FAST).key(access::UPDATE).doc(
            "2.0.0",
            "O(1) for each field",
            "Sets fields of a hash, which it creates if need be.",
        ),
        Run::Shard(fields::hset),
    ),
    Command::new(
        hash(
            "HSETEX key [key-condition: NX|XX] [condition: FNX|FXX] [expiration: EX \
             seconds:int|PX milliseconds:int|EXAT unix-time-seconds:time|PXAT \
             unix-time-milliseconds:time|KEEPTTL] FIELDS \
             (fields: numfields:int (field value)...)",
            -6,
            WRITE | DENYOOM | FAST,
        )
        .key(access::UPDATE)
        .doc(
            "8.0.0",
            "O(1) for each field",
            "Sets fields of a hash, and when they go, under conditions.",
        ),
        Run::Shard(timed::hsetex),
    ),
    Command::new(
        hash("HSETNX key field value", 4, WRITE | DENYOOM | FAST).key_specs(INSERTED).doc(
            "2.0.0",
            "O(1)",
            "Sets a field that does not exist.",
        ),
        Run::Shard(fields::hsetnx),
    ),
    Command::new(
        hash("HSTRLEN key field", 3, READONLY | FAST).key(access::READ).doc(
            "3.2.0",
            "O(1)",
            "Gives the length of a field's value.",
        ),
        Run::Shard(fields::hstrlen),
    ),
    Command::new(
        hash("HTTL key FIELDS (fields: numfields:int field...)", -5, READONLY | FAST)
            .key(access::READ_VALUE)
            .tips(VARYING)
            .doc("7.4.0", "O(1) for each field", "Gives the seconds until fields go."),
        Run::Shard(expire::httl),
    ),
    Command::new(
        hash("HVALS key", 2, READONLY).key(access::READ_VALUE).tips(ANY_ORDER).doc(
            "2.0.0",
            "O(N)",
            "Gives the values of all fields of a hash.",
        ),
        Run::Shard(fields::hvals),
    ),
];

/// Fields were set.
const HSET: Event = Event::hash("hset");
/// Fields are gone.
const HDEL: Event = Event::hash("hdel");
/// Fields got a deadline.
const HEXPIRE: Event = Event::hash("hexpire");
/// Fields lost it.
const HPERSIST: Event = Event::hash("hpersist");

/// A key's hash, if it exists.
#[inline]
fn read<'a>(context: &'a mut Context<'_>, key: Key<'_>) -> Result<Option<&'a Hash>> {
    context.read(key).map(|entry| entry.get()).transpose().map_err(wrong_type)
}

/// Opens the key of a call to be changed, and removes those of its fields with these names whose
/// time has come.
#[inline]
fn open<'e>(
    context: &'e mut Context<'_>,
    args: Args<'e>,
    names: impl Iterator<Item = &'e [u8]>,
) -> Edit<'e> {
    let mut edit = context.edit(context.key(args, 1));
    edit.expire_fields(names);
    edit
}

/// Removes those of the fields from argument `index` on whose time has come, after a read that has
/// passed them by.
#[cold]
fn lapse(context: &mut Context<'_>, args: Args<'_>, index: usize) {
    lapse_names(context, args, args.iter_from(index));
}

/// [`lapse`] of fields with these names.
#[cold]
fn lapse_names<'a>(
    context: &mut Context<'_>,
    args: Args<'a>,
    names: impl Iterator<Item = &'a [u8]>,
) {
    context.edit(context.key(args, 1)).expire_fields(names);
}
