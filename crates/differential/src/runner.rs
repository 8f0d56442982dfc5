//! Sends a stream to both servers and finds the first difference.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::thread;
use std::time::Duration;

use resp::Reply;
use testkit::{Client, Server, encode, show};

use crate::events::Ears;
use crate::judge::{Received, is_same, signature};
use crate::listener::{Listener, in_any_order};
use crate::meant::is_meant;
use crate::queue::Queue;
use crate::scripts::wrapped;
use crate::stream::{Step, To};
use crate::table::Compare;

/// Databases that streams use, and the one for commands that only Merops gets.
const DATABASES: [u8; 4] = [0, 1, 2, 15];
pub(crate) const OWN_DATABASE: u8 = 9;
/// What a stream may change, back to how it was.
const DEFAULTS: &str = "CONFIG SET maxmemory-samples 5 lfu-log-factor 10 lfu-decay-time 1 \
    slowlog-max-len 128 lazyfree-lazy-expire no lazyfree-lazy-user-del no maxmemory-policy noeviction";

/// Both servers.
#[derive(Debug)]
pub struct Pair {
    redis: Server,
    merops: Server,
    hears: Hears,
}

/// Which events about keys are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// None.
    Nothing,
    /// All, in the order in which each key's come.
    EachKey,
    /// All in their order.
    InOrder,
}

/// Where and how the servers differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The step after which it shows; the length of the stream for the keyspace at its end.
    pub at: usize,
    /// What kind of difference it is; see [`signature`].
    pub signature: String,
    /// What redis-server said.
    pub redis: String,
    /// What Merops said.
    pub merops: String,
}

impl Pair {
    /// The oracle, and the server that is held against it.
    pub fn new(redis: Server, merops: Server) -> Pair {
        Pair { redis, merops, hears: Hears::Nothing }
    }

    /// The same, with the events that both tell.
    #[must_use]
    pub fn hearing(self, hears: Hears) -> Pair {
        Pair { hears, ..self }
    }

    /// Whether Merops knows a command.
    pub fn merops_has(&self, command: &str) -> bool {
        show(&self.merops.connect().ask(&format!("COMMAND INFO {command}"))) != "[(nil)]"
    }

    /// Runs a stream on empty servers.
    ///
    /// # Errors
    /// The first difference that is not meant.
    pub fn run(&self, steps: &[Step]) -> Result<(), Difference> {
        for server in [&self.redis, &self.merops] {
            let mut client = server.connect();
            assert_eq!(show(&client.ask("FLUSHALL")), "+OK");
            for line in ["FUNCTION FLUSH SYNC", "SCRIPT FLUSH SYNC"] {
                assert_eq!(show(&client.ask(line)), "+OK");
            }
            let reply = client.ask(DEFAULTS);
            assert_eq!(show(&reply), "+OK", "{DEFAULTS}");
        }
        let mut session = Session {
            redis: self.redis.connect(),
            merops: self.merops.connect(),
            own: self.merops.connect(),
            ears: self.ears(),
            listener: Listener::new(&self.redis, &self.merops),
            queue: Queue::default(),
        };
        session.own.ask(&format!("SELECT {OWN_DATABASE}"));
        let mut start = 0;
        while start < steps.len() {
            let joined =
                |step: &&Step| matches!(step, Step::Command { joined: true, to: To::Both, .. });
            let length = match &steps[start] {
                Step::Command { to: To::Listener, .. } => 1,
                _ => {
                    let pairs = steps[start..].iter().zip(&steps[start + 1..]);
                    1 + pairs.take_while(|(step, next)| joined(next) && !stores(step)).count()
                }
            };
            session.run(start, &steps[start..start + length])?;
            if !session.hear(start, &steps[start])? {
                session.listener = Listener::new(&self.redis, &self.merops);
            }
            start += length;
        }
        self.compare_keyspaces(steps.len())
    }

