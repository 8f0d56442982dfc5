//! The process: how it starts, refuses to start, and ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Kind, Server, programs, show};

use crate::servers::{eventually, kinds, merops, on_every_server};

#[test]
fn sigterm_ends_it_well() {
    for kind in kinds() {
        let server = Server::start(kind, &[]);
        let mut client = server.connect();
        client.ask("SET k v");
        let status = server.stop();
        assert!(status.success(), "{kind:?}: {status}");
        assert!(client.is_closed());
    }
}

#[test]
fn shutdown_ends_it_well() {
    for kind in kinds() {
        let mut server = Server::start(kind, &[]);
        let mut client = server.connect();
        assert_eq!(show(&client.ask("SHUTDOWN NOSUCH")), "-ERR syntax error");
        client.send(b"SHUTDOWN NOSAVE\r\n").expect("it takes commands");
        assert!(client.is_closed());
        assert!(server.wait().success());
    }
}

#[test]
fn a_second_one_on_the_port_says_so() {
    for kind in merops() {
        let first = Server::start(kind, &[]);
        let second = Command::new(programs::merops())
            .args(["--bind", "127.0.0.1", "--port", &first.port().to_string()])
            .output()
            .expect("it starts");
        assert_eq!(second.status.code(), Some(1));
        let said = [second.stdout, second.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains(&first.port().to_string()) && said.contains("in use"), "{said}");
        assert_eq!(show(&first.connect().ask("PING")), "+PONG");
    }
}

#[test]
fn bad_values_are_refused_with_name_and_value() {
    if merops().is_empty() {
        return;
    }
    for (directive, value) in [("maxmemory", "lots"), ("port", "70000"), ("maxmemory-policy", "x")]
    {
        let output = Command::new(programs::merops())
            .args([format!("--{directive}"), value.to_owned()])
            .output()
            .expect("it starts");
        assert!(!output.status.success());
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains(directive) && said.contains(value), "{said}");
    }
}

