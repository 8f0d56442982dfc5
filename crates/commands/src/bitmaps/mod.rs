//! Bitmaps and bit fields: strings bit by bit.

use command::flag::{DENYOOM, FAST, READONLY, WRITE};
use command::{Access, Args, Error, Group, KeySpec, Result, Spec, access};
use engine::{Command, Run};
use stdx::number::parse_i64;

use crate::options::is;

mod bitop;
mod bits;
mod field;
mod range;

const fn bitmap(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Bitmap, usage, arity, flags)
}

const FIELD_KEY: &[KeySpec] = &[KeySpec::first(access::UPDATE_ACCESS | access::VARIABLE)];
const BITOP_KEYS: &[KeySpec] =
    &[KeySpec::at(2, access::OVERWRITE), KeySpec::range(3, -1, 1, access::READ_VALUE)];

/// The rows.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        bitmap("BITCOUNT key [index: start:int end:int [index-unit: BYTE|BIT]]", -2, READONLY)
            .key(access::READ_VALUE)
            .doc(
                "2.6.0",
                "O(N) in the bytes looked at",
                "Counts the bits that are set in a string, or in a part of it.",
            ),
        Run::Shard(range::bitcount),
    ),
    Command::new(
        bitmap(
            "BITFIELD key [operation: GET (encoding offset:int)|(write: [OVERFLOW \
             (WRAP|SAT|FAIL)] (write-operation: SET (encoding offset:int value:int)|INCRBY \
             (encoding offset:int increment:int)))]...",
            -2,
            WRITE | DENYOOM,
        )
        .key_specs(FIELD_KEY)
        .varying(field_access)
        .doc(
            "3.2.0",
            "O(1) for each operation",
            "Reads, sets and adds to integers of any width at any bit of a string.",
        ),
        Run::Shard(field::bitfield),
    ),
    Command::new(
        bitmap("BITFIELD_RO key [GET (encoding offset:int)]...", -2, READONLY | FAST)
            .key(access::READ_VALUE)
            .doc(
                "6.0.0",
                "O(1) for each operation",
                "Reads integers of any width at any bit of a string.",
            ),
        Run::Shard(field::bitfield_ro),
    ),
    Command::new(
        bitmap(
            "BITOP (operation: AND|OR|XOR|NOT|DIFF|DIFF1|ANDOR|ONE) destkey:key key...",
            -4,
            WRITE | DENYOOM,
        )
        .key_specs(BITOP_KEYS)
        .doc(
            "2.6.0",
            "O(N) in the bytes of the strings",
            "Combines strings bit by bit and stores the result.",
        ),
        Run::Plan { local: bitop::bitop, across: bitop::bitop_across },
    ),
    Command::new(
        bitmap(
            "BITPOS key bit:int [index: start:int [end-index: end:int [index-unit: BYTE|BIT]]]",
            -3,
            READONLY,
        )
        .key(access::READ_VALUE)
        .doc(
            "2.8.7",
            "O(N) in the bytes looked at",
            "Finds the first bit that is set, or clear, in a string.",
        ),
        Run::Shard(range::bitpos),
    ),
    Command::new(
        bitmap("GETBIT key offset:int", 3, READONLY | FAST).key(access::READ_VALUE).doc(
            "2.2.0",
            "O(1)",
            "Gives one bit of a string.",
        ),
        Run::Shard(bits::getbit),
    ),
    Command::new(
        bitmap("SETBIT key offset:int value:int", 4, WRITE | DENYOOM)
            .key(access::UPDATE_ACCESS)
            .doc(
                "2.2.0",
                "O(1), O(N) in the bytes by which the string grows",
                "Sets or clears one bit of a string, which grows if need be.",
            ),
        Run::Shard(bits::setbit),
    ),
];

/// BITFIELD changes the key only with SET or INCRBY.
fn field_access(args: Args<'_>) -> Access {
    let mut words = args.words_from(2);
    while let Some(word) = words.next_word() {
        let values = if is(word, "GET") {
            2
        } else if is(word, "OVERFLOW") {
            1
        } else if is(word, "SET") || is(word, "INCRBY") {
            return access::UPDATE_ACCESS;
        } else {
            break;
        };
        words = args.words_from(words.position() + values);
    }
    access::READ_VALUE
}

/// The number of a bit. Behind `#` it is the number of a field of `width` bits, where fields are.
/// The byte that it is in must exist in a string of `bytes_max`.
fn bit_offset(text: &[u8], width: Option<u32>, bytes_max: usize) -> Result<usize> {
    const ERROR: Error = Error::new("bit offset is not an integer or out of range");
    let (number, unit) = match (text, width) {
        ([b'#', number @ ..], Some(width)) => (number, i64::from(width)),
        _ => (text, 1),
    };
    let offset = parse_i64(number).and_then(|offset| offset.checked_mul(unit)).ok_or(ERROR)?;
    usize::try_from(offset).ok().filter(|offset| offset / 8 < bytes_max).ok_or(ERROR)
}
