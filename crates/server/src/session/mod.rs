//! Commands on the connection itself.

mod basic;

use crate::command::SessionCommand;

/// The families of this folder.
pub(crate) const FAMILIES: &[&[SessionCommand]] = &[basic::COMMANDS];
