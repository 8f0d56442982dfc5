//! Sorted sets.

use super::Compare::{AnyOrder, Type};
use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("ZADD key [NX|XX] [GT|LT] [CH] [INCR] {score value}").often(),
    Row::new("ZADD key {score value}").often(),
    Row::new("ZADD key score value [JUNK] score value").seldom(),
    // Ranges of names mean something where all scores are the same.
    Row::new("ZADD NAMES {0 value}").often().unspoilt(),
    Row::new("ZREM NAMES {value}"),
    Row::new("ZINCRBY key score value"),
    Row::new("ZREM key {value}"),
    Row::new("ZCARD key"),
    Row::new("ZSCORE key value"),
    Row::new("ZMSCORE key {value}"),
    // A fourth word is refused when it is queued, or understood.
    Row::new("ZRANK key value").unspoilt(),
    Row::new("ZREVRANK key value").unspoilt(),
    Row::new("ZCOUNT key bound bound"),
    Row::new("ZLEXCOUNT NAMES lex lex"),
    Row::new("ZRANGE key index index [REV] [WITHSCORES]").often(),
    Row::new("ZRANGE key bound bound BYSCORE [REV] [LIMIT index index] [WITHSCORES]"),
    Row::new("ZRANGE NAMES lex lex BYLEX [REV] [LIMIT index index] [WITHSCORES]"),
    Row::new("ZRANGE key index index [BYSCORE|JUNK] [LIMIT index index]").seldom(),
    Row::new("ZREVRANGE key index index [WITHSCORES]"),
    Row::new("ZRANGEBYSCORE key bound bound [WITHSCORES] [LIMIT index index]"),
    Row::new("ZREVRANGEBYSCORE key bound bound [WITHSCORES] [LIMIT index index]"),
    Row::new("ZRANGEBYLEX NAMES lex lex [LIMIT index index]"),
    Row::new("ZREVRANGEBYLEX NAMES lex lex [LIMIT index index]"),
    Row::new("ZRANGESTORE key key index index [REV]"),
    Row::new("ZRANGESTORE key key bound bound BYSCORE [REV] [LIMIT index index]"),
    Row::new("ZRANGESTORE key NAMES lex lex BYLEX [REV] [LIMIT index index]"),
    Row::new("ZREMRANGEBYRANK key index index"),
    Row::new("ZREMRANGEBYSCORE key bound bound"),
    Row::new("ZREMRANGEBYLEX NAMES lex lex"),
    Row::new("ZPOPMIN key [count]"),
    Row::new("ZPOPMAX key [count]"),
    Row::new("ZMPOP (1|2|int) key [key] (MIN|MAX) [COUNT count]"),
    Row::new("BZPOPMIN {key} (0.001|-1|SOON)").unspoilt(),
    Row::new("BZPOPMAX {key} (0.001|-1|SOON)").unspoilt(),
    Row::new("BZMPOP (0.001|-1|SOON) (1|2|int) key [key] (MIN|MAX) [COUNT count]").unspoilt(),
    Row::new("ZRANDMEMBER key [count] [WITHSCORES]").by(Type),
    Row::new("ZSCAN key 0 [MATCH pattern] [COUNT count]").by(AnyOrder),
    Row::new(
        "ZUNION (1|2|3|int) key key [key] [WEIGHTS score score] [AGGREGATE (SUM|MIN|MAX|JUNK)] \
         [WITHSCORES]",
    ),
    Row::new(
        "ZINTER (1|2|3|int) key key [key] [WEIGHTS score score] [AGGREGATE (SUM|MIN|MAX|JUNK)] \
         [WITHSCORES]",
    ),
    Row::new("ZDIFF (1|2|3|int) key key [key] [WITHSCORES]"),
    Row::new("ZUNIONSTORE key 2 key key [WEIGHTS score score] [AGGREGATE (SUM|MIN|MAX|JUNK)]"),
    Row::new("ZINTERSTORE key 2 key key [WEIGHTS score score] [AGGREGATE (SUM|MIN|MAX|JUNK)]"),
    Row::new("ZDIFFSTORE key (1|2|int) key key"),
    Row::new("ZINTERCARD (1|2|int) key key [LIMIT (0|1|int)]"),
    // After 7.0.
    Row::new("ZRANK key value WITHSCORE").merops(),
    Row::new("ZREVRANK key value WITHSCORE").merops(),
    Row::new("ZSCAN key 0 NOSCORES").merops(),
    Row::new("ZUNION 2 key key AGGREGATE COUNT WITHSCORES").merops(),
];
