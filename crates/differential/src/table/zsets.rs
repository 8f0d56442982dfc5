//! Sorted sets.

use super::Row;

pub(super) const ROWS: &[Row] = &[Row::new("ZADD key {float value}").if_known()];
