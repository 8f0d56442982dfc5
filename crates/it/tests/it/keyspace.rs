//! Promises about the whole keyspace: SCAN, expiry, eviction.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Random, Reply, show};

use crate::servers::on_every_server;

/// One step of SCAN: the next cursor, and the keys.
fn scan(client: &mut Client, cursor: &str, count: usize) -> (String, Vec<String>) {
    let reply = client.ask(&format!("SCAN {cursor} COUNT {count}"));
    let text = |reply: &Reply| match reply {
        Reply::Bulk(text) => String::from_utf8_lossy(text).into_owned(),
        other => panic!("SCAN says {}", show(other)),
    };
    match &reply {
        Reply::Array(parts) if parts.len() == 2 => match &parts[1] {
            Reply::Array(keys) => (text(&parts[0]), keys.iter().map(text).collect()),
            other => panic!("SCAN says {}", show(other)),
        },
        other => panic!("SCAN says {}", show(other)),
    }
}

/// Sets or deletes keys `name0` … in pipelines.
fn change(client: &mut Client, command: &str, name: &str, range: std::ops::Range<usize>) {
    let commands: Vec<Vec<String>> = range
        .map(|number| {
            let key = format!("{name}{number}");
            match command {
                "SET" => vec!["SET".into(), key, "v".into()],
                _ => vec![command.into(), key],
            }
        })
        .collect();
    for batch in commands.chunks(500) {
        client.pipeline(batch).expect("replies");
    }
}

#[test]
fn scan_finds_what_is_there_all_the_time() {
    const STAYING: usize = 3000;
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let mut other = server.connect();
        let mut random = Random::new(5);
        change(&mut client, "SET", "stays", 0..STAYING);
        for round in 0..12 {
            // The table grows and shrinks manyfold below the cursor.
            let extra = 20_000;
            if round % 2 == 1 {
                change(&mut other, "SET", "goes", 0..extra);
            }
            let mut seen = HashSet::new();
            let mut cursor = "0".to_owned();
            let mut steps = 0;
            loop {
                let (next, keys) = scan(&mut client, &cursor, 1 + random.below(60));
                seen.extend(keys);
                steps += 1;
                let from = (steps * 400) % extra;
                match round % 2 {
                    0 => change(&mut other, "SET", "goes", from..from + 400),
                    _ => change(&mut other, "DEL", "goes", from..from + 400),
                }
                cursor = next;
                if cursor == "0" {
                    break;
                }
                assert!(steps < 200_000, "SCAN does not end");
            }
            let lost = (0..STAYING).filter(|n| !seen.contains(&format!("stays{n}"))).count();
            assert_eq!(lost, 0, "round {round}: {lost} of {STAYING} keys were not found");
            change(&mut other, "DEL", "goes", 0..extra);
        }
    });
}

#[test]
fn scan_ends_while_others_write() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        change(&mut client, "SET", "k", 0..5000);
        let (next, keys) = scan(&mut client, "0", 10);
        assert!(next != "0" && keys.len() < 500, "{next}, {} keys", keys.len());
        // A cursor of nowhere is allowed, and any cursor may be used again.
        for cursor in ["17", "123456789", next.as_str(), next.as_str()] {
            scan(&mut client, cursor, 10);
        }
    });
}

#[test]
fn keys_expire_though_nobody_looks() {
    const KEYS: usize = 20_000;
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let commands: Vec<Vec<String>> = (0..KEYS)
            .map(|number| {
                let ttl_ms = if number % 10 == 0 { 1_000_000 } else { 50 + number % 50 };
                ["SET", &format!("k{number}"), "v", "PX", &ttl_ms.to_string()]
                    .map(str::to_owned)
                    .into()
            })
            .collect();
        commands.chunks(1000).for_each(|batch| drop(client.pipeline(batch).expect("replies")));
        let begin = Instant::now();
        let wanted = format!(":{}", KEYS / 10);
        while show(&client.ask("DBSIZE")) != wanted {
            assert!(begin.elapsed() < Duration::from_secs(15), "{}", show(&client.ask("DBSIZE")));
            thread::sleep(Duration::from_millis(20));
        }
        let info = show(&client.ask("INFO stats"));
        assert!(info.contains(&format!("expired_keys:{}\\r", KEYS - KEYS / 10)), "{info}");
    });
}

fn used_memory(client: &mut Client) -> u64 {
    let info = show(&client.ask("INFO memory"));
    let rest = info.split("used_memory:").nth(1).expect("used_memory is there");
    rest.split('\\').next().and_then(|digits| digits.parse().ok()).expect("a number")
}

/// Fills an emptied server far beyond its limit, and returns how many keys are left.
fn overfill(client: &mut Client, policy: &str, limit: u64) -> usize {
    client.ask("FLUSHALL");
    client.ask(&format!("CONFIG SET maxmemory {limit} maxmemory-policy {policy}"));
    let value = "v".repeat(200);
    for number in 0..40_000 {
        let key = format!("k{number}");
        let mut words = vec!["SET", &key, &value];
        if number % 2 == 0 {
            words.extend(["EX", "100000"]);
        }
        let reply = show(&client.call(&words).expect("a reply"));
        let may_refuse = policy == "noeviction" || policy.starts_with("volatile");
        let refused = "-OOM command not allowed when used memory > 'maxmemory'.";
        assert!(reply == "+OK" || (may_refuse && reply == refused), "{policy}: {reply}");
    }
    let used = used_memory(client);
    assert!(used < limit + 300_000, "{policy}: {used} bytes used of {limit}");
    match client.ask("DBSIZE") {
        Reply::Integer(keys) => keys as usize,
        other => panic!("DBSIZE says {}", show(&other)),
    }
}

#[test]
fn every_policy_keeps_to_the_limit() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let limit = used_memory(&mut client) + 4_000_000;
        for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction"] {
            let left = overfill(&mut client, policy, limit);
            assert!((2000..39_000).contains(&left), "{policy}: {left} keys");
        }
        for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
            let left = overfill(&mut client, policy, limit);
            assert!((2000..39_000).contains(&left), "{policy}: {left} keys");
            // What has no TTL stays, from the first key on.
            assert_eq!(show(&client.ask("EXISTS k1 k3 k5 k7 k9")), ":5", "{policy}");
        }
    });
}
