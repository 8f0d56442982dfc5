//! EVAL, FCALL, SCRIPT and FUNCTION: Lua scripts and functions on the engine.
//!
//! A script runs on the thread of its client, or on the one that owns its keys. As long as it
//! touches only keys of that thread's shard it needs no locks and is one step because nothing else
//! runs on the thread; before the thread is given up, for a command elsewhere or because the script
//! has run for a millisecond, what it holds is locked. See [`host`] for which keys it holds. A
//! function is a script that a library brought; all that is said of scripts here holds for both.

mod commands;
mod drive;
mod functions;
mod host;
mod job;
mod libraries;
mod reach;
mod recent;
mod registry;
mod running;

pub(crate) use commands::COMMANDS;
pub(crate) use functions::{COMMANDS as FUNCTIONS, restore_all};
pub(crate) use host::log as script_log;
pub(crate) use libraries::{Libraries, Policy as LibraryPolicy};
pub(crate) use recent::Recent;
pub(crate) use registry::Scripts;
pub(crate) use running::Running;
