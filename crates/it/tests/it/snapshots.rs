//! Snapshots: they hold one instant, redis-server reads ours and we read its, and what goes wrong
//! is said and harms nothing.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Client, Kind, Layout, Reply, Server, programs};

use crate::exchange::{RECIPES, content};
use crate::servers::{kinds, plain};

const LIBRARY: &str = "#!lua name=lib\nredis.register_function('f', function() return 7 end)";

/// Fills a server with values of all types, some with deadlines, in two databases.
pub(crate) fn fill(client: &mut Client) {
    for (name, make) in RECIPES {
        make(client);
        assert_eq!(plain(&client.call(&["RENAME", "k", name]).expect("a reply")), "OK");
    }
    client.call(&["PEXPIREAT", "long list", "99999999999999"]).expect("a reply");
    client.ask("SET long 'compress me, compress me, compress me, compress me'");
    client.ask("SELECT 9");
    client.ask("SET other database EX 100000");
    client.ask("SELECT 0");
    client.call(&["FUNCTION", "LOAD", LIBRARY]).expect("a reply");
}

/// Everything that [`fill`] made, as text.
pub(crate) fn everything(client: &mut Client) -> Vec<String> {
    let mut found = Vec::new();
    for (name, _) in RECIPES {
        let deadline = plain(&client.call(&["PEXPIRETIME", name]).expect("a reply"));
        client.call(&["COPY", name, "k", "REPLACE"]).expect("a reply");
        found.push(format!("{name} {deadline} {}", content(client)));
        client.ask("DEL k");
    }
    client.ask("SELECT 9");
    found.push(plain(&client.ask("EXPIRETIME other")));
    found.push(plain(&client.ask("GET other")));
    client.ask("SELECT 0");
    for line in ["DBSIZE", "GET long", "FCALL f 0"] {
        found.push(plain(&client.ask(line)));
    }
    found
}

/// A server that loads what is in a folder.
pub(crate) fn start_in(kind: Kind, folder: &Path, arguments: &[&str]) -> Server {
    let folder = folder.to_str().expect("a name of ASCII");
    Server::start(kind, &[&["--dir", folder], arguments].concat())
}

#[test]
fn files_are_exchanged_with_redis() {
    if programs::redis_server().is_none() {
        return;
    }
    let kinds = [Kind::Redis, Kind::Merops(Layout::ONE), Kind::Merops(Layout::TWO)];
    let mut expected = None;
    for from in kinds {
        let first = Server::start(from, &[]);
        let mut client = first.connect();
        fill(&mut client);
        let expected = expected.get_or_insert_with(|| everything(&mut client)).clone();
        // Deadlines in seconds from now differ between the servers.
        let same = |found: &[String]| {
            let n = RECIPES.len();
            assert_eq!(found[..n], expected[..n], "{from:?}");
            assert_eq!(found[n + 1..], expected[n + 1..], "{from:?}");
        };
        assert_eq!(plain(&client.ask("SAVE")), "OK", "{from:?}");
        for to in kinds {
            println!("from {from:?} to {to:?}");
            let second = start_in(to, first.folder(), &[]);
            same(&everything(&mut second.connect()));
        }
    }
}

#[test]
fn old_dialects_are_written_for_redis() {
    if programs::redis_server().is_none() {
        return;
    }
    let first = Server::start(Kind::Merops(Layout::TWO), &["--rdb-version", "6"]);
    let mut client = first.connect();
    for (name, make) in RECIPES.iter().filter(|(name, _)| *name != "stream") {
        make(&mut client);
        client.call(&["RENAME", "k", name]).expect("a reply");
    }
    assert_eq!(plain(&client.ask("SAVE")), "OK");
    assert!(
        fs::read(first.folder().join("dump.rdb")).expect("it was saved").starts_with(b"REDIS0006")
    );
    let second = start_in(Kind::Redis, first.folder(), &[]);
    let mut redis = second.connect();
    for (name, _) in RECIPES.iter().filter(|(name, _)| *name != "stream") {
        let contents = [&mut client, &mut redis].map(|client| {
            client.call(&["COPY", name, "k", "REPLACE"]).expect("a reply");
            content(client)
        });
        assert_eq!(contents[0], contents[1], "{name}");
    }
    client.ask("XADD stream 1-1 a b");
    assert_eq!(plain(&client.ask("SAVE")), "-ERR");
    assert!(first.log().contains("cannot be written in RDB version 6"), "{}", first.log());
}

