//! Streams.

use super::Compare::Type;
use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("XADD key [NOMKSTREAM] [MAXLEN count|MAXLEN = int|MINID id] id {value value}").often(),
    Row::new(
        "XADD key [NOMKSTREAM] [MAXLEN ~ count|MINID ~ id|MAXLEN ~ count LIMIT int] id value value",
    ),
    Row::new("XADD key [LIMIT int] [MAXLEN|MINID] [NOMKSTREAM] [id] [value]").seldom(),
    Row::new("XADD key id {value value}").often(),
    // Only for us: the clocks of two servers are a millisecond apart now and then.
    Row::new("XADD key * {value value}").merops().seldom(),
    Row::new("XLEN key"),
    Row::new("XRANGE key (-|id) (+|id) [COUNT count]"),
    Row::new("XREVRANGE key (+|id) (-|id) [COUNT count]"),
    Row::new("XDEL key {id}"),
    Row::new("XTRIM key (MAXLEN|MINID) [=|~] (count|id) [LIMIT int]"),
    Row::new("XTRIM key [LIMIT int] [MAXLEN [=|~] count] [MINID [=|~] id]").seldom(),
    Row::new("XSETID key id [ENTRIESADDED int] [MAXDELETEDID id]"),
    Row::new("XREAD [COUNT count] STREAMS key id"),
    Row::new("XREAD [COUNT count] STREAMS key key id id"),
    Row::new("XREAD [COUNT count] STREAMS key key key id $ id"),
    Row::new("XREAD [COUNT count] [BLOCK 1] [NOACK] [GROUP g1 c1] STREAMS key key id").seldom(),
    Row::new("XREAD BLOCK 1 STREAMS key key (id|$) (id|$)").unspoilt(),
    Row::new("XREAD COUNT 1 BLOCK (1|-1|SOON) STREAMS key ($|id|>)").unspoilt(),
    Row::new("XGROUP CREATE key (g1|g2) (id|$) [MKSTREAM] [ENTRIESREAD int]").often(),
    Row::new("XGROUP SETID key (g1|g2) (id|$) [ENTRIESREAD int]"),
    Row::new("XGROUP DESTROY key (g1|g2)").seldom(),
    Row::new("XGROUP CREATECONSUMER key (g1|g2) (c1|c2)"),
    Row::new("XGROUP DELCONSUMER key (g1|g2) (c1|c2)"),
    Row::new("XREADGROUP GROUP (g1|g2) (c1|c2) [COUNT count] [NOACK] STREAMS key (>|id)").often(),
    Row::new("XREADGROUP GROUP (g1|g2) (c1|c2) COUNT 2 STREAMS key key > >"),
    Row::new("XREADGROUP GROUP (g1|g2) (c1|c2) [COUNT count] STREAMS key key (>|id) (>|id)"),
    Row::new("XREADGROUP GROUP (g1|g2) c1 [NOACK] [COUNT 1] BLOCK 1 STREAMS key (>|id|$)")
        .unspoilt(),
    Row::new("XREADGROUP [COUNT count] [GROUP g1 c1] [NOACK] STREAMS key [key] id (>|id)").seldom(),
    Row::new("XACK key (g1|g2) {id}"),
    Row::new("XPENDING key (g1|g2)"),
    Row::new("XPENDING key (g1|g2) (-|id) (+|id) count [c1|c2]").by(Type),
    Row::new("XPENDING key (g1|g2) IDLE (0|int) (-|id) (+|id) count [c1|c2]").by(Type),
    Row::new("XCLAIM key (g1|g2) (c1|c2) (0|int) {id} [IDLE int] [TIME int] [JUSTID]"),
    Row::new("XCLAIM key (g1|g2) (c1|c2) 0 id id [RETRYCOUNT int] [FORCE] [JUSTID] [LASTID id]"),
    Row::new("XAUTOCLAIM key (g1|g2) (c1|c2) 0 id [COUNT count] [JUSTID]"),
    Row::new("XAUTOCLAIM key (g1|g2) (c1|c2) (0|int) id [COUNT (1|2)] [JUSTID]"),
    Row::new("XINFO STREAM key").by(Type),
    Row::new("XINFO STREAM key FULL [COUNT count]").by(Type),
    Row::new("XINFO GROUPS key"),
    Row::new("XINFO CONSUMERS key (g1|g2)").by(Type),
    // After 7.0.
    Row::new("XREAD STREAMS key +").merops(),
    Row::new("XDELEX key [KEEPREF|DELREF|ACKED] IDS (1|2|int) id id").merops(),
    Row::new("XACKDEL key (g1|g2) [KEEPREF|DELREF|ACKED] IDS (1|2|int) id id").merops(),
    Row::new("XTRIM key MAXLEN [=|~] count (KEEPREF|DELREF|ACKED)").merops(),
    Row::new("XTRIM key MINID [=|~] id (KEEPREF|DELREF|ACKED)").merops(),
    Row::new("XADD key MAXLEN [=|~] count (KEEPREF|DELREF|ACKED) id value value").merops(),
    Row::new("XADD key [MAXLEN = count] (IDMP value value|IDMPAUTO value) (*|id) value value")
        .merops(),
    Row::new("XCFGSET key [IDMP-DURATION int] [IDMP-MAXSIZE int]").merops(),
    Row::new("XIDMPRECORD key value value id").merops(),
    Row::new("XNACK key (g1|g2) (SILENT|FAIL|FATAL) IDS (1|2|int) id id [RETRYCOUNT int] [FORCE]")
        .merops(),
    Row::new("XREADGROUP GROUP (g1|g2) (c1|c2) [COUNT count] CLAIM (0|int) STREAMS key (>|id)")
        .merops(),
    Row::new("XREADGROUP GROUP g1 c1 [MAXCOUNT count] [MAXSIZE count] STREAMS key key > id")
        .merops(),
    Row::new("XREAD [COUNT count] [MAXCOUNT count] [MAXSIZE count] STREAMS key key id id").merops(),
];
