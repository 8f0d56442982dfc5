//! SUBSCRIBE and its like, PUBLISH, PUBSUB.

use std::sync::Arc;

use command::flag::{DENYOOM, FAST, LOADING, MAY_REPLICATE, NOSCRIPT, PUBSUB, STALE};
use command::{Access, Args, Error, Find, Group, KeySpec, Spec, access};
use resp::Writer;

use super::Kind;
use super::local::{subscribe, unsubscribe};
use super::message::Message;
use crate::command::{LaterFuture, Request, SessionCommand};
use crate::core::Core;
use crate::help;

const LISTENING: u32 = PUBSUB | NOSCRIPT | LOADING | STALE;
const PUBLISHING: u32 = PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE;
const LOOKING: u32 = PUBSUB | LOADING | STALE;

/// Channels of hash slots are routed like keys.
const ROUTED: Access = access::NOT_KEY;
const ONE: &[KeySpec] = &[KeySpec::first(ROUTED)];
const ALL: &[KeySpec] =
    &[KeySpec { find: Find::Range { last: -1, step: 1, limit: 0 }, ..KeySpec::first(ROUTED) }];

const fn spec(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::PubSub, usage, arity, flags)
}

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::later(
        spec("PSUBSCRIBE pattern...", -2, LISTENING | DENYOOM).while_subscribed().doc(
            "2.0.0",
            "O(patterns of the client)",
            "Listens to the channels whose names match patterns.",
        ),
        |request| now(request, |request| begin(request, Kind::Pattern)),
    ),
    SessionCommand::later(
        spec("PUBLISH channel message", 3, PUBLISHING).doc(
            "2.0.0",
            "O(subscribers of the channel + patterns)",
            "Sends a message to all who listen to a channel.",
        ),
        |request| now(request, |request| publish(request, false)),
    ),
    SessionCommand::container(
        Spec::new(Group::PubSub, "PUBSUB", -2, 0).without(command::flag::category::PUBSUB).doc(
            "2.8.0",
            "depends on the subcommand",
            "Looks at channels and subscribers.",
        ),
        &[
            SessionCommand::later(
                spec("CHANNELS [pattern]", -2, LOOKING).doc(
                    "2.8.0",
                    "O(channels)",
                    "Lists the channels that somebody listens to.",
                ),
                |request| now(request, |request| channels(request, Kind::Channel)),
            ),
            help::row(Group::Server, "6.2.0"),
            SessionCommand::later(
                spec("NUMPAT", 2, LOOKING).doc("2.8.0", "O(1)", "Counts the patterns in use."),
                |request| {
                    now(request, |request| {
                        let count = request.core.server.directory.pattern_count();
                        request.reply().integer(count as i64);
                    })
                },
            ),
            SessionCommand::later(
                spec("NUMSUB [channel...]", -2, LOOKING).doc(
                    "2.8.0",
                    "O(channels asked for)",
                    "Counts the subscribers of channels.",
                ),
                |request| now(request, |request| subscribers(request, Kind::Channel)),
            ),
            SessionCommand::later(
                spec("SHARDCHANNELS [pattern]", -2, LOOKING).doc(
                    "7.0.0",
                    "O(channels)",
                    "Lists the channels of hash slots that somebody listens to.",
                ),
                |request| now(request, |request| channels(request, Kind::Shard)),
            ),
            SessionCommand::later(
                spec("SHARDNUMSUB [shardchannel...]", -2, LOOKING).doc(
                    "7.0.0",
                    "O(channels asked for)",
                    "Counts the subscribers of channels of hash slots.",
                ),
                |request| now(request, |request| subscribers(request, Kind::Shard)),
            ),
        ],
    ),
    SessionCommand::later(
        spec("PUNSUBSCRIBE [pattern...]", -1, LISTENING).while_subscribed().doc(
            "2.0.0",
            "O(patterns of the client)",
            "Ends listening to patterns, or to all.",
        ),
        |request| now(request, |request| end(request, Kind::Pattern)),
    ),
    SessionCommand::later(
        spec("SPUBLISH shardchannel message", 3, PUBLISHING).key_specs(ONE).doc(
            "7.0.0",
            "O(subscribers of the channel)",
            "Sends a message to all who listen to a channel of a hash slot.",
        ),
        |request| now(request, |request| publish(request, true)),
    ),
    SessionCommand::later(
        spec("SSUBSCRIBE shardchannel...", -2, LISTENING | DENYOOM)
            .while_subscribed()
            .key_specs(ALL)
            .doc("7.0.0", "O(channels)", "Listens to channels of hash slots."),
        |request| now(request, |request| begin(request, Kind::Shard)),
    ),
    SessionCommand::later(
        spec("SUBSCRIBE channel...", -2, LISTENING | DENYOOM).while_subscribed().doc(
            "2.0.0",
            "O(channels)",
            "Listens to channels.",
        ),
        |request| now(request, |request| begin(request, Kind::Channel)),
    ),
    SessionCommand::later(
        spec("SUNSUBSCRIBE [shardchannel...]", -1, LISTENING)
            .while_subscribed()
            .key_specs(ALL)
            .doc("7.0.0", "O(channels)", "Ends listening to channels of hash slots, or to all."),
        |request| now(request, |request| end(request, Kind::Shard)),
    ),
    SessionCommand::later(
        spec("UNSUBSCRIBE [channel...]", -1, LISTENING).while_subscribed().doc(
            "2.0.0",
            "O(channels)",
            "Ends listening to channels, or to all.",
        ),
        |request| now(request, |request| end(request, Kind::Channel)),
    ),
];

