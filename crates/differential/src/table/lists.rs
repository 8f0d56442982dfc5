//! Lists.

use super::Row;

pub(super) const ROWS: &[Row] = &[Row::new("LPUSH key {value}").if_known()];
