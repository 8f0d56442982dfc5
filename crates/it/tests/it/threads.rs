//! What one connection says holds for all of them, on whatever threads they are.

use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Reply, Server, is_closed, show};

use crate::servers::on_every_server;

/// Enough that every thread has some.
const CLIENTS: usize = 12;

fn clients(server: &Server) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        assert_eq!(show(&client.ask(&format!("CLIENT SETNAME c{index}"))), "+OK");
    }
    clients
}

fn number(reply: &Reply) -> i64 {
    match reply {
        Reply::Integer(number) => *number,
        other => panic!("no integer: {}", show(other)),
    }
}

#[test]
fn a_setting_holds_everywhere_once_it_is_acknowledged() {
    on_every_server(&[], |server| {
        let mut clients = clients(server);
        for round in 0..50 {
            let setter = round % CLIENTS;
            let limit = 1_048_576 + round;
            clients[setter].ask(&format!("CONFIG SET proto-max-bulk-len {limit}"));
            let too_long = format!("*2\r\n$4\r\nECHO\r\n${}\r\n", limit + 1);
            let shown = format!("[\"proto-max-bulk-len\", \"{limit}\"]");
            for client in &mut clients {
                assert_eq!(show(&client.ask("CONFIG GET proto-max-bulk-len")), shown);
            }
            // And it is what new connections are held to.
            let mut stranger = server.connect();
            stranger.send(too_long.as_bytes()).expect("it takes bytes");
            let reply = show(&stranger.receive().expect("it is told"));
            assert_eq!(reply, "-ERR Protocol error: invalid bulk length");
        }
        clients[0].ask("CONFIG SET requirepass secret");
        for _ in 0..CLIENTS {
            let reply = show(&server.connect().ask("PING"));
            assert_eq!(reply, "-NOAUTH Authentication required.");
        }
    });
}

#[test]
fn everybody_is_listed_and_can_be_killed() {
    on_every_server(&[], |server| {
        let mut clients = clients(server);
        let ids: Vec<i64> = clients.iter_mut().map(|c| number(&c.ask("CLIENT ID"))).collect();
        let list = show(&clients[3].ask("CLIENT LIST"));
        for (index, id) in ids.iter().enumerate() {
            assert!(list.contains(&format!("id={id} ")), "{list}");
            assert!(list.contains(&format!(" name=c{index} ")), "{list}");
        }
        let some = show(&clients[0].ask(&format!("CLIENT LIST ID {} {}", ids[5], ids[7])));
        assert_eq!(some.matches("id=").count(), 2, "{some}");
        for victim in (1..CLIENTS).step_by(2) {
            let killed = clients[0].ask(&format!("CLIENT KILL ID {}", ids[victim]));
            assert_eq!(number(&killed), 1);
            assert!(clients[victim].is_closed());
        }
        for survivor in (0..CLIENTS).step_by(2) {
            assert_eq!(show(&clients[survivor].ask("PING")), "+PONG");
        }
        let others = CLIENTS as i64 / 2 - 1;
        assert_eq!(number(&clients[0].ask("CLIENT KILL TYPE normal SKIPME yes")), others);
        assert_eq!(show(&clients[0].ask("PING")), "+PONG");
    });
}

#[test]
fn a_pause_holds_back_everybody() {
    on_every_server(&[], |server| {
        let mut clients = clients(server);
        assert_eq!(show(&clients[0].ask("CLIENT PAUSE 300 WRITE")), "+OK");
        let begin = Instant::now();
        for (index, client) in clients.iter_mut().enumerate() {
            client.send(format!("SET k{index} v\r\n").as_bytes()).expect("it takes commands");
        }
        for client in &mut clients {
            assert_eq!(show(&client.receive().expect("a reply")), "+OK");
        }
        assert!(begin.elapsed() > Duration::from_millis(250), "{:?}", begin.elapsed());
    });
}

#[test]
fn a_monitor_sees_everybody_in_their_order() {
    on_every_server(&[], |server| {
        let mut clients = clients(server);
        let mut monitor = server.connect();
        assert_eq!(show(&monitor.ask("MONITOR")), "+OK");
        const ROUNDS: usize = 20;
        for round in 0..ROUNDS {
            for (index, client) in clients.iter_mut().enumerate() {
                let commands: Vec<Vec<String>> = (0..3)
                    .map(|part| {
                        ["SET".into(), format!("k{part}"), format!("c{index}:{round}:{part}")]
                    })
                    .map(Vec::from)
                    .collect();
                client.pipeline(&commands).expect("replies");
            }
        }
        let mut seen: Vec<Vec<String>> = vec![Vec::new(); CLIENTS];
        for _ in 0..CLIENTS * ROUNDS * 3 {
            let line = show(&monitor.receive().expect("a line"));
            let value = line.split('"').rev().nth(1).expect("a quoted value").to_owned();
            let client = value[1..].split(':').next().and_then(|index| index.parse::<usize>().ok());
            seen[client.expect("a client's number")].push(value);
        }
        for (index, values) in seen.iter().enumerate() {
            let sent = (0..ROUNDS)
                .flat_map(|round| (0..3).map(move |part| format!("c{index}:{round}:{part}")));
            assert!(values.iter().eq(sent.collect::<Vec<_>>().iter()), "{values:?}");
        }
    });
}