/// Waits until a line of INFO says something.
pub(crate) fn wait_for(client: &mut Client, line: &str) {
    let begin = Instant::now();
    while !plain(&client.ask("INFO persistence")).contains(line) {
        assert!(begin.elapsed() < Duration::from_secs(60), "no {line}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn that_everything_was_forgotten_is_saved_before_it_is_answered() {
    for kind in kinds() {
        println!("on {kind:?}");
        let options = ["--save", "3600 1000", "--enable-debug-command", "yes"];
        let mut first = Server::start(kind, &options);
        let mut client = first.connect();
        client.ask("DEBUG POPULATE 1000 old");
        assert_eq!(plain(&client.ask("SAVE")), "OK");
        client.ask("CONFIG SET rdb-key-save-delay 10000");
        client.ask("BGSAVE");
        // What is being saved is gone, and so is what was.
        for line in ["MULTI", "SET k v", "FLUSHALL"] {
            client.ask(line);
        }
        assert_eq!(plain(&client.ask("EXEC")), "[+OK +OK]");
        let info = plain(&client.ask("INFO persistence"));
        assert!(info.contains("rdb_changes_since_last_save:0\\r"), "{info}");
        // Redis waits for its child to end.
        assert!(kind == Kind::Redis || info.contains("rdb_bgsave_in_progress:0\\r"), "{info}");
        first.kill();
        let second = start_in(kind, first.folder(), &[]);
        assert_eq!(plain(&second.connect().ask("DBSIZE")), "0");
        // Where nothing is saved, these are changes as any other.
        let mut client = second.connect();
        client.ask("CONFIG SET save ''");
        client.ask("SET k v");
        client.ask("FLUSHALL");
        let info = plain(&client.ask("INFO persistence"));
        assert!(!info.contains("rdb_changes_since_last_save:0\\r"), "{info}");
    }
}

#[test]
fn a_save_that_is_killed_leaves_the_old_file() {
    let mut first = Server::start(Kind::Merops(Layout::TWO), &["--enable-debug-command", "yes"]);
    let mut client = first.connect();
    client.ask("DEBUG POPULATE 1000 old");
    assert_eq!(plain(&client.ask("SAVE")), "OK");
    client.ask("DEBUG POPULATE 1000 new");
    client.ask("CONFIG SET rdb-key-save-delay 10000");
    assert_eq!(plain(&client.ask("BGSAVE")), "Background saving started");
    assert_eq!(plain(&client.ask("BGSAVE")), "-ERR Background save already in progress");
    assert_eq!(plain(&client.ask("SAVE")), "-ERR Background save already in progress");
    thread::sleep(Duration::from_millis(50));
    first.kill();
    let second = start_in(Kind::Merops(Layout::ONE), first.folder(), &[]);
    assert_eq!(plain(&second.connect().ask("DBSIZE")), "1000");
}

#[test]
fn saves_are_cancelled_and_scheduled() {
    let server = Server::start(Kind::Merops(Layout::TWO), &["--enable-debug-command", "yes"]);
    let mut client = server.connect();
    let nothing = "-ERR Background saving is currently not in progress or scheduled";
    assert_eq!(plain(&client.ask("BGSAVE CANCEL")), nothing);
    client.ask("DEBUG POPULATE 1000");
    client.ask("CONFIG SET rdb-key-save-delay 10000");
    assert_eq!(plain(&client.ask("BGSAVE")), "Background saving started");
    assert_eq!(plain(&client.ask("BGSAVE SCHEDULE")), "Background saving scheduled");
    assert_eq!(plain(&client.ask("BGSAVE CANCEL")), "Background saving cancelled");
    client.ask("CONFIG SET rdb-key-save-delay 0");
    wait_for(&mut client, "rdb_saves:1");
    wait_for(&mut client, "rdb_bgsave_in_progress:0");
    for line in ["MULTI", "BGSAVE", "SET k v"] {
        client.ask(line);
    }
    assert_eq!(plain(&client.ask("EXEC")), "[+\"Background saving scheduled\" +OK]");
    wait_for(&mut client, "rdb_saves:2");
}

/// Sets a flag when it goes.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Moves between accounts, in transactions, until told to stop.
fn transfer(mut client: Client, seed: usize, stop: &AtomicBool) {
    let mut at = seed;
    while !stop.load(Ordering::Relaxed) {
        at = (at * 31 + 7) % 4001;
        let (from, to) = (at % 200, (at * 13 + 1) % 200);
        for line in [
            "MULTI",
            &format!("DECR a{from}"),
            &format!("INCR a{to}"),
            &format!("ZINCRBY big -1 member{at}"),
            &format!("ZINCRBY big 1 member{}", at * 7 % 5000),
        ] {
            client.ask(line);
        }
        client.ask("EXEC");
    }
}

#[test]
fn a_snapshot_holds_one_instant() {
    for layout in [Layout::ONE, Layout::TWO] {
        let server = Server::start(Kind::Merops(layout), &["--enable-debug-command", "yes"]);
        let mut client = server.connect();
        client.ask("DEBUG POPULATE 4000");
        for account in 0..200 {
            client.ask(&format!("SET a{account} 1000"));
        }
        // Big enough to be saved bit by bit.
        let members = (0..5000).flat_map(|at| ["10".to_owned(), format!("member{at}")]);
        let words: Vec<String> =
            ["ZADD", "big"].map(str::to_owned).into_iter().chain(members).collect();
        assert_eq!(plain(&client.call(&words).expect("a reply")), "5000");
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            // Also when something fails: the scope waits for them.
            let _stop_at_the_end = Stop(&stop);
            for seed in 0..3 {
                let (own, stop) = (server.connect(), &stop);
                scope.spawn(move || transfer(own, seed, stop));
            }
            // So that most changes happen before the walk comes.
            client.ask("CONFIG SET rdb-key-save-delay 20");
            for round in 1..=4 {
                assert_eq!(plain(&client.ask("BGSAVE")), "Background saving started");
                wait_for(&mut client, &format!("rdb_saves:{round}"));
                let loaded = start_in(Kind::Merops(Layout::TWO), server.folder(), &[]);
                let mut reader = loaded.connect();
                let balance = |account| {
                    plain(&reader.ask(&format!("GET a{account}"))).trim_matches('"').parse::<i64>()
                };
                let sum: i64 = (0..200).map(balance).map(|one| one.expect("a number")).sum();
                assert_eq!(sum, 200_000, "{layout:?}, round {round}");
                let Reply::Array(found) = reader.ask("ZRANGE big 0 -1 WITHSCORES") else {
                    panic!("no members")
                };
                let scores = found.chunks(2).map(|pair| plain(&pair[1]));
                let scores = scores.map(|text| text.trim_matches('"').parse::<f64>());
                let scores: Vec<f64> = scores.map(|score| score.expect("a number")).collect();
                let sum = scores.iter().sum::<f64>();
                assert_eq!((scores.len(), sum), (5000, 50_000.0), "{layout:?}, round {round}");
            }
        });
    }
}

