//! SORT, DUMP, RESTORE and what looks into collections.

use super::Compare::AnyOrder;
use super::Row;

pub(super) const ROWS: &[Row] = &[
    // What can be sorted, by what there is.
    Row::new("RPUSH key {(1|2|3|4|5|offset)}").often(),
    Row::new("SADD key {(1|2|3|4|5|offset)}").if_known(),
    Row::new("ZADD key {offset (1|2|3|4|5|offset)}").if_known(),
    Row::new("HSET key {(f|g|int) (int|value)}").if_known(),
    Row::new("SET (k1|k2|k3|k4|k5) int"),
    Row::new("SORT key").often(),
    Row::new("SORT key [ASC|DESC] [ALPHA] [LIMIT index index] [GET sorted-by] [GET (#|none)]"),
    Row::new("SORT key BY sorted-by [DESC] [LIMIT index index] [GET sorted-by] [GET #]"),
    // Weights may be equal, and a set has no order.
    Row::new("SORT key BY sorted-by ALPHA [DESC] [GET sorted-by]").by(AnyOrder),
    Row::new("SORT key BY nosort [DESC] [GET sorted-by]").by(AnyOrder),
    Row::new("SORT key BY nosort [DESC] [LIMIT index index] STORE key"),
    // ALPHA leaves open which of two elements without a weight comes first.
    Row::new("SORT key [ALPHA] [LIMIT index index] [GET sorted-by] STORE key"),
    Row::new("SORT key BY (k*|none*) [LIMIT index index] [GET sorted-by] STORE key"),
    Row::new("SORT_RO key [BY (k*|k*->f)] [DESC] [LIMIT index index] [GET sorted-by]"),
    Row::new("SORT_RO key STORE key").seldom(),
    Row::new("COMMAND GETKEYS SORT key [BY k*] [GET #] [LIMIT 1 2] [STORE key] [STORE key]"),
];
