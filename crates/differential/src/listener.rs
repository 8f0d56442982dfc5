//! A client at each server that subscribes, and hears what is published.
//!
//! After each command of its own, and after those of others that may publish, it asks for an echo:
//! what came before that at redis-server must come at Merops, where a message of another thread may
//! be a moment late.

use std::io;
use std::time::{Duration, Instant};

use resp::Reply;
use testkit::{Client, Server, encode};

use crate::judge::Received;

const ECHO: &[u8] = b"-the-echo-";
/// How long a message of another thread may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub(crate) struct Listener {
    redis: Client,
    merops: Client,
    /// Whether messages may come.
    pub(crate) is_subscribed: bool,
}

impl Listener {
    pub(crate) fn new(redis: &Server, merops: &Server) -> Listener {
        Listener { redis: redis.connect(), merops: merops.connect(), is_subscribed: false }
    }

    /// Sends a command, if any; answers what came from each server. None if both have closed the
    /// connection, and an error if only one has.
    pub(crate) fn hear(
        &mut self,
        words: Option<&[Vec<u8>]>,
    ) -> io::Result<Option<(Vec<Received>, Vec<Received>)>> {
        let mut bytes = Vec::new();
        if let Some(words) = words {
            encode(words, &mut bytes);
        }
        encode(&[b"PING", ECHO], &mut bytes);
        for client in [&mut self.redis, &mut self.merops] {
            client.send(&bytes).ok();
        }
        let redis = until_echo(&mut self.redis);
        let merops = until_echo(&mut self.merops);
        let (mut redis, mut merops) = match (redis, merops) {
            (Ok(redis), Ok(merops)) => (redis, merops),
            (Err(_), Err(_)) => return Ok(None),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let begin = Instant::now();
        if merops.len() < redis.len() {
            self.merops.set_reply_limit(Duration::from_millis(20))?;
            while merops.len() < redis.len() && begin.elapsed() < PATIENCE {
                let received = self.merops.receive_raw().ok();
                merops.extend(received.filter(|(reply, _)| !is_from_elsewhere(reply)));
            }
            self.merops.set_reply_limit(Duration::from_secs(30))?;
        }
        sort_patterns(&mut redis);
        sort_patterns(&mut merops);
        Ok(Some((redis, merops)))
    }
}

/// The parts of a message, whatever it came as.
fn parts(reply: &Reply) -> &[Reply] {
    match reply {
        Reply::Array(parts) | Reply::Push(parts) => parts,
        _ => &[],
    }
}

/// Whether somebody else listens for that, who compares it.
fn is_from_elsewhere(reply: &Reply) -> bool {
    match parts(reply) {
        [_, Reply::Bulk(_), Reply::Bulk(channel), _] => {
            channel == b"marks" || channel.starts_with(b"__key")
        }
        _ => false,
    }
}

/// One message comes for each pattern that fits, in an order of the server's own.
fn sort_patterns(received: &mut [Received]) {
    let of = |received: &Received| match parts(&received.0) {
        [Reply::Bulk(kind), _, channel, message] if kind == b"pmessage" => {
            Some((channel.clone(), message.clone()))
        }
        _ => None,
    };
    let mut rest = received;
    while let Some(first) = rest.first().map(of) {
        let count =
            1 + rest[1..].iter().take_while(|one| first.is_some() && of(one) == first).count();
        rest[..count].sort_by(|a, b| a.1.cmp(&b.1));
        rest = &mut rest[count..];
    }
}

/// All that comes before the answer to PING.
fn until_echo(client: &mut Client) -> io::Result<Vec<Received>> {
    let mut all = Vec::new();
    loop {
        let received = client.receive_raw()?;
        let is_echo = match &received.0 {
            Reply::Bulk(text) => text == ECHO,
            // As a client with subscriptions hears it.
            Reply::Array(items) => items.last() == Some(&Reply::Bulk(ECHO.to_vec())),
            _ => false,
        };
        if is_echo {
            return Ok(all);
        }
        if !is_from_elsewhere(&received.0) {
            all.push(received);
        }
    }
}

/// As many messages of a command to which channels come in any order: without the numbers of what is
/// left, sorted.
pub(crate) fn in_any_order(received: Vec<Received>) -> Vec<Reply> {
    let mut replies: Vec<Reply> = received
        .into_iter()
        .map(|(reply, _)| match reply {
            Reply::Array(mut items) | Reply::Push(mut items) => {
                items.pop();
                Reply::Array(items)
            }
            reply => reply,
        })
        .collect();
    replies.sort_by_cached_key(testkit::show);
    replies
}
