//! Lists: the rows, and what several of their handlers share.

use command::flag::{BLOCKING, DENYOOM, FAST, MOVABLEKEYS, READONLY, WRITE};
use command::{Access, Args, Error, Find, Group, KeySpec, Result, Spec, access};
use engine::{Block, Command, Run};
use keyspace::Event;
use resp::Writer;
use stdx::number::Decimal;
use value::Kind;
use value::list::End;
use value::listpack::Item;

use crate::options::is;

mod elements;
mod ends;
mod moves;
mod pops;

/// Removes elements and gives them out.
const TAKE: Access = access::RW | access::ACCESS | access::DELETE_DATA;
const INSERT: Access = access::RW | access::INSERT_DATA;
const DELETE: Access = access::RW | access::DELETE_DATA;

const TAKE_ONE: &[KeySpec] = &[KeySpec::first(TAKE)];
const INSERT_ONE: &[KeySpec] = &[KeySpec::first(INSERT)];
const DELETE_ONE: &[KeySpec] = &[KeySpec::first(DELETE)];
const FROM_TO: &[KeySpec] = &[KeySpec::first(TAKE), KeySpec::at(2, INSERT)];
/// All but the last argument.
const TAKE_EACH: &[KeySpec] =
    &[KeySpec { find: Find::Range { last: -2, step: 1, limit: 0 }, ..KeySpec::first(TAKE) }];
const TAKE_COUNTED: &[KeySpec] =
    &[KeySpec { find: Find::KeyNum { count_at: 0, first: 1, step: 1 }, ..KeySpec::first(TAKE) }];
const TAKE_COUNTED_LATER: &[KeySpec] =
    &[KeySpec { find: Find::KeyNum { count_at: 0, first: 1, step: 1 }, ..KeySpec::at(2, TAKE) }];

const fn list(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::List, usage, arity, flags)
}

