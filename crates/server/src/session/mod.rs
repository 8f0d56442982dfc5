//! Commands on the connection itself.

pub(crate) mod basic;
pub(crate) mod client;
pub(crate) mod import;
mod wait;

use crate::command::SessionCommand;

/// The families of this folder.
pub(crate) const FAMILIES: &[&[SessionCommand]] = &[
    basic::COMMANDS,
    client::COMMANDS,
    import::COMMANDS,
    wait::COMMANDS,
    crate::pubsub::COMMANDS,
    crate::transaction::COMMANDS,
    crate::scripting::COMMANDS,
    crate::scripting::FUNCTIONS,
];
