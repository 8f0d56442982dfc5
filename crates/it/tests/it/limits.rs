//! Much of everything: long pipelines, big values, and clients that do not read.

use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use testkit::{Kind, Layout, Reply, Server, encode, is_closed, show};

use crate::servers::{eventually, kinds, merops, on_every_server};

/// A field of INFO.
fn info(server: &Server, section: &str, field: &str) -> u64 {
    let reply = server.connect().ask(&format!("INFO {section}"));
    let Reply::Bulk(text) = reply else { panic!("INFO says {}", show(&reply)) };
    let text = String::from_utf8(text).expect("INFO is text");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let line = line.unwrap_or_else(|| panic!("INFO has no {field}:\n{text}"));
    line.parse().unwrap_or_else(|_| panic!("{field} is {line}"))
}

#[test]
fn a_pipeline_of_any_length() {
    const COMMANDS: usize = 200_000;
    on_every_server(&[], |server| {
        let mut bytes = Vec::new();
        for number in 0..COMMANDS {
            let key = format!("k{}", number % 1000);
            match number % 4 {
                0 => encode(&["SET", &key, &number.to_string()], &mut bytes),
                1 => encode(&["ECHO", &number.to_string()], &mut bytes),
                2 => encode(&["MGET", &key, "none", "n2"], &mut bytes),
                _ => encode(&["INCR", "counter"], &mut bytes),
            }
        }
        let mut client = server.connect();
        let mut writer = client.stream().try_clone().expect("a second handle");
        // Written while the replies are read: a server need not buffer them all.
        let writing = thread::spawn(move || writer.write_all(&bytes));
        for number in 0..COMMANDS {
            let reply = client.receive().expect("every command is answered");
            match number % 4 {
                0 => assert_eq!(reply, Reply::Simple(b"OK".into())),
                1 => assert_eq!(reply, Reply::Bulk(number.to_string().into())),
                2 => assert!(matches!(&reply, Reply::Array(items) if items.len() == 3)),
                _ => assert_eq!(reply, Reply::Integer(number as i64 / 4 + 1)),
            }
        }
        writing.join().expect("no panic").expect("the server reads it all");
    });
}

#[test]
fn big_values() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let value: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
        for key in ["a", "b"] {
            assert_eq!(show(&client.call(&[b"SET", key.as_bytes(), &value]).expect("OK")), "+OK");
        }
        let copies = client.call(&["MGET", "a", "b"]).expect("both");
        assert!(copies == Reply::Array(vec![Reply::Bulk(value.clone()), Reply::Bulk(value)]));
        assert_eq!(show(&client.ask("APPEND a x")), ":20000001");
        assert_eq!(show(&client.ask("GETRANGE b 19999998 -1")), "\"CD\"");
        assert_eq!(show(&client.ask("DEL a b")), ":2");
    });
}

#[test]
fn a_client_that_sends_too_much_is_cut() {
    on_every_server(&["--client-query-buffer-limit", "1mb"], |server| {
        let mut client = server.connect();
        let mut bytes = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8000000\r\n".to_vec();
        bytes.resize(8_000_000, b'x');
        let cut = client.send(&bytes).and_then(|()| client.receive());
        assert!(cut.as_ref().is_err_and(is_closed), "{cut:?}");
        assert_eq!(show(&server.connect().ask("EXISTS k")), ":0");
    });
}

#[test]
fn a_client_that_does_not_read_is_cut() {
    const VALUE_BYTES: usize = 100_000;
    const GETS: usize = 2_000;
    on_every_server(&["--client-output-buffer-limit", "normal 1mb 0 0"], |server| {
        let value = vec![b'v'; VALUE_BYTES];
        let mut client = server.connect();
        client.call(&[b"SET", b"k".as_slice(), &value]).expect("OK");
        let before = info(server, "memory", "used_memory");
        let mut peak = before;

        let mut deaf = server.connect();
        let mut bytes = Vec::new();
        (0..GETS).for_each(|_| encode(&["GET", "k"], &mut bytes));
        deaf.send(&bytes).ok();
        eventually("the deaf client is cut", || {
            peak = peak.max(info(server, "memory", "used_memory"));
            show(&server.connect().ask("CLIENT LIST")).matches("id=").count() == 2
        });
        let received = deaf.receive_to_end().map_or(0, |bytes| bytes.len());
        assert!(received < GETS * VALUE_BYTES, "it got everything");
        // The limit, and what one batch of 256 commands may add to it: its replies grow a buffer,
        // which is twice there while it moves to a larger place.
        assert!(peak < before + (64 << 20), "{peak} bytes, from {before}");
        assert_eq!(show(&client.ask("PING")), "+PONG");
    });
}

