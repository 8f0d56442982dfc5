//! Where a command's keys are: Redis's key specs, and the one resolver of them.

use crate::args::Args;

/// What a command does with a key: Redis's key spec flags.
pub type Access = u32;

/// The bits of [`Access`], their names, and the usual combinations.
pub mod access {
    use super::Access;

    /// The value is read and not changed.
    pub const RO: Access = 1 << 0;
    /// The value is changed, and may be read.
    pub const RW: Access = 1 << 1;
    /// The value is overwritten.
    pub const OW: Access = 1 << 2;
    /// The key is removed.
    pub const RM: Access = 1 << 3;
    /// User data is returned or copied.
    pub const ACCESS: Access = 1 << 4;
    /// User data is changed.
    pub const UPDATE_DATA: Access = 1 << 5;
    /// Data is added without looking at what is there.
    pub const INSERT_DATA: Access = 1 << 6;
    /// Data is removed.
    pub const DELETE_DATA: Access = 1 << 7;
    /// No key, but routed like one.
    pub const NOT_KEY: Access = 1 << 8;
    /// The spec does not find all keys.
    pub const INCOMPLETE: Access = 1 << 9;
    /// The flags depend on arguments.
    pub const VARIABLE: Access = 1 << 10;

    /// Reads metadata only.
    pub const READ: Access = RO;
    /// Reads the value.
    pub const READ_VALUE: Access = RO | ACCESS;
    /// Changes the value.
    pub const UPDATE: Access = RW | UPDATE_DATA;
    /// Changes the value and returns some of it.
    pub const UPDATE_ACCESS: Access = RW | ACCESS | UPDATE_DATA;
    /// Replaces the value.
    pub const OVERWRITE: Access = OW | UPDATE_DATA;
    /// Removes the key.
    pub const DELETE: Access = RM | DELETE_DATA;

    /// Names as COMMAND INFO and COMMAND GETKEYSANDFLAGS print them.
    pub const NAMES: &[(Access, &str)] = &[
        (RW, "RW"),
        (RO, "RO"),
        (OW, "OW"),
        (RM, "RM"),
        (ACCESS, "access"),
        (UPDATE_DATA, "update"),
        (INSERT_DATA, "insert"),
        (DELETE_DATA, "delete"),
        (NOT_KEY, "not_key"),
        (INCOMPLETE, "incomplete"),
        (VARIABLE, "variable_flags"),
    ];
}

/// Where the search for keys begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At this argument (0 = the command's name).
    Index(usize),
    /// Behind this word, searched from `start_from` (negative: from the end).
    Keyword {
        /// The word, upper case.
        word: &'static str,
        /// Where to start; negative counts from the end, and searches backwards.
        start_from: isize,
    },
    /// Behind the last of an option that may come several times, among others. To those who ask
    /// for key specs this is unknown.
    Option {
        /// The option, upper case; one value follows.
        word: &'static str,
        /// Where options start.
        start_from: usize,
        /// The other options that have values, and how many.
        others: &'static [(&'static str, usize)],
    },
    /// Nobody can say without reading values.
    Unknown,
}

/// Which of the arguments from there on are keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// From the beginning up to `last` (relative to it; negative: from the end of the command).
    Range {
        /// Last key.
        last: isize,
        /// Distance between keys.
        step: usize,
        /// With `last` -1: 0 and 1 mean all, 2 the first half of the rest, and so on.
        limit: usize,
    },
    /// A count, then keys.
    KeyNum {
        /// Where the count is, relative to the beginning.
        count_at: usize,
        /// Where the first key is, relative to the beginning.
        first: usize,
        /// Distance between keys.
        step: usize,
    },
}

/// One run of keys and what is done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Where to begin.
    pub begin: Begin,
    /// Which are keys.
    pub find: Find,
    /// What is done with them.
    pub access: Access,
}

/// Positions of keys: `first`, `first + step`, … `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// First key.
    pub first: usize,
    /// Distance.
    pub step: usize,
    /// How many.
    pub count: usize,
}

impl Positions {
    /// The positions one by one.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..self.count).map(move |index| self.first + index * self.step)
    }
}

