//! SORT, DUMP, RESTORE and what looks into collections.

use super::Row;

pub(super) const ROWS: &[Row] = &[];
