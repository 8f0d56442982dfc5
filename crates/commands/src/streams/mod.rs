//! Streams: the rows, and what several of their handlers share.

use command::flag::{BLOCKING, DENYOOM, FAST, LOADING, MOVABLEKEYS, READONLY, STALE, WRITE};
use command::{Begin, Find, Group, KeySpec, Spec, access};
use engine::{Block, Command, Run};
use value::Kind;

mod add;
mod groups;
mod ids;
mod info;
mod pending;
mod producers;
mod read;
mod reader;
mod references;
mod release;
mod remove;
mod setid;
mod trimming;
mod xread;

const RANDOM: &[&str] = &["nondeterministic_output"];

const DELETED: &[KeySpec] = &[KeySpec::first(access::RW | access::DELETE_DATA)];
const ACKNOWLEDGED: &[KeySpec] =
    &[KeySpec::first(access::RW | access::UPDATE_DATA | access::DELETE_DATA)];

/// The first half of what follows a word.
const fn behind(word: &'static str, start_from: isize) -> KeySpec {
    KeySpec {
        begin: Begin::Keyword { word, start_from },
        find: Find::Range { last: -1, step: 1, limit: 2 },
        access: access::READ_VALUE | access::INCOMPLETE,
    }
}

const READ_STREAMS: &[KeySpec] = &[behind("STREAMS", 1)];
const READ_GROUPS: &[KeySpec] = &[behind("STREAMS", 4)];

const GROUP_KEY_INSERT: &[KeySpec] = &[KeySpec::at(2, access::RW | access::INSERT_DATA)];
const GROUP_KEY_DELETE: &[KeySpec] = &[KeySpec::at(2, access::RW | access::DELETE_DATA)];
const GROUP_KEY_UPDATE: &[KeySpec] = &[KeySpec::at(2, access::UPDATE)];
const INFO_KEY: &[KeySpec] = &[KeySpec::at(2, access::READ_VALUE)];

const fn stream(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Stream, usage, arity, flags)
}

const XREAD: &Block = &Block {
    local: xread::xread,
    across: xread::xread_across,
    wait: xread::xread_wait,
    on_timeout: |reply| reply.null_array(),
    on_nothing: |reply| reply.null_array(),
    kind: Kind::Stream,
    ends_without_key: false,
    on_time: |_| false,
};

const XREADGROUP: &Block = &Block {
    local: xread::xreadgroup,
    across: xread::xreadgroup_across,
    wait: xread::xreadgroup_wait,
    on_timeout: |reply| reply.null_array(),
    on_nothing: |reply| reply.null_array(),
    kind: Kind::Stream,
    ends_without_key: true,
    on_time: xread::claims,
};

const GROUP_COMMANDS: &[Command] = &[
    Command::new(
        stream(
            "CREATE key groupname (id: id|new-id:'$') [MKSTREAM] [ENTRIESREAD entries-read:int]",
            -5,
            WRITE | DENYOOM,
        )
        .key_specs(GROUP_KEY_INSERT)
        .doc("5.0.0", "O(1)", "Makes a group."),
        Run::Shard(groups::create),
    ),
    Command::new(
        stream("CREATECONSUMER key groupname consumername", 5, WRITE | DENYOOM)
            .key_specs(GROUP_KEY_INSERT)
            .doc("6.2.0", "O(1)", "Makes a consumer of a group."),
        Run::Shard(groups::createconsumer),
    ),
    Command::new(
        stream("DELCONSUMER key groupname consumername", 5, WRITE).key_specs(GROUP_KEY_DELETE).doc(
            "5.0.0",
            "O(N) in what the consumer has pending",
            "Removes a consumer of a group.",
        ),
        Run::Shard(groups::delconsumer),
    ),
    Command::new(
        stream("DESTROY key groupname", 4, WRITE).key_specs(GROUP_KEY_DELETE).doc(
            "5.0.0",
            "O(N) in what the group has pending",
            "Removes a group.",
        ),
        Run::Shard(groups::destroy),
    ),
    Command::new(
        stream("HELP", 2, LOADING | STALE).doc("5.0.0", "O(1)", "Prints this help."),
        Run::Shard(info::group_help),
    ),
    Command::new(
        stream("SETID key groupname (id: id|new-id:'$') [ENTRIESREAD entries-read:int]", -5, WRITE)
            .key_specs(GROUP_KEY_UPDATE)
            .doc("5.0.0", "O(1)", "Moves a group to another entry."),
        Run::Shard(groups::setid),
    ),
];

