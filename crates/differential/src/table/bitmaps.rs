//! Bitmaps and HyperLogLogs.

use super::Row;

pub(super) const ROWS: &[Row] = &[];