/// Starts Merops with a configuration on standard input and returns what it said until it ended, or
/// was ready.
fn run_with_config(config: &str) -> (bool, String) {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.expect("there is a free port").port().to_string();
    let mut child = Command::new(programs::merops())
        .args(["-", "--bind", "127.0.0.1", "--port", &port])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(config.as_bytes()).expect("it reads");
    drop(input);
    let deadline = Instant::now() + Duration::from_secs(2);
    while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(Duration::from_millis(10));
    }
    let is_running = matches!(child.try_wait(), Ok(None));
    child.kill().ok();
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    (is_running, String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn config_from_standard_input() {
    if merops().is_empty() {
        return;
    }
    let (is_running, said) = run_with_config("# fine\nhz 20\nmaxclients none\n");
    assert!(!is_running && said.contains("maxclients") && said.contains("none"), "{said}");
    let (is_running, said) = run_with_config("# fine\nhz 20\n\nnosuchdirective 1\n");
    assert!(is_running && said.contains("nosuchdirective") && said.contains('4'), "{said}");
}

#[test]
fn unix_sockets() {
    for kind in kinds() {
        let path = std::env::temp_dir().join(format!("merops-{}.sock", std::process::id()));
        let text = path.to_str().expect("a plain path");
        let server = Server::start(kind, &["--unixsocket", text, "--unixsocketperm", "700"]);
        let mut stream = UnixStream::connect(&path).expect("it listens there");
        stream.write_all(b"SET k v\r\nGET k\r\nCLIENT LIST\r\n").expect("it takes commands");
        let mut reply = [0; 13];
        stream.read_exact(&mut reply).expect("it answers");
        assert_eq!(&reply, b"+OK\r\n$1\r\nv\r\n$");
        drop(server);
        std::fs::remove_file(&path).ok();
    }
}

#[test]
fn shutdown_while_clients_work() {
    for kind in kinds() {
        let server = Server::start(kind, &[]);
        let clients: Vec<_> = (0..8).map(|_| server.connect()).collect();
        let workers: Vec<_> = clients
            .into_iter()
            .map(|mut client| {
                thread::spawn(move || {
                    let batch = vec![vec!["MSET", "a", "1", "b", "2", "c", "3"]; 100];
                    // Until the server is gone.
                    while client.pipeline(&batch).is_ok() {}
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(100));
        assert!(server.stop().success());
        workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
    }
}

#[test]
fn config_rewrite_keeps_what_people_wrote() {
    for kind in kinds() {
        let folder = std::env::temp_dir().join(format!("merops-rewrite-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("test.conf");
        std::fs::write(&path, "# my server\nmaxclients 200\n\n# memory\nmaxmemory 10mb\n")
            .expect("a file");
        let program = match kind {
            Kind::Redis => "redis-server".into(),
            Kind::Merops(_) => programs::merops().to_owned(),
        };
        let server = Server::start_configured(&program, &path, &[]);
        let mut client = server.connect();
        assert_eq!(show(&client.ask("CONFIG GET maxclients")), "[\"maxclients\", \"200\"]");
        client.ask("CONFIG SET maxmemory 20mb maxmemory-policy allkeys-lfu");
        assert_eq!(show(&client.ask("CONFIG REWRITE")), "+OK");
        let text = std::fs::read_to_string(&path).expect("the file is there");
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part}:\n{text}"));
        assert!(place("# my server") < place("maxclients 200"), "{text}");
        assert!(place("maxclients 200") < place("# memory"), "{text}");
        assert!(place("# memory") < place("maxmemory 20mb"), "{text}");
        place("maxmemory-policy allkeys-lfu");
        std::fs::remove_dir_all(&folder).ok();
    }
}

#[test]
fn the_kernel_is_told_how_soon_to_end_it() {
    if !cfg!(target_os = "linux") {
        return;
    }
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let score = || {
            let text = std::fs::read_to_string(format!("/proc/{}/oom_score_adj", server.pid()));
            text.expect("it runs").trim().parse::<i32>().expect("a number")
        };
        let before = score();
        assert_eq!(show(&client.ask("CONFIG SET oom-score-adj-values '10 20 30'")), "+OK");
        assert_eq!(score(), before);
        for (way, expected) in [("yes", before + 10), ("absolute", 10), ("relative", before + 10)] {
            assert_eq!(show(&client.ask(&format!("CONFIG SET oom-score-adj {way}"))), "+OK");
            assert_eq!(score(), expected.min(1000), "{way}");
        }
        assert_eq!(show(&client.ask("CONFIG SET oom-score-adj-values '2000 2000 2000'")), "+OK");
        assert_eq!(score(), 1000);
        client.ask("CONFIG SET oom-score-adj no");
        assert_eq!(score(), before);
        let bad = show(&client.ask("CONFIG SET oom-score-adj-values '0 0 2001'"));
        assert!(bad.contains("must be between -2000 and 2000"), "{bad}");
    });
}

#[test]
fn nobody_comes_by_tcp_while_it_is_bound_to_nothing() {
    on_every_server(&[], |server| {
        let mut client = server.connect();
        let mut bind = |address: &str| client.call(&["CONFIG", "SET", "bind", address]).unwrap();
        assert_eq!(show(&bind("")), "+OK");
        let refuses = || TcpStream::connect(("127.0.0.1", server.port())).is_err();
        eventually("a refusal", refuses);
        assert_eq!(show(&bind("127.0.0.1")), "+OK");
        assert_eq!(show(&server.connect().ask("CONFIG GET bind")), r#"["bind", "127.0.0.1"]"#);
    });
}

#[test]
fn huge_pages_are_for_much_data_unless_they_are_forbidden() {
    // About 100 MB.
    const POPULATE: &str = "DEBUG POPULATE 100000 key 1000";
    for (forbids, allowed) in [("no", "1"), ("yes", "0")] {
        let arguments = ["--disable-thp", forbids, "--enable-debug-command", "yes"];
        for kind in kinds().into_iter().filter(|kind| matches!(kind, Kind::Merops(_))) {
            let server = Server::start(kind, &arguments);
            let are_used = || {
                let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
                let status = status.unwrap_or_default();
                let field = status.lines().find_map(|line| line.strip_prefix("THP_enabled:"));
                field.map(|used| used.trim().to_owned())
            };
            // Where the kernel does not say, there is nothing to see.
            let Some(used) = are_used() else { return };
            assert_eq!(used, "0");
            let mut client = server.connect();
            assert_eq!(show(&client.ask(POPULATE)), "+OK");
            // Twice the time in which it is looked at.
            let is_forbidden = allowed == "0";
            thread::sleep(Duration::from_millis(if is_forbidden { 200 } else { 0 }));
            eventually("what is allowed", || are_used().as_deref() == Some(allowed));
        }
    }
}

#[test]
fn a_name_for_it_all() {
    on_every_server(&[], |server| {
        let said = show(&server.connect().ask("INFO server"));
        assert!(said.contains(&format!("tcp_port:{}", server.port())), "{said}");
        assert!(said.contains(&format!("process_id:{}", server.pid())), "{said}");
    });
}