    fn ears(&self) -> Option<Ears> {
        let in_order = match self.hears {
            Hears::Nothing => return None,
            Hears::EachKey => false,
            Hears::InOrder => true,
        };
        Some(Ears::open(&self.redis, &self.merops, in_order))
    }

    fn compare_keyspaces(&self, at: usize) -> Result<(), Difference> {
        for database in DATABASES {
            let mut redis = keyspace(&self.redis, database);
            let mut merops = keyspace(&self.merops, database);
            let names: Vec<_> = redis.keys().chain(merops.keys()).cloned().collect();
            for name in names {
                let (redis, merops) = (redis.remove(&name), merops.remove(&name));
                if redis != merops {
                    let what = |content: Option<Content>| format!("{name:?} is {content:?}");
                    let signature = format!("keyspace of database {database}");
                    return Err(Difference {
                        at,
                        signature,
                        redis: what(redis),
                        merops: what(merops),
                    });
                }
            }
        }
        Ok(())
    }
}

struct Session {
    redis: Client,
    merops: Client,
    own: Client,
    ears: Option<Ears>,
    listener: Listener,
    queue: Queue,
}

impl Session {
    /// Runs one step, or several commands in one write. `start` is the index of the first.
    fn run(&mut self, start: usize, steps: &[Step]) -> Result<(), Difference> {
        if let Step::Pause(pause_ms) = &steps[0] {
            thread::sleep(Duration::from_millis(*pause_ms));
        }
        let commands = || {
            (start..).zip(steps).filter_map(|(index, step)| match step {
                Step::Command { to: To::Listener, .. } | Step::Pause(_) => None,
                Step::Command { words, compare, to, .. } => {
                    Some((index, words, *compare, *to == To::Merops))
                }
            })
        };
        let mut bytes = Vec::new();
        for (index, words, _, only_merops) in commands() {
            if only_merops {
                self.own.call(words).map_err(|error| broken(index, words, "", &error))?;
            } else {
                encode(words, &mut bytes);
            }
        }
        for client in [&mut self.redis, &mut self.merops] {
            // A failure shows when the replies are read.
            client.send(&bytes).ok();
        }
        let (mut to_forget, mut some_meant, mut is_claim) = (Vec::new(), false, false);
        for (index, words, compare, only_merops) in commands() {
            if only_merops {
                continue;
            }
            let redis = self.redis.receive_raw();
            let redis = redis.unwrap_or_else(|error| panic!("redis-server: {error}: {words:?}"));
            let merops = self.merops.receive_raw();
            let merops = merops.map_err(|error| broken(index, words, &show(&redis.0), &error))?;
            let pairs = match self.queue.note(words, compare, &redis, &merops) {
                Some(pairs) => pairs,
                None => vec![(words.clone(), compare, redis, merops)],
            };
            for (words, compare, redis, merops) in pairs {
                is_claim |= claims(&words);
                let is_meant = compare_replies(index, &words, compare, &redis, &merops)?;
                some_meant |= is_meant;
                if is_meant && let Some(destination) = destination(&words) {
                    to_forget.push(destination.to_vec());
                }
            }
        }
        // What was stored on purpose otherwise would show later, in commands that are not meant.
        for key in to_forget {
            let words = vec![b"DEL".to_vec(), key];
            for client in [&mut self.redis, &mut self.merops] {
                client.call(&words).ok();
            }
        }
        let Some(ears) = &mut self.ears else { return Ok(()) };
        match (ears.compare(is_claim), &steps[0]) {
            (Err((redis, merops)), Step::Command { words, .. }) if !some_meant => {
                let name = String::from_utf8_lossy(&words[0]).to_ascii_uppercase();
                let at = start + steps.len() - 1;
                Err(Difference { at, signature: format!("events of {name}"), redis, merops })
            }
            _ => Ok(()),
        }
    }
}

