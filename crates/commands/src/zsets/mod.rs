//! Sorted sets: the rows, and what several of their handlers share.

use command::flag::{BLOCKING, DENYOOM, FAST, MOVABLEKEYS, READONLY, WRITE};
use command::{Access, Args, Group, KeySpec, Result, Spec, access};
use engine::{Block, Command, Context, Run};
use keyspace::Key;
use resp::Writer;
use value::listpack::Item;
use value::{Kind, Zset};

use crate::elements;

pub(crate) mod add;
mod bounds;
mod combine;
mod lookup;
mod pops;
pub(crate) mod ranges;

/// Removes members and gives them out.
const TAKE: Access = access::RW | access::ACCESS | access::DELETE_DATA;
const DELETE: Access = access::RW | access::DELETE_DATA;

const TAKE_ONE: &[KeySpec] = &[KeySpec::first(TAKE)];
const DELETE_ONE: &[KeySpec] = &[KeySpec::first(DELETE)];
/// All but the last argument.
const TAKE_EACH: &[KeySpec] = &[KeySpec::range(1, -2, 1, TAKE)];
const TAKE_COUNTED: &[KeySpec] = &[KeySpec::counted(1, 1, TAKE)];
const TAKE_COUNTED_LATER: &[KeySpec] = &[KeySpec::counted(2, 1, TAKE)];
const COUNTED: &[KeySpec] = &[KeySpec::counted(1, 1, access::READ_VALUE)];
const STORED: &[KeySpec] =
    &[KeySpec::first(access::OVERWRITE), KeySpec::counted(2, 1, access::READ_VALUE)];
const COPIED: &[KeySpec] = &[KeySpec::first(access::OVERWRITE), KeySpec::at(2, access::READ_VALUE)];

const fn zset(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::SortedSet, usage, arity, flags)
}