#[test]
fn a_reply_beyond_the_limit_is_not_sent_by_any_thread() {
    on_every_server(&["--client-output-buffer-limit", "normal 50kb 0 0"], |server| {
        let value = vec![b'v'; 100_000];
        let mut client = server.connect();
        client.call(&[b"SET", b"k".as_slice(), &value]).expect("OK");
        // Some are on the thread that has the key, some are not.
        let clients = [server.connect(), server.connect(), server.connect()];
        for mut client in clients {
            let end = client.call(&["GET", "k"]);
            assert!(end.as_ref().is_err_and(is_closed), "{} bytes", value.len());
        }
    });
}

#[test]
fn replies_that_nobody_reads_wait() {
    // Without a limit the client gets everything in the end, however slow it is.
    on_every_server(&[], |server| {
        let mut client = server.connect();
        client.call(&[b"SET", b"k".as_slice(), &vec![b'v'; 100_000]]).expect("OK");
        let mut slow = server.connect();
        let mut bytes = Vec::new();
        (0..300).for_each(|_| encode(&["GET", "k"], &mut bytes));
        slow.send(&bytes).expect("commands are small");
        thread::sleep(Duration::from_millis(100));
        assert_eq!(show(&client.ask("PING")), "+PONG");
        let mut left = 300 * (100_000 + "$100000\r\n\r\n".len());
        let mut buffer = vec![0; 1 << 20];
        while left > 0 {
            let count = slow.stream().read(&mut buffer).expect("all is sent");
            assert!(count > 0, "closed with {left} bytes to go");
            left -= count;
        }
    });
}

/// The begin of a SET, with so many bytes of a value that is longer.
fn unfinished_set(bytes: usize) -> Vec<u8> {
    let mut command = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8000000\r\n".to_vec();
    command.resize(command.len() + bytes, b'x');
    command
}

#[test]
fn the_largest_client_goes_when_all_cost_too_much() {
    on_every_server(&["--maxmemory-clients", "4mb"], |server| {
        let mut protected = server.connect();
        assert_eq!(show(&protected.ask("CLIENT NO-EVICT ON")), "+OK");
        protected.send(&unfinished_set(1_500_000)).expect("it takes it");
        let mut large = server.connect();
        large.send(&unfinished_set(3_500_000)).ok();
        assert!(large.receive().is_err_and(|error| is_closed(&error)), "it is too much");
        eventually("one client is evicted", || info(server, "stats", "evicted_clients") == 1);
        let left = show(&server.connect().ask("CLIENT LIST"));
        assert!(left.contains("flags=e"), "the protected one stays: {left}");
    });
}

#[test]
fn an_input_buffer_goes_when_its_client_is_idle() {
    on_every_server(&[], |server| {
        let mut idle = server.connect();
        idle.ask("CLIENT SETNAME idle");
        idle.send(&unfinished_set(10)).expect("it takes it");
        let room = || {
            let list = show(&server.connect().ask("CLIENT LIST"));
            let line = list.split("name=idle").nth(1).expect("it is there").to_owned();
            let field = line.split("qbuf-free=").nth(1).expect("a field");
            field.split(' ').next().and_then(|room| room.parse::<u64>().ok()).expect("a number")
        };
        eventually("it has room for what it announced", || room() > 500_000);
        eventually("it has given that back", || room() < 1_000);
    });
}

