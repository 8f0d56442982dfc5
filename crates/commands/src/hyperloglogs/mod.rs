//! HyperLogLogs: strings that count different elements, about.

use command::flag::{ADMIN, DENYOOM, FAST, MAY_REPLICATE, READONLY, WRITE};
use command::{Error, Group, KeySpec, Result, Spec, access};
use engine::{Command, Run};
use keyspace::{Entry, Event, StringRef};
use value::hyperloglog::{self, Encoding};

mod add;
mod count;
mod debug;
mod merge;

const fn hll(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::HyperLogLog, usage, arity, flags)
}

const ADDED: &[KeySpec] = &[KeySpec::first(access::RW | access::INSERT_DATA)];
/// Counting may write: the cardinality is kept in the string.
const COUNTED: &[KeySpec] = &[KeySpec::range(1, -1, 1, access::RW | access::ACCESS)];
const DEBUGGED: &[KeySpec] = &[KeySpec::at(2, access::RW | access::ACCESS)];
const MERGED: &[KeySpec] = &[
    KeySpec::first(access::RW | access::ACCESS | access::INSERT_DATA),
    KeySpec::range(2, -1, 1, access::READ_VALUE),
];

/// Elements were added.
const PFADD: Event = Event::string("pfadd");

/// The rows.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        hll("PFADD key [element...]", -2, WRITE | DENYOOM | FAST).key_specs(ADDED).doc(
            "2.8.9",
            "O(1) for each element",
            "Counts elements into a HyperLogLog, which it creates if need be.",
        ),
        Run::Shard(add::pfadd),
    ),
    Command::new(
        hll("PFCOUNT key...", -2, READONLY | MAY_REPLICATE).key_specs(COUNTED).doc(
            "2.8.9",
            "O(1) for one key, O(N) in the keys for several",
            "Gives about how many different elements HyperLogLogs have counted together.",
        ),
        Run::Plan { local: count::pfcount, across: count::pfcount_across },
    ),
    Command::new(
        hll("PFDEBUG subcommand key", 3, WRITE | DENYOOM | ADMIN).key_specs(DEBUGGED).doc(
            "2.8.9",
            "O(1)",
            "Shows or changes how a HyperLogLog is kept.",
        ),
        Run::Shard(debug::pfdebug),
    ),
    Command::new(
        hll("PFMERGE destkey:key [sourcekey:key...]", -2, WRITE | DENYOOM).key_specs(MERGED).doc(
            "2.8.9",
            "O(N) in the keys",
            "Makes a HyperLogLog of all that several have counted.",
        ),
        Run::Plan { local: merge::pfmerge, across: merge::pfmerge_across },
    ),
    Command::new(
        hll("PFSELFTEST", 1, ADMIN).doc(
            "2.8.9",
            "O(1)",
            "Checks that HyperLogLogs work on this machine.",
        ),
        Run::Shard(debug::pfselftest),
    ),
];

const CORRUPT: Error =
    Error::Coded(std::borrow::Cow::Borrowed("INVALIDOBJ Corrupted HLL object detected"));

const NO_HLL: Error = Error::Coded(std::borrow::Cow::Borrowed(
    "WRONGTYPE Key is not a valid HyperLogLog string value.",
));

/// The bytes and the encoding of a HyperLogLog.
fn hll_of(entry: Entry<'_>) -> Result<(&[u8], Encoding)> {
    match entry.string()? {
        StringRef::Int(_) => Err(NO_HLL),
        StringRef::Bytes(bytes) => Ok((bytes, hyperloglog::encoding(bytes).ok_or(NO_HLL)?)),
    }
}