/// Big enough to be saved bit by bit; and what changes nearly all of each.
const BIG: [(&str, &str, &[&str]); 5] = [
    ("list", "rpush", &["LTRIM list 4000 -3", "LPUSH list new", "RPUSH list new"]),
    ("set", "sadd", &["SPOP set 19000", "SADD set new"]),
    (
        "hash",
        "hset",
        &["HSET hash 7 new", "EVAL \"for i=9,9999 do redis.call('hdel','hash',i) end\" 0"],
    ),
    ("zset", "zadd", &["ZREMRANGEBYRANK zset 5 19990", "ZADD zset 1 new", "ZADD zset 9 8"]),
    (
        "stream",
        "xadd",
        &[
            "XTRIM stream MAXLEN 40",
            "XADD stream * new 1",
            "XDEL stream 19990-1",
            "XACK stream group 2000-1 2001-1 3000-1",
            "XGROUP DELCONSUMER stream group reader",
            "XREADGROUP GROUP group other COUNT 3000 STREAMS stream >",
            "XGROUP DESTROY stream gone",
        ],
    ),
];

/// What big values hold, one after the other, and what is pending.
fn bigs(client: &mut Client) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["list", "set", "hash", "zset", "stream"] {
        client.call(&["COPY", name, "k", "REPLACE"]).expect("a reply");
        found.push(content(client));
    }
    found.extend(["group", "gone"].map(|name| plain(&client.ask(&format!("XPENDING k {name}")))));
    found
}

