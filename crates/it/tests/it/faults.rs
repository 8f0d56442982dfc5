//! A disk that takes nothing more: changes are refused with the reason, reads go on, and all is well
//! again by itself once the disk is.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Kind, Layout, Server, is_timeout, programs};

use crate::servers::{on_every_server, plain};
use crate::snapshots::start_in;

/// Asks until an answer contains something.
fn ask_until(client: &mut Client, line: &str, wanted: &str) {
    let mut answer = String::new();
    for _ in 0..2000 {
        answer = plain(&client.ask(line));
        if answer.contains(wanted) {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("{line} answers {answer}, not {wanted}");
}

/// Asks on connections that nothing holds, for what was under way when the fault came does wait.
fn wait_for_fault(server: &Server) {
    for _ in 0..1000 {
        thread::sleep(Duration::from_millis(5));
        let mut client = server.connect();
        client.set_reply_limit(Duration::from_millis(100)).expect("a limit");
        let said = client.call(&["INFO", "persistence"]);
        if said.is_ok_and(|said| plain(&said).contains("aof_last_write_status:err")) {
            return;
        }
    }
    panic!("no fault is seen");
}

const MISCONF: &str = "MISCONF Errors writing to the AOF file: appendonly.aof";

#[test]
fn a_full_disk_refuses_changes_and_serves_reads() {
    for fsync in ["always", "everysec", "no"] {
        for layout in [Layout::ONE, Layout::TWO] {
            let arguments = ["--appendonly", "yes", "--appendfsync", fsync];
            let mut server = Server::start(Kind::Merops(layout), &arguments);
            let mut client = server.connect();
            client.ask("MSET a 1 b 2 c 3");
            client.call(&["FUNCTION", "LOAD", LIBRARY]).expect("a reply");
            server.limit_files(Some(64));
            // Its answer waits for the disk, or comes at once, as is configured.
            let mut first = server.connect();
            first.send(b"SET d 4\r\n").expect("it takes commands");
            if fsync != "always" {
                first.receive().expect("an answer");
            }
            wait_for_fault(&server);
            ask_until(&mut client, "SET e 5", MISCONF);
            assert_eq!(plain(&client.ask("MGET a b c e")), "[\"1\" \"2\" \"3\" (nil)]");
            let refused: [&[&str]; 4] = [
                &["EVAL", "return redis.call('SET', 'e', '5')", "1", "e"],
                &["EVAL", "#!lua\nreturn redis.call('SET', 'e', '5')", "1", "e"],
                &["FCALL", "set", "1", "e"],
                &["DEL", "a", "b"],
            ];
            for call in refused {
                let answer = plain(&client.call(call).expect("an answer"));
                assert!(answer.contains("MISCONF"), "{call:?}: {answer}");
            }
            for (line, wanted) in [("MULTI", "OK"), ("SET e 5", MISCONF), ("EXEC", "EXECABORT")] {
                assert!(plain(&client.ask(line)).contains(wanted), "{line}");
            }
            let read = ["EVAL", "return redis.call('GET', 'a')", "1", "a"];
            assert_eq!(plain(&client.call(&read).expect("an answer")), "\"1\"");
            assert!(plain(&client.ask("INFO persistence")).contains("aof_last_write_status:err"));
            if fsync == "always" {
                first.set_reply_limit(Duration::from_millis(20)).expect("a limit");
                assert!(first.receive().is_err_and(|error| is_timeout(&error)));
                first.set_reply_limit(Duration::from_secs(20)).expect("a limit");
            }
            server.limit_files(None);
            ask_until(&mut client, "SET e 5", "OK");
            if fsync == "always" {
                assert_eq!(plain(&first.receive().expect("an answer")), "OK");
            }
            let all = "[\"1\" \"2\" \"3\" \"4\" \"5\"]";
            assert_eq!(plain(&client.ask("MGET a b c d e")), all);
            assert!(plain(&client.ask("INFO persistence")).contains("aof_last_write_status:ok"));
            if fsync == "always" {
                server.kill();
            } else {
                server.terminate();
                server.wait();
            }
            let next = start_in(Kind::Merops(Layout::ONE), server.folder(), &arguments);
            assert_eq!(plain(&next.connect().ask("MGET a b c d e")), all, "{fsync}, {layout:?}");
        }
    }
}

const LIBRARY: &str = "#!lua name=lib\nredis.register_function('set', \
                       function(keys) return redis.call('SET', keys[1], '5') end)";

#[test]
fn a_snapshot_that_cannot_be_written_refuses_changes_until_one_can() {
    let server = Server::start(Kind::Merops(Layout::TWO), &["--save", "3600 1"]);
    let mut client = server.connect();
    client.ask("SET a 1");
    server.limit_files(Some(16));
    assert!(plain(&client.ask("BGSAVE")).contains("Background saving started"));
    ask_until(&mut client, "SET b 2", "MISCONF Redis is configured to save RDB snapshots");
    assert_eq!(plain(&client.ask("GET a")), "\"1\"");
    assert!(!server.folder().join("dump.rdb").exists());
    server.limit_files(None);
    client.ask("BGSAVE");
    ask_until(&mut client, "SET b 2", "OK");
}

/// The command that starts a server as somebody who may not write wherever root may.
fn unprivileged(port: u16, data: &Path, arguments: &[&str]) -> Command {
    let is_root = fs::metadata("/proc/self").expect("there is one of each process").uid() == 0;
    let mut command = match is_root {
        false => Command::new(programs::merops()),
        true => {
            let mut setpriv = Command::new("setpriv");
            setpriv.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
            setpriv.args(["--pdeathsig", "KILL", "--"]).arg(programs::merops());
            setpriv
        }
    };
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--threads", "2", "--dir"]);
    command.arg(data).args(arguments);
    command
}

fn make_writable(folder: &Path, is_writable: bool) {
    let mode = if is_writable { 0o777 } else { 0o555 };
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// A server of nobody's, with a folder for its data that it may write to.
fn start_unprivileged(arguments: &[&str]) -> (Server, PathBuf) {
    let prepare = |port: u16, folder: &Path| {
        let data = folder.join("data");
        fs::create_dir(&data).expect("the folder is ours");
        make_writable(&data, true);
        unprivileged(port, &data, arguments)
    };
    let server = Server::start_prepared(prepare, |address| Client::connect(address).is_ok());
    let data = server.folder().join("data");
    (server, data)
}

#[test]
fn a_folder_that_cannot_be_written_stops_saving_and_nothing_else() {
    if programs::require("setpriv").is_none() {
        return;
    }
    let (server, data) = start_unprivileged(&["--save", "3600 1000"]);
    let mut client = server.connect();
    ask_until(&mut client, "SET a 1", "OK");
    make_writable(&data, false);
    assert!(plain(&client.ask("BGSAVE")).contains("Background saving started"));
    ask_until(&mut client, "SET b 2", "MISCONF Redis is configured to save RDB snapshots");
    assert!(server.log().contains("Permission denied"), "{}", server.log());
    assert_eq!(plain(&client.ask("GET a")), "\"1\"");
    make_writable(&data, true);
    client.ask("BGSAVE");
    ask_until(&mut client, "SET b 2", "OK");
}

#[test]
fn a_folder_that_cannot_be_written_keeps_the_append_files_that_there_are() {
    if programs::require("setpriv").is_none() {
        return;
    }
    let arguments = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    let (mut server, data) = start_unprivileged(&arguments);
    let mut client = server.connect();
    ask_until(&mut client, "SET a 1", "OK");
    let folder = data.join("appendonlydir");
    ask_until(&mut client, "INFO persistence", "aof_rewrite_in_progress:0");
    // Its owner may take this away from itself, too.
    make_writable(&folder, false);
    client.ask("BGREWRITEAOF");
    ask_until(&mut client, "INFO persistence", "aof_last_bgrewrite_status:err");
    assert_eq!(plain(&client.ask("SET b 2")), "OK");
    server.kill();
    // It refuses to serve what it could not keep.
    let arguments_without_port = [&arguments[..], &["--unixsocket", "sock"]].concat();
    let output = unprivileged(0, &data, &arguments_without_port).output().expect("it starts");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success() && said.contains("Permission denied"), "{said}");
    make_writable(&folder, true);
    let again = start_in(Kind::Merops(Layout::TWO), &data, &arguments);
    assert_eq!(plain(&again.connect().ask("MGET a b")), "[\"1\" \"2\"]");
}

#[test]
fn a_file_in_the_place_of_the_folder_stops_the_start() {
    let first = Server::start(Kind::Merops(Layout::ONE), &[]);
    fs::write(first.folder().join("appendonlydir"), "in the way").expect("the folder is ours");
    let output = Command::new(programs::merops())
        .args(["--port", "0", "--unixsocket", "sock", "--appendonly", "yes", "--dir"])
        .arg(first.folder())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success() && said.contains("appendonlydir"), "{said}");
}

/// What one call of WAITAOF answers.
fn wait(client: &mut Client, line: &str) -> String {
    plain(&client.ask(line))
}

#[test]
fn waits_for_the_disk_end_when_it_has_all() {
    for fsync in ["always", "everysec"] {
        let arguments = ["--appendonly", "yes", "--appendfsync", fsync];
        let server = Server::start(Kind::Merops(Layout::TWO), &arguments);
        let mut client = server.connect();
        client.ask("MSET a 1 b 2 c 3");
        assert_eq!(wait(&mut client, "WAITAOF 1 0 0"), "[:1 :0]", "{fsync}");
        assert_eq!(wait(&mut client, "WAITAOF 1 1 10"), "[:1 :0]", "{fsync}");
        assert_eq!(wait(&mut client, "WAITAOF 0 0 0"), "[:1 :0]", "{fsync}");
    }
    let arguments = ["--appendonly", "yes", "--appendfsync", "no"];
    let server = Server::start(Kind::Merops(Layout::TWO), &arguments);
    let mut client = server.connect();
    client.ask("SET a 1");
    assert_eq!(wait(&mut client, "WAITAOF 1 0 150"), "[:0 :0]");
    // A base is synced, whatever is configured.
    client.ask("BGREWRITEAOF");
    assert_eq!(wait(&mut client, "WAITAOF 1 0 0"), "[:1 :0]");
    client.ask("SET a 2");
    client.send(b"WAITAOF 1 0 0\r\n").expect("it takes commands");
    let mut other = server.connect();
    ask_until(&mut other, "INFO clients", "blocked_clients:1");
    other.ask("CONFIG SET appendonly no");
    let said = plain(&client.receive().expect("an answer"));
    assert!(said.contains("appendonly is disabled"), "{said}");
}

#[test]
fn an_acknowledged_change_has_waited_for_a_slow_disk() {
    let arguments = ["--appendonly", "yes", "--appendfsync", "always"];
    let arguments = [&arguments[..], &["--enable-debug-command", "yes"]].concat();
    on_every_server(&arguments, |server| {
        let mut client = server.connect();
        assert_eq!(plain(&client.ask("DEBUG AOF-FLUSH-SLEEP 300000")), "OK");
        let begin = Instant::now();
        assert_eq!(plain(&client.ask("SET k v")), "OK");
        assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
        assert_eq!(plain(&client.ask("DEBUG AOF-FLUSH-SLEEP 0")), "OK");
    });
}