/// A wait for elements of lists.
const fn block(
    local: engine::Handler,
    across: engine::PlanHandler,
    wait: fn(Args<'_>) -> Result<engine::Wait>,
    on_nothing: fn(&mut Writer<'_>),
) -> Block {
    Block {
        local,
        across,
        wait,
        on_timeout: |reply| reply.null_array(),
        on_nothing,
        kind: Kind::List,
        ends_without_key: false,
        on_time: |_| false,
    }
}

const BLMOVE: &Block =
    &block(moves::blmove, moves::blmove_across, moves::blmove_wait, |reply| reply.null());
const BLMOVEM: &Block =
    &block(moves::blmovem, moves::blmovem_across, moves::blmovem_wait, |reply| reply.null_array());
const BLMPOP: &Block =
    &block(pops::blmpop, pops::blmpop_across, pops::blmpop_wait, |reply| reply.null_array());
const BLPOP: &Block =
    &block(pops::blpop, pops::blpop_across, pops::wait, |reply| reply.null_array());
const BRPOP: &Block =
    &block(pops::brpop, pops::brpop_across, pops::wait, |reply| reply.null_array());
const BRPOPLPUSH: &Block =
    &block(moves::brpoplpush, moves::brpoplpush_across, moves::brpoplpush_wait, |reply| {
        reply.null()
    });

/// The rows, by name.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        list(
            "BLMOVE source:key destination:key (wherefrom: LEFT|RIGHT) (whereto: LEFT|RIGHT) \
             timeout:double",
            6,
            WRITE | DENYOOM | BLOCKING,
        )
        .key_specs(FROM_TO)
        .doc("6.2.0", "O(1)", "Moves an element from list to list, or waits for one."),
        Run::Block(BLMOVE),
    ),
    Command::new(
        list(
            "BLMOVEM source:key destination:key (wherefrom: LEFT|RIGHT) (whereto: LEFT|RIGHT) \
             timeout:double \
             [many: (amount: COUNT count:int|EXACTLY exactly:int) (order: OBO|BULK)]",
            -6,
            WRITE | DENYOOM | BLOCKING,
        )
        .key_specs(FROM_TO)
        .doc(
            "8.10.0",
            "O(N) in the number of elements moved",
            "Moves some elements from list to list, or waits for them.",
        ),
        Run::Block(BLMOVEM),
    ),
    Command::new(
        list(
            "BLMPOP timeout:double numkeys:int key... (where: LEFT|RIGHT) [COUNT count:int]",
            -5,
            WRITE | BLOCKING | MOVABLEKEYS,
        )
        .key_specs(TAKE_COUNTED_LATER)
        .doc(
            "7.0.0",
            "O(N + M) in the numbers of keys and of elements removed",
            "Removes elements from the first list that has some, or waits for one that has.",
        ),
        Run::Block(BLMPOP),
    ),
    Command::new(
        list("BLPOP key... timeout:double", -3, WRITE | BLOCKING).key_specs(TAKE_EACH).doc(
            "2.0.0",
            "O(N) in the number of keys",
            "Removes the first element of the first list that has one, or waits for it.",
        ),
        Run::Block(BLPOP),
    ),
    Command::new(
        list("BRPOP key... timeout:double", -3, WRITE | BLOCKING).key_specs(TAKE_EACH).doc(
            "2.0.0",
            "O(N) in the number of keys",
            "Removes the last element of the first list that has one, or waits for it.",
        ),
        Run::Block(BRPOP),
    ),
    Command::new(
        list("BRPOPLPUSH source:key destination:key timeout:double", 4, WRITE | DENYOOM | BLOCKING)
            .key_specs(FROM_TO)
            .doc("2.2.0", "O(1)", "Moves the last element of a list before another's first.")
            .deprecated("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"),
        Run::Block(BRPOPLPUSH),
    ),
    Command::new(
        list("LINDEX key index:int", 3, READONLY).key(access::READ_VALUE).doc(
            "1.0.0",
            "O(N) in the number of blocks to the element from the nearer end",
            "Gives an element by its position.",
        ),
        Run::Shard(elements::lindex),
    ),
    Command::new(
        list("LINSERT key (where: BEFORE|AFTER) pivot element", 5, WRITE | DENYOOM)
            .key_specs(INSERT_ONE)
            .doc(
                "2.2.0",
                "O(N) in the elements before the pivot",
                "Adds an element before or behind another.",
            ),
        Run::Shard(elements::linsert),
    ),
    Command::new(
        list("LLEN key", 2, READONLY | FAST).key(access::READ).doc(
            "1.0.0",
            "O(1)",
            "Gives the number of elements.",
        ),
        Run::Shard(elements::llen),
    ),
    Command::new(
        list(
            "LMOVE source:key destination:key (wherefrom: LEFT|RIGHT) (whereto: LEFT|RIGHT)",
            5,
            WRITE | DENYOOM,
        )
        .key_specs(FROM_TO)
        .doc("6.2.0", "O(1)", "Moves an element from list to list."),
        Run::Plan { local: moves::lmove, across: moves::lmove_across },
    ),
    Command::new(
        list(
            "LMOVEM source:key destination:key (wherefrom: LEFT|RIGHT) (whereto: LEFT|RIGHT) \
             [many: (amount: COUNT count:int|EXACTLY exactly:int) (order: OBO|BULK)]",
            -5,
            WRITE | DENYOOM,
        )
        .key_specs(FROM_TO)
        .doc(
            "8.10.0",
            "O(N) in the number of elements moved",
            "Moves some elements from list to list.",
        ),
        Run::Plan { local: moves::lmovem, across: moves::lmovem_across },
    ),
    Command::new(
        list(
            "LMPOP numkeys:int key... (where: LEFT|RIGHT) [COUNT count:int]",
            -4,
            WRITE | MOVABLEKEYS,
        )
        .key_specs(TAKE_COUNTED)
        .doc(
            "7.0.0",
            "O(N + M) in the numbers of keys and of elements removed",
            "Removes elements from the first list that has some.",
        ),
        Run::Plan { local: pops::lmpop, across: pops::lmpop_across },
    ),
    Command::new(
        list("LPOP key [count:int]", -2, WRITE | FAST).key_specs(TAKE_ONE).doc(
            "1.0.0",
            "O(N) in the number of elements removed",
            "Removes the first elements.",
        ),
        Run::Shard(ends::lpop),
    ),
    Command::new(
        list(
            "LPOS key element [RANK rank:int] [COUNT num-matches:int] [MAXLEN len:int]",
            -3,
            READONLY,
        )
        .key(access::READ_VALUE)
        .doc(
            "6.0.6",
            "O(N) in the number of elements, of MAXLEN at most",
            "Gives the positions of elements that are equal to one.",
        ),
        Run::Shard(elements::lpos),
    ),
    Command::new(
        list("LPUSH key element...", -3, WRITE | DENYOOM | FAST).key_specs(INSERT_ONE).doc(
            "1.0.0",
            "O(N) in the number of elements added",
            "Adds elements before the first.",
        ),
        Run::Shard(ends::lpush),
    ),
    Command::new(
        list("LPUSHX key element...", -3, WRITE | DENYOOM | FAST).key_specs(INSERT_ONE).doc(
            "2.2.0",
            "O(N) in the number of elements added",
            "Adds elements before the first of a list that exists.",
        ),
        Run::Shard(ends::lpushx),
    ),
    Command::new(
        list("LRANGE key start:int stop:int", 4, READONLY).key(access::READ_VALUE).doc(
            "1.0.0",
            "O(B + N) in the number of blocks before the range and of elements in it",
            "Gives the elements between two positions.",
        ),
        Run::Shard(elements::lrange),
    ),
    Command::new(
        list("LREM key count:int element", 4, WRITE).key_specs(DELETE_ONE).doc(
            "1.0.0",
            "O(N) in the number of elements",
            "Removes elements that are equal to one.",
        ),
        Run::Shard(elements::lrem),
    ),
    Command::new(
        list("LSET key index:int element", 4, WRITE | DENYOOM).key(access::UPDATE).doc(
            "1.0.0",
            "O(N) in the number of blocks to the element from the nearer end",
            "Replaces an element by its position.",
        ),
        Run::Shard(elements::lset),
    ),
    Command::new(
        list("LTRIM key start:int stop:int", 4, WRITE).key_specs(DELETE_ONE).doc(
            "1.0.0",
            "O(N) in the number of blocks removed",
            "Removes all elements but those between two positions.",
        ),
        Run::Shard(elements::ltrim),
    ),
    Command::new(
        list("RPOP key [count:int]", -2, WRITE | FAST).key_specs(TAKE_ONE).doc(
            "1.0.0",
            "O(N) in the number of elements removed",
            "Removes the last elements.",
        ),
        Run::Shard(ends::rpop),
    ),
    Command::new(
        list("RPOPLPUSH source:key destination:key", 3, WRITE | DENYOOM)
            .key_specs(FROM_TO)
            .doc("1.2.0", "O(1)", "Moves the last element of a list before another's first.")
            .deprecated("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"),
        Run::Plan { local: moves::rpoplpush, across: moves::rpoplpush_across },
    ),
    Command::new(
        list("RPUSH key element...", -3, WRITE | DENYOOM | FAST).key_specs(INSERT_ONE).doc(
            "1.0.0",
            "O(N) in the number of elements added",
            "Adds elements behind the last.",
        ),
        Run::Shard(ends::rpush),
    ),
    Command::new(
        list("RPUSHX key element...", -3, WRITE | DENYOOM | FAST).key_specs(INSERT_ONE).doc(
            "2.2.0",
            "O(N) in the number of elements added",
            "Adds elements behind the last of a list that exists.",
        ),
        Run::Shard(ends::rpushx),
    ),
];

/// LEFT or RIGHT.
fn end(word: &[u8]) -> Result<End> {
    if is(word, "LEFT") {
        Ok(End::Left)
    } else if is(word, "RIGHT") {
        Ok(End::Right)
    } else {
        Err(Error::Syntax)
    }
}

fn bulk(reply: &mut Writer<'_>, item: Item<'_>) {
    reply.bulk(item.bytes(&mut Decimal::new()));
}

/// The elements from `start` to `stop`, both included and counted from the end where negative, as
/// the first position and how many.
fn stretch(start: i64, stop: i64, len: usize) -> (usize, usize) {
    let len = len as i64;
    let absolute = |index: i64| if index < 0 { len.saturating_add(index) } else { index };
    let (start, stop) = (absolute(start).max(0), absolute(stop).min(len - 1));
    if start > stop { (0, 0) } else { (start as usize, (stop - start + 1) as usize) }
}

/// An element came to this end.
fn pushed(end: End) -> Event {
    Event::list(match end {
        End::Left => "lpush",
        End::Right => "rpush",
    })
}

/// One went from there.
fn popped(end: End) -> Event {
    Event::list(match end {
        End::Left => "lpop",
        End::Right => "rpop",
    })
}

#[cfg(test)]
mod tests;