#[test]
fn big_values_are_saved_as_they_were_and_redis_reads_them() {
    let arguments = ["--enable-debug-command", "yes", "--save", ""];
    for layout in [Layout::ONE, Layout::TWO] {
        let server = Server::start(Kind::Merops(layout), &arguments);
        let mut client = server.connect();
        for (name, command, _) in BIG {
            let words = match command {
                "zadd" | "hset" => "i, i",
                "xadd" => "i..'-1', 'field', i",
                _ => "'element '..i",
            };
            let call = format!("redis.call('{command}', KEYS[1], {words})");
            let script = format!("for i = 1, 20000 do {call} end");
            client.call(&["EVAL", &script, "1", name]).expect("a reply");
        }
        for line in [
            "XGROUP CREATE stream group 0",
            "XREADGROUP GROUP group reader COUNT 4000 STREAMS stream >",
            "XREADGROUP GROUP group other COUNT 5000 STREAMS stream >",
            "XGROUP CREATE stream gone 0",
            "XREADGROUP GROUP gone reader COUNT 700 STREAMS stream >",
        ] {
            assert!(!plain(&client.ask(line)).starts_with('-'), "{line}");
        }
        let expected = bigs(&mut client);
        client.ask("DEL k");
        client.ask("DEBUG POPULATE 1000");
        client.ask("CONFIG SET rdb-key-save-delay 100");
        assert_eq!(plain(&client.ask("BGSAVE")), "Background saving started");
        for line in BIG.iter().flat_map(|(_, _, lines)| *lines) {
            assert!(!plain(&client.ask(line)).starts_with('-'), "{line}");
        }
        wait_for(&mut client, "rdb_saves:1");
        for kind in [Kind::Redis, Kind::Merops(Layout::TWO)] {
            if kind != Kind::Redis || programs::redis_server().is_some() {
                let second = start_in(kind, server.folder(), &[]);
                assert!(bigs(&mut second.connect()) == expected, "{layout:?} to {kind:?}");
            }
        }
        assert!(bigs(&mut client) != expected);
    }
}

/// A file with a set of integers, of which the last is cut off, and no checksum.
const BROKEN_INTEGERS: &[u8] =
    b"REDIS0010\x0b\x01k\x09\x02\0\0\0\x01\0\0\0\x05\xff\0\0\0\0\0\0\0\0";

#[test]
fn long_strings_are_saved_as_they_were() {
    // What compresses, what does not, and what lies in the middle of a big collection.
    let mut random = testkit::Random::new(1);
    let letters = (0..1_000_000).map(|_| char::from(b' ' + random.below(95) as u8));
    let values = ["compress me! ".repeat(100_000), letters.collect::<String>(), "x".repeat(70_000)];
    for layout in [Layout::ONE, Layout::TWO] {
        let server = Server::start(Kind::Merops(layout), &["--save", ""]);
        let mut client = server.connect();
        for key in 0..12 {
            let value = &values[key % 3];
            client.call(&["SET", &format!("text {key}"), value]).expect("a reply");
            let members: Vec<String> = (0..9000).map(|member| format!("member {member}")).collect();
            let mut words = vec!["SADD".to_owned(), format!("set {key}")];
            words.extend(members);
            client.call(&words).expect("a reply");
        }
        client.ask("CONFIG SET rdb-key-save-delay 1000");
        assert!(plain(&client.ask("BGSAVE")).contains("started"));
        for number in 0..12 {
            let key = format!("text {number}");
            match number % 4 {
                0 => client.call(&["APPEND", &key, "more"]),
                1 => client.call(&["SETRANGE", &key, "10", "other"]),
                2 => client.call(&["SET", &key, "new"]),
                _ => client.call(&["DEL", &key]),
            }
            .expect("a reply");
        }
        client.ask("CONFIG SET rdb-key-save-delay 0");
        let patience = Instant::now() + Duration::from_secs(20);
        while !plain(&client.ask("INFO persistence")).contains("rdb_bgsave_in_progress:0") {
            assert!(Instant::now() < patience, "it goes on saving");
            thread::sleep(Duration::from_millis(5));
        }
        let mut kinds = vec![Kind::Merops(layout)];
        kinds.extend(programs::redis_server().is_some().then_some(Kind::Redis));
        for kind in kinds {
            let second = start_in(kind, server.folder(), &["--save", ""]);
            let mut client = second.connect();
            assert_eq!(plain(&client.ask("DBSIZE")), "24", "{kind:?}");
            for key in 0..12 {
                let found = client.call(&["GET", &format!("text {key}")]).expect("a reply");
                assert!(found == Reply::Bulk(values[key % 3].clone().into_bytes()), "{kind:?}");
            }
        }
    }
}

