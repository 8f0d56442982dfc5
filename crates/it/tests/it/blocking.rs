//! Commands that wait for keys: who is served, in which order, and what ends a wait.

use std::time::{Duration, Instant};

use testkit::{Client, Reply, Server};

use crate::servers::{eventually, on_every_server, plain};

/// Keys that lie on both shards.
const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// Waits until so many clients wait.
fn wait_for_blocked(client: &mut Client, wanted: usize) {
    let line = format!("blocked_clients:{wanted}\r\n");
    eventually(&line, || {
        let reply = client.ask("INFO clients");
        let Reply::Bulk(text) = &reply else { panic!("INFO says {}", plain(&reply)) };
        String::from_utf8_lossy(text).contains(&line)
    });
}

/// The elements that are left, with their keys.
fn left(client: &mut Client) -> Vec<(&'static str, String)> {
    let ranges = KEYS.map(|key| (key, client.ask(&format!("LRANGE {key} 0 -1"))));
    let elements = ranges.iter().flat_map(|(key, reply)| match reply {
        Reply::Array(elements) => elements.iter().map(|one| (*key, plain(one))).collect(),
        other => vec![(*key, plain(other))],
    });
    elements.collect()
}

/// Sends a command, and leaves its reply for later.
fn send(client: &mut Client, line: &str) {
    let mut bytes = Vec::new();
    testkit::encode(&line.split(' ').collect::<Vec<_>>(), &mut bytes);
    client.send(&bytes).expect("a connection");
}

/// Waits until all shards know of the only client that waits, in `line`.
fn wait_for_watch(client: &mut Client, line: &str) {
    wait_for_blocked(client, 1);
    let keys = line.split(' ').filter(|word| KEYS.contains(word)).count();
    let name = "total_blocking_keys:";
    let wanted = format!("{name}{keys}\r\n");
    eventually(line, || {
        let Reply::Bulk(text) = client.ask("INFO clients") else { panic!("INFO answers text") };
        let text = String::from_utf8_lossy(&text);
        // Redis 7.0 does not say, and knows at once.
        !text.contains(name) || text.contains(&wanted)
    });
}

/// A client that waits in a command.
fn waiting(server: &Server, control: &mut Client, number: usize, line: &str) -> Client {
    let mut client = server.connect();
    send(&mut client, line);
    wait_for_blocked(control, number);
    client
}

#[track_caller]
fn expect(client: &mut Client, wanted: &str) {
    assert_eq!(plain(&client.receive().expect("a reply")), wanted);
}

#[test]
fn the_first_to_wait_is_the_first_to_be_served() {
    on_every_server(&[], |server| {
        let mut control = server.connect();
        for key in KEYS {
            let mut first = waiting(server, &mut control, 1, &format!("BLPOP {key} 0"));
            let mut second = waiting(server, &mut control, 2, &format!("BRPOP {key} 0"));
            let mut third = waiting(server, &mut control, 3, &format!("BLPOP {key} 0"));
            control.ask(&format!("RPUSH {key} x y"));
            expect(&mut first, &format!("[\"{key}\" \"x\"]"));
            expect(&mut second, &format!("[\"{key}\" \"y\"]"));
            control.ask(&format!("LPUSH {key} z"));
            expect(&mut third, &format!("[\"{key}\" \"z\"]"));
            assert_eq!(plain(&control.ask(&format!("EXISTS {key}"))), "0");
        }
    });
}

#[test]
fn a_call_waits_for_keys_of_several_shards() {
    on_every_server(&[], |server| {
        let mut control = server.connect();
        for key in KEYS {
            let mut client = waiting(server, &mut control, 1, "BLPOP a b c d 0");
            let mut behind = waiting(server, &mut control, 2, &format!("BLPOP {key} 0"));
            control.ask(&format!("RPUSH {key} x"));
            expect(&mut client, &format!("[\"{key}\" \"x\"]"));
            control.ask(&format!("RPUSH {key} y"));
            expect(&mut behind, &format!("[\"{key}\" \"y\"]"));
            wait_for_blocked(&mut control, 0);
        }
    });
}

#[test]
fn elements_move_on_through_those_who_wait() {
    on_every_server(&[], |server| {
        let mut control = server.connect();
        for (from, to) in [("a", "b"), ("b", "a"), ("a", "c"), ("c", "d")] {
            let line = format!("BLMOVE {from} {to} RIGHT LEFT 0");
            let mut mover = waiting(server, &mut control, 1, &line);
            let mut taker = waiting(server, &mut control, 2, &format!("BLPOP {to} 0"));
            control.ask(&format!("RPUSH {from} x"));
            expect(&mut mover, "\"x\"");
            expect(&mut taker, &format!("[\"{to}\" \"x\"]"));
            assert_eq!(plain(&control.ask(&format!("EXISTS {from} {to}"))), "0");
        }
    });
}

