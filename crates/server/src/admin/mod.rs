//! Commands for operators: what the server is doing, and how.

pub(crate) mod command_log;
pub(crate) mod monitor;

use crate::command::SessionCommand;

/// The families of this folder.
pub(crate) const FAMILIES: &[&[SessionCommand]] = &[];
