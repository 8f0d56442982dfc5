//! The data commands: a folder or a file per family, with its rows, handlers and tests.
//!
//! A handler sees one shard's keys, its arguments and the reply; it knows no socket, no session and
//! no clock. Only the rows name commands.

use engine::Command;

mod bitmaps;
mod databases;
mod dump;
mod effect;
mod elements;
mod expiry;
mod geo;
mod hashes;
mod hyperloglogs;
mod keys;
mod lists;
mod options;
mod sets;
mod sort;
mod streams;
mod strings;
mod waiting;
mod zsets;

pub use dump::payload_of;
pub use hashes::IMPORT;

/// Every family's rows.
pub const FAMILIES: &[&[Command]] = &[
    strings::COMMANDS,
    bitmaps::COMMANDS,
    hyperloglogs::COMMANDS,
    lists::COMMANDS,
    hashes::COMMANDS,
    sets::COMMANDS,
    zsets::COMMANDS,
    geo::COMMANDS,
    streams::COMMANDS,
    keys::COMMANDS,
    sort::COMMANDS,
    dump::COMMANDS,
    databases::COMMANDS,
];

/// Every row; subcommands are in their containers.
pub fn all() -> impl Iterator<Item = &'static Command> {
    FAMILIES.iter().copied().flatten()
}

#[cfg(test)]
mod harness;
#[cfg(test)]
mod tests;
