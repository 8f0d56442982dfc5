//! The list of all parameters: one row each, in groups, in the order of `config/merops.toml`.

mod append;
mod clients;
mod encodings;
mod memory;
mod monitoring;
mod network;
mod persistence;
mod process;
mod security;
mod threads;

use crate::row::Row;

/// Parameters that belong together.
pub struct Group {
    /// Its heading.
    pub title: &'static str,
    /// Its parameters.
    pub rows: &'static [Row],
}

/// All parameters.
pub const GROUPS: &[Group] = &[
    Group { title: "Threads", rows: threads::ROWS },
    Group { title: "Network", rows: network::ROWS },
    Group { title: "Clients", rows: clients::ROWS },
    Group { title: "Process", rows: process::ROWS },
    Group { title: "Persistence", rows: persistence::ROWS },
    Group { title: "Append files", rows: append::ROWS },
    Group { title: "Security", rows: security::ROWS },
    Group { title: "Memory", rows: memory::ROWS },
    Group { title: "Lazy freeing", rows: memory::LAZYFREE_ROWS },
    Group { title: "Monitoring", rows: monitoring::ROWS },
    Group { title: "Encodings", rows: encodings::ROWS },
];

/// All parameters, group by group.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    GROUPS.iter().flat_map(|group| group.rows)
}

/// The parameter that goes by `name`, in any case, and that name.
pub fn find(name: &[u8]) -> Option<(&'static Row, &'static str)> {
    rows().find_map(|row| {
        let name = row.names().find(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
        Some((row, name))
    })
}

/// Access to a field as it is.
macro_rules! field {
    ($($field:ident).+) => {
        $crate::kind::Lens {
            get: |config| Clone::clone(&config.$($field).+),
            set: |config, value| config.$($field).+ = value,
        }
    };
}

/// Access to a field of any integer type; a row's range must lie within the type's.
macro_rules! number {
    ($($field:ident).+) => {
        $crate::kind::Lens {
            get: |config| config.$($field).+ as i64,
            set: |config, value| {
                config.$($field).+ = value.try_into().expect("a row's range fits its field");
            },
        }
    };
}

/// A yes/no parameter.
macro_rules! flag {
    ($($field:ident).+) => { $crate::kind::Kind::Bool($crate::params::field!($($field).+)) };
}

/// An integer parameter and its range.
macro_rules! integer {
    ($range:expr, $($field:ident).+) => {{
        let (min, max) = $crate::params::bounds($range);
        $crate::kind::Kind::Integer { min, max, at: $crate::params::number!($($field).+) }
    }};
}

/// A size parameter and its range.
macro_rules! size {
    ($range:expr, $($field:ident).+) => {
        $crate::kind::Kind::Memory {
            min: *$range.start(),
            max: *$range.end(),
            at: $crate::params::field!($($field).+),
        }
    };
}

/// A parameter that is one of the words of an enum.
macro_rules! choice {
    ($choice:ident, $($field:ident).+) => {
        $crate::kind::Kind::Choice {
            words: $crate::config::$choice::WORDS,
            at: $crate::kind::Lens {
                get: |config| config.$($field).+ as usize,
                set: |config, index| {
                    config.$($field).+ = $crate::config::$choice::ALL[index];
                },
            },
        }
    };
}

/// A parameter that is a path, or nothing where it is empty.
macro_rules! optional_path {
    ($($field:ident).+) => {
        $crate::kind::Kind::Text($crate::kind::Lens {
            get: |config| $crate::params::path_bytes(config.$($field).+.as_deref()),
            set: |config, bytes| {
                config.$($field).+ = (!bytes.is_empty()).then(|| $crate::params::to_path(bytes));
            },
        })
    };
}

use {choice, field, flag, integer, number, optional_path, size};

/// The ends of an integer parameter's range.
const fn bounds(range: std::ops::RangeInclusive<i64>) -> (i64, i64) {
    (*range.start(), *range.end())
}

fn path_bytes(path: Option<&std::path::Path>) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.map(|path| path.as_os_str().as_bytes().to_vec()).unwrap_or_default()
}

fn to_path(bytes: Vec<u8>) -> std::path::PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(bytes).into()
}

/// The largest value of Redis's `int` parameters.
const INT_MAX: i64 = i32::MAX as i64;

#[cfg(test)]
mod tests;
