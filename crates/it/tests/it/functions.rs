//! Libraries of functions: they go from Merops to redis-server and back, and what runs for long is
//! seen and ended.

use std::thread;
use std::time::Duration;

use testkit::{Client, Kind, Layout, Reply, Server, programs};

use crate::servers::{on_every_server, plain};

const LIBRARY: &str = "#!lua name=NAME\n\
     local function get(keys, args) return redis.call('GET', keys[1]) end\n\
     redis.register_function{function_name='NAME_get', callback=get, flags={'no-writes'}}\n\
     redis.register_function('NAME_set', function(keys, args)\n\
       return redis.call('SET', keys[1], args[1])\n\
     end)";

/// What runs forever, having written or not.
const LOOPS: &str = "#!lua name=loops\n\
     redis.register_function{function_name='spin', callback=function() while true do end end,\n\
       flags={'no-writes'}}\n\
     redis.register_function('spoil', function(keys, args)\n\
       redis.call('SET', keys[1], 'x')\n\
       while true do end
     end)";

fn load(client: &mut Client, name: &str) {
    let code = LIBRARY.replace("NAME", name);
    let reply = client.call(&["FUNCTION", "LOAD", &code]).expect("a reply");
    assert_eq!(plain(&reply), format!("\"{name}\""));
}

fn dump(client: &mut Client) -> Vec<u8> {
    let Reply::Bulk(payload) = client.ask("FUNCTION DUMP") else { panic!("no payload") };
    payload
}

fn restore(client: &mut Client, payload: &[u8], policy: &str) -> String {
    let words: [&[u8]; 4] = [b"FUNCTION", b"RESTORE", payload, policy.as_bytes()];
    plain(&client.call(&words).expect("a reply"))
}

/// All libraries, in an order that does not depend on the server.
fn content(client: &mut Client) -> String {
    let Reply::Array(libraries) = client.ask("FUNCTION LIST WITHCODE") else { panic!("no list") };
    let mut parts = Vec::new();
    for library in libraries {
        let Reply::Array(fields) = library else { panic!("no library") };
        let mut functions = match &fields[5] {
            Reply::Array(functions) => functions.iter().map(plain).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        functions.sort();
        parts.push(format!("{} {functions:?} {}", plain(&fields[1]), plain(&fields[7])));
    }
    parts.sort();
    parts.join("\n")
}

#[test]
fn libraries_are_exchanged_with_redis() {
    if programs::redis_server().is_none() {
        return;
    }
    let servers = [Server::start(Kind::Redis, &[]), Server::start(Kind::Merops(Layout::TWO), &[])];
    let [mut redis, mut merops] = servers.each_ref().map(Server::connect);
    load(&mut redis, "a");
    load(&mut redis, "b");
    let made = content(&mut redis);
    let payload = dump(&mut redis);
    assert_eq!(restore(&mut merops, &payload, "FLUSH"), "OK");
    assert_eq!(content(&mut merops), made);
    assert_eq!(plain(&merops.ask("FCALL a_set 1 k v")), "OK");
    assert_eq!(plain(&merops.ask("FCALL_RO b_get 1 k")), "\"v\"");
    load(&mut merops, "c");
    let made = content(&mut merops);
    let payload = dump(&mut merops);
    assert_eq!(restore(&mut redis, &payload, "REPLACE"), "OK");
    assert_eq!(content(&mut redis), made);
    assert_eq!(plain(&redis.ask("FCALL c_set 1 k v")), "OK");
}

#[test]
fn a_payload_comes_in_whole_or_not_at_all() {
    on_every_server(&[], |server| {
        let client = &mut server.connect();
        load(client, "a");
        let payload = dump(client);
        load(client, "b");
        let before = content(client);
        for at in [0, payload.len() / 2, payload.len() - 1] {
            let mut damaged = payload.clone();
            damaged[at] ^= 1;
            for policy in ["FLUSH", "APPEND", "REPLACE"] {
                let wrong = "-ERR DUMP payload version or checksum are wrong";
                assert_eq!(restore(client, &damaged, policy), wrong);
            }
        }
        assert_eq!(restore(client, &payload, "APPEND"), "-ERR Library a already exists");
        assert_eq!(content(client), before);
        assert_eq!(restore(client, &payload, "REPLACE"), "OK");
        assert_eq!(content(client), before);
        let both = dump(client);
        client.ask("FUNCTION DELETE a");
        let before = content(client);
        assert_eq!(restore(client, &both, "APPEND"), "-ERR Library b already exists");
        assert_eq!(content(client), before);
        assert_eq!(restore(client, &payload, "FLUSH"), "OK");
        assert_eq!(plain(&client.ask("FCALL b_get 1 k")), "-ERR Function not found");
    });
}

/// Waits until a function is seen to run.
fn wait_for_function(client: &mut Client, name: &str) -> String {
    for _ in 0..500 {
        let stats = plain(&client.ask("FUNCTION STATS"));
        if stats.contains(&format!("\"{name}\"")) {
            return stats;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{name} never ran");
}

#[test]
fn functions_that_run_for_long_are_seen_and_ended() {
    on_every_server(&["--busy-reply-threshold", "20"], |server| {
        let [mut runs, mut looks] = [server.connect(), server.connect()];
        let loaded = looks.call(&["FUNCTION", "LOAD", LOOPS]).expect("a reply");
        assert_eq!(plain(&loaded), "\"loops\"");
        assert_eq!(plain(&looks.ask("FUNCTION KILL")), NOT_BUSY);

        runs.send(b"FCALL spin 0 word\r\n").unwrap();
        let stats = wait_for_function(&mut looks, "spin");
        let command = "\"command\" [\"FCALL\" \"spin\" \"0\" \"word\"] \"duration_ms\"";
        assert!(stats.contains(command), "{stats}");
        let other = plain(&looks.ask("SCRIPT KILL"));
        assert!(other.starts_with("-BUSY") && other.contains("FUNCTION KILL"), "{other}");
        assert_eq!(plain(&looks.ask("FUNCTION KILL")), "OK");
        let ended = plain(&runs.receive().expect("a reply"));
        assert!(
            ended.contains("ERR Script killed by user with SCRIPT KILL... script: "),
            "{ended}"
        );

        runs.send(b"FCALL spoil 1 k\r\n").unwrap();
        wait_for_function(&mut looks, "spoil");
        let kept = plain(&looks.ask("FUNCTION KILL"));
        assert!(kept.starts_with("-UNKILLABLE"), "{kept}");
    });
}

const NOT_BUSY: &str = "-NOTBUSY No scripts in execution right now.";

#[test]
fn what_libraries_take_is_told() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let bytes = |client: &mut Client| {
            let Reply::Bulk(text) = client.ask("INFO memory") else { panic!("no text") };
            let text = String::from_utf8(text).expect("INFO is text");
            let mut lines = text.lines();
            let line = lines.find_map(|line| line.strip_prefix("used_memory_functions:"));
            line.expect("a field").parse::<u64>().expect("a number")
        };
        let before = bytes(&mut client);
        load(&mut client, "one");
        assert!(bytes(&mut client) > before + 200);
        client.ask("FUNCTION FLUSH");
        assert_eq!(bytes(&mut client), before);
    });
}
