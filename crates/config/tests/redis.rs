//! CONFIG SET and GET of every parameter that a real redis-server has too: the same values are
//! taken, with the same text after, and the same texts refuse the others.

use std::collections::BTreeMap;

use config::Config;
use testkit::{Client, Reply, Server, programs};

const VALUES: &[&str] = &[
    "",
    "0",
    "1",
    "5",
    "-1",
    "+1",
    " 1",
    "1 ",
    "01",
    "-0",
    "0x10",
    "abc",
    "yes",
    "NO",
    "true",
    "b",
    "1b",
    "7k",
    "7KB",
    "7m",
    "2mb",
    "2gb",
    "1tb",
    "-1mb",
    "5%",
    "0%",
    "100%",
    "101%",
    "-5%",
    "%",
    "1.5",
    "1e1",
    "50 99.9 99.9999999",
    "50  99",
    "101",
    "-0.5",
    "nan",
    "inf",
    "50 x",
    "501",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "pubsub 1 2 3",
    "PubSub 1mb 2kb 3 replica 0 0 0",
    "slave 1 2 3",
    "pubsub 1 2",
    "pubsub 1 2 3 4",
    "master 1 2 3",
    "nobody 1 2 3",
    "pubsub x 2 3",
    "pubsub 1 -2 3",
    "pubsub 1 2 -3",
    "pubsub 1 2 3s",
    "pubsub  1 2 3",
    "allkeys-lru",
    "VOLATILE-TTL",
    "allkeys",
    "verbose",
    "a b",
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
];

/// Values that act on the server under test, or on the connection to it: only refusals of these
/// parameters are compared.
const ACTING: &[&str] = &["port", "bind", "dir", "appendonly", "maxclients", "maxmemory-clients"];

/// What we do otherwise, on purpose.
fn is_meant(name: &str, ours: &str, redis: &str) -> bool {
    // A log begins with an RDB file and says when it was written, whatever is wished.
    if ["aof-use-rdb-preamble", "aof-timestamp-enabled"].contains(&name) {
        return true;
    }
    // Redis reads sizes without digits as 0, and keeps as much as fits of those that do not.
    let is_no_size = ours.ends_with("argument must be a memory value")
        || ours.ends_with("argument must be a memory or percent value");
    // There, a size that does not fit 63 bits turns into a share.
    let is_no_share = name == "maxmemory-clients" && ours.ends_with(" inclusive");
    // These are of Redis 8, and an older one may be installed.
    let is_newer = ours.starts_with(redis) && ours.ends_with("warning, nothing")
        || name == "maxmemory-samples" && ours.ends_with("between 1 and 64 inclusive");
    // There are more letters now.
    let refuses_event = |text: &str| text.contains("Invalid event class character");
    let are_events = name == "notify-keyspace-events" && refuses_event(redis);
    is_no_size || is_no_share || is_newer || are_events
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a server has for `name`; `None` where it does not know it.
fn get(client: &mut Client, name: &str) -> Option<String> {
    match client.call(&["CONFIG", "GET", name]).expect("the server answers") {
        Reply::Array(pair) => match pair.as_slice() {
            [_, Reply::Bulk(value)] => Some(text(value)),
            _ => None,
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_value_is_taken_or_refused_as_redis_does() {
    let Some(redis) = programs::redis_server() else { return };
    let server = Server::start_program(&redis, &[]);
    let mut client = server.connect();
    let mut config = Config::default();
    let mut compared = 0;
    let mut different = BTreeMap::new();
    for name in config::rows().flat_map(|row| row.names()) {
        if get(&mut client, name).is_none() {
            continue;
        }
        for value in VALUES {
            let ours = config.set(&[(name.as_bytes(), value.as_bytes())], false);
            if ours.is_ok() && ACTING.contains(&name) {
                continue;
            }
            let reply = client.call(&["CONFIG", "SET", name, value]).unwrap();
            let theirs = match &reply {
                Reply::Error(error) => text(error),
                _ => get(&mut client, name).expect("what was set can be got"),
            };
            let ours = match ours {
                Err(error) => format!("ERR {error}"),
                Ok(changed) => {
                    config = changed;
                    text(&config.get(&[name.as_bytes()])[0].1)
                }
            };
            compared += 1;
            if ours != theirs && !is_meant(name, &ours, &theirs) {
                different.insert(format!("{name} {value:?}"), (ours, theirs));
            }
        }
    }
    assert!(different.is_empty(), "ours, then Redis's: {different:#?}");
    assert!(compared > 1000, "only {compared} values were compared");
}

#[test]
fn defaults_are_those_of_redis() {
    /// Ours listens on this machine only, unless told otherwise; its log always has times; and it never
    /// forks, after which huge pages would be copied whole.
    const MEANT: &[&str] = &["bind", "aof-timestamp-enabled", "disable-thp"];
    /// What tests start a server with.
    const GIVEN: &[&str] = &["port", "dir", "save"];
    let Some(redis) = programs::redis_server() else { return };
    let server = Server::start_program(&redis, &[]);
    let mut client = server.connect();
    let config = Config::default();
    for name in config::rows().flat_map(|row| row.names()) {
        let ours = config.get(&[name.as_bytes()]);
        let (Some((_, ours)), Some(theirs)) = (ours.first(), get(&mut client, name)) else {
            continue;
        };
        if !MEANT.contains(&name) && !GIVEN.contains(&name) {
            assert_eq!(text(ours), theirs, "{name}");
        }
    }
}

#[test]
fn names_are_refused_and_found_as_redis_does() {
    let Some(redis) = programs::redis_server() else { return };
    let server = Server::start_program(&redis, &[]);
    let mut client = server.connect();
    let config = Config::default();
    let cases: &[&[&str]] = &[
        &["nope", "1"],
        &["hz", "10", "Nope", "1"],
        &["Daemonize", "yes"],
        &["DIR", "/"],
        &["hz", "10", "HZ", "10"],
        &["hz", "x", "nope", "1"],
        &["nope", "1", "daemonize", "yes"],
        &["daemonize", "yes", "nope", "1"],
        &["HZ", "x"],
        &["maxmemory", "1gb", "Hash-Max-Ziplist-Entries", "x"],
        &["hash-max-ziplist-entries", "1", "hash-max-listpack-entries", "x"],
    ];
    for words in cases {
        let (pairs, []) = words.as_chunks::<2>() else { panic!("{words:?}") };
        let pairs: Vec<(&[u8], &[u8])> =
            pairs.iter().map(|[name, value]| (name.as_bytes(), value.as_bytes())).collect();
        let ours = config.set(&pairs, false).unwrap_err();
        let Reply::Error(theirs) = client.call(&[&["CONFIG", "SET"], *words].concat()).unwrap()
        else {
            panic!("{words:?}");
        };
        assert_eq!(format!("ERR {ours}"), text(&theirs), "{words:?}");
    }
    for patterns in [&["HZ", "hz"][..], &["hz", "H?"], &["h[yz]", "HZ"], &["no*pe"], &["nope"]] {
        let arguments: Vec<&[u8]> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
        let bulk = |bytes: &[u8]| Reply::Bulk(bytes.to_vec());
        let ours = config.get(&arguments).into_iter();
        let ours = ours.flat_map(|(name, value)| [bulk(name), bulk(&value)]).collect();
        let theirs = client.call(&[&["CONFIG", "GET"], patterns].concat()).unwrap();
        assert_eq!(Reply::Array(ours), theirs, "{patterns:?}");
    }
}
