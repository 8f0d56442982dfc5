//! Geospatial indexes: sorted sets with places as scores.

use engine::Command;

/// The rows, by name.
pub(crate) const COMMANDS: &[Command] = &[];