#[test]
fn keys_of_other_shards_make_room() {
    const VALUE_BYTES: usize = 10_000;
    on_every_server(&["--maxmemory-policy", "allkeys-random"], |server| {
        let mut client = server.connect();
        let limit = info(server, "memory", "used_memory") + (8 << 20);
        client.ask(&format!("CONFIG SET maxmemory {limit}"));
        let value = vec![b'v'; VALUE_BYTES];
        // More than fits, all on one shard; then on others, which have nothing of their own.
        for (tag, count) in [("{a}", 1_000), ("{b}", 20), ("{c}", 20), ("{d}", 20)] {
            for number in 0..count {
                let key = format!("{tag}{number}");
                let reply = client.call(&[b"SET", key.as_bytes(), &value]).expect("a reply");
                assert_eq!(show(&reply), "+OK", "{key}");
            }
        }
        assert!(info(server, "stats", "evicted_keys") > 0);
        eventually("memory is below its limit", || {
            info(server, "memory", "used_memory") < limit + (64 << 10)
        });
    });
}

#[test]
fn memory_is_relieved_without_commands() {
    on_every_server(&["--maxmemory-policy", "allkeys-lru"], |server| {
        let mut client = server.connect();
        let before = info(server, "memory", "used_memory");
        client.ask("DEBUG POPULATE 50000 key 100");
        client.ask(&format!("CONFIG SET maxmemory {}", before + (1 << 20)));
        thread::sleep(Duration::from_secs(1));
        // One thread's look: INFO makes room only there.
        assert!(info(server, "memory", "used_memory") < before + (2 << 20));
    });
}

#[test]
fn what_evicting_tells_makes_no_more_go() {
    let args = ["--maxmemory-policy", "allkeys-random", "--notify-keyspace-events", "KEA"];
    on_every_server(&args, |server| {
        let mut client = server.connect();
        let mut put = |number: u32| {
            let key = format!("{number:0100}");
            assert_eq!(show(&client.call(&["SETEX", &key, "1000", "v"]).expect("a reply")), "+OK");
        };
        // All that the first call allocates.
        (0..10).for_each(&mut put);
        let limit = info(server, "memory", "used_memory") + (500 << 10);
        server.connect().ask(&format!("CONFIG SET maxmemory {limit}"));
        (0..5_000).for_each(&mut put);
        let Reply::Integer(left) = server.connect().ask("DBSIZE") else { panic!("DBSIZE counts") };
        assert!(info(server, "stats", "evicted_keys") > 0);
        assert!(left > 1_500, "{left} are left");
    });
}

#[test]
fn what_is_pushed_costs_its_client_and_no_key() {
    const MESSAGE_BYTES: usize = 100_000;
    on_every_server(&["--maxmemory-policy", "allkeys-random"], |server| {
        let mut client = server.connect();
        for number in 0..50 {
            client.ask(&format!("SETRANGE k{number} {MESSAGE_BYTES} x"));
        }
        let limit = info(server, "memory", "used_memory") + (20 << 20);
        client.ask(&format!("CONFIG SET maxmemory {limit} maxmemory-clients 3mb"));
        client.ask("CLIENT NO-EVICT ON");
        let subscribers: Vec<_> = (0..10)
            .map(|_| {
                let mut subscriber = server.connect();
                subscriber.ask("SUBSCRIBE news");
                subscriber
            })
            .collect();
        let message = vec![b'm'; MESSAGE_BYTES];
        eventually("one is closed", || {
            client.call(&[b"PUBLISH".as_slice(), b"news", &message]).expect("a reply");
            info(server, "stats", "evicted_clients") + info(server, "stats", "evicted_keys") > 0
        });
        assert_eq!(info(server, "stats", "evicted_keys"), 0);
        drop(subscribers);
    });
}

