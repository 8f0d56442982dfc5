//! What the generator knows about each command: its arguments and how its replies compare.

mod basic;
mod bitmaps;
mod collections;
mod geo;
mod hashes;
mod lists;
mod pubsub;
mod scripts;
mod sets;
mod streams;
mod zsets;

use crate::grammar::Sentence;

/// How two replies to a command are compared, when neither is an error. Errors are compared byte by
/// byte, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Byte by byte.
    Bytes,
    /// An array or a set in any order.
    AnyOrder,
    /// Integers, when positive, this far apart at most: the two servers' clocks.
    Within(i64),
    /// Only the type: what is inside is random, or about the server itself.
    Type,
}

/// Who understands a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Both.
    Both,
    /// It came after Redis 7.0: only Merops gets it, in a database of its own, and must survive.
    Merops,
    /// Needs a data type; sent only when Merops has the command.
    IfMeropsHas,
    /// Both, from a client that subscribes and hears messages.
    Listener,
}

/// One way to write a command.
#[derive(Clone, Debug)]
pub struct Row {
    /// The whole command, in the notation of [`crate::grammar`].
    pub usage: &'static str,
    /// How often it is drawn, relative to the others.
    pub weight: usize,
    /// How replies compare.
    pub compare: Compare,
    /// Which servers get it.
    pub who: Who,
    /// Whether it is now and then made wrong.
    pub may_spoil: bool,
}

impl Row {
    const fn new(usage: &'static str) -> Row {
        Row { usage, weight: 4, compare: Compare::Bytes, who: Who::Both, may_spoil: true }
    }

    const fn often(self) -> Row {
        Row { weight: 16, ..self }
    }

    const fn seldom(self) -> Row {
        Row { weight: 1, ..self }
    }

    const fn by(self, compare: Compare) -> Row {
        Row { compare, ..self }
    }

    const fn unspoilt(self) -> Row {
        Row { may_spoil: false, ..self }
    }

    const fn merops(self) -> Row {
        Row { who: Who::Merops, ..self }
    }

    const fn listener(self) -> Row {
        Row { who: Who::Listener, ..self }
    }

    const fn if_known(self) -> Row {
        Row { who: Who::IfMeropsHas, ..self }
    }

    /// The first word.
    pub fn command(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }

    /// The arguments' grammar, command included.
    pub fn sentence(&self) -> Sentence {
        Sentence::parse(self.usage)
    }
}

/// Every command of the groups that are compared.
pub const FAMILIES: &[&[Row]] = &[
    basic::ROWS,
    lists::ROWS,
    hashes::ROWS,
    sets::ROWS,
    zsets::ROWS,
    geo::ROWS,
    streams::ROWS,
    bitmaps::ROWS,
    collections::ROWS,
    scripts::ROWS,
    pubsub::ROWS,
];

/// All rows.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    FAMILIES.iter().copied().flatten()
}