#[test]
fn a_target_of_another_type_is_the_waiter_s_error_and_the_element_stays() {
    on_every_server(&[], |server| {
        let mut control = server.connect();
        for target in KEYS {
            control.ask(&format!("SET {target} x"));
            let line = format!("BLMOVE source {target} LEFT LEFT 0");
            let mut mover = waiting(server, &mut control, 1, &line);
            control.ask("RPUSH source y");
            let reply = plain(&mover.receive().expect("a reply"));
            assert!(reply.contains("WRONGTYPE"), "{reply}");
            assert_eq!(plain(&control.ask("LPOP source")), "\"y\"");
            control.ask("FLUSHALL");
        }
    });
}

#[test]
fn a_wait_ends_in_time_and_on_demand() {
    on_every_server(&[], |server| {
        let mut control = server.connect();
        let mut client = server.connect();
        for (line, nothing) in [
            ("BLPOP a 0.05", "nil"),
            ("BLPOP a b c d 0.05", "nil"),
            ("BLMOVE a b LEFT LEFT 0.05", "nil"),
            ("BZPOPMIN a b 0.05", "nil"),
            ("BLMPOP 0.05 4 a b c d LEFT", "nil"),
        ] {
            let begin = Instant::now();
            assert_eq!(plain(&client.ask(line)), nothing, "{line}");
            assert!(begin.elapsed() >= Duration::from_millis(50), "{line}");
        }
        let Reply::Integer(id) = client.ask("CLIENT ID") else { panic!("an id") };
        assert_eq!(plain(&control.ask(&format!("CLIENT UNBLOCK {id}"))), "0");
        for line in ["BLPOP a 0", "BLPOP a b c d 0"] {
            let mut waiter = server.connect();
            let Reply::Integer(id) = waiter.ask("CLIENT ID") else { panic!("an id") };
            let mut bytes = Vec::new();
            testkit::encode(&line.split(' ').collect::<Vec<_>>(), &mut bytes);
            waiter.send(&bytes).expect("a connection");
            wait_for_blocked(&mut control, 1);
            assert_eq!(plain(&control.ask(&format!("CLIENT UNBLOCK {id} TIMEOUT"))), "1");
            expect(&mut waiter, "nil");
            waiter.send(&bytes).expect("a connection");
            wait_for_blocked(&mut control, 1);
            assert_eq!(plain(&control.ask(&format!("CLIENT UNBLOCK {id} ERROR"))), "1");
            let reply = plain(&waiter.receive().expect("a reply"));
            assert!(reply.contains("UNBLOCKED client unblocked via CLIENT UNBLOCK"), "{reply}");
        }
    });
}

#[test]
fn who_is_gone_takes_nothing() {
    on_every_server(&[], |server| {
        let mut control = server.connect();
        for line in ["BLPOP a 0", "BLPOP b 0", "BLPOP a b c d 0", "BLMOVE a b LEFT LEFT 0"] {
            let client = waiting(server, &mut control, 1, line);
            drop(client);
            wait_for_blocked(&mut control, 0);
            control.ask("RPUSH a x");
            control.ask("RPUSH b y");
            assert_eq!(plain(&control.ask("LRANGE a 0 -1")), "[\"x\"]", "{line}");
            assert_eq!(plain(&control.ask("LRANGE b 0 -1")), "[\"y\"]", "{line}");
            control.ask("FLUSHALL");

            let mut client = waiting(server, &mut control, 1, line);
            assert_eq!(plain(&control.ask("CLIENT KILL TYPE normal SKIPME yes")), "1");
            control.ask("RPUSH a x");
            assert_eq!(plain(&control.ask("LRANGE a 0 -1")), "[\"x\"]", "{line}");
            assert!(client.is_closed());
            control.ask("FLUSHALL");
        }
    });
}

