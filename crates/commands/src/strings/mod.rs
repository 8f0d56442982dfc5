//! Strings: the rows, and what several of their handlers share.

use command::flag::{DENYOOM, FAST, MOVABLEKEYS, READONLY, WRITE};
use command::{Access, Args, Group, KeySpec, Result, Spec, access};
use engine::{Command, Merge, Run};
use keyspace::{Edit, StringRef};
use resp::Writer;

mod conditional;
mod counters;
mod increx;
mod lcs;
mod multi;
mod range;
mod set;

const fn string(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::String, usage, arity, flags)
}

const APPENDED: &[KeySpec] = &[KeySpec::first(access::RW | access::INSERT_DATA)];
const TAKEN: &[KeySpec] = &[KeySpec::first(access::RW | access::ACCESS | access::DELETE_DATA)];
const SET_KEY: &[KeySpec] = &[KeySpec::first(access::UPDATE_ACCESS | access::VARIABLE)];
const INSERTED: &[KeySpec] = &[KeySpec::first(access::OW | access::INSERT_DATA)];
const DELEX_KEY: &[KeySpec] =
    &[KeySpec::first(access::RW | access::DELETE_DATA | access::VARIABLE)];
const PAIR_READ: &[KeySpec] = &[KeySpec::range(1, 1, 1, access::READ_VALUE)];
const MANY_READ: &[KeySpec] = &[KeySpec::range(1, -1, 1, access::READ_VALUE)];
const MANY_SET: &[KeySpec] = &[KeySpec::range(1, -1, 2, access::OVERWRITE)];
const MANY_INSERTED: &[KeySpec] = &[KeySpec::range(1, -1, 2, access::OW | access::INSERT_DATA)];
const COUNTED_SET: &[KeySpec] = &[KeySpec::counted(1, 2, access::OVERWRITE)];

const EVERY_SHARD_OK: &[&str] = &["request_policy:multi_shard", "response_policy:all_succeeded"];

