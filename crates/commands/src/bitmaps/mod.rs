//! Bitmaps and bit fields: strings bit by bit.

use engine::Command;

/// The rows, by name.
pub(crate) const COMMANDS: &[Command] = &[];
