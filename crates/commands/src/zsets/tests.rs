//! What sorted sets do on one shard and on several.

use crate::harness::Engine;

#[track_caller]
fn check(story: &str) {
    for shards in [1, 3] {
        Engine::new(shards).check(story);
    }
}

#[test]
fn adding_obeys_its_options() {
    check(
        "
        ZADD z 1 a 2 b 3 c => 3
        ZADD z 1 a 5 b 4 d => 1
        ZADD z CH 1 a 6 b 4 e => 2
        ZADD z NX 9 a 9 f => 1
        ZADD z XX 9 a 9 g => 0
        ZADD z GT CH 5 a 10 b 4 f => 1
        ZADD z LT CH 5 a 10 b 4 f => 2
        ZADD z INCR 2 a => \"7\"
        ZADD z NX INCR 2 a => nil
        ZADD z XX INCR 2 none => nil
        ZADD absent XX 1 a => 0
        EXISTS absent => 0
        ZINCRBY z -0.5 a => \"6.5\"
        ZRANGE z 0 -1 WITHSCORES => [\"c\" \"3\" \"d\" \"4\" \"e\" \"4\" \"f\" \"4\" \"a\" \"6.5\" \"b\" \"10\"]
        ZADD z NX XX 1 a => -ERR XX and NX options at the same time are not compatible
        ZADD z GT LT 1 a => -ERR GT, LT, and/or NX options at the same time are not compatible
        ZADD z INCR 1 a 2 b => -ERR INCR option supports a single increment-element pair
        ZADD z 1 a 2 => -ERR syntax error
        ZADD z x a => -ERR value is not a valid float
        ZADD z nan a => -ERR value is not a valid float
        ZADD i inf a => 1
        ZINCRBY i -inf a => -ERR resulting score is not a number (NaN)
        ZREM z a b none => 2
        ZREM z c d e f => 4
        EXISTS z => 0
        ",
    );
}

#[test]
fn ranges_by_rank_score_and_name() {
    check(
        "
        ZADD z 1 a 2 b 3 c 4 d => 4
        ZRANGE z 1 2 => [\"b\" \"c\"]
        ZRANGE z 0 1 REV => [\"d\" \"c\"]
        ZREVRANGE z 0 0 WITHSCORES => [\"d\" \"4\"]
        ZRANGE z 2 4 BYSCORE => [\"b\" \"c\" \"d\"]
        ZRANGE z 4 (2 BYSCORE REV => [\"d\" \"c\"]
        ZRANGEBYSCORE z -inf +inf LIMIT 1 2 => [\"b\" \"c\"]
        ZREVRANGEBYSCORE z +inf -inf LIMIT 1 2 => [\"c\" \"b\"]
        ZRANGEBYSCORE z 1 2 LIMIT -1 2 => []
        ZCOUNT z (1 3 => 2
        ZADD l 0 a 0 b 0 c 0 d => 4
        ZRANGEBYLEX l [b + => [\"b\" \"c\" \"d\"]
        ZREVRANGEBYLEX l (d - LIMIT 0 2 => [\"c\" \"b\"]
        ZLEXCOUNT l - (c => 2
        ZRANGE z 0 1 LIMIT 0 1 => -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
        ZRANGE l - + BYLEX WITHSCORES => -ERR syntax error, WITHSCORES not supported in combination with BYLEX
        ZRANGE z a b => -ERR value is not an integer or out of range
        ZRANGEBYSCORE z a b => -ERR min or max is not a float
        ZRANGEBYLEX z a b => -ERR min or max not valid string range item
        ZRANGESTORE to z 2 3 BYSCORE => 2
        ZRANGE to 0 -1 WITHSCORES => [\"b\" \"2\" \"c\" \"3\"]
        ZRANGESTORE to z 8 9 => 0
        EXISTS to => 0
        ZREMRANGEBYSCORE z (1 2 => 1
        ZREMRANGEBYRANK z -1 -1 => 1
        ZREMRANGEBYLEX l [a (c => 2
        ZRANGE z 0 -1 => [\"a\" \"c\"]
        ZREMRANGEBYRANK z 0 -1 => 2
        EXISTS z => 0
        ",
    );
}

#[test]
fn looking() {
    check(
        "
        ZADD z 1 a 2 b 2.5 c => 3
        ZCARD z => 3
        ZSCORE z c => \"2.5\"
        ZSCORE z none => nil
        ZMSCORE z a none c => [\"1\" nil \"2.5\"]
        ZRANK z c => 2
        ZREVRANK z c => 0
        ZRANK z c WITHSCORE => [2 \"2.5\"]
        ZRANK z none WITHSCORE => nil
        ZRANK z c WITHSCORES => -ERR syntax error
        ZSCAN z 0 => [\"0\" [\"a\" \"1\" \"b\" \"2\" \"c\" \"2.5\"]]
        ZSCAN z 0 NOSCORES MATCH [ab] => [\"0\" [\"a\" \"b\"]]
        ZRANDMEMBER none => nil
        ZRANDMEMBER none 3 => []
        ZRANDMEMBER z 0 => []
        ZRANDMEMBER z 1 JUNK => -ERR syntax error
        SET s x => OK
        ZSCORE s a => -WRONGTYPE Operation against a key holding the wrong kind of value
        ",
    );
    let engine = Engine::new(1);
    engine.call("ZADD z 1 a 2 b 3 c 4 d 5 e");
    assert_eq!(engine.call("ZRANDMEMBER z 9").matches('"').count(), 10);
    assert_eq!(engine.call("ZRANDMEMBER z 3 WITHSCORES").matches('"').count(), 12);
    assert_eq!(engine.call("ZRANDMEMBER z -9").matches('"').count(), 18);
}

#[test]
fn taking_from_the_ends() {
    check(
        "
        ZADD z 1 a 2 b 3 c 4 d => 4
        ZPOPMIN z => [\"a\" \"1\"]
        ZPOPMAX z 2 => [\"d\" \"4\" \"c\" \"3\"]
        ZPOPMIN z 0 => []
        ZPOPMIN z -1 => -ERR value is out of range, must be positive
        ZMPOP 2 none z MIN COUNT 5 => [\"z\" [[\"b\" \"2\"]]]
        ZMPOP 2 none z MIN => nil
        ZPOPMIN z => []
        ZADD y 1 a 2 b 3 c => 3
        BZPOPMAX none y 0 => [\"y\" \"c\" \"3\"]
        BZPOPMIN none y 0 => [\"y\" \"a\" \"1\"]
        BZMPOP 0 2 none y MAX => [\"y\" [[\"b\" \"2\"]]]
        BZPOPMIN none y 0.01 => nil
        ",
    );
    let engine = Engine::new(1);
    engine.call("ZADD z 1 a 2 b 3 c");
    assert_eq!(engine.effects("BZPOPMIN z 0"), ["ZPOPMIN z 1"]);
}

#[test]
fn combining() {
    check(
        "
        ZADD a 1 x 2 y 3 z => 3
        ZADD b 10 y 20 z 30 w => 3
        SADD s y q => 2
        ZUNION 3 a b s WITHSCORES => [\"q\" \"1\" \"x\" \"1\" \"y\" \"13\" \"z\" \"23\" \"w\" \"30\"]
        ZINTER 2 a b WEIGHTS 2 1 AGGREGATE MAX WITHSCORES => [\"y\" \"10\" \"z\" \"20\"]
        ZUNION 3 a b s AGGREGATE COUNT WITHSCORES => [\"q\" \"1\" \"w\" \"1\" \"x\" \"1\" \"z\" \"2\" \"y\" \"3\"]
        ZDIFF 2 a s WITHSCORES => [\"x\" \"1\" \"z\" \"3\"]
        ZINTERCARD 2 a b => 2
        ZINTERCARD 2 a b LIMIT 1 => 1
        ZUNIONSTORE to 2 a b => 4
        ZRANGE to 0 -1 => [\"x\" \"y\" \"z\" \"w\"]
        ZINTERSTORE to 2 a none => 0
        EXISTS to => 0
        ZDIFFSTORE to 2 b a => 1
        ZSCORE to w => \"30\"
        ZUNION 0 a => -ERR at least 1 input key is needed for 'zunion' command
        ZUNION 3 a b => -ERR syntax error
        ZUNION 1 a WEIGHTS x => -ERR weight value is not a float
        SET str x => OK
        ZUNION 2 a str => -WRONGTYPE Operation against a key holding the wrong kind of value
        ",
    );
}

#[test]
fn pairs_are_nested_in_the_newer_protocol() {
    let mut engine = Engine::new(2);
    engine.resp3();
    engine.check(
        "
        ZADD z 1 a 2.5 b => 2
        ZRANGE z 0 -1 WITHSCORES => [[\"a\" 1.0f] [\"b\" 2.5f]]
        ZUNION 1 z WITHSCORES => [[\"a\" 1.0f] [\"b\" 2.5f]]
        ZPOPMIN z => [\"a\" 1.0f]
        ZPOPMIN z 2 => [[\"b\" 2.5f]]
        ",
    );
}

#[test]
fn what_redis_says_at_the_edges() {
    check(
        "
        ZINCRBY z NX 1 => -ERR syntax error
        ZMPOP 1 z MIN COUNT 1 COUNT -1 => -ERR syntax error
        ZRANDMEMBER z 9223372036854775807 WITHSCORES => -ERR value is out of range
        ZADD z 100 nan 100 0.1 1000 1 => 3
        ZRANGE z [hello (x BYLEX => []
        ZADD small -0 a => 1
        ZSCORE small a => \"0\"
        ",
    );
}
