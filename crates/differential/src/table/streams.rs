//! Streams.

use super::Row;

pub(super) const ROWS: &[Row] =
    &[Row::new("XADD key * {value value}").by(super::Compare::Type).if_known()];