#[test]
fn the_slow_log_is_one() {
    on_every_server(&["--slowlog-log-slower-than", "0"], |server| {
        let mut clients = clients(server);
        assert_eq!(show(&clients[0].ask("SLOWLOG RESET")), "+OK");
        for (index, client) in clients.iter_mut().enumerate() {
            client.ask(&format!("ECHO from-{index}"));
        }
        let log = show(&clients[1].ask("SLOWLOG GET 100"));
        for index in 0..CLIENTS {
            assert!(log.contains(&format!("\"from-{index}\"")), "{log}");
        }
        assert!(number(&clients[2].ask("SLOWLOG LEN")) >= CLIENTS as i64);
        clients[3].ask("SLOWLOG RESET");
        assert!(number(&clients[4].ask("SLOWLOG LEN")) <= 1);
    });
}

#[test]
fn counters_count_everything() {
    on_every_server(&[], |server| {
        let mut clients = clients(server);
        clients[0].ask("CONFIG RESETSTAT");
        for client in &mut clients {
            client.ask("SET k v");
            client.ask("GET k");
            client.ask("GET none");
            client.ask("INCR k");
        }
        let info = show(&clients[1].ask("INFO all"));
        let count = CLIENTS;
        for wanted in [
            format!("keyspace_hits:{count}\\r"),
            format!("keyspace_misses:{count}\\r"),
            format!("cmdstat_set:calls={count},"),
            format!("cmdstat_get:calls={},", 2 * count),
            format!("cmdstat_incr:calls={count},"),
            format!("errorstat_ERR:count={count}\\r"),
            format!("connected_clients:{count}\\r"),
        ] {
            assert!(info.contains(&wanted), "no {wanted} in {info}");
        }
    });
}

#[test]
fn databases_are_emptied_and_swapped_for_everybody() {
    on_every_server(&[], |server| {
        let mut clients = clients(server);
        for round in 0..30 {
            let (one, other) = (round % CLIENTS, (round + 5) % CLIENTS);
            let keys: String = (0..50).map(|key| format!(" {round}:{key} {key}")).collect();
            clients[one].ask(&format!("MSET{keys}"));
            assert_eq!(number(&clients[other].ask("DBSIZE")), 50);
            assert_eq!(show(&clients[other].ask("SWAPDB 0 1")), "+OK");
            assert_eq!(number(&clients[one].ask("DBSIZE")), 0);
            assert_eq!(show(&clients[one].ask("SWAPDB 1 0")), "+OK");
            assert_eq!(show(&clients[other].ask("FLUSHALL ASYNC")), "+OK");
            assert_eq!(number(&clients[one].ask(&format!("EXISTS {round}:1 {round}:2"))), 0);
        }
    });
}

#[test]
fn a_busy_thread_does_not_stop_the_others() {
    on_every_server(&["--enable-debug-command", "yes"], |server| {
        let mut sleeper = server.connect();
        sleeper.send(b"DEBUG SLEEP 0.2\r\n").expect("it takes commands");
        thread::sleep(Duration::from_millis(20));
        // Whoever has to wait is served afterwards.
        for client in &mut clients(server) {
            assert_eq!(show(&client.ask("MSET a 1 b 2 c 3 d 4")), "+OK");
        }
        assert_eq!(show(&sleeper.receive().expect("a reply")), "+OK");
        assert!(!sleeper.call(&["PING"]).is_err_and(|error| is_closed(&error)));
    });
}

#[test]
fn what_a_socket_does_not_take_at_once_follows() {
    on_every_server(&[], |server| {
        let value = |key: usize| vec![b'a' + key as u8; 900_000];
        let mut writer = server.connect();
        for key in 0..4 {
            writer
                .call(&[b"SET".to_vec(), format!("k{key}").into_bytes(), value(key)])
                .expect("set");
        }
        // One command at a time, whoever owns its key, until nothing more fits on the way.
        let mut reader = server.connect();
        for round in 0..12 {
            reader.send(format!("GET k{}\r\n", round % 4).as_bytes()).expect("it takes bytes");
            thread::sleep(Duration::from_millis(5));
        }
        for round in 0..12 {
            match reader.receive().expect("it is answered") {
                Reply::Bulk(bytes) => assert!(bytes == value(round % 4), "reply {round}"),
                other => panic!("reply {round}: {}", show(&other)),
            }
        }
        assert_eq!(show(&reader.ask("PING")), "+PONG");
    });
}
