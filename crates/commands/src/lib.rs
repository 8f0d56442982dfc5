//! The data commands: a folder or a file per family, with its rows, handlers and tests.
//!
//! A handler sees one shard's keys, its arguments and the reply; it knows no socket, no session and
//! no clock. Only the rows name commands.

use engine::Command;

mod databases;
mod effect;
mod expiry;
mod keys;
mod options;
mod strings;

/// Every family's rows.
pub const FAMILIES: &[&[Command]] = &[strings::COMMANDS, keys::COMMANDS, databases::COMMANDS];

/// Every row; subcommands are in their containers.
pub fn all() -> impl Iterator<Item = &'static Command> {
    FAMILIES.iter().copied().flatten()
}

#[cfg(test)]
mod harness;
#[cfg(test)]
mod tests;