#[test]
fn broken_files_stop_the_start_and_say_where() {
    let first = Server::start(Kind::Merops(Layout::TWO), &["--enable-debug-command", "yes"]);
    let mut client = first.connect();
    client.ask("DEBUG POPULATE 100");
    client.ask("SAVE");
    let path = first.folder().join("dump.rdb");
    let whole = fs::read(&path).expect("it was saved");
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 1;
    for (bytes, what) in [
        (&whole[..middle], "the file ends in the middle of"),
        (&flipped[..], "byte "),
        (&b"hello, world"[..], "expected \"REDIS\""),
        (BROKEN_INTEGERS, "Intset integrity check failed: "),
        (&b""[..], "the header of an RDB file"),
    ] {
        fs::write(&path, bytes).expect("it can be written");
        let output = std::process::Command::new(programs::merops())
            .args(["--port", "0", "--unixsocket", "sock", "--threads", "2", "--dir"])
            .arg(first.folder())
            .output()
            .expect("it starts");
        assert!(!output.status.success(), "{what}");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(said.contains("Fatal error loading the DB"), "{said}");
        assert!(said.contains(what) || said.contains("CRC error"), "{said}");
    }
}

#[test]
fn changes_are_refused_while_saving_fails() {
    let server = Server::start(Kind::Merops(Layout::TWO), &["--enable-protected-configs", "yes"]);
    let mut client = server.connect();
    let folder = server.folder().join("data");
    fs::create_dir(&folder).expect("it can be made");
    client.ask("CONFIG SET save '900 1000000'");
    client.call(&["CONFIG", "SET", "dir", folder.to_str().expect("ASCII")]).expect("a reply");
    client.ask("SET k v");
    fs::remove_dir(&folder).expect("it is empty");
    client.ask("BGSAVE");
    wait_for(&mut client, "rdb_last_bgsave_status:err");
    for line in ["SET k w", "PING", "EVAL \"return redis.call('set', 'k', 'w')\" 1 k"] {
        let reply = plain(&client.ask(line));
        assert!(reply.starts_with("-MISCONF Redis is configured to save RDB"), "{line}: {reply}");
    }
    assert_eq!(plain(&client.ask("GET k")), "\"v\"");
    client.ask("CONFIG SET stop-writes-on-bgsave-error no");
    assert_eq!(plain(&client.ask("SET k w")), "OK");
    client.ask("CONFIG SET stop-writes-on-bgsave-error yes");
    assert!(plain(&client.ask("SET k v")).starts_with("-MISCONF"));
    // It recovers with the disk.
    fs::create_dir(&folder).expect("it can be made");
    client.ask("BGSAVE");
    wait_for(&mut client, "rdb_last_bgsave_status:ok");
    assert_eq!(plain(&client.ask("SET k x")), "OK");
}