#[test]
fn what_was_sent_behind_waits_too() {
    on_every_server(&[], |server| {
        let mut control = server.connect();
        let mut client = server.connect();
        let mut bytes = Vec::new();
        for words in [&["SET", "k", "1"][..], &["BLPOP", "a", "0"], &["INCR", "k"], &["PING"]] {
            testkit::encode(words, &mut bytes);
        }
        client.send(&bytes).expect("a connection");
        expect(&mut client, "OK");
        wait_for_blocked(&mut control, 1);
        assert_eq!(plain(&control.ask("GET k")), "\"1\"");
        control.ask("RPUSH a x");
        expect(&mut client, "[\"a\" \"x\"]");
        expect(&mut client, "2");
        expect(&mut client, "PONG");
    });
}

#[test]
fn every_element_reaches_one_of_many() {
    const CLIENTS: usize = 60;
    on_every_server(&[], |server| {
        let mut control = server.connect();
        let lines = ["BLPOP a 0", "BLPOP b 0", "BLPOP a b c d 0", "BRPOP d c 0"];
        let clients: Vec<Client> = (0..CLIENTS)
            .map(|number| waiting(server, &mut control, number + 1, lines[number % 4]))
            .collect();
        let mut pushers: Vec<Client> = (0..2).map(|_| server.connect()).collect();
        for number in 0..CLIENTS {
            let key = KEYS[number % 4];
            pushers[number % 2].ask(&format!("RPUSH {key} {number}"));
        }
        // Whatever is offered to one is not seen before it has been taken, or never will be.
        let left = left(&mut control);
        let mut taken: Vec<String> = left.iter().map(|(_, element)| element.clone()).collect();
        let patience = Instant::now() + Duration::from_secs(10);
        let mut waiting: Vec<(usize, Client)> = clients.into_iter().enumerate().collect();
        while taken.len() < CLIENTS {
            waiting.retain_mut(|(_, client)| {
                client.set_reply_limit(Duration::from_millis(20)).expect("a socket");
                let Ok(Reply::Array(pair)) = client.receive() else { return true };
                taken.push(plain(&pair[1]));
                false
            });
            assert!(Instant::now() < patience, "{taken:?}");
        }
        taken.sort();
        let mut all: Vec<String> = (0..CLIENTS).map(|number| format!("\"{number}\"")).collect();
        all.sort();
        assert_eq!(taken, all);
        for (key, _) in left {
            let waits = |line: &str| line.split(' ').any(|word| word == key);
            assert!(!waiting.iter().any(|(number, _)| waits(lines[number % 4])), "{key} is left");
        }
    });
}

#[test]
fn nobody_sees_what_is_offered() {
    // All of whom are on which thread, four keys and questions, with time for a glance and without.
    const ROUNDS: usize = 4 * 8 * 3;
    on_every_server(&["--enable-debug-command", "yes"], |server| {
        let mut control = server.connect();
        let mut waiters = [server.connect(), server.connect()];
        let mut pushers = [server.connect(), server.connect()];
        let mut witnesses = [server.connect(), server.connect()];
        let mut sleepers = [server.connect(), server.connect()];
        for round in 0..ROUNDS {
            let key = KEYS[round % 4];
            let pick = |bit: usize| ((round / 4) >> bit) % 2;
            let waiter = &mut waiters[pick(0)];
            let line = "BLPOP a b c d 0";
            send(waiter, line);
            wait_for_watch(&mut control, line);
            // A thread that sleeps may be the waiter's, which then comes late.
            let mut sleeper = (round % 3 < 2).then(|| &mut sleepers[round % 3]);
            if let Some(sleeper) = &mut sleeper {
                send(sleeper, "DEBUG SLEEP 0.01");
            }
            pushers[pick(1)].ask(&format!("RPUSH {key} x"));
            let (question, answer) = [
                ("LRANGE k 0 -1", "[]"),
                ("LLEN k", "0"),
                ("LPOP k", "nil"),
                ("OBJECT ENCODING k", "nil"),
            ][round / 4 % 4];
            let seen = plain(&witnesses[pick(2)].ask(&question.replace('k', key)));
            assert_eq!(seen, answer, "round {round}: {question}");
            expect(waiter, &format!("[\"{key}\" \"x\"]"));
            if let Some(sleeper) = sleeper {
                expect(sleeper, "OK");
            }
        }
    });
}

