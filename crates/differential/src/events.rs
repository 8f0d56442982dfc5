//! Whether both servers tell the same about what happened to keys.
//!
//! A client at each server listens to all events. After each group of commands, a mark on a channel
//! of its own says that everything before it has come.

use std::time::Duration;

use resp::Reply;
use testkit::{Client, Server, show};

use crate::runner::OWN_DATABASE;

const MARKS: &str = "marks";

/// Who listens at both servers.
#[derive(Debug)]
pub(crate) struct Ears {
    redis: Ear,
    merops: Ear,
    in_order: bool,
    /// Whether a stream has killed all subscribers.
    is_deaf: bool,
}

#[derive(Debug)]
struct Ear {
    listener: Client,
    publisher: Client,
}

/// One event: `__keyspace@0__:key`, and what happened.
type Event = (String, String);

impl Ears {
    /// Begins to listen. With `in_order`, the order of events counts also among different keys.
    pub(crate) fn open(redis: &Server, merops: &Server, in_order: bool) -> Ears {
        Ears { redis: Ear::open(redis), merops: Ear::open(merops), in_order, is_deaf: false }
    }

    /// What each server said since the last time, if that differs.
    pub(crate) fn compare(&mut self, is_claim: bool) -> Result<(), (String, String)> {
        if self.is_deaf {
            return Ok(());
        }
        let (Some(mut redis), Some(mut merops)) = (self.redis.hear(), self.merops.hear()) else {
            self.is_deaf = true;
            return Ok(());
        };
        if is_claim {
            // Redis 7.0 makes a consumer only if it gets something.
            let is_compared = |event: &Event| event.1 != "xgroup-createconsumer";
            redis.retain(is_compared);
            merops.retain(is_compared);
        }
        if !self.in_order {
            // Stable: the events of one key stay in order.
            redis.sort_by(|a, b| a.0.cmp(&b.0));
            merops.sort_by(|a, b| a.0.cmp(&b.0));
        }
        if redis == merops {
            return Ok(());
        }
        // Whether the rest is late or lost is the first thing to know.
        let late = self.merops.hear_more();
        let late = if late.is_empty() { String::new() } else { format!(", and too late {late:?}") };
        Err((format!("{redis:?}"), format!("{merops:?}{late}")))
    }
}

impl Ear {
    fn open(server: &Server) -> Ear {
        let (mut listener, mut publisher) = (server.connect(), server.connect());
        let reply = publisher.ask("CONFIG SET notify-keyspace-events KAn");
        assert_eq!(show(&reply), "+OK");
        listener.ask("PSUBSCRIBE __keyspace@*");
        listener.ask(&format!("SUBSCRIBE {MARKS}"));
        Ear { listener, publisher }
    }

    fn hear(&mut self) -> Option<Vec<Event>> {
        self.publisher.ask(&format!("PUBLISH {MARKS} x"));
        let mut events = Vec::new();
        while let Some(event) = event_of(&self.listener.receive().ok()?) {
            events.push(event);
        }
        events.retain(|(channel, event)| is_compared(channel, event));
        Some(events)
    }

    /// What comes without being asked for.
    fn hear_more(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let limited = self.listener.set_reply_limit(Duration::from_millis(200)).is_ok();
        while limited && let Ok(message) = self.listener.receive() {
            events.extend(event_of(&message));
        }
        events
    }
}

/// The event that a message tells; none if it is a mark.
fn event_of(message: &Reply) -> Option<Event> {
    let Reply::Array(parts) = message else { panic!("{}", show(message)) };
    match parts.as_slice() {
        [_, _, Reply::Bulk(channel), Reply::Bulk(event)] => {
            Some((channel.escape_ascii().to_string(), event.escape_ascii().to_string()))
        }
        _ => None,
    }
}

/// When something expires is left to each server; one database is for commands of Merops alone.
fn is_compared(channel: &str, event: &str) -> bool {
    // A consumer may be there at Merops alone, see `Ears::compare`, and then go.
    !channel.starts_with(&format!("__keyspace@{OWN_DATABASE}__"))
        && !["expired", "xgroup-delconsumer"].contains(&event)
}