#[test]
fn others_hear_of_loading_and_its_progress() {
    let first = Server::start(Kind::Merops(Layout::TWO), &["--enable-debug-command", "yes"]);
    let mut client = first.connect();
    client.ask("DEBUG POPULATE 3000 key 100");
    client.ask("SAVE");
    let prepare = |port: u16, _: &Path| {
        let mut command = std::process::Command::new(programs::merops());
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--threads", "2"]);
        command.args(["--key-load-delay", "500", "--save", "", "--dir"]).arg(first.folder());
        command
    };
    let second = Server::start_prepared(prepare, |address| Client::connect(address).is_ok());
    let mut client = second.connect();
    assert_eq!(plain(&client.ask("PING")), "-LOADING Redis is loading the dataset in memory");
    for line in ["GET k", "CONFIG SET dir /", "CONFIG SET maxmemory 0 dir / nope 1"] {
        let reply = plain(&client.ask(line));
        assert_eq!(reply, "-LOADING Redis is loading the dataset in memory", "{line}");
    }
    assert_eq!(plain(&client.ask("CONFIG SET maxmemory 0")), "OK");
    wait_for(&mut client, "loading:1");
    wait_for(&mut client, "loading_total_bytes:");
    let begin = Instant::now();
    while plain(&client.ask("PING")) != "PONG" {
        assert!(begin.elapsed() < Duration::from_secs(30), "it goes on loading");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(plain(&client.ask("DBSIZE")), "3000");
    wait_for(&mut client, "rdb_last_load_keys_loaded:3000");
}

#[test]
fn a_base_shows_from_the_moment_that_append_files_are_wished_for() {
    let server = Server::start(Kind::Merops(Layout::TWO), &["--enable-debug-command", "yes"]);
    let mut client = server.connect();
    client.ask("DEBUG POPULATE 1000");
    client.ask("CONFIG SET rdb-key-save-delay 10000000");
    client.ask("CONFIG SET appendonly yes");
    says(&mut client, "aof_rewrite_in_progress:1");
    client.ask("CONFIG SET rdb-key-save-delay 0");
    wait_for(&mut client, "aof_rewrites:1");
    client.ask("CONFIG SET appendonly no");
    client.ask("CONFIG SET rdb-key-save-delay 10000000");
    // While another save is under way, it waits for that.
    client.ask("BGSAVE");
    client.ask("CONFIG SET appendonly yes");
    wait_for(&mut client, "aof_rewrite_scheduled:1");
    says(&mut client, "aof_rewrite_in_progress:0");
    client.ask("CONFIG SET rdb-key-save-delay 0");
    wait_for(&mut client, "rdb_saves:1");
    wait_for(&mut client, "aof_rewrites:2");
    says(&mut client, "aof_last_bgrewrite_status:ok");
}

#[test]
fn a_rewrite_that_is_given_up_is_over() {
    for layout in [Layout::ONE, Layout::TWO] {
        let server = Server::start(Kind::Merops(layout), &[]);
        let mut client = server.connect();
        client.ask("MSET a 1 b 2");
        for round in 1..=5 {
            client.ask("CONFIG SET rdb-key-save-delay 0 appendonly yes");
            wait_for(&mut client, &format!("aof_rewrites:{}", 2 * round - 1));
            client.ask("CONFIG SET rdb-key-save-delay 10000000");
            client.ask("BGREWRITEAOF");
            client.ask("CONFIG SET appendonly no");
            wait_for(&mut client, "aof_rewrite_in_progress:0");
            // The next one may wait until the first has noticed.
            client.ask("CONFIG SET rdb-key-save-delay 0");
            let begun = plain(&client.ask("BGREWRITEAOF"));
            assert!(begun.starts_with("Background append only file rewriting"), "{begun}");
            wait_for(&mut client, &format!("aof_rewrites:{}", 2 * round));
            says(&mut client, "aof_last_bgrewrite_status:ok");
        }
    }
}

/// What INFO says at once.
fn says(client: &mut Client, line: &str) {
    let said = plain(&client.ask("INFO persistence"));
    assert!(said.contains(line), "no {line} in {said}");
}

/// What INFO says of a server that has loaded everything; `async_loading` has a line of its own.
const LOADED: &str = "Persistence\\r\\nloading:0";

#[test]
fn append_files_that_are_wished_for_while_loading_have_everything() {
    let first = Server::start(Kind::Merops(Layout::TWO), &["--enable-debug-command", "yes"]);
    let mut client = first.connect();
    client.ask("DEBUG POPULATE 3000 key 100");
    client.ask("SAVE");
    let start = |arguments: &'static [&'static str]| {
        let prepare = |port: u16, _: &Path| {
            let mut command = std::process::Command::new(programs::merops());
            command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--threads", "2"]);
            command.args(["--save", "", "--dir"]).arg(first.folder()).args(arguments);
            command
        };
        Server::start_prepared(prepare, |address| Client::connect(address).is_ok())
    };
    let mut second = start(&["--key-load-delay", "10000000"]);
    let mut client = second.connect();
    wait_for(&mut client, "loading:1");
    for line in ["CONFIG SET appendonly yes", "CONFIG SET key-load-delay 0"] {
        assert_eq!(plain(&client.ask(line)), "OK");
    }
    wait_for(&mut client, LOADED);
    wait_for(&mut client, "aof_rewrites:1");
    second.kill();
    let third = start(&["--appendonly", "yes", "--key-load-delay", "1000"]);
    let mut client = third.connect();
    wait_for(&mut client, "loading:1");
    for line in ["CONFIG SET appendonly no", "CONFIG SET key-load-delay 0"] {
        assert_eq!(plain(&client.ask(line)), "OK");
    }
    wait_for(&mut client, LOADED);
    assert_eq!(plain(&client.ask("DBSIZE")), "3000");
    wait_for(&mut client, "aof_enabled:0");
}

