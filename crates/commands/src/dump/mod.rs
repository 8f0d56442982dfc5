//! DUMP and RESTORE.

use engine::Command;

/// The rows, by name.
pub(crate) const COMMANDS: &[Command] = &[];