impl Session {
    /// Lets the listener send its command, if this is one, and compares what it hears. Answers
    /// whether it is still there.
    fn hear(&mut self, at: usize, step: &Step) -> Result<bool, Difference> {
        let (own, compare) = match step {
            Step::Command { words, compare, to: To::Listener, .. } => (Some(words), *compare),
            _ => (None, Compare::Bytes),
        };
        if own.is_none() && !self.listener.is_subscribed {
            return Ok(true);
        }
        self.listener.is_subscribed = true;
        let words = own.cloned().unwrap_or_else(|| vec![b"(messages)".to_vec()]);
        let heard = self.listener.hear(own.map(Vec::as_slice));
        let Some((redis, merops)) = heard.map_err(|error| broken(at, &words, "", &error))? else {
            return Ok(false);
        };
        let shown =
            |heard: &[Received]| Reply::Array(heard.iter().map(|one| one.0.clone()).collect());
        let (all, other) = (shown(&redis), shown(&merops));
        let is_alike = match compare {
            Compare::AnyOrder => in_any_order(redis) == in_any_order(merops),
            _ => {
                redis.len() == merops.len()
                    && redis.iter().zip(&merops).all(|(a, b)| is_same(compare, a, b))
            }
        };
        if is_alike || is_meant(&words, &all, &other) {
            return Ok(true);
        }
        let signature = format!("heard: {}", signature(&words, &all, &other));
        Err(Difference { at, signature, redis: show(&all), merops: show(&other) })
    }
}

/// Whether a command may make a consumer.
fn claims(words: &[Vec<u8>]) -> bool {
    let words = wrapped(words).unwrap_or(words);
    let is = |name: &&str| words[0].eq_ignore_ascii_case(name.as_bytes());
    ["XCLAIM", "XAUTOCLAIM", "XREADGROUP"].iter().any(is)
}

/// Whether what follows is to wait until it is known whether a stored result differs on purpose.
fn stores(step: &Step) -> bool {
    matches!(step, Step::Command { words, .. } if destination(words).is_some())
}

/// The key that a command with the option STORE writes to.
fn destination(words: &[Vec<u8>]) -> Option<&[u8]> {
    let words = wrapped(words).unwrap_or(words);
    let option = words.iter().rposition(|word| word.eq_ignore_ascii_case(b"STORE"))?;
    words.get(option + 1).map(Vec::as_slice)
}

/// Whether two replies differ in a way that is meant; an error if in another one.
fn compare_replies(
    at: usize,
    words: &[Vec<u8>],
    compare: Compare,
    redis: &Received,
    merops: &Received,
) -> Result<bool, Difference> {
    if is_same(compare, redis, merops) {
        return Ok(false);
    }
    // What is the same once it is read was written otherwise.
    let as_they_came = (Reply::Bulk(redis.1.clone()), Reply::Bulk(merops.1.clone()));
    let by = if wrapped(words).is_some() { "EVAL of " } else { "" };
    let words = wrapped(words).unwrap_or(words);
    if is_meant(words, &redis.0, &merops.0)
        || redis.0 == merops.0 && is_meant(words, &as_they_came.0, &as_they_came.1)
    {
        return Ok(true);
    }
    let (mut shown, mut other) = (show(&redis.0), show(&merops.0));
    if shown == other {
        shown = format!("{:?}", String::from_utf8_lossy(&redis.1));
        other = format!("{:?}", String::from_utf8_lossy(&merops.1));
    }
    let signature = format!("{by}{}", signature(words, &redis.0, &merops.0));
    Err(Difference { at, signature, redis: shown, merops: other })
}

fn broken(at: usize, words: &[Vec<u8>], redis: &str, error: &io::Error) -> Difference {
    let merops = format!("no reply: {error}");
    let nothing = Reply::Error(merops.clone().into_bytes());
    let signature = signature(words, &Reply::Null, &nothing);
    Difference { at, signature, redis: redis.to_owned(), merops }
}

