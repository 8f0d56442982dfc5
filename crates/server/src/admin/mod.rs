//! Commands for operators: what the server is doing, and how.

pub(crate) mod command_log;
mod command_table;
mod config;
mod debug;
pub(crate) mod info;
pub(crate) mod latency;
mod lifecycle;
mod lolwut;
mod memory;
pub(crate) mod monitor;
pub(crate) mod watch;

use crate::command::SessionCommand;

/// The families of this folder.
pub(crate) const FAMILIES: &[&[SessionCommand]] = &[
    command_log::COMMANDS,
    command_table::COMMANDS,
    config::COMMANDS,
    debug::COMMANDS,
    info::COMMANDS,
    latency::COMMANDS,
    lifecycle::COMMANDS,
    lolwut::COMMANDS,
    memory::COMMANDS,
    monitor::COMMANDS,
    crate::persistence::commands::COMMANDS,
    crate::persistence::append::commands::COMMANDS,
];
