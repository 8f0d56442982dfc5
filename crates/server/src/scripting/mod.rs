//! EVAL and SCRIPT: Lua scripts on the engine.
//!
//! A script runs on the thread of its client. As long as it touches only keys of that thread's shard
//! it needs no locks and is one step because nothing else runs on the thread; before the thread is
//! given up, for a command elsewhere or because the script has run for a millisecond, what it
//! holds is locked. See [`host`] for which keys it holds.

mod commands;
mod drive;
mod host;
mod registry;
mod running;

pub(crate) use commands::COMMANDS;
pub(crate) use registry::Scripts;
pub(crate) use running::Running;

/// What a client hears that touches keys while a script holds all of them for too long.
pub(crate) const BUSY: &str =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