#[test]
fn a_call_of_many_arguments_leaves_nothing_behind() {
    const MEMBERS: usize = 200_000;
    on_every_server(&[], |server| {
        let mut client = server.connect();
        client.ask("PING");
        let before = info(server, "memory", "used_memory");
        let members: Vec<String> = (0..MEMBERS).map(|number| number.to_string()).collect();
        let mut words = vec!["SADD", "set"];
        words.extend(members.iter().map(String::as_str));
        client.call(&words).expect("a reply");
        client.ask("UNLINK set");
        eventually("the memory is free", || {
            info(server, "memory", "used_memory") < before + (1 << 20)
        });
    });
}

#[test]
fn what_goes_for_want_of_memory_is_told_before_the_answer() {
    on_every_server(&["--maxmemory-policy", "volatile-random"], |server| {
        let mut client = server.connect();
        client.ask("HELLO 3");
        client.ask("CLIENT TRACKING ON");
        let limit = info(server, "memory", "used_memory") + 200_000;
        client.ask(&format!("CONFIG SET maxmemory {limit}"));
        for n in 0..6 {
            assert_eq!(show(&client.ask(&format!("SETEX volatile-{n} 10000 x"))), "+OK");
            assert_eq!(show(&client.ask(&format!("GET volatile-{n}"))), "\"x\"");
        }
        // Its argument is small: it is let in, and what it makes is too much.
        assert_eq!(show(&client.ask("SETBIT big 3200000 0")), ":0");
        client.send(b"GETBIT big 0\r\n").expect("it takes commands");
        let mut told: Vec<String> =
            (0..6).map(|_| show(&client.receive().expect("what went"))).collect();
        told.sort_unstable();
        let expected =
            (0..6).map(|n| format!(">[\"invalidate\", [\"volatile-{n}\"]]")).collect::<Vec<_>>();
        assert_eq!(told, expected);
        assert_eq!(show(&client.receive().expect("the answer")), ":0");
    });
}

#[test]
fn replies_that_nobody_reads_cost_their_client_and_no_key() {
    let limits = ["--maxmemory", "11mb", "--maxmemory-clients", "3mb"];
    on_every_server(&[&limits[..], &["--maxmemory-policy", "allkeys-lru"]].concat(), |server| {
        let mut control = server.connect();
        control.ask("CLIENT NO-EVICT ON");
        for key in 0..50 {
            control.ask(&format!("SETRANGE {key} 100000 x"));
        }
        let mut deaf: Vec<_> = (0..20).map(|_| server.connect()).collect();
        eventually("a client goes", || {
            // Many at once: their replies pass from one thread to another.
            let gets = b"MGET 1\r\n".repeat(20);
            deaf.retain_mut(|client| client.send(&gets).is_ok());
            info(server, "stats", "evicted_clients") > 0
        });
        assert_eq!(info(server, "stats", "evicted_keys"), 0);
    });
}

#[test]
fn what_a_client_listens_to_is_part_of_its_cost() {
    on_every_server(&["--maxmemory-clients", "300000"], |server| {
        for line in
            ["WATCH", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "CLIENT TRACKING ON BCAST PREFIX"]
        {
            let mut client = server.connect();
            let is_closed = (10_000..40_000).any(|number| {
                client.send(format!("{line} {number}\r\n").as_bytes()).is_err()
                    || client.receive().is_err_and(|error| is_closed(&error))
            });
            assert!(is_closed, "{line} costs nothing");
        }
    });
}

#[test]
fn a_lowered_limit_holds_at_once() {
    on_every_server(&["--maxmemory-clients", "4mb"], |server| {
        let mut control = server.connect();
        control.ask("CLIENT NO-EVICT ON");
        let clients: Vec<_> = (0..10)
            .map(|_| {
                let mut client = server.connect();
                let value = "v".repeat(300_000);
                client
                    .send(format!("*2\r\n$300000\r\n{value}").as_bytes())
                    .expect("it takes bytes");
                client
            })
            .collect();
        let count = |control: &mut testkit::Client| {
            show(&control.ask("CLIENT LIST")).matches("cmd=NULL").count()
        };
        eventually("all is there", || {
            show(&control.ask("CLIENT LIST")).matches("qbuf=300").count() == clients.len()
        });
        assert_eq!(count(&mut control), clients.len());
        control.ask("CONFIG SET maxmemory-clients 2mb");
        let left = count(&mut control);
        assert!(0 < left && left < clients.len(), "{left}");
    });
}