/// The rows.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        string("APPEND key value", 3, WRITE | DENYOOM | FAST).key_specs(APPENDED).doc(
            "2.0.0",
            "O(1) per byte added, amortised",
            "Adds bytes at the end of a string, which it creates if need be.",
        ),
        Run::Shard(range::append),
    ),
    Command::new(
        string("DECR key", 2, WRITE | DENYOOM | FAST).key(access::UPDATE_ACCESS).doc(
            "1.0.0",
            "O(1)",
            "Subtracts one from an integer.",
        ),
        Run::Shard(counters::decr),
    ),
    Command::new(
        string("DECRBY key decrement:int", 3, WRITE | DENYOOM | FAST)
            .key(access::UPDATE_ACCESS)
            .doc("1.0.0", "O(1)", "Subtracts a number from an integer."),
        Run::Shard(counters::decrby),
    ),
    Command::new(
        string(
            "DELEX key [condition: IFEQ value|IFNE value|IFDEQ digest|IFDNE digest]",
            -2,
            WRITE | FAST,
        )
        .key_specs(DELEX_KEY)
        .varying(delex_access)
        .doc(
            "8.4.0",
            "O(1) for IFEQ and IFNE, O(N) in the string's length for IFDEQ and IFDNE",
            "Removes a key if its string, or its digest, is or is not the one given.",
        ),
        Run::Shard(conditional::delex),
    ),
    Command::new(
        string("DELIFEQ key value", 3, WRITE | FAST).key(access::DELETE).doc(
            "9.0.0",
            "O(1)",
            "Removes a key if its string is the one given.",
        ),
        Run::Shard(conditional::delifeq),
    ),
    Command::new(
        string("DIGEST key", 2, READONLY | FAST).key(access::READ_VALUE).doc(
            "8.4.0",
            "O(N) in the string's length",
            "Gives the XXH3 digest of a string, in hexadecimal.",
        ),
        Run::Shard(conditional::digest),
    ),
    Command::new(
        string("GET key", 2, READONLY | FAST).key(access::READ_VALUE).doc(
            "1.0.0",
            "O(1)",
            "Gives the string of a key.",
        ),
        Run::Shard(set::get),
    ),
    Command::new(
        string("GETDEL key", 2, WRITE | FAST).key_specs(TAKEN).doc(
            "6.2.0",
            "O(1)",
            "Gives the string of a key and removes the key.",
        ),
        Run::Shard(set::getdel),
    ),
    Command::new(
        string(
            "GETEX key [expiration: EX seconds:int|PX milliseconds:int|EXAT \
             unix-time-seconds:time|PXAT unix-time-milliseconds:time|PERSIST]",
            -2,
            WRITE | FAST,
        )
        .key(access::UPDATE_ACCESS)
        .doc("6.2.0", "O(1)", "Gives the string of a key and sets when the key goes."),
        Run::Shard(set::getex),
    ),
    Command::new(
        string("GETRANGE key start:int end:int", 4, READONLY).key(access::READ_VALUE).doc(
            "2.4.0",
            "O(N) in the bytes given",
            "Gives a part of a string.",
        ),
        Run::Shard(range::getrange),
    ),
    Command::new(
        string("GETSET key value", 3, WRITE | DENYOOM | FAST)
            .key(access::UPDATE_ACCESS)
            .doc("1.0.0", "O(1)", "Gives the string of a key and sets a new one.")
            .deprecated("6.2.0", "`SET` with `GET`"),
        Run::Shard(set::getset),
    ),
    Command::new(
        string("INCR key", 2, WRITE | DENYOOM | FAST).key(access::UPDATE_ACCESS).doc(
            "1.0.0",
            "O(1)",
            "Adds one to an integer.",
        ),
        Run::Shard(counters::incr),
    ),
    Command::new(
        string("INCRBY key increment:int", 3, WRITE | DENYOOM | FAST)
            .key(access::UPDATE_ACCESS)
            .doc("1.0.0", "O(1)", "Adds a number to an integer."),
        Run::Shard(counters::incrby),
    ),
    Command::new(
        string("INCRBYFLOAT key increment:double", 3, WRITE | DENYOOM | FAST)
            .key(access::UPDATE_ACCESS)
            .doc("2.6.0", "O(1)", "Adds a number to a floating-point number."),
        Run::Shard(counters::incrbyfloat),
    ),
    Command::new(
        string(
            "INCREX key [increment: BYINT integer:int|BYFLOAT float:double] \
             [LBOUND lower:double] [UBOUND upper:double] [SATURATE] [expiration: EX \
             seconds:int|PX milliseconds:int|EXAT unix-time-seconds:time|PXAT \
             unix-time-milliseconds:time|PERSIST] [ENX]",
            -2,
            WRITE | DENYOOM | FAST,
        )
        .key(access::UPDATE_ACCESS)
        .doc("8.8.0", "O(1)", "Adds to a number within bounds and sets when the key goes."),
        Run::Shard(increx::increx),
    ),
    Command::new(
        string(
            "LCS key1:key key2:key [LEN] [IDX] [MINMATCHLEN len:int] [WITHMATCHLEN]",
            -3,
            READONLY,
        )
        .key_specs(PAIR_READ)
        .doc(
            "7.0.0",
            "O(N*M) in the lengths of the strings",
            "Finds the longest common subsequence of two strings.",
        ),
        Run::Plan { local: lcs::lcs, across: lcs::lcs_across },
    ),
    Command::new(
        string("MGET key...", -2, READONLY | FAST)
            .key_specs(MANY_READ)
            .tips(&["request_policy:multi_shard"])
            .doc("1.0.0", "O(N) in the keys", "Gives the strings of several keys."),
        Run::Scatter { part: multi::mget, merge: Merge::PerKey },
    ),
    Command::new(
        string("MSET (key value)...", -3, WRITE | DENYOOM)
            .key_specs(MANY_SET)
            .tips(EVERY_SHARD_OK)
            .doc("1.0.1", "O(N) in the keys", "Sets the strings of several keys in one step."),
        Run::Scatter { part: multi::mset, merge: Merge::First },
    ),
    Command::new(
        string(
            "MSETEX numkeys:int (key value)... [condition: NX|XX] [expiration: EX \
             seconds:int|PX milliseconds:int|EXAT unix-time-seconds:time|PXAT \
             unix-time-milliseconds:time|KEEPTTL]",
            -4,
            WRITE | DENYOOM | MOVABLEKEYS,
        )
        .key_specs(COUNTED_SET)
        .tips(EVERY_SHARD_OK)
        .doc(
            "8.4.0",
            "O(N) in the keys",
            "Sets the strings of several keys, and when they go, in one step.",
        ),
        Run::Plan { local: multi::msetex, across: multi::msetex_across },
    ),
    Command::new(
        string("MSETNX (key value)...", -3, WRITE | DENYOOM).key_specs(MANY_INSERTED).doc(
            "1.0.1",
            "O(N) in the keys",
            "Sets the strings of several keys if none of them exists.",
        ),
        Run::Plan { local: multi::msetnx, across: multi::msetnx_across },
    ),
    Command::new(
        string("PSETEX key milliseconds:int value", 4, WRITE | DENYOOM)
            .key(access::OVERWRITE)
            .doc("2.6.0", "O(1)", "Sets the string of a key that goes after so many milliseconds.")
            .deprecated("2.6.12", "`SET` with `PX`"),
        Run::Shard(set::psetex),
    ),
    Command::new(
        string(
            "SET key value [condition: NX|XX|IFEQ value|IFNE value|IFDEQ digest|IFDNE digest] \
             [GET] [expiration: EX seconds:int|PX milliseconds:int|EXAT \
             unix-time-seconds:time|PXAT unix-time-milliseconds:time|KEEPTTL]",
            -3,
            WRITE | DENYOOM,
        )
        .key_specs(SET_KEY)
        .varying(set_access)
        .doc(
            "1.0.0",
            "O(1)",
            "Sets the string of a key, whatever it held, under conditions and for a time.",
        ),
        Run::Shard(set::set),
    ),
    Command::new(
        string("SETEX key seconds:int value", 4, WRITE | DENYOOM)
            .key(access::OVERWRITE)
            .doc("2.0.0", "O(1)", "Sets the string of a key that goes after so many seconds.")
            .deprecated("2.6.12", "`SET` with `EX`"),
        Run::Shard(set::setex),
    ),
    Command::new(
        string("SETNX key value", 3, WRITE | DENYOOM | FAST)
            .key_specs(INSERTED)
            .doc("1.0.0", "O(1)", "Sets the string of a key that does not exist.")
            .deprecated("2.6.12", "`SET` with `NX`"),
        Run::Shard(set::setnx),
    ),
    Command::new(
        string("SETRANGE key offset:int value", 4, WRITE | DENYOOM).key(access::UPDATE).doc(
            "2.2.0",
            "O(1) for short values, else O(M) in the value's length",
            "Overwrites a part of a string, which grows if need be.",
        ),
        Run::Shard(range::setrange),
    ),
    Command::new(
        string("STRLEN key", 2, READONLY | FAST).key(access::READ).doc(
            "2.2.0",
            "O(1)",
            "Gives the length of a string.",
        ),
        Run::Shard(range::strlen),
    ),
    Command::new(
        string("SUBSTR key start:int end:int", 4, READONLY)
            .key(access::READ_VALUE)
            .doc("1.0.0", "O(N) in the bytes given", "Gives a part of a string.")
            .deprecated("2.0.0", "`GETRANGE`"),
        Run::Shard(range::getrange),
    ),
];

/// SET reads the key only when asked for the value that it had.
fn set_access(args: Args<'_>) -> Access {
    let asks = args.iter_from(3).any(|word| word.eq_ignore_ascii_case(b"get"));
    if asks { access::UPDATE_ACCESS } else { access::OVERWRITE }
}

/// DELEX reads the key only under a condition.
fn delex_access(args: Args<'_>) -> Access {
    if args.len() > 2 { access::RW | access::DELETE_DATA } else { access::DELETE }
}

/// Writes a string or null.
#[inline]
fn write_string(reply: &mut Writer<'_>, string: Option<StringRef<'_>>) {
    match string {
        None => reply.null(),
        Some(StringRef::Bytes(bytes)) => reply.bulk(bytes),
        Some(StringRef::Int(number)) => reply.bulk_integer(number),
    }
}

/// The string of a key that is being changed.
#[inline]
fn old_string<'e>(edit: &'e Edit<'_>) -> Result<Option<StringRef<'e>>> {
    Ok(edit.string()?)
}
