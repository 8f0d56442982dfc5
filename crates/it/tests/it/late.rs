//! Scripts that hold their keys for longer than `busy-reply-threshold`.

use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Layout, Server};

use crate::servers::{merops, plain};

const KEYS: [&str; 4] = ["a", "b", "c", "d"];
const LOOP: &str = "local n = tonumber(ARGV[1]) while n > 0 do n = n - 1 \
                    redis.call('EXISTS', KEYS[1]) end return 'done'";

/// Sends a call and leaves its reply for later.
fn send(client: &mut Client, words: &[&str]) {
    let mut bytes = Vec::new();
    testkit::encode(words, &mut bytes);
    client.send(&bytes).expect("a connection");
}

#[track_caller]
fn expect(client: &mut Client, wanted: &str) {
    let reply = plain(&client.receive().expect("a reply"));
    assert!(reply.contains(wanted), "{reply} has no {wanted}");
}

#[test]
fn what_a_late_script_keeps_waiting_is_told_so_and_nothing_else_is() {
    for kind in merops() {
        println!("on {kind:?}");
        let server = Server::start(kind, &["--busy-reply-threshold", "100"]);
        for key in KEYS {
            let (mut looping, mut control) = (server.connect(), server.connect());
            // Known to keep to its key from now on.
            send(&mut looping, &["EVAL", LOOP, "1", key, "1"]);
            expect(&mut looping, "done");
            send(&mut looping, &["EVAL", LOOP, "1", key, "1000000000000"]);
            thread::sleep(Duration::from_millis(20));
            let mut waiting = server.connect();
            send(&mut waiting, &["SET", key, "1"]);
            expect(&mut waiting, "BUSY Redis is busy running a script");
            for line in [format!("SET {key} 1"), format!("BLPOP {key} 1"), "FLUSHALL".to_owned()] {
                let reply = plain(&control.ask(&line));
                assert!(reply.contains("BUSY"), "{line}: {reply}");
            }
            assert_eq!(plain(&control.ask("MULTI")), "OK");
            assert!(plain(&control.ask(&format!("INCR {key}"))).contains("BUSY"));
            assert!(plain(&control.ask("EXEC")).contains("EXECABORT"));
            assert_eq!(plain(&control.ask("PING")), "PONG");
            if kind == testkit::Kind::Merops(Layout::TWO) {
                for other in KEYS.into_iter().filter(|other| *other != key) {
                    assert_eq!(plain(&control.ask(&format!("SET {other} 1"))), "OK");
                }
            }
            assert_eq!(plain(&control.ask("SCRIPT KILL")), "OK");
            expect(&mut looping, "killed");
            let patience = Instant::now() + Duration::from_secs(5);
            while plain(&control.ask(&format!("SET {key} 1"))) != "OK" {
                assert!(Instant::now() < patience, "it is still busy");
            }
        }
    }
}

#[test]
fn nosave_ends_the_server_beside_one_that_cannot_be_killed() {
    for kind in merops() {
        println!("on {kind:?}");
        let mut server = Server::start(kind, &["--busy-reply-threshold", "10"]);
        let (mut looping, mut control) = (server.connect(), server.connect());
        let script = "redis.call('SET', KEYS[1], 'v') while true do end";
        send(&mut looping, &["EVAL", script, "1", "a"]);
        let patience = Instant::now() + Duration::from_secs(5);
        while !plain(&control.ask("GET a")).contains("BUSY") {
            assert!(Instant::now() < patience, "it is not busy");
        }
        assert!(plain(&control.ask("SCRIPT KILL")).contains("UNKILLABLE"));
        // The first file waits for the script.
        assert_eq!(plain(&control.ask("CONFIG SET appendonly yes")), "OK");
        assert!(plain(&control.ask("SHUTDOWN")).contains("Errors trying to SHUTDOWN"));
        send(&mut control, &["SHUTDOWN", "NOSAVE"]);
        assert!(control.is_closed());
        assert!(server.wait().success());
    }
}
