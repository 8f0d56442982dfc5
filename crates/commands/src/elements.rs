//! What commands on collections have in common: elements in replies, and going through them bit by
//! bit.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::WrongType;
use resp::{Protocol, Writer};
use stdx::glob;
use stdx::number::Decimal;
use value::listpack::Item;

use crate::options::is;

/// Elements that a scan visits when it is not told.
const SCAN_COUNT: usize = 10;
/// No reply that repeats elements as often as a client wants may become longer.
const REPEATED_BYTES_MAX: usize = 1 << 29;

/// The error for a key of another type.
pub(crate) fn wrong_type(_: WrongType) -> Error {
    Error::WrongType
}

/// Writes an element as a string.
#[inline]
pub(crate) fn write(reply: &mut Writer<'_>, element: Item<'_>) {
    match element {
        Item::Int(number) => reply.bulk_integer(number),
        Item::Bytes(bytes) => reply.bulk(bytes),
    }
}

/// Writes an element as a string, or null.
#[inline]
pub(crate) fn write_option(reply: &mut Writer<'_>, element: Option<Item<'_>>) {
    match element {
        Some(element) => write(reply, element),
        None => reply.null(),
    }
}

/// Elements as a reply's part, while it is not known how many there will be.
pub(crate) struct Collected {
    bulks: Vec<u8>,
    /// How many there are.
    pub(crate) count: usize,
}

impl Collected {
    pub(crate) fn new() -> Self {
        Self { bulks: Vec::new(), count: 0 }
    }

    /// Adds an element.
    #[inline]
    pub(crate) fn push(&mut self, element: Item<'_>) {
        self.count += 1;
        write(&mut Writer::new(&mut self.bulks, Protocol::Resp2), element);
    }

    /// Writes all of them behind what announces them.
    pub(crate) fn write(&self, reply: &mut Writer<'_>) {
        reply.raw(&self.bulks);
    }
}

/// The error for the one number that has no counterpart with the other sign.
pub(crate) fn out_of_range() -> Error {
    Error::made(format!("value is out of range, value must between {} and {}", -i64::MAX, i64::MAX))
}

/// How many times a client wants random elements, and whether they may repeat themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draws {
    Different(usize),
    Any(u64),
}

impl Draws {
    /// Argument `index`: negative for elements that may repeat themselves.
    pub(crate) fn parse(args: Args<'_>, index: usize) -> Result<Self> {
        match args.int(index)? {
            i64::MIN => Err(out_of_range()),
            count @ 0.. => Ok(Self::Different(usize::try_from(count).unwrap_or(usize::MAX))),
            count => Ok(Self::Any(count.unsigned_abs())),
        }
    }
}

/// How long a reply may become that repeats elements as often as a client wants.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    start: usize,
    bytes_max: usize,
}

impl Bounds {
    /// Of a reply that begins now. A script's is no client's yet.
    pub(crate) fn new(context: &Context<'_>, reply: &Writer<'_>) -> Self {
        let client_bytes_max =
            if context.in_script { usize::MAX } else { context.limits.reply_bytes_max };
        Self { start: reply.len(), bytes_max: client_bytes_max.min(REPEATED_BYTES_MAX) }
    }

    /// Whether it may become longer.
    #[inline]
    pub(crate) fn allow(self, reply: &Writer<'_>) -> bool {
        reply.len() - self.start <= self.bytes_max
    }

    /// Refuses one that was not to become longer.
    pub(crate) fn check(self, reply: &Writer<'_>) -> Result {
        if self.allow(reply) { Ok(()) } else { Err(Error::ReplyTooLong) }
    }
}

/// The options of SSCAN, HSCAN and ZSCAN.
pub(crate) struct Scan<'a> {
    pattern: Option<&'a [u8]>,
    /// About how many elements to visit.
    pub(crate) count: usize,
    /// Whether fields are to come without their values, or members without their scores.
    pub(crate) no_values: bool,
}

impl<'a> Scan<'a> {
    /// The cursor of `… key cursor`.
    pub(crate) fn cursor(args: Args<'_>) -> Result<u64> {
        stdx::ascii::parse(args.at(2)).ok_or(Error::InvalidCursor)
    }

    /// What follows the cursor, with the option that leaves out values or scores, where there is
    /// one. Redis looks at it only when the key exists.
    pub(crate) fn parse(args: Args<'a>, leaves_out_values: Option<&str>) -> Result<Self> {
        let mut scan = Self { pattern: None, count: SCAN_COUNT, no_values: false };
        let mut words = args.words_from(3);
        while let Some(word) = words.next_word() {
            if is(word, "COUNT") {
                let count = usize::try_from(words.int()?).ok().filter(|count| *count > 0);
                scan.count = count.ok_or(Error::Syntax)?;
            } else if is(word, "MATCH") {
                scan.pattern = Some(words.value()?).filter(|pattern| *pattern != b"*");
            } else if leaves_out_values.is_some_and(|option| is(word, option)) {
                scan.no_values = true;
            } else if is(word, "NOVALUES") {
                return Err(Error::new("NOVALUES option can only be used in HSCAN"));
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(scan)
    }

    /// Whether an element is wanted.
    #[inline]
    pub(crate) fn wants(&self, element: Item<'_>) -> bool {
        self.pattern
            .is_none_or(|pattern| glob::matches(pattern, element.bytes(&mut Decimal::new()), false))
    }

    /// Writes the reply.
    pub(crate) fn reply(reply: &mut Writer<'_>, next: u64, found: &Collected) {
        reply.array(2);
        reply.bulk(next.to_string().as_bytes());
        reply.array(found.count);
        found.write(reply);
    }
}
