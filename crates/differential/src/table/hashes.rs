//! Hashes.

use super::Row;

pub(super) const ROWS: &[Row] = &[Row::new("HSET key {value value}").if_known()];
