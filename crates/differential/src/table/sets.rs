//! Sets.

use super::Row;

pub(super) const ROWS: &[Row] = &[Row::new("SADD key {value}").if_known()];