/// An array whose elements, so many in a group, have no order of their own.
fn in_order(reply: Reply, group: usize) -> Reply {
    let Reply::Array(items) = reply else { return reply };
    let mut groups: Vec<&[Reply]> = items.chunks(group).collect();
    groups.sort_by_cached_key(|group| group.iter().map(show).collect::<Vec<_>>());
    Reply::Array(groups.concat())
}

/// What a key holds (redis-server's on the left of `==`): type, encoding, value, and in which three
/// seconds it expires.
struct Content {
    kind: String,
    encoding: Reply,
    value: Reply,
    ttl_ms: Option<i64>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, encoding, value, ttl_ms } = self;
        write!(f, "{kind} {} {} for {ttl_ms:?} ms", show(encoding), show(value))
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Content) -> bool {
        let close = match (self.ttl_ms, other.ttl_ms) {
            (Some(left), Some(right)) => left.abs_diff(right) < 3000,
            (left, right) => left == right,
        };
        let question = [b"OBJECT".to_vec(), b"ENCODING".to_vec()];
        let is_encoded_alike =
            self.encoding == other.encoding || is_meant(&question, &self.encoding, &other.encoding);
        let question = [b"ZRANGE".to_vec()];
        let is_valued_alike =
            self.value == other.value || is_meant(&question, &self.value, &other.value);
        self.kind == other.kind && is_encoded_alike && is_valued_alike && close
    }
}

/// All of a database, found by SCAN.
fn keyspace(server: &Server, database: u8) -> BTreeMap<String, Content> {
    let mut client = server.connect();
    client.ask(&format!("SELECT {database}"));
    let mut keys = Vec::new();
    let mut cursor = b"0".to_vec();
    loop {
        let reply = client.call(&[b"SCAN", cursor.as_slice()]).expect("SCAN is answered");
        let Reply::Array(parts) = &reply else { panic!("SCAN says {}", show(&reply)) };
        let [Reply::Bulk(next), Reply::Array(found)] = parts.as_slice() else {
            panic!("SCAN says {}", show(&reply))
        };
        keys.extend(found.iter().filter_map(|key| match key {
            Reply::Bulk(key) => Some(key.clone()),
            _ => None,
        }));
        cursor.clone_from(next);
        if cursor == b"0" {
            break;
        }
    }
    keys.into_iter()
        .map(|key| (show(&Reply::Bulk(key.clone())), content(&mut client, &key)))
        .collect()
}

/// A stream's entries, those without their ids that were made of the time.
fn without_clock(entries: Reply) -> Reply {
    /// Ids that rows give are lower.
    const CLOCK_DIGITS: usize = 13;
    let Reply::Array(entries) = entries else { return entries };
    let entries = entries.into_iter().map(|entry| match entry {
        Reply::Array(mut parts) => {
            if matches!(parts.first(), Some(Reply::Bulk(id)) if id.len() > CLOCK_DIGITS) {
                parts.remove(0);
            }
            Reply::Array(parts)
        }
        entry => entry,
    });
    Reply::Array(entries.collect())
}

fn content(client: &mut Client, key: &[u8]) -> Content {
    let mut ask = |words: &[&[u8]]| client.call(words).expect("it is answered");
    let kind = show(&ask(&[b"TYPE", key]));
    let encoding = ask(&[b"OBJECT", b"ENCODING", key]);
    let value = match kind.as_str() {
        "+list" => ask(&[b"LRANGE", key, b"0", b"-1"]),
        "+zset" => ask(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]),
        "+set" => in_order(ask(&[b"SMEMBERS", key]), 1),
        "+hash" => in_order(ask(&[b"HGETALL", key]), 2),
        "+stream" => without_clock(ask(&[b"XRANGE", key, b"-", b"+"])),
        _ => ask(&[b"GET", key]),
    };
    let ttl_ms = match ask(&[b"PTTL", key]) {
        Reply::Integer(ttl_ms) if ttl_ms >= 0 => Some(ttl_ms),
        _ => None,
    };
    Content { kind, encoding, value, ttl_ms }
}