const INFO_COMMANDS: &[Command] = &[
    Command::new(
        stream("CONSUMERS key groupname", 4, READONLY).key_specs(INFO_KEY).tips(RANDOM).doc(
            "5.0.0",
            "O(1)",
            "Shows the consumers of a group.",
        ),
        Run::Shard(info::consumers),
    ),
    Command::new(
        stream("GROUPS key", 3, READONLY).key_specs(INFO_KEY).doc(
            "5.0.0",
            "O(1)",
            "Shows the groups of a stream.",
        ),
        Run::Shard(info::groups),
    ),
    Command::new(
        stream("HELP", 2, LOADING | STALE).doc("5.0.0", "O(1)", "Prints this help."),
        Run::Shard(info::help),
    ),
    Command::new(
        stream("STREAM key [full: FULL [COUNT count:int]]", -3, READONLY).key_specs(INFO_KEY).doc(
            "5.0.0",
            "O(1), or O(N) in the number of entries shown",
            "Shows what a stream is at.",
        ),
        Run::Shard(info::stream),
    ),
];

/// The rows, by name.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        stream("XACK key group id...", -4, WRITE | FAST).key(access::UPDATE).doc(
            "5.0.0",
            "O(1) for each entry",
            "Takes entries off a group's pending list.",
        ),
        Run::Shard(groups::xack),
    ),
    Command::new(
        stream(
            "XACKDEL key group [references: KEEPREF|DELREF|ACKED] IDS (ids: numids:int id...)",
            -6,
            WRITE | FAST,
        )
        .key_specs(ACKNOWLEDGED)
        .doc(
            "8.2.0",
            "O(1) for each entry",
            "Takes entries off a group's pending list, and out of the stream.",
        ),
        Run::Shard(groups::xackdel),
    ),
    Command::new(
        stream(
            "XADD key [NOMKSTREAM] [references: KEEPREF|DELREF|ACKED] \
             [idempotence: IDMPAUTO producer|IDMP (producer name)] [trim: (strategy: \
             MAXLEN|MINID) [operator: equal:'='|approximately:'~'] threshold [LIMIT count:int]] \
             (id-or-auto: auto-id:'*'|id) (field value)...",
            -5,
            WRITE | DENYOOM | FAST,
        )
        .key(access::UPDATE)
        .tips(RANDOM)
        .doc("5.0.0", "O(1), and O(N) in the number of entries trimmed", "Adds an entry."),
        Run::Shard(add::xadd),
    ),
    Command::new(
        stream(
            "XAUTOCLAIM key group consumer min-idle-time start [COUNT count:int] [JUSTID]",
            -6,
            WRITE | FAST,
        )
        .key_specs(DELETED)
        .tips(RANDOM)
        .doc(
            "6.2.0",
            "O(N) in the number of entries looked at",
            "Takes over what has been pending for long.",
        ),
        Run::Shard(pending::xautoclaim),
    ),
    Command::new(
        stream(
            "XCFGSET key [IDMP-DURATION seconds:int] [IDMP-MAXSIZE maxsize:int]",
            -2,
            WRITE | FAST,
        )
        .key(access::UPDATE)
        .doc(
            "8.6.0",
            "O(1), or O(N) in the number of names that are forgotten",
            "Sets for how long and how many names of entries are known.",
        ),
        Run::Shard(producers::xcfgset),
    ),
    Command::new(
        stream(
            "XCLAIM key group consumer min-idle-time id... [IDLE ms:int] \
             [TIME unix-time-milliseconds:time] [RETRYCOUNT count:int] [FORCE] [JUSTID] \
             [LASTID id]",
            -6,
            WRITE | FAST,
        )
        .key(access::UPDATE)
        .tips(RANDOM)
        .doc("5.0.0", "O(log(N)) for each entry", "Takes over pending entries."),
        Run::Shard(pending::xclaim),
    ),
    Command::new(
        stream("XDEL key id...", -3, WRITE | FAST).key_specs(DELETED).doc(
            "5.0.0",
            "O(log(N)) for each entry",
            "Deletes entries.",
        ),
        Run::Shard(remove::xdel),
    ),
    Command::new(
        stream(
            "XDELEX key [references: KEEPREF|DELREF|ACKED] IDS (ids: numids:int id...)",
            -5,
            WRITE | FAST,
        )
        .key_specs(DELETED)
        .doc(
            "8.2.0",
            "O(log(N)) for each entry",
            "Deletes entries, with or without regard to groups.",
        ),
        Run::Shard(remove::xdelex),
    ),
    Command::container(
        Spec::new(Group::Stream, "XGROUP", -2, 0).without(command::flag::category::STREAM).doc(
            "5.0.0",
            "depends on the subcommand",
            "Looks after consumer groups.",
        ),
        GROUP_COMMANDS,
    ),
    Command::new(
        stream("XIDMPRECORD key producer name id", 5, WRITE | DENYOOM | FAST)
            .key(access::UPDATE)
            .doc(
                "8.6.2",
                "O(log(N)) in the number of names known",
                "Notes the name that a producer gave to an entry.",
            ),
        Run::Shard(producers::xidmprecord),
    ),
    Command::container(
        Spec::new(Group::Stream, "XINFO", -2, 0).without(command::flag::category::STREAM).doc(
            "5.0.0",
            "depends on the subcommand",
            "Looks at streams, groups and consumers.",
        ),
        INFO_COMMANDS,
    ),
    Command::new(
        stream("XLEN key", 2, READONLY | FAST).key(access::READ).doc(
            "5.0.0",
            "O(1)",
            "Gives the number of entries.",
        ),
        Run::Shard(read::xlen),
    ),
    Command::new(
        stream(
            "XNACK key group (mode: SILENT|FAIL|FATAL) IDS (ids: numids:int id...) \
             [RETRYCOUNT count:int] [FORCE]",
            -7,
            WRITE | FAST,
        )
        .key(access::UPDATE)
        .doc(
            "8.8.0",
            "O(log(N)) for each entry",
            "Gives up pending entries, for others to take over.",
        ),
        Run::Shard(release::xnack),
    ),
    Command::new(
        stream(
            "XPENDING key group \
             [filters: [IDLE min-idle-time:int] start end count:int [consumer]]",
            -3,
            READONLY,
        )
        .key(access::READ_VALUE)
        .tips(RANDOM)
        .doc(
            "5.0.0",
            "O(log(N) + M) in the number of entries given",
            "Shows what a group has delivered and nobody acknowledged.",
        ),
        Run::Shard(pending::xpending),
    ),
    Command::new(
        stream("XRANGE key start end [COUNT count:int]", -4, READONLY).key(access::READ_VALUE).doc(
            "5.0.0",
            "O(log(N) + M) in the number of entries given",
            "Gives the entries between two ids.",
        ),
        Run::Shard(read::xrange),
    ),
    Command::new(
        stream(
            "XREAD [COUNT count:int] [MAXCOUNT maxcount:int] [MAXSIZE maxsize:int] \
             [BLOCK milliseconds:int] STREAMS (streams: key... id...)",
            -4,
            READONLY | BLOCKING | MOVABLEKEYS,
        )
        .key_specs(READ_STREAMS)
        .doc(
            "5.0.0",
            "O(log(N) + M) for each stream",
            "Gives entries behind ids, or waits for them.",
        ),
        Run::Block(XREAD),
    ),
    Command::new(
        stream(
            "XREADGROUP GROUP (group consumer) [COUNT count:int] [MAXCOUNT maxcount:int] \
             [MAXSIZE maxsize:int] [BLOCK milliseconds:int] [CLAIM min-idle-time:int] [NOACK] \
             STREAMS (streams: key... id...)",
            -7,
            WRITE | BLOCKING | MOVABLEKEYS,
        )
        .key_specs(READ_GROUPS)
        .doc(
            "5.0.0",
            "O(log(N) + M) for each stream",
            "Delivers entries to a consumer of a group, or waits for them.",
        ),
        Run::Block(XREADGROUP),
    ),
    Command::new(
        stream("XREVRANGE key end start [COUNT count:int]", -4, READONLY)
            .key(access::READ_VALUE)
            .doc(
                "5.0.0",
                "O(log(N) + M) in the number of entries given",
                "Gives the entries between two ids, from the last.",
            ),
        Run::Shard(read::xrevrange),
    ),
    Command::new(
        stream(
            "XSETID key last-id [ENTRIESADDED entries-added:int] \
             [MAXDELETEDID max-deleted-entry-id]",
            -3,
            WRITE | DENYOOM | FAST,
        )
        .key(access::UPDATE)
        .doc("5.0.0", "O(1)", "Sets the highest id that counts as used."),
        Run::Shard(setid::xsetid),
    ),
    Command::new(
        stream(
            "XTRIM key (trim: (strategy: MAXLEN|MINID) [operator: equal:'='|approximately:'~'] \
             threshold [LIMIT count:int] [references: KEEPREF|DELREF|ACKED])",
            -4,
            WRITE,
        )
        .key_specs(DELETED)
        .tips(RANDOM)
        .doc(
            "5.0.0",
            "O(N) in the number of entries removed",
            "Removes the oldest entries.",
        ),
        Run::Shard(remove::xtrim),
    ),
];

#[cfg(test)]
mod tests;
