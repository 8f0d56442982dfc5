//! Publishing and subscribing.

use super::Compare::AnyOrder;
use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new("PUBLISH channel value").often(),
    Row::new("SPUBLISH channel value"),
    Row::new("PUBSUB CHANNELS [pattern]").by(AnyOrder).seldom(),
    Row::new("PUBSUB SHARDCHANNELS [pattern]").by(AnyOrder).seldom(),
    Row::new("PUBSUB NUMSUB {channel}"),
    Row::new("PUBSUB SHARDNUMSUB {channel}"),
    Row::new("PUBSUB (NUMPAT|NUMSUB|SHARDNUMSUB|junk)").seldom(),
    Row::new("SUBSCRIBE {channel}").listener(),
    Row::new("PSUBSCRIBE {channel-pattern}").listener(),
    Row::new("SSUBSCRIBE {channel}").listener(),
    Row::new("UNSUBSCRIBE {channel}").listener(),
    Row::new("PUNSUBSCRIBE {channel-pattern}").listener(),
    Row::new("SUNSUBSCRIBE {channel}").listener(),
    Row::new("UNSUBSCRIBE").listener().by(AnyOrder).seldom(),
    Row::new("PUNSUBSCRIBE").listener().by(AnyOrder).seldom(),
    Row::new("SUNSUBSCRIBE").listener().by(AnyOrder).seldom(),
    Row::new("(PING|PING value|GET key|NOSUCH|RESET)").listener(),
    // Its own message comes before the reply, or, since 7.2, behind it.
    Row::new("PUBLISH channel value").listener().by(AnyOrder),
    Row::new("HELLO (2|3)").listener().by(super::Compare::Type).unspoilt(),
];
