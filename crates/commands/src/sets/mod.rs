//! Sets: the rows, and what their handlers share.

use command::flag::{DENYOOM, FAST, MOVABLEKEYS, READONLY, WRITE};
use command::{Group, KeySpec, Result, Spec, access};
use engine::{Command, Context, Run};
use keyspace::Key;
use value::Set;

use crate::elements::wrong_type;

mod algebra;
mod combine;
mod members;
mod random;

const fn set(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Set, usage, arity, flags)
}

const ADDED_TO: &[KeySpec] = &[KeySpec::first(access::RW | access::INSERT_DATA)];
const REMOVED_FROM: &[KeySpec] = &[KeySpec::first(access::RW | access::DELETE_DATA)];
const TAKEN_FROM: &[KeySpec] = &[KeySpec::first(access::RW | access::ACCESS | access::DELETE_DATA)];
const MOVED: &[KeySpec] = &[
    KeySpec::at(1, access::RW | access::ACCESS | access::DELETE_DATA),
    KeySpec::at(2, access::RW | access::INSERT_DATA),
];
const MANY_READ: &[KeySpec] = &[KeySpec::range(1, -1, 1, access::READ_VALUE)];
const COUNTED_READ: &[KeySpec] = &[KeySpec::counted(1, 1, access::READ_VALUE)];
const STORED: &[KeySpec] =
    &[KeySpec::at(1, access::OVERWRITE), KeySpec::range(2, -1, 1, access::READ_VALUE)];

const RANDOM: &[&str] = &["nondeterministic_output"];
const ANY_ORDER: &[&str] = &["nondeterministic_output_order"];