/// A wait for members of sorted sets.
const fn block(
    local: engine::Handler,
    across: engine::PlanHandler,
    wait: fn(Args<'_>) -> Result<engine::Wait>,
) -> Block {
    let on_timeout = |reply: &mut Writer<'_>| reply.null_array();
    Block {
        local,
        across,
        wait,
        on_timeout,
        on_nothing: on_timeout,
        kind: Kind::Zset,
        ends_without_key: false,
        on_time: |_| false,
    }
}

const BZMPOP: &Block = &block(pops::bzmpop, pops::bzmpop_across, pops::bzmpop_wait);
const BZPOPMAX: &Block = &block(pops::bzpopmax, pops::bzpopmax_across, pops::wait);
const BZPOPMIN: &Block = &block(pops::bzpopmin, pops::bzpopmin_across, pops::wait);

/// The rows, by name.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        zset(
            "BZMPOP timeout:double numkeys:int key... (where: MIN|MAX) [COUNT count:int]",
            -5,
            WRITE | BLOCKING | MOVABLEKEYS,
        )
        .key_specs(TAKE_COUNTED_LATER)
        .doc(
            "7.0.0",
            "O(K + M·log(N)) in the numbers of keys and of members removed",
            "Removes members from the first sorted set that has some, or waits.",
        ),
        Run::Block(BZMPOP),
    ),
    Command::new(
        zset("BZPOPMAX key... timeout:double", -3, WRITE | BLOCKING | FAST)
            .key_specs(TAKE_EACH)
            .doc(
                "5.0.0",
                "O(log(N))",
                "Removes the highest member of the first sorted set that has one, or waits.",
            ),
        Run::Block(BZPOPMAX),
    ),
    Command::new(
        zset("BZPOPMIN key... timeout:double", -3, WRITE | BLOCKING | FAST)
            .key_specs(TAKE_EACH)
            .doc(
                "5.0.0",
                "O(log(N))",
                "Removes the lowest member of the first sorted set that has one, or waits.",
            ),
        Run::Block(BZPOPMIN),
    ),
    Command::new(
        zset(
            "ZADD key [condition: NX|XX] [comparison: GT|LT] [change:'CH'] [increment:'INCR'] \
             (score:double member)...",
            -4,
            WRITE | DENYOOM | FAST,
        )
        .key(access::UPDATE)
        .doc(
            "1.2.0",
            "O(log(N)) for each member",
            "Adds members, or changes their scores.",
        ),
        Run::Shard(add::zadd),
    ),
    Command::new(
        zset("ZCARD key", 2, READONLY | FAST).key(access::READ).doc(
            "1.2.0",
            "O(1)",
            "Gives the number of members.",
        ),
        Run::Shard(lookup::zcard),
    ),
    Command::new(
        zset("ZCOUNT key min:double max:double", 4, READONLY | FAST).key(access::READ_VALUE).doc(
            "2.0.0",
            "O(log(N))",
            "Counts the members with scores in a range.",
        ),
        Run::Shard(lookup::zcount),
    ),
    Command::new(
        zset("ZDIFF numkeys:int key... [WITHSCORES]", -3, READONLY | MOVABLEKEYS)
            .key_specs(COUNTED)
            .doc(
                "6.2.0",
                "O(N) in the members of all sets",
                "Gives the members of the first sorted set that no other has.",
            ),
        Run::Plan { local: combine::zdiff, across: combine::zdiff_across },
    ),
    Command::new(
        zset("ZDIFFSTORE destination:key numkeys:int key...", -4, WRITE | DENYOOM | MOVABLEKEYS)
            .key_specs(STORED)
            .doc(
                "6.2.0",
                "O(N) in the members of all sets",
                "Stores the members of the first sorted set that no other has.",
            ),
        Run::Plan { local: combine::zdiffstore, across: combine::zdiffstore_across },
    ),
    Command::new(
        zset("ZINCRBY key increment:int member", 4, WRITE | DENYOOM | FAST)
            .key(access::UPDATE_ACCESS)
            .doc("1.2.0", "O(log(N))", "Adds to the score of a member."),
        Run::Shard(add::zincrby),
    ),
    Command::new(
        zset(
            "ZINTER numkeys:int key... [WEIGHTS weight:int...] \
             [AGGREGATE (aggregate: SUM|MIN|MAX|COUNT)] [WITHSCORES]",
            -3,
            READONLY | MOVABLEKEYS,
        )
        .key_specs(COUNTED)
        .doc(
            "6.2.0",
            "O(N·K) in the members of the smallest of K sets",
            "Gives the members that all sorted sets have.",
        ),
        Run::Plan { local: combine::zinter, across: combine::zinter_across },
    ),
    Command::new(
        zset("ZINTERCARD numkeys:int key... [LIMIT limit:int]", -3, READONLY | MOVABLEKEYS)
            .key_specs(COUNTED)
            .doc(
                "7.0.0",
                "O(N·K) in the members of the smallest of K sets",
                "Counts the members that all sorted sets have.",
            ),
        Run::Plan { local: combine::zintercard, across: combine::zintercard_across },
    ),
    Command::new(
        zset(
            "ZINTERSTORE destination:key numkeys:int key... [WEIGHTS weight:int...] \
             [AGGREGATE (aggregate: SUM|MIN|MAX|COUNT)]",
            -4,
            WRITE | DENYOOM | MOVABLEKEYS,
        )
        .key_specs(STORED)
        .doc(
            "2.0.0",
            "O(N·K) in the members of the smallest of K sets",
            "Stores the members that all sorted sets have.",
        ),
        Run::Plan { local: combine::zinterstore, across: combine::zinterstore_across },
    ),
    Command::new(
        zset("ZLEXCOUNT key min max", 4, READONLY | FAST).key(access::READ_VALUE).doc(
            "2.8.9",
            "O(log(N))",
            "Counts the members in a range of names.",
        ),
        Run::Shard(lookup::zlexcount),
    ),
    Command::new(
        zset(
            "ZMPOP numkeys:int key... (where: MIN|MAX) [COUNT count:int]",
            -4,
            WRITE | MOVABLEKEYS,
        )
        .key_specs(TAKE_COUNTED)
        .doc(
            "7.0.0",
            "O(K + M·log(N)) in the numbers of keys and of members removed",
            "Removes members from the first sorted set that has some.",
        ),
        Run::Plan { local: pops::zmpop, across: pops::zmpop_across },
    ),
    Command::new(
        zset("ZMSCORE key member...", -3, READONLY | FAST).key(access::READ_VALUE).doc(
            "6.2.0",
            "O(1) for each member",
            "Gives the scores of members.",
        ),
        Run::Shard(lookup::zmscore),
    ),
    Command::new(
        zset("ZPOPMAX key [count:int]", -2, WRITE | FAST).key_specs(TAKE_ONE).doc(
            "5.0.0",
            "O(log(N)) for each member",
            "Removes the members with the highest scores.",
        ),
        Run::Shard(pops::zpopmax),
    ),
    Command::new(
        zset("ZPOPMIN key [count:int]", -2, WRITE | FAST).key_specs(TAKE_ONE).doc(
            "5.0.0",
            "O(log(N)) for each member",
            "Removes the members with the lowest scores.",
        ),
        Run::Shard(pops::zpopmin),
    ),
    Command::new(
        zset("ZRANDMEMBER key [options: count:int [WITHSCORES]]", -2, READONLY)
            .key(access::READ_VALUE)
            .tips(&["nondeterministic_output"])
            .doc("6.2.0", "O(log(N)) for each member", "Gives random members."),
        Run::Shard(lookup::zrandmember),
    ),
    Command::new(
        zset(
            "ZRANGE key start stop [sortby: BYSCORE|BYLEX] [REV] [LIMIT (offset:int count:int)] \
             [WITHSCORES]",
            -4,
            READONLY,
        )
        .key(access::READ_VALUE)
        .doc(
            "1.2.0",
            "O(log(N) + M) in the number of members given",
            "Gives the members in a range of ranks, scores or names.",
        ),
        Run::Shard(ranges::zrange),
    ),
    Command::new(
        zset("ZRANGEBYLEX key min max [LIMIT (offset:int count:int)]", -4, READONLY)
            .key(access::READ_VALUE)
            .doc(
                "2.8.9",
                "O(log(N) + M) in the number of members given",
                "Gives the members in a range of names.",
            )
            .deprecated("6.2.0", "`ZRANGE` with the `BYLEX` argument"),
        Run::Shard(ranges::zrangebylex),
    ),
    Command::new(
        zset(
            "ZRANGEBYSCORE key min:double max:double [WITHSCORES] \
             [LIMIT (offset:int count:int)]",
            -4,
            READONLY,
        )
        .key(access::READ_VALUE)
        .doc(
            "1.0.5",
            "O(log(N) + M) in the number of members given",
            "Gives the members in a range of scores.",
        )
        .deprecated("6.2.0", "`ZRANGE` with the `BYSCORE` argument"),
        Run::Shard(ranges::zrangebyscore),
    ),
    Command::new(
        zset(
            "ZRANGESTORE dst:key src:key min max [sortby: BYSCORE|BYLEX] [REV] \
             [LIMIT (offset:int count:int)]",
            -5,
            WRITE | DENYOOM,
        )
        .key_specs(COPIED)
        .doc(
            "6.2.0",
            "O(log(N) + M·log(M)) in the number of members stored",
            "Stores the members in a range of ranks, scores or names.",
        ),
        Run::Plan { local: ranges::zrangestore, across: ranges::zrangestore_across },
    ),
    Command::new(
        zset("ZRANK key member [WITHSCORE]", -3, READONLY | FAST).key(access::READ_VALUE).doc(
            "2.0.0",
            "O(log(N))",
            "Gives the rank of a member, from the lowest score.",
        ),
        Run::Shard(lookup::zrank),
    ),
    Command::new(
        zset("ZREM key member...", -3, WRITE | FAST).key_specs(DELETE_ONE).doc(
            "1.2.0",
            "O(log(N)) for each member",
            "Removes members.",
        ),
        Run::Shard(add::zrem),
    ),
    Command::new(
        zset("ZREMRANGEBYLEX key min max", 4, WRITE).key_specs(DELETE_ONE).doc(
            "2.8.9",
            "O(M·log(N)) in the number of members removed",
            "Removes the members in a range of names.",
        ),
        Run::Shard(ranges::zremrangebylex),
    ),
    Command::new(
        zset("ZREMRANGEBYRANK key start:int stop:int", 4, WRITE).key_specs(DELETE_ONE).doc(
            "2.0.0",
            "O(M·log(N)) in the number of members removed",
            "Removes the members in a range of ranks.",
        ),
        Run::Shard(ranges::zremrangebyrank),
    ),
    Command::new(
        zset("ZREMRANGEBYSCORE key min:double max:double", 4, WRITE).key_specs(DELETE_ONE).doc(
            "1.2.0",
            "O(M·log(N)) in the number of members removed",
            "Removes the members in a range of scores.",
        ),
        Run::Shard(ranges::zremrangebyscore),
    ),
    Command::new(
        zset("ZREVRANGE key start:int stop:int [WITHSCORES]", -4, READONLY)
            .key(access::READ_VALUE)
            .doc(
                "1.2.0",
                "O(log(N) + M) in the number of members given",
                "Gives the members in a range of ranks, from the highest score.",
            )
            .deprecated("6.2.0", "`ZRANGE` with the `REV` argument"),
        Run::Shard(ranges::zrevrange),
    ),
    Command::new(
        zset("ZREVRANGEBYLEX key max min [LIMIT (offset:int count:int)]", -4, READONLY)
            .key(access::READ_VALUE)
            .doc(
                "2.8.9",
                "O(log(N) + M) in the number of members given",
                "Gives the members in a range of names, from the last.",
            )
            .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments"),
        Run::Shard(ranges::zrevrangebylex),
    ),
    Command::new(
        zset(
            "ZREVRANGEBYSCORE key max:double min:double [WITHSCORES] \
             [LIMIT (offset:int count:int)]",
            -4,
            READONLY,
        )
        .key(access::READ_VALUE)
        .doc(
            "2.2.0",
            "O(log(N) + M) in the number of members given",
            "Gives the members in a range of scores, from the highest.",
        )
        .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments"),
        Run::Shard(ranges::zrevrangebyscore),
    ),
    Command::new(
        zset("ZREVRANK key member [WITHSCORE]", -3, READONLY | FAST).key(access::READ_VALUE).doc(
            "2.0.0",
            "O(log(N))",
            "Gives the rank of a member, from the highest score.",
        ),
        Run::Shard(lookup::zrevrank),
    ),
    Command::new(
        zset("ZSCAN key cursor:int [MATCH pattern] [COUNT count:int]", -3, READONLY)
            .key(access::READ_VALUE)
            .tips(&["nondeterministic_output"])
            .doc(
                "2.8.0",
                "O(1) for each call, O(N) for all",
                "Goes through members and scores bit by bit.",
            ),
        Run::Shard(lookup::zscan),
    ),
    Command::new(
        zset("ZSCORE key member", 3, READONLY | FAST).key(access::READ_VALUE).doc(
            "1.2.0",
            "O(1)",
            "Gives the score of a member.",
        ),
        Run::Shard(lookup::zscore),
    ),
    Command::new(
        zset(
            "ZUNION numkeys:int key... [WEIGHTS weight:int...] \
             [AGGREGATE (aggregate: SUM|MIN|MAX|COUNT)] [WITHSCORES]",
            -3,
            READONLY | MOVABLEKEYS,
        )
        .key_specs(COUNTED)
        .doc(
            "6.2.0",
            "O(N + M·log(M)) in the members of all sets and of the result",
            "Gives the members of all sorted sets.",
        ),
        Run::Plan { local: combine::zunion, across: combine::zunion_across },
    ),
    Command::new(
        zset(
            "ZUNIONSTORE destination:key numkeys:int key... [WEIGHTS weight:int...] \
             [AGGREGATE (aggregate: SUM|MIN|MAX|COUNT)]",
            -4,
            WRITE | DENYOOM | MOVABLEKEYS,
        )
        .key_specs(STORED)
        .doc(
            "2.0.0",
            "O(N + M·log(M)) in the members of all sets and of the result",
            "Stores the members of all sorted sets.",
        ),
        Run::Plan { local: combine::zunionstore, across: combine::zunionstore_across },
    ),
];

/// A key's sorted set, to be read.
pub(crate) fn read<'a>(context: &'a mut Context<'_>, key: Key<'_>) -> Result<Option<&'a Zset>> {
    let entry = context.read(key);
    Ok(entry.map(|entry| entry.get::<Zset>()).transpose()?)
}

/// A member of a reply, with its score where that is wanted: as a pair of its own in RESP3.
fn write_pair(reply: &mut Writer<'_>, member: Item<'_>, score: Option<f64>) {
    if score.is_some() && reply.is_resp3() {
        reply.array(2);
    }
    elements::write(reply, member);
    if let Some(score) = score {
        reply.double(score);
    }
}

#[cfg(test)]
mod tests;