#[test]
fn a_wait_that_ends_takes_or_leaves_what_comes() {
    const ROUNDS: usize = 40;
    on_every_server(&[], |server| {
        let mut control = server.connect();
        let mut pusher = server.connect();
        let line = "BLPOP a b c d 0";
        for round in 0..ROUNDS {
            let key = KEYS[round % 4];
            let mut waiter = server.connect();
            let Reply::Integer(id) = waiter.ask("CLIENT ID") else { panic!("an id") };
            send(&mut waiter, line);
            wait_for_watch(&mut control, line);
            let kills = round / 4 % 2 == 1;
            let end = if kills { "KILL ID" } else { "UNBLOCK" };
            let push = |pusher: &mut Client| send(pusher, &format!("RPUSH {key} x"));
            if round / 8 % 2 == 0 {
                push(&mut pusher);
            }
            send(&mut control, &format!("CLIENT {end} {id}"));
            if round / 8 % 2 == 1 {
                push(&mut pusher);
            }
            expect(&mut pusher, "1");
            let Ok(Reply::Integer(_)) = control.receive() else { panic!("how many it met") };
            let reply = waiter.receive();
            let seen = plain(&control.ask(&format!("LLEN {key}")));
            match reply.map(|reply| plain(&reply)) {
                Ok(reply) if reply == "nil" => assert_eq!(seen, "1", "round {round}"),
                Ok(_) => assert_eq!(seen, "0", "round {round}"),
                // It may have been served when it was killed.
                Err(_) => assert!(kills, "round {round}"),
            }
            let more = if seen == "0" { "1" } else { "2" };
            assert_eq!(plain(&control.ask(&format!("RPUSH {key} y"))), more, "round {round}");
            assert_eq!(plain(&control.ask(&format!("DEL {key}"))), "1");
        }
    });
}

#[test]
fn whoever_waits_for_an_offer_to_end_goes_on() {
    // Keeps its key for a while.
    const HOLD: &str = "for i = 1, tonumber(ARGV[1]) do end return redis.call('LLEN', KEYS[1])";
    const LOOK: &str = "return redis.call('LLEN', KEYS[1])";
    on_every_server(&[], |server| {
        let mut control = server.connect();
        let call = |client: &mut Client, words: &[&str]| {
            let mut bytes = Vec::new();
            testkit::encode(words, &mut bytes);
            client.send(&bytes).expect("a connection");
        };
        for script in [HOLD, LOOK] {
            // From now on it is known to keep to its keys.
            call(&mut control, &["EVAL", script, "1", "a", "0"]);
            expect(&mut control, "0");
        }
        // Of several shards, and of one.
        let pairs =
            [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("{a}1", "{a}2"), ("{b}1", "{b}2")];
        for (key, held) in pairs {
            let mut waiter = waiting(server, &mut control, 1, &format!("BLPOP {key} {held} 0"));
            let mut holder = server.connect();
            call(&mut holder, &["EVAL", HOLD, "1", held, "20000000"]);
            // It comes to nothing if the push is quicker: then nobody has to wait.
            std::thread::sleep(Duration::from_millis(20));
            control.ask(&format!("RPUSH {key} x"));
            let mut others: Vec<Client> = (0..4).map(|_| server.connect()).collect();
            send(&mut others[0], &format!("LLEN {key}"));
            call(&mut others[1], &["EVAL", LOOK, "1", key]);
            send(&mut others[2], &format!("LPOP {key}"));
            send(&mut others[3], "MULTI");
            send(&mut others[3], &format!("LLEN {key}"));
            send(&mut others[3], "EXEC");
            expect(&mut others[0], "0");
            expect(&mut others[1], "0");
            expect(&mut others[2], "nil");
            expect(&mut others[3], "OK");
            expect(&mut others[3], "QUEUED");
            expect(&mut others[3], "[:0]");
            expect(&mut waiter, &format!("[\"{key}\" \"x\"]"));
            expect(&mut holder, "0");
        }
    });
}

#[test]
fn what_expires_during_the_transaction_that_brought_it_serves_nobody() {
    on_every_server(&["--enable-debug-command", "yes"], |server| {
        let mut control = server.connect();
        control.ask("DEBUG SET-ACTIVE-EXPIRE 0");
        for key in KEYS {
            let mut one = waiting(server, &mut control, 1, &format!("BLPOP {key} 0"));
            let mut several = waiting(server, &mut control, 2, "BLPOP a b c d 0");
            for line in ["MULTI", &format!("RPUSH {key} x"), &format!("PEXPIRE {key} 20")] {
                control.ask(line);
            }
            control.ask("DEBUG SLEEP 0.05");
            assert_eq!(plain(&control.ask("EXEC")), "[:1 :1 +OK]");
            control.ask(&format!("RPUSH {key} y z"));
            expect(&mut one, &format!("[\"{key}\" \"y\"]"));
            expect(&mut several, &format!("[\"{key}\" \"z\"]"));
        }
    });
}