#[test]
fn what_is_understood_of_a_command_is_not_in_the_query_buffer() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let value = "v".repeat(100_000);
        client
            .send(format!("*2\r\n$3\r\nGET\r\n$100000\r\n{value}").as_bytes())
            .expect("it takes bytes");
        let mut control = server.connect();
        eventually("all of it is there", || {
            show(&control.ask("CLIENT LIST")).contains(" qbuf=100000 ")
        });
        client.send(b"\r\n").expect("it takes bytes");
        assert_eq!(show(&client.receive().expect("a reply")), "(nil)");
        let list = show(&control.ask("CLIENT LIST"));
        assert!(list.contains(" qbuf=0 ") && list.contains(" argv-mem=0 "), "{list}");
    });
}

/// A lowered limit on memory takes as many keys as it must: what tells of those that go must not
/// make more go.
#[test]
fn eviction_does_not_feed_itself() {
    // Several shards may each do what one would have to.
    for kind in kinds().into_iter().filter(|kind| *kind != Kind::Merops(Layout::TWO)) {
        let server = &Server::start(kind, &["--maxmemory-policy", "allkeys-random"]);
        let mut client = server.connect();
        let mut readers: Vec<_> = (0..5).map(|_| server.connect()).collect();
        for reader in &mut readers {
            reader.ask("HELLO 3");
            reader.ask("CLIENT TRACKING ON");
        }
        for number in 0..300 {
            let key = format!("{number}{}", "x".repeat(1000));
            client.ask(&format!("SET {key} v"));
            for reader in &mut readers {
                reader.ask(&format!("GET {key}"));
            }
        }
        let used = info(server, "memory", "used_memory");
        client.ask(&format!("CONFIG SET maxmemory {}", used - 40_000));
        client.ask("PING");
        let evicted = info(server, "stats", "evicted_keys");
        assert!((5..=60).contains(&evicted), "{evicted}");
    }
}

/// Redis does so since 7.4.
#[test]
fn scripts_cannot_fill_errorstats() {
    for kind in merops() {
        let server = Server::start(kind, &[]);
        let mut client = server.connect();
        let script = "return redis.error_reply('CODE' .. ARGV[1] .. ' text')";
        for number in 0..200 {
            let reply = client.call(&["EVAL", script, "0", &number.to_string()]).expect("a reply");
            assert_eq!(show(&reply), format!("-CODE{number} text"));
        }
        let stats = show(&client.ask("INFO errorstats"));
        assert!(stats.contains("errorstat_ERRORSTATS_DISABLED:count=1"), "{stats}");
        assert!(!stats.contains("CODE"), "{stats}");
        assert!(server.log().contains("Errorstats stopped adding new errors"));
        client.ask("CONFIG RESETSTAT");
        client.ask("NOSUCH");
        let stats = show(&client.ask("INFO errorstats"));
        assert!(stats.contains("errorstat_ERR:count=1") && !stats.contains("DISABLED"), "{stats}");
    }
}

#[test]
fn a_reply_that_is_to_exceed_the_limit_ends_its_client() {
    on_every_server(&["--client-output-buffer-limit", "normal 1mb 0 0"], |server| {
        let mut client = server.connect();
        client.ask("HSET h f v");
        client.ask("SADD s m");
        client.ask("ZADD z 1 m");
        for line in ["HRANDFIELD h", "SRANDMEMBER s", "ZRANDMEMBER z"] {
            let mut client = server.connect();
            let end = client.call(&[line.split(' ').collect(), vec!["-3000000"]].concat());
            assert!(end.as_ref().is_err_and(is_closed), "{line}: {end:?}");
        }
        // What a script makes of it is short.
        let script = "return #redis.call('SRANDMEMBER', 's', '-300000')";
        let found = client.call(&["EVAL", script, "1", "s"]).expect("a reply");
        assert_eq!(show(&found), ":300000");
    });
}