/// These act outside the connection, so they run after what was sent before, but need not wait.
fn now(request: &mut Request, run: impl FnOnce(&mut Request)) -> LaterFuture<'_> {
    run(request);
    Box::pin(std::future::ready(Ok(())))
}

fn names(args: Args<'_>) -> Vec<Vec<u8>> {
    args.iter_from(1).map(<[u8]>::to_vec).collect()
}

fn begin(request: &mut Request, kind: Kind) {
    request.is_push = true;
    for name in names(request.args()) {
        subscribe(&request.core, &request.client, kind, &name);
        let count = request.client.subscriptions.told(kind);
        confirm(&mut request.reply(), kind.subscribed(), Some(&name), count);
    }
}

fn end(request: &mut Request, kind: Kind) {
    request.is_push = true;
    let mut ended = names(request.args());
    if ended.is_empty() {
        ended = request.client.subscriptions.names(kind);
    }
    for name in &ended {
        unsubscribe(&request.core, &request.client, kind, name);
        let count = request.client.subscriptions.told(kind);
        confirm(&mut request.reply(), kind.unsubscribed(), Some(name), count);
    }
    if ended.is_empty() {
        let count = request.client.subscriptions.told(kind);
        confirm(&mut request.reply(), kind.unsubscribed(), None, count);
    }
}

fn confirm(reply: &mut Writer<'_>, word: &str, name: Option<&[u8]>, count: usize) {
    reply.push(3);
    reply.bulk(word.as_bytes());
    match name {
        Some(name) => reply.bulk(name),
        None => reply.null(),
    }
    reply.integer(count as i64);
}

fn publish(request: &mut Request, is_sharded: bool) {
    let args = request.args();
    let (channel, payload) = (args.at(1).to_vec(), args.at(2).to_vec());
    let kind = if is_sharded { Kind::Shard } else { Kind::Channel };
    let core = request.core.clone();
    // What others sent before comes before, also to subscribers here.
    core.router.read_mail();
    let mut receivers = vec![0; core.router.thread_count()];
    core.server.directory.receivers(kind, &channel, &mut receivers);
    let count: u32 = receivers.iter().sum();
    if count > 0 {
        let message = Arc::new(Message { is_sharded, channel, payload });
        for thread in (0..receivers.len()).filter(|thread| receivers[*thread] > 0) {
            if thread == core.router.thread() {
                core.subscribers.deliver(&message);
            } else {
                let message = message.clone();
                core.router.call(thread, move || {
                    Core::current().subscribers.deliver(&message);
                });
            }
        }
    }
    request.reply().integer(i64::from(count));
}

fn channels(request: &mut Request, kind: Kind) {
    let args = request.args();
    if args.len() > 3 {
        let error = Error::wrong_shape(args);
        request.reply().error(error.text());
        return;
    }
    let channels = request.core.server.directory.channels(kind, args.get(2));
    let mut reply = request.reply();
    reply.array(channels.len());
    for channel in channels {
        reply.bulk(&channel);
    }
}

fn subscribers(request: &mut Request, kind: Kind) {
    let channels: Vec<Vec<u8>> = request.args().iter_from(2).map(<[u8]>::to_vec).collect();
    let core = request.core.clone();
    let mut reply = request.reply();
    reply.array(2 * channels.len());
    for channel in channels {
        reply.bulk(&channel);
        reply.integer(i64::from(core.server.directory.subscribers(kind, &channel)));
    }
}
