//! Scripts without end: what goes on beside them, and what ends them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Layout, Reply, Server, encode, show};

use crate::load::{keys, words};

/// How long an answer may take that nothing stands in the way of.
const PATIENCE: Duration = Duration::from_secs(10);

fn send(client: &mut Client, call: &[String]) {
    let mut bytes = Vec::new();
    encode(call, &mut bytes);
    client.send(&bytes).expect("it takes commands");
}

/// Kills until somebody was killed.
fn kill(client: &mut Client) {
    let begin = Instant::now();
    while show(&client.ask("SCRIPT KILL")) != "+OK" {
        assert!(begin.elapsed() < PATIENCE, "nothing to kill");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn other_keys_go_on_on_every_thread_beside_a_script_without_end() {
    const LOOP: &str = "redis.call('GET', KEYS[1]); while ARGV[1] == 'on' do end";
    let server = Server::start(testkit::Kind::Merops(Layout::TWO), &[]);
    let names = keys("k", 8);
    let mut control = server.connect();
    // Each thread in turn: a script's client may be on either.
    for key in &names[..4] {
        let mut looping = server.connect();
        // It is known then to keep to its key.
        looping.call(&words("EVAL", [LOOP, "1", key, "off"])).expect("a reply");
        send(&mut looping, &words("EVAL", [LOOP, "1", key, "on"]));
        thread::sleep(Duration::from_millis(20));
        let mut clients: Vec<Client> = (0..4).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.set_reply_limit(PATIENCE).expect("a connection");
            let pairs = names[4..].iter().flat_map(|name| [name.as_str(), "v"]);
            let reply = client.call(&words("MSET", pairs)).expect("keys of both threads go on");
            assert_eq!(show(&reply), "+OK");
            for name in &names[4..] {
                let reply = client.call(&words("GET", [name])).expect("so does each");
                assert_eq!(reply, Reply::Bulk(b"v".to_vec()));
            }
            let reply = client.call(&words("RENAME", [&names[4], &names[5]])).expect("and plans");
            assert_eq!(show(&reply), "+OK");
        }
        kill(&mut control);
        let reply = show(&looping.receive().expect("an error"));
        assert!(reply.contains("Script killed by user"), "{reply}");
        assert_eq!(control.call(&words("GET", [key])).expect("a reply"), Reply::Null);
    }
}

#[test]
fn a_script_is_killed_before_its_first_write_or_not_at_all() {
    const WRITE: &str = "local n = tonumber(ARGV[1])
        for i = 1, n do end
        redis.call('SET', KEYS[1], 1)
        for i = 1, n do end
        return redis.call('INCR', KEYS[1])";
    for layout in [Layout::ONE, Layout::TWO] {
        let server = Server::start(testkit::Kind::Merops(layout), &[]);
        let done = AtomicBool::new(false);
        let (mut killed, mut kept) = (0, 0);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut killer = server.connect();
                let begin = Instant::now();
                while !done.load(Ordering::Relaxed) && begin.elapsed() < 2 * PATIENCE {
                    killer.ask("SCRIPT KILL");
                }
            });
            let mut client = server.connect();
            let begin = Instant::now();
            for round in 0.. {
                let enough = killed > 20 && kept > 20;
                if enough || begin.elapsed() > PATIENCE {
                    break;
                }
                let key = format!("key{round}");
                // Before it was given up once, nobody can kill it.
                let turns = ((round * 37) % 400 * 1000).to_string();
                let reply = client.call(&words("EVAL", [WRITE, "1", &key, &turns]));
                let value = client.call(&words("GET", [&key])).expect("a reply");
                match reply.expect("a reply") {
                    Reply::Integer(2) => {
                        assert_eq!(value, Reply::Bulk(b"2".to_vec()), "all of it is there");
                        kept += 1;
                    }
                    Reply::Error(text) => {
                        let text = String::from_utf8_lossy(&text).into_owned();
                        assert!(text.contains("Script killed by user"), "{text}");
                        assert_eq!(value, Reply::Null, "it has done nothing");
                        killed += 1;
                    }
                    other => panic!("EVAL says {}", show(&other)),
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        println!("{killed} killed, {kept} not");
        assert!(killed > 0 && kept > 0, "{killed} killed, {kept} not");
    }
}
