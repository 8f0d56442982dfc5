//! Append files that redis-server wrote are loaded, become ours and are kept; what is wrong with
//! them is said, and `--restore-to` brings back what was there.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Kind, Layout, Server, encode, programs};

use crate::servers::{eventually, plain};
use crate::snapshots::{everything, fill, start_in, wait_for};

const APPENDS: [&str; 2] = ["--appendonly", "yes"];

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("merops-imports-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("appendonlydir")).expect("a temporary folder");
        Self(path)
    }

    /// With the append files of another.
    fn copy(other: &Path) -> Self {
        let folder = Self::new();
        for entry in fs::read_dir(other.join("appendonlydir")).expect("there are append files") {
            let path = entry.expect("it can be listed").path();
            let name = path.file_name().expect("a name");
            fs::copy(&path, folder.files().join(name)).expect("it can be copied");
        }
        folder
    }

    /// With one append file as Redis had before version 7.
    fn single(bytes: &[u8]) -> Self {
        let folder = Self::new();
        fs::write(folder.0.join("appendonly.aof"), bytes).expect("it can be written");
        folder
    }

    fn files(&self) -> PathBuf {
        self.0.join("appendonlydir")
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.files().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn start(&self, layout: Layout, more: &[&str]) -> Server {
        start_in(Kind::Merops(layout), &self.0, &[&APPENDS, more].concat())
    }

    /// What the start says that does not come to anything, or what `ask` finds.
    fn try_start(&self, more: &[&str], ask: fn(&mut Client) -> String) -> Result<String, String> {
        let started = catch_unwind(|| self.start(Layout::ONE, more));
        match started {
            // It may have answered already that it loads, and end then.
            Ok(mut server) => {
                let asked = catch_unwind(AssertUnwindSafe(|| ask(&mut server.connect())));
                asked.map_err(|_| {
                    server.wait();
                    server.log()
                })
            }
            Err(panic) => Err(panic.downcast_ref::<String>().expect("a message").clone()),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// Changes of the kinds that logs write in a way of their own.
fn change(client: &mut Client) {
    let lines = [
        "MULTI",
        "INCR counter",
        "SELECT 3",
        "SET far away",
        "SWAPDB 3 4",
        "EXEC",
        "SELECT 0",
        "EVAL \"redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCR', 'counter')\" 1 s v",
        "SPOP 'long set' 17",
        "HINCRBYFLOAT h f 0.25",
        "GETEX long PXAT 99999999999998",
        "SORT 'long list' ALPHA LIMIT 0 7 STORE sorted",
        "COPY sorted copied",
        "MOVE copied 5",
        "BLPOP sorted 1",
        "XADD * k a b",
        "DEL integer",
        "SET integer 5",
        "FUNCTION DELETE lib",
        "SET gone soon PX 1",
    ];
    for line in lines {
        client.ask(line);
    }
    let library = "#!lua name=lib\nredis.register_function('f', function() return 8 end)";
    client.call(&["FUNCTION", "LOAD", library]).expect("a reply");
}

/// What [`fill`] and [`change`] left.
fn all(client: &mut Client) -> Vec<String> {
    // Redis counts it until somebody looks.
    client.ask("GET gone");
    let mut found = everything(client);
    for line in
        ["GET counter", "GET s", "GET h", "LRANGE sorted 0 -1", "PEXPIRETIME long", "GET gone"]
    {
        found.push(plain(&client.ask(line)));
    }
    for line in ["SELECT 4", "GET far", "SELECT 5", "LRANGE copied 0 -1", "SELECT 0"] {
        found.push(plain(&client.ask(line)));
    }
    found
}

#[test]
fn append_files_of_redis_become_ours() {
    if programs::redis_server().is_none() {
        return;
    }
    for preamble in ["yes", "no"] {
        let arguments =
            ["--aof-use-rdb-preamble", preamble, "--aof-timestamp-enabled", "yes", "--save", ""];
        let mut redis = Server::start(Kind::Redis, &[&APPENDS, &arguments[..]].concat());
        let mut client = redis.connect();
        fill(&mut client);
        change(&mut client);
        client.ask("BGREWRITEAOF");
        wait_for(&mut client, "aof_rewrites:1");
        wait_for(&mut client, "aof_rewrite_in_progress:0");
        fill(&mut client);
        change(&mut client);
        thread::sleep(Duration::from_millis(2));
        let expected = all(&mut client);
        redis.terminate();
        redis.wait();
        let ending = if preamble == "yes" { "rdb" } else { "aof" };
        let made = Folder::copy(redis.folder());
        let base = made.read(&format!("appendonly.aof.2.base.{ending}"));
        let increment = made.read("appendonly.aof.2.incr.aof");
        let single = Folder::single(&[&base[..], &increment].concat());
        for (folder, is_single) in [(made, false), (single, true)] {
            for layout in [Layout::TWO, Layout::ONE] {
                // What has happened is not refused for want of memory.
                let mut server = folder.start(layout, &["--maxmemory", "1mb"]);
                let mut client = server.connect();
                client.ask("CONFIG SET maxmemory 0");
                assert_eq!(all(&mut client), expected, "preamble {preamble}, {layout:?}");
                server.kill();
            }
            let kept = match is_single {
                true => folder.0.join("appendonly.aof.imported"),
                false => folder.files().join("appendonly.aof.2.incr.aof.imported"),
            };
            assert!(fs::read(kept).expect("it is kept").ends_with(&increment));
        }
    }
}

fn commands(lines: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        encode(&line.split(' ').collect::<Vec<_>>(), &mut bytes);
    }
    bytes
}

fn state(client: &mut Client) -> String {
    plain(&client.ask("MGET a b c"))
}

const SMALL: [&str; 6] = ["SELECT 0", "SET a 1", "MULTI", "SET b 2", "SET c 3", "EXEC"];

#[test]
fn a_torn_tail_is_left_out_or_refused() {
    let whole = commands(&SMALL);
    let ends: Vec<usize> = (1..=SMALL.len()).map(|count| commands(&SMALL[..count]).len()).collect();
    for end in (1..whole.len()).step_by(11).chain(ends.clone()) {
        let folder = Folder::single(&whole[..end]);
        let refused = folder.try_start(&["--aof-load-truncated", "no"], state);
        let is_between = ends.contains(&end) && (end <= ends[1] || end == whole.len());
        assert_eq!(refused.is_ok(), is_between, "{end}: {refused:?}");
        if let Err(said) = refused {
            assert!(said.contains("appendonly.aof: what begins at offset"), "{end}: {said}");
        }
        let expected = match end {
            end if end == whole.len() => "[\"1\" \"2\" \"3\"]",
            end if end >= ends[1] => "[\"1\" (nil) (nil)]",
            _ => "[(nil) (nil) (nil)]",
        };
        assert_eq!(folder.try_start(&[], state).as_deref(), Ok(expected), "{end}");
    }
}

#[test]
fn what_cannot_be_loaded_is_named_and_stays() {
    let begin = commands(&SMALL);
    let at = format!("at offset {}", begin.len());
    let cases: [(&[u8], &str); 6] = [
        (b"!!!", "Bad file format reading the append only file"),
        (b"\0\0\0\0\0\0", "Bad file format reading the append only file"),
        (&commands(&["BLA a"]), "Unknown command 'BLA' reading the append only file"),
        (&commands(&["LPUSH a 1"]), "WRONGTYPE"),
        (&commands(&["SELECT 99"]), "DB index is out of range"),
        (&commands(&["EXEC"]), "did not begin"),
    ];
    for (tail, expected) in cases {
        let bytes = [&begin[..], tail].concat();
        let folder = Folder::single(&bytes);
        for _ in 0..2 {
            let said = folder.try_start(&[], state).expect_err(expected);
            assert!(said.contains(expected) && said.contains(&at), "{expected}: {said}");
        }
        assert_eq!(fs::read(folder.0.join("appendonly.aof")).expect("it is there"), bytes);
    }
}

#[test]
fn flipped_bytes_are_found_or_are_data() {
    let whole = commands(&SMALL);
    for at in (0..whole.len()).step_by(13) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x15;
        let folder = Folder::single(&bytes);
        if let Err(said) = folder.try_start(&["--aof-load-truncated", "no"], state) {
            assert!(said.contains("appendonly.aof") && said.contains("offset"), "{at}: {said}");
        }
    }
}

#[test]
fn two_lists_of_files_are_not_chosen_between() {
    let folder = Folder::single(&commands(&SMALL));
    let expected = Ok("[\"1\" \"2\" \"3\"]");
    assert_eq!(folder.try_start(&[], state).as_deref(), expected);
    let again = folder.0.join("appendonly.aof");
    fs::write(&again, commands(&["SET a 5"])).expect("it can be written");
    let said = folder.try_start(&[], state).expect_err("both are there");
    assert!(said.contains("nothing says which of them has the newest data"), "{said}");
    fs::remove_file(again).expect("it is there");
    assert_eq!(folder.try_start(&[], state).as_deref(), expected);
}

#[test]
fn an_import_that_was_cut_short_goes_on() {
    // Theirs is put aside, ours is not there.
    let folder = Folder::new();
    let bytes = commands(&SMALL);
    fs::write(folder.0.join("appendonly.aof.importing"), &bytes).expect("it can be written");
    let expected = Ok("[\"1\" \"2\" \"3\"]");
    assert_eq!(folder.try_start(&[], state).as_deref(), expected);
    // Ours is there, theirs not renamed to the end.
    let done = folder.0.join("appendonly.aof.imported");
    fs::rename(done, folder.0.join("appendonly.aof.importing")).expect("it was imported");
    assert_eq!(folder.try_start(&[], state).as_deref(), expected);
    assert!(folder.0.join("appendonly.aof.imported").exists());
}

/// A moment in milliseconds, of which what was done is not later, and what is done is.
fn moment(client: &mut Client) -> u64 {
    let time = plain(&client.ask("TIME"));
    let digits: Vec<u64> = time
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect();
    thread::sleep(Duration::from_millis(5));
    digits[0] * 1000 + digits[1] / 1000 + 2
}

#[test]
fn the_data_of_a_moment_comes_back() {
    for (made_with, restored_with) in [(Layout::TWO, Layout::TWO), (Layout::TWO, Layout::ONE)] {
        let folder = Folder::new();
        let mut server = folder.start(made_with, &["--appendfsync", "always"]);
        let mut client = server.connect();
        client.ask("MSET a 1 b 1");
        let first = moment(&mut client).to_string();
        client.ask("BGREWRITEAOF");
        wait_for(&mut client, "aof_rewrites:1");
        thread::sleep(Duration::from_millis(5));
        client.ask("MSET a 2 b 2 c 2");
        let second = moment(&mut client).to_string();
        for line in ["MSET a 3 b 3", "DEL c", "SET later x"] {
            client.ask(line);
        }
        server.kill();
        let said = folder.try_start(&["--restore-to", &first], state).expect_err("too early");
        assert!(said.contains("Can't restore to"), "{said}");
        let restored = folder.start(restored_with, &["--restore-to", &second]);
        let mut client = restored.connect();
        assert_eq!(state(&mut client), "[\"2\" \"2\" \"2\"]");
        client.ask("SET c new");
        assert!(restored.log().contains("Restored as asked for"), "{}", restored.log());
        assert!(restored.stop().success());
        let said = folder.try_start(&["--restore-to", &second], state).expect_err("done");
        assert!(said.contains("start without --restore-to"), "{said}");
        assert_eq!(folder.try_start(&[], state).as_deref(), Ok("[\"2\" \"2\" \"new\"]"));
        let kept = fs::read_dir(&folder.0).expect("it is there").filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.contains("before-restore").then_some(name)
        });
        let [kept] = &kept.collect::<Vec<_>>()[..] else { panic!("one folder is kept") };
        let newest = folder.try_start(&["--appenddirname", kept], state);
        assert_eq!(newest.as_deref(), Ok("[\"3\" \"3\" (nil)]"));
    }
}

