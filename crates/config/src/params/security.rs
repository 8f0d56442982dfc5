//! Who may do what.

use super::{choice, field};
use crate::kind::Kind;
use crate::row::{Mutability, Row};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "requirepass",
        Kind::Text(field!(security.requirepass)),
        "",
        "Password of the default user; empty: none.",
    )
    .sensitive(),
    Row::new(
        "rename-command",
        Kind::Renames(field!(security.rename_command)),
        "",
        "Gives commands another name, or none where it is empty.",
    )
    .mutability(Mutability::StartOnly),
    Row::new(
        "enable-debug-command",
        choice!(Access, security.enable_debug_command),
        "no",
        "Who may use DEBUG; local: clients on this machine.",
    )
    .mutability(Mutability::Immutable),
    Row::new(
        "enable-protected-configs",
        choice!(Access, security.enable_protected_configs),
        "no",
        "Who may change protected parameters; local: clients on this machine.",
    )
    .mutability(Mutability::Immutable),
];
