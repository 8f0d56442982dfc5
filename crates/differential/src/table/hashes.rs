//! Hashes.

use super::Compare::{AnyOrder, Type};
use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("HSET key {field value}").often(),
    Row::new("HMSET key {field value}"),
    Row::new("HSETNX key field value"),
    Row::new("HGET key field").often(),
    Row::new("HMGET key {field}"),
    Row::new("HGETALL key").by(AnyOrder),
    Row::new("HKEYS key").by(AnyOrder),
    Row::new("HVALS key").by(AnyOrder),
    Row::new("HLEN key"),
    Row::new("HSTRLEN key field"),
    Row::new("HEXISTS key field"),
    Row::new("HDEL key {field}"),
    Row::new("HINCRBY key field int"),
    Row::new("HINCRBYFLOAT key field float"),
    Row::new("HRANDFIELD key").by(Type),
    Row::new("HRANDFIELD key draws [WITHVALUES]").by(Type),
    Row::new("HRANDFIELD key (50|1000) [WITHVALUES]").by(AnyOrder).unspoilt(),
    Row::new("HSCAN key cursor [MATCH pattern] [COUNT count]").by(Type),
    Row::new("HSET key n1 v n2 v n3 v n4 v n5 v n6 v n7 v n8 v n9 v").seldom(),
    // After 7.0.
    Row::new("HSET key {field value}").merops(),
    Row::new("HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]").merops(),
    Row::new("(HEXPIRE|HPEXPIRE) key (s|ms) [NX|XX|GT|LT] FIELDS (1|2|int) {field}").merops(),
    Row::new("(HEXPIREAT|HPEXPIREAT) key (at-s|at-ms|past) [NX|XX|GT|LT] FIELDS (1|2) {field}")
        .merops(),
    Row::new("(HTTL|HPTTL|HEXPIRETIME|HPEXPIRETIME) key FIELDS (1|2|int) {field}").merops(),
    Row::new("HPERSIST key FIELDS (1|2) {field}").merops(),
    Row::new("HGETEX key [EX s|PX ms|EXAT at-s|PXAT past|PERSIST] FIELDS (1|2) {field}").merops(),
    Row::new(
        "HSETEX key [NX|XX] [FNX|FXX] [EX s|PX ms|EXAT at-s|PXAT past|KEEPTTL] FIELDS (1|2) \
         {field value}",
    )
    .merops(),
    Row::new("HGETDEL key FIELDS (1|2) {field}").merops(),
];