#[test]
fn the_end_saves_where_there_are_save_points() {
    for word in ["SHUTDOWN", "SHUTDOWN SAVE", "SHUTDOWN NOSAVE", "SIGTERM"] {
        let mut first = Server::start(Kind::Merops(Layout::TWO), &["--save", "900 1"]);
        let mut client = first.connect();
        client.ask("SET k v");
        if word == "SIGTERM" {
            first.terminate();
        } else {
            client.send(format!("{word}\r\n").as_bytes()).expect("it takes commands");
        }
        assert!(first.wait().success(), "{word}");
        let is_saved = first.folder().join("dump.rdb").exists();
        assert_eq!(is_saved, word != "SHUTDOWN NOSAVE", "{word}");
    }
}

#[test]
fn append_files_are_loaded_anew_and_go_on() {
    for layout in [Layout::ONE, Layout::TWO] {
        let arguments = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
        let arguments = [&arguments[..], &["--enable-debug-command", "yes"]].concat();
        let mut first = Server::start(Kind::Merops(layout), &arguments);
        let mut client = first.connect();
        fill(&mut client);
        let before = everything(&mut client);
        for round in ["increments alone", "a base too"] {
            assert_eq!(plain(&client.ask("DEBUG LOADAOF")), "OK", "{round}");
            assert_eq!(everything(&mut client), before, "{round}");
            client.ask("BGREWRITEAOF");
            while plain(&client.ask("INFO persistence")).contains("aof_rewrite_in_progress:1") {
                thread::sleep(Duration::from_millis(5));
            }
        }
        assert_eq!(plain(&client.ask("SET later 1")), "OK");
        first.kill();
        let again = start_in(Kind::Merops(layout), first.folder(), &arguments);
        let mut client = again.connect();
        assert_eq!(plain(&client.ask("DEL later")), "1");
        assert_eq!(everything(&mut client), before, "after a restart");
    }
}

#[test]
fn append_files_of_another_number_of_shards_are_loaded_anew() {
    let arguments = [
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--save",
        "",
        "--enable-debug-command",
        "yes",
    ];
    for (before, after) in [(Layout::ONE, Layout::TWO), (Layout::TWO, Layout::ONE)] {
        let mut first = Server::start(Kind::Merops(before), &arguments);
        let mut client = first.connect();
        fill(&mut client);
        client.ask("BGREWRITEAOF");
        wait_for(&mut client, "aof_rewrite_in_progress:0");
        client.ask("SET number 1");
        first.kill();
        let second = start_in(Kind::Merops(after), first.folder(), &arguments);
        let mut client = second.connect();
        client.ask("INCR number");
        let expected = everything(&mut client);
        client.ask("INCR number");
        let refused = plain(&client.ask("DEBUG LOADAOF"));
        assert!(refused.starts_with("-ERR"), "{refused}");
        assert_eq!(plain(&client.ask("GET number")), "\"3\"", "{after:?}");
        client.ask("BGREWRITEAOF");
        wait_for(&mut client, "aof_rewrite_in_progress:0");
        assert_eq!(plain(&client.ask("DEBUG LOADAOF")), "OK", "{after:?}");
        assert_eq!(plain(&client.ask("GET number")), "\"3\"", "{after:?}");
        assert_eq!(everything(&mut client), expected, "{after:?}");
    }
}

#[test]
fn threads_go_on_hearing_from_each_other_while_they_save() {
    /// A save of so many keys takes thousands of slices, and an answer some of them.
    const ANSWERS: usize = 20;
    let server = Server::start(Kind::Merops(Layout::TWO), &["--enable-debug-command", "yes"]);
    let (mut client, mut control) = (server.connect(), server.connect());
    client.ask("DEBUG POPULATE 400000 key 64");
    assert!(plain(&control.ask("BGSAVE")).contains("started"));
    let mut answers = 0;
    while plain(&control.ask("INFO persistence")).contains("rdb_bgsave_in_progress:1") {
        for number in 0..4 {
            client.ask(&format!("GET key:{number}"));
        }
        answers += 1;
    }
    assert!(answers >= ANSWERS, "only {answers} answers in all the time");
}