#[test]
fn a_moment_needs_files_that_know_of_it() {
    let folder = Folder::single(&commands(&SMALL));
    let said = folder.try_start(&["--restore-to", "1000"], state).expect_err("no times");
    assert!(said.contains("do not say when they were written"), "{said}");
    let said = folder.try_start(&["--restore-to", "soon"], state).expect_err("no moment");
    assert!(said.contains("restore-to takes a moment"), "{said}");
    let off = ["--restore-to", "1000", "--appendonly", "no"];
    let said = folder.try_start(&off, state).expect_err("no append files");
    assert!(said.contains("--restore-to needs append files"), "{said}");
    let timed = [&b"#TS:1000\r\n"[..], &commands(&["SET a 1"]), b"#TS:1002\r\n"];
    let timed = [&timed.concat()[..], &commands(&["SET a 2"])].concat();
    let folder = Folder::single(&timed);
    let to = ["--restore-to", "1970-01-01T00:16:41Z"];
    assert_eq!(folder.try_start(&to, state).as_deref(), Ok("[\"1\" (nil) (nil)]"));
}

#[test]
fn append_files_of_a_running_server_hold_all_that_it_has() {
    for layout in [Layout::ONE, Layout::TWO] {
        let server =
            Server::start(Kind::Merops(layout), &["--enable-debug-command", "yes", "--save", ""]);
        let mut client = server.connect();
        assert!(plain(&client.ask("DEBUG LOADAOF")).contains("Error trying to load the AOF files"));
        fill(&mut client);
        client.ask("CONFIG SET appendonly yes");
        // Until the first base is written there is nothing to load.
        let patience = Instant::now() + Duration::from_secs(20);
        while plain(&client.ask("DEBUG LOADAOF")) != "OK" {
            assert!(Instant::now() < patience, "no base: {}", server.log());
            thread::sleep(Duration::from_millis(5));
        }
        for _ in 0..2 {
            change(&mut client);
            thread::sleep(Duration::from_millis(2));
            client.ask("GET gone");
            let before = plain(&client.ask("DEBUG DIGEST"));
            assert_eq!(plain(&client.ask("DEBUG LOADAOF")), "OK");
            assert_eq!(plain(&client.ask("DEBUG DIGEST")), before, "{layout:?}");
            assert_eq!(plain(&client.ask("FCALL f 0")), "8");
        }
    }
}

#[test]
fn a_server_does_not_end_before_its_first_base_is_there() {
    // A client may be there before the start is over: what it wishes for comes at another moment of
    // the start each time.
    for _ in 0..10 {
        let mut server =
            Server::start(Kind::Merops(Layout::TWO), &["--rdb-key-save-delay", "10000000"]);
        let mut client = server.connect();
        client.ask("SET k v");
        client.ask("CONFIG SET appendonly yes");
        let answer = plain(&client.ask("SHUTDOWN"));
        assert_eq!(answer, "-ERR Errors trying to SHUTDOWN. Check logs.");
        server.terminate();
        eventually("it stays", || server.log().contains("Errors trying to shut down the server"));
        assert!(server.log().contains("Writing initial AOF, can't exit."));
        wait_for(&mut client, "aof_rewrite_in_progress:1");
        client.send(b"SHUTDOWN FORCE\r\n").expect("it takes commands");
        assert!(server.wait().success());
    }
}