/// The rows.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        set("SADD key member...", -3, WRITE | DENYOOM | FAST).key_specs(ADDED_TO).doc(
            "1.0.0",
            "O(1) for each member",
            "Adds members to a set, which it creates if need be.",
        ),
        Run::Shard(members::sadd),
    ),
    Command::new(
        set("SCARD key", 2, READONLY | FAST).key(access::READ).doc(
            "1.0.0",
            "O(1)",
            "Gives the number of members of a set.",
        ),
        Run::Shard(members::scard),
    ),
    Command::new(
        set("SDIFF key...", -2, READONLY).key_specs(MANY_READ).tips(ANY_ORDER).doc(
            "1.0.0",
            "O(N) in the members of all sets",
            "Gives the members of the first set that no other has.",
        ),
        Run::Plan { local: combine::sdiff, across: combine::sdiff_across },
    ),
    Command::new(
        set("SDIFFCARD numkeys:int key... [LIMIT limit:int]", -3, READONLY | MOVABLEKEYS)
            .key_specs(COUNTED_READ)
            .doc(
                "8.10.0",
                "O(N) in the members of all sets",
                "Counts the members of the first set that no other has.",
            ),
        Run::Plan { local: combine::sdiffcard, across: combine::sdiffcard_across },
    ),
    Command::new(
        set("SDIFFSTORE destination:key key...", -3, WRITE | DENYOOM).key_specs(STORED).doc(
            "1.0.0",
            "O(N) in the members of all sets",
            "Stores the members of the first set that no other has.",
        ),
        Run::Plan { local: combine::sdiffstore, across: combine::sdiffstore_across },
    ),
    Command::new(
        set("SINTER key...", -2, READONLY).key_specs(MANY_READ).tips(ANY_ORDER).doc(
            "1.0.0",
            "O(N*M), N the members of the smallest set, M the sets",
            "Gives the members that all sets have.",
        ),
        Run::Plan { local: combine::sinter, across: combine::sinter_across },
    ),
    Command::new(
        set("SINTERCARD numkeys:int key... [LIMIT limit:int]", -3, READONLY | MOVABLEKEYS)
            .key_specs(COUNTED_READ)
            .doc(
                "7.0.0",
                "O(N*M), N the members of the smallest set, M the sets",
                "Counts the members that all sets have.",
            ),
        Run::Plan { local: combine::sintercard, across: combine::sintercard_across },
    ),
    Command::new(
        set("SINTERSTORE destination:key key...", -3, WRITE | DENYOOM).key_specs(STORED).doc(
            "1.0.0",
            "O(N*M), N the members of the smallest set, M the sets",
            "Stores the members that all sets have.",
        ),
        Run::Plan { local: combine::sinterstore, across: combine::sinterstore_across },
    ),
    Command::new(
        set("SISMEMBER key member", 3, READONLY | FAST).key(access::READ).doc(
            "1.0.0",
            "O(1)",
            "Tells whether a set has a member.",
        ),
        Run::Shard(members::sismember),
    ),
    Command::new(
        set("SMEMBERS key", 2, READONLY).key(access::READ_VALUE).tips(ANY_ORDER).doc(
            "1.0.0",
            "O(N)",
            "Gives all members of a set.",
        ),
        Run::Shard(members::smembers),
    ),
    Command::new(
        set("SMISMEMBER key member...", -3, READONLY | FAST).key(access::READ_VALUE).doc(
            "6.2.0",
            "O(1) for each member",
            "Tells of each of several members whether a set has it.",
        ),
        Run::Shard(members::smismember),
    ),
    Command::new(
        set("SMOVE source:key destination:key member", 4, WRITE | FAST).key_specs(MOVED).doc(
            "1.0.0",
            "O(1)",
            "Moves a member from one set to another.",
        ),
        Run::Plan { local: members::smove, across: members::smove_across },
    ),
    Command::new(
        set("SPOP key [count:int]", -2, WRITE | FAST).key_specs(TAKEN_FROM).tips(RANDOM).doc(
            "1.0.0",
            "O(1) without a count, else O(N) in the members taken",
            "Takes random members out of a set.",
        ),
        Run::Shard(random::spop),
    ),
    Command::new(
        set("SRANDMEMBER key [count:int]", -2, READONLY).key(access::READ_VALUE).tips(RANDOM).doc(
            "1.0.0",
            "O(1) without a count, else O(N) in the members given",
            "Gives random members of a set.",
        ),
        Run::Shard(random::srandmember),
    ),
    Command::new(
        set("SREM key member...", -3, WRITE | FAST).key_specs(REMOVED_FROM).doc(
            "1.0.0",
            "O(1) for each member",
            "Removes members from a set.",
        ),
        Run::Shard(members::srem),
    ),
    Command::new(
        set("SSCAN key cursor:int [MATCH pattern] [COUNT count:int]", -3, READONLY)
            .key(access::READ_VALUE)
            .tips(RANDOM)
            .doc(
                "2.8.0",
                "O(1) per call, O(N) for all members",
                "Gives the members of a set bit by bit.",
            ),
        Run::Shard(members::sscan),
    ),
    Command::new(
        set("SUNION key...", -2, READONLY).key_specs(MANY_READ).tips(ANY_ORDER).doc(
            "1.0.0",
            "O(N) in the members of all sets",
            "Gives the members that any of the sets has.",
        ),
        Run::Plan { local: combine::sunion, across: combine::sunion_across },
    ),
    Command::new(
        set("SUNIONCARD numkeys:int key... [APPROX] [LIMIT limit:int]", -3, READONLY | MOVABLEKEYS)
            .key_specs(COUNTED_READ)
            .doc(
                "8.10.0",
                "O(N) in the members of all sets",
                "Counts the members that any of the sets has.",
            ),
        Run::Plan { local: combine::sunioncard, across: combine::sunioncard_across },
    ),
    Command::new(
        set("SUNIONSTORE destination:key key...", -3, WRITE | DENYOOM).key_specs(STORED).doc(
            "1.0.0",
            "O(N) in the members of all sets",
            "Stores the members that any of the sets has.",
        ),
        Run::Plan { local: combine::sunionstore, across: combine::sunionstore_across },
    ),
];

/// A key's set, if it exists.
#[inline]
fn read<'a>(context: &'a mut Context<'_>, key: Key<'_>) -> Result<Option<&'a Set>> {
    context.read(key).map(|entry| entry.get()).transpose().map_err(wrong_type)
}
