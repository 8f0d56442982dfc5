//! Persistence, of which there is none yet: what tools ask about it has one true answer.

use crate::kind::Kind;
use crate::row::Row;

const NOT_YET: &str = "nothing is persisted by this version";

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "save",
        Kind::Fixed { value: "", otherwise: NOT_YET },
        "",
        "When to save the data: never, as there is no persistence yet.",
    ),
    Row::new(
        "appendonly",
        Kind::Fixed { value: "no", otherwise: NOT_YET },
        "no",
        "Whether to log every change: no, as there is no persistence yet.",
    ),
];