impl KeySpec {
    /// One key, as the first argument.
    pub const fn first(access: Access) -> Self {
        Self::at(1, access)
    }

    /// One key at a position.
    pub const fn at(index: usize, access: Access) -> Self {
        Self::range(index, 0, 1, access)
    }

    /// All arguments from `index` on, every `step`th, up to `last` (see [`Find::Range`]).
    pub const fn range(index: usize, last: isize, step: usize, access: Access) -> Self {
        Self { begin: Begin::Index(index), find: Find::Range { last, step, limit: 0 }, access }
    }

    /// A count at `index`, followed by keys every `step`th argument.
    pub const fn counted(index: usize, step: usize, access: Access) -> Self {
        Self {
            begin: Begin::Index(index),
            find: Find::KeyNum { count_at: 0, first: 1, step },
            access,
        }
    }

    /// A key behind an option; see [`Begin::Option`].
    pub const fn option(
        word: &'static str,
        start_from: usize,
        others: &'static [(&'static str, usize)],
        access: Access,
    ) -> Self {
        let begin = Begin::Option { word, start_from, others };
        Self { begin, find: Find::Range { last: 0, step: 1, limit: 0 }, access }
    }

    /// Keys whose names come out of values.
    pub const fn unknown(access: Access) -> Self {
        Self { begin: Begin::Unknown, find: Find::Range { last: 0, step: 1, limit: 0 }, access }
    }

    /// Whether key specs cannot express where the keys are.
    pub const fn is_unknown(&self) -> bool {
        matches!(self.begin, Begin::Option { .. } | Begin::Unknown)
    }

    /// Finds the keys in a command. `None` if there are none or the arguments make no sense, which
    /// the handler will say in its own words. O(arguments) for keywords, else O(1).
    #[inline]
    pub fn resolve(&self, args: Args<'_>) -> Option<Positions> {
        let begin = match self.begin {
            Begin::Index(index) => index,
            Begin::Keyword { word, start_from } => keyword(args, word, start_from)?,
            Begin::Option { word, start_from, others } => option(args, word, start_from, others)?,
            Begin::Unknown => return None,
        };
        let positions = match self.find {
            Find::Range { last: 0, .. } => Positions { first: begin, step: 1, count: 1 },
            Find::Range { last, step, limit } => range(args.len(), begin, last, step, limit)?,
            Find::KeyNum { count_at, first, step } => {
                let count = args.get(begin + count_at)?;
                let count: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
                Positions { first: begin + first, step, count }
            }
        };
        let last = positions
            .count
            .checked_sub(1)?
            .checked_mul(positions.step)?
            .checked_add(positions.first)?;
        (last < args.len()).then_some(positions)
    }
}

fn range(argc: usize, begin: usize, last: isize, step: usize, limit: usize) -> Option<Positions> {
    let last = match usize::try_from(last) {
        Ok(last) => begin + last,
        Err(_) if limit <= 1 => argc.checked_add_signed(last)?,
        Err(_) => begin + (argc.checked_sub(begin)? / limit).checked_add_signed(last)?,
    };
    Some(Positions { first: begin, step, count: last.checked_sub(begin)? / step + 1 })
}

fn keyword(args: Args<'_>, word: &str, start_from: isize) -> Option<usize> {
    let matches = |index: &usize| args.at(*index).eq_ignore_ascii_case(word.as_bytes());
    let found = match usize::try_from(start_from) {
        Ok(start) => (start..args.len()).find(matches),
        Err(_) => (1..=args.len().checked_add_signed(start_from)?).rev().find(matches),
    };
    found.map(|index| index + 1)
}

fn option(
    args: Args<'_>,
    word: &str,
    start_from: usize,
    others: &[(&str, usize)],
) -> Option<usize> {
    let (mut at, mut found) = (start_from, None);
    while let Some(arg) = args.get(at) {
        let is = |name: &str| arg.eq_ignore_ascii_case(name.as_bytes());
        at += 1;
        if is(word) {
            found = Some(at);
            at += 1;
        } else if let Some((_, values)) = others.iter().find(|(name, _)| is(name)) {
            at += values;
        }
    }
    found.filter(|at| *at < args.len())
}

#[cfg(test)]
mod tests;
