//! Values go from Merops to redis-server and back by DUMP and RESTORE, and are the same there.

use testkit::{Client, Kind, Layout, Reply, Server, programs};

use crate::servers::plain;

/// Makes one value, under the key `k`.
pub(crate) type Recipe = fn(&mut Client);

/// How to make values of every type and encoding.
pub(crate) const RECIPES: &[(&str, Recipe)] = &[
    ("string", |client| fill(client, &["SET", "k", "hello world"], 0)),
    ("integer", |client| fill(client, &["SET", "k", "-123456"], 0)),
    ("bits", |client| fill(client, &["SETBIT", "k", "100000", "1"], 0)),
    ("hyperloglog", |client| fill(client, &["PFADD", "k"], 5000)),
    ("short list", |client| fill(client, &["RPUSH", "k"], 10)),
    ("long list", |client| fill(client, &["RPUSH", "k"], 5000)),
    ("integers", |client| fill(client, &["SADD", "k", "1", "-70000", "5000000000"], 0)),
    ("short set", |client| fill(client, &["SADD", "k"], 10)),
    ("long set", |client| fill(client, &["SADD", "k"], 5000)),
    ("short hash", |client| fill(client, &["HSET", "k"], 10)),
    ("long hash", |client| fill(client, &["HSET", "k"], 5000)),
    ("short zset", |client| fill_zset(client, 10)),
    ("long zset", |client| fill_zset(client, 5000)),
    ("stream", |client| fill_stream(client)),
];

fn fill(client: &mut Client, head: &[&str], count: usize) {
    let mut words: Vec<String> = head.iter().map(|word| (*word).to_owned()).collect();
    words.extend((0..count).map(|number| format!("element {number}")));
    let reply = client.call(&words).expect("a reply");
    assert!(!matches!(reply, Reply::Error(_)), "{}", plain(&reply));
}

fn fill_zset(client: &mut Client, count: usize) {
    let mut words = vec!["ZADD".to_owned(), "k".to_owned(), "inf".to_owned(), "last".to_owned()];
    for number in 0..count {
        words.push((number as f64 / 8.0 - 3.0).to_string());
        words.push(format!("element {number}"));
    }
    client.call(&words).expect("a reply");
}

/// A stream with a deleted entry and a group whose consumer has entries pending.
fn fill_stream(client: &mut Client) {
    for number in 1..=300 {
        client.ask(&format!("XADD k {number}-1 field {number} other x"));
    }
    client.ask("XDEL k 7-1");
    client.ask("XGROUP CREATE k group 0");
    client.ask("XREADGROUP GROUP group reader COUNT 3 STREAMS k >");
}

/// All that a key holds, in an order that does not depend on the server.
pub(crate) fn content(client: &mut Client) -> String {
    let kind = plain(&client.ask("TYPE k"));
    let line = match kind.as_str() {
        "list" => "LRANGE k 0 -1",
        "set" => "SMEMBERS k",
        "hash" => "HGETALL k",
        "zset" => "ZRANGE k 0 -1 WITHSCORES",
        _ => "GET k",
    };
    if kind == "stream" {
        // Times differ from one question to the next, so only what does not is compared.
        let lines = ["XRANGE k - +", "XPENDING k group", "XINFO GROUPS k", "XLEN k"];
        return lines.map(|line| plain(&client.ask(line))).join("\n");
    }
    let mut parts = match client.ask(line) {
        Reply::Array(items) => items.iter().map(plain).collect(),
        other => vec![plain(&other)],
    };
    if kind == "set" {
        parts.sort();
    }
    if kind == "hash" {
        let mut pairs: Vec<String> = parts.chunks(2).map(|pair| pair.join("=")).collect();
        pairs.sort();
        parts = pairs;
    }
    format!("{kind} {parts:?}")
}

/// Moves the key from one server to the other.
fn carry(from: &mut Client, to: &mut Client, what: &str) {
    let Reply::Bulk(payload) = from.ask("DUMP k") else { panic!("{what}: no payload") };
    let words: [&[u8]; 5] = [b"RESTORE", b"k", b"0", &payload, b"REPLACE"];
    let reply = to.call(&words).expect("a reply");
    assert_eq!(plain(&reply), "OK", "{what}");
}

#[test]
fn what_a_broken_payload_lacks_is_logged() {
    let server = Server::start(Kind::Merops(Layout::ONE), &["--enable-debug-command", "yes"]);
    let mut client = server.connect();
    client.ask("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1");
    // A set of integers, of which the last is cut off; then version 10, and no checksum.
    let payload = b"\x0b\x09\x02\0\0\0\x01\0\0\0\x05\x0a\0\0\0\0\0\0\0\0\0";
    let reply = client.call(&[&b"RESTORE"[..], b"k", b"0", payload]).expect("a reply");
    assert_eq!(plain(&reply), "-ERR Bad data format");
    assert!(server.log().contains("Intset integrity check failed: "), "{}", server.log());
}

#[test]
fn values_are_exchanged_with_redis() {
    if programs::redis_server().is_none() {
        return;
    }
    let servers = [Server::start(Kind::Redis, &[]), Server::start(Kind::Merops(Layout::TWO), &[])];
    let [mut redis, mut merops] = servers.each_ref().map(Server::connect);
    for (what, make) in RECIPES {
        for client in [&mut redis, &mut merops] {
            client.ask("DEL k");
        }
        make(&mut redis);
        let made = content(&mut redis);
        carry(&mut redis, &mut merops, what);
        assert_eq!(content(&mut merops), made, "{what}, from redis");
        redis.ask("DEL k");
        carry(&mut merops, &mut redis, what);
        assert_eq!(content(&mut redis), made, "{what}, to redis");
        merops.ask("DEL k");
        make(&mut merops);
        carry(&mut merops, &mut redis, what);
        assert_eq!(content(&mut redis), made, "{what}, made here");
    }
}
