//! Sets.

use super::Compare::{AnyOrder, Type};
use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("SADD key {member}").often(),
    Row::new("SREM key {member}"),
    Row::new("SISMEMBER key member"),
    Row::new("SMISMEMBER key {member}"),
    Row::new("SCARD key"),
    Row::new("SMEMBERS key").by(AnyOrder),
    Row::new("SMOVE key key member"),
    Row::new("SRANDMEMBER key").by(Type),
    Row::new("SRANDMEMBER key draws").by(Type),
    Row::new("SRANDMEMBER key (50|1000)").by(AnyOrder).unspoilt(),
    // What is taken at random is not the same on both.
    Row::new("SPOP key (1000|0|-1|x)").by(AnyOrder).unspoilt(),
    Row::new("SINTER {key}").by(AnyOrder),
    Row::new("SINTERCARD (1|2|3|int) {key} [LIMIT int]"),
    Row::new("SINTERSTORE key {key}"),
    Row::new("SUNION {key}").by(AnyOrder),
    Row::new("SUNIONSTORE key {key}"),
    Row::new("SDIFF {key}").by(AnyOrder),
    Row::new("SDIFFSTORE key {key}"),
    Row::new("SSCAN key cursor [MATCH pattern] [COUNT count]").by(Type),
    // After 7.0.
    Row::new("SADD key {member}").merops(),
    Row::new("SUNIONCARD (1|2|int) {key} [LIMIT int] [APPROX]").merops(),
    Row::new("SDIFFCARD (1|2|int) {key} [LIMIT int]").merops(),
    Row::new("SPOP key [draws]").merops(),
];
