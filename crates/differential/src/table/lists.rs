//! Lists.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("LPUSH key {value}").often(),
    Row::new("RPUSH key {value}").often(),
    Row::new("LPUSHX key {value}"),
    Row::new("RPUSHX key {value}"),
    Row::new("LPOP key [count]"),
    Row::new("RPOP key [count]"),
    Row::new("LLEN key"),
    Row::new("LINDEX key index"),
    Row::new("LRANGE key index index").often(),
    Row::new("LSET key index value"),
    Row::new("LINSERT key (BEFORE|AFTER|junk) value value"),
    Row::new("LREM key (int|0|1|-1) value"),
    Row::new("LTRIM key index index"),
    Row::new("LPOS key value [RANK (1|-1|2|index)] [COUNT (0|1|int)] [MAXLEN (0|int)]"),
    Row::new("LMOVE key key (LEFT|RIGHT) (LEFT|RIGHT)"),
    Row::new("RPOPLPUSH key key"),
    Row::new("LMPOP (1|2|int) key [key] (LEFT|RIGHT) [COUNT count]"),
    // A wait of a millisecond, and those that are wrong.
    Row::new("BLPOP {key} (0.001|-1|SOON)").unspoilt(),
    Row::new("BRPOP {key} (0.001|-1|SOON)").unspoilt(),
    Row::new("BLMOVE key key (LEFT|RIGHT) (LEFT|RIGHT) (0.001|-1|SOON)").unspoilt(),
    Row::new("BRPOPLPUSH key key (0.001|-1|SOON)").unspoilt(),
    Row::new("BLMPOP (0.001|-1|SOON) (1|2|int) key [key] (LEFT|RIGHT) [COUNT count]").unspoilt(),
    // After 7.0.
    Row::new("LMOVEM key key (LEFT|RIGHT) (LEFT|RIGHT) [(COUNT|EXACTLY) count (OBO|BULK)]")
        .merops()
        .unspoilt(),
    Row::new("BLMOVEM key key (LEFT|RIGHT) (LEFT|RIGHT) 0.001 [(COUNT|EXACTLY) count (OBO|BULK)]")
        .merops()
        .unspoilt(),
];
