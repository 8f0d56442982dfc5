//! Many connections, too many, and silent ones.

use std::time::Duration;

use testkit::{Client, Random, is_closed, programs, raise_open_files, show};

use crate::servers::{eventually, on_every_server};

#[test]
fn ten_thousand_idle_connections() {
    const COUNT: usize = 10_000;
    if !raise_open_files(COUNT as u64 + 1000) {
        return programs::skipped("10,000 idle connections: the limit of open files is too low");
    }
    on_every_server(&["--maxclients", "10100", "--tcp-backlog", "2048"], |server| {
        let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect()).collect();
        let mut random = Random::new(1);
        for _ in 0..2000 {
            let index = random.below(COUNT);
            clients[index].ask(&format!("SET k{index} {index}"));
            assert_eq!(
                show(&clients[COUNT - 1 - index].ask(&format!("GET k{index}"))),
                format!("\"{index}\"")
            );
        }
        let wanted = format!("connected_clients:{COUNT}");
        assert!(show(&clients[0].ask("INFO clients")).contains(&wanted));
        for client in &mut clients {
            assert_eq!(show(&client.ask("PING")), "+PONG");
        }
    });
}

#[test]
fn one_client_too_many() {
    on_every_server(&["--maxclients", "3"], |server| {
        let mut first = server.connect();
        // Whoever looked whether the server is up may not have left yet.
        eventually("nobody else is connected", || {
            show(&first.ask("INFO clients")).contains("connected_clients:1")
        });
        let mut clients = vec![first, server.connect(), server.connect()];
        for client in &mut clients {
            assert_eq!(show(&client.ask("PING")), "+PONG");
        }
        let mut late = server.connect();
        assert_eq!(
            show(&late.receive().expect("it is told")),
            "-ERR max number of clients reached"
        );
        assert!(late.is_closed());
        clients[0].ask("CONFIG SET maxclients 4");
        assert_eq!(show(&server.connect().ask("PING")), "+PONG");
    });
}

#[test]
fn silent_clients_time_out() {
    on_every_server(&["--timeout", "1"], |server| {
        let mut silent = server.connect();
        silent.ask("PING");
        silent.set_reply_limit(Duration::from_secs(8)).expect("a limit can be set");
        assert!(silent.receive().is_err_and(|error| is_closed(&error)));
    });
}

#[test]
fn connections_come_and_go() {
    on_every_server(&[], |server| {
        for round in 0..300 {
            let mut client = server.connect();
            client.send(b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*1\r\n$3").expect("it takes commands");
            // Every other one leaves without having read its reply.
            if round % 2 == 0 {
                client.receive().expect("a reply");
            }
        }
        let mut client = server.connect();
        client.set_reply_limit(Duration::from_secs(5)).expect("a limit can be set");
        while show(&client.ask("GET n")) != "\"300\"" {}
    });
}
