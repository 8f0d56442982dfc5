//! kill -9 under load, at random moments, with rewrites under way and another number of shards each
//! time: what was acknowledged is there, nothing is half there, and nothing later without what came
//! before it.
//!
//! `KILL_ROUNDS=300 cargo test -p it --test it kills` for a long night.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use resp::Reply;
use testkit::{Client, Kind, Layout, Random, Server};

const CLIENTS: u64 = 4;

fn rounds(default: u64) -> u64 {
    std::env::var("KILL_ROUNDS").map_or(default, |rounds| rounds.parse().expect("a number"))
}

#[test]
fn always_keeps_all_that_it_has_acknowledged() {
    kill_again_and_again("always", rounds(5), Duration::ZERO, 400);
}

#[test]
fn everysec_keeps_what_is_older_than_a_second() {
    kill_again_and_again("everysec", rounds(9).div_ceil(3), Duration::from_secs(1), 2500);
}

/// What one client has had acknowledged: number by number, and when.
type Acknowledged = Arc<Mutex<Vec<(u64, Instant)>>>;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn start(layout: Layout, folder: &Folder, fsync: &str) -> Server {
    let dir = folder.0.to_str().expect("the path is text");
    let arguments = ["--dir", dir, "--appendonly", "yes", "--appendfsync", fsync];
    Server::start(Kind::Merops(layout), &arguments)
}

fn kill_again_and_again(fsync: &str, rounds: u64, promise: Duration, life_ms_max: usize) {
    let name = format!("merops-kills-{fsync}-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0).expect("a temporary folder");
    let mut random = Random::new(u64::from(std::process::id()));
    let mut next = 1;
    for round in 0..rounds {
        let threads = 1 + random.below(3);
        let layout = Layout { threads: threads as u16, shards: threads as u16 };
        let mut server = start(layout, &folder, fsync);
        let life = Duration::from_millis(20 + random.below(life_ms_max) as u64);
        let rewrites = random.one_in(2);
        let (acknowledged, killed_at) = live(&mut server, next, life, rewrites);
        drop(server);
        let server = start(layout, &folder, fsync);
        let mut client = server.connect();
        for (who, acknowledged) in acknowledged.iter().enumerate() {
            let acknowledged = acknowledged.lock().expect("no worker panics");
            next = next.max(acknowledged.last().map_or(0, |last| last.0) + 1000);
            let is_promised = |one: &&(u64, Instant)| killed_at.duration_since(one.1) >= promise;
            let promised = acknowledged.iter().rev().find(is_promised).map_or(0, |one| one.0);
            if let Err(error) = judge(&mut client, who as u64, promised) {
                panic!("{fsync}, round {round} with {threads} threads, client {who}: {error}");
            }
        }
    }
}

/// Lets clients work for a while, then kills the server; when that was, as a thread that waits for
/// the disk may take long to die.
fn live(
    server: &mut Server,
    first: u64,
    life: Duration,
    rewrites: bool,
) -> (Vec<Acknowledged>, Instant) {
    let is_over = Arc::new(AtomicBool::new(false));
    let mut workers = Vec::new();
    let mut all = Vec::new();
    for who in 0..CLIENTS {
        let acknowledged = Acknowledged::default();
        all.push(acknowledged.clone());
        let (mut client, is_over) = (server.connect(), is_over.clone());
        workers.push(thread::spawn(move || {
            let mut number = first;
            while !is_over.load(Ordering::Relaxed) && work(&mut client, who, number).is_some() {
                acknowledged.lock().expect("no worker panics").push((number, Instant::now()));
                number += 1;
            }
        }));
    }
    if rewrites {
        thread::sleep(life / 2);
        server.connect().ask("BGREWRITEAOF");
        thread::sleep(life / 2);
    } else {
        thread::sleep(life);
    }
    let killed_at = Instant::now();
    server.kill();
    is_over.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.join().expect("no worker panics");
    }
    (all, killed_at)
}

fn keys(who: u64) -> [String; 8] {
    ["x", "y", "m1", "m2", "t1", "t2", "s1", "s2"].map(|name| format!("{name}:{who}"))
}

/// One number: first into one key, then another, then in three ways into two at once.
fn work(client: &mut Client, who: u64, number: u64) -> Option<()> {
    let [x, y, m1, m2, t1, t2, s1, s2] = keys(who);
    let n = number.to_string();
    let script = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1])";
    let calls: [&[&str]; 8] = [
        &["SET", &x, &n],
        &["SET", &y, &n],
        &["MSET", &m1, &n, &m2, &n],
        &["MULTI"],
        &["SET", &t1, &n],
        &["SET", &t2, &n],
        &["EXEC"],
        &["EVAL", script, "2", &s1, &s2, &n],
    ];
    for call in calls {
        match client.call(call) {
            Ok(Reply::Error(error)) => panic!("{call:?}: {}", error.escape_ascii()),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
    Some(())
}

fn judge(client: &mut Client, who: u64, promised: u64) -> Result<(), String> {
    let keys = keys(who);
    let mut values = BTreeMap::new();
    for key in &keys {
        let value = match client.call(&["GET", key]).map_err(|error| error.to_string())? {
            Reply::Bulk(value) => String::from_utf8_lossy(&value).parse().unwrap_or(0),
            _ => 0,
        };
        if value < promised {
            return Err(format!("{key} is {value}, but {promised} was acknowledged"));
        }
        values.insert(key.clone(), value);
    }
    let value = |at: usize| values[&keys[at]];
    for (first, second) in [(2, 3), (4, 5), (6, 7)] {
        if value(first) != value(second) {
            return Err(format!("half a step: {values:?}"));
        }
    }
    // In the order in which they were sent.
    let order = [value(0), value(1), value(2), value(4), value(6)];
    match order.is_sorted_by(|earlier: &u64, later| earlier >= later) {
        true => Ok(()),
        false => Err(format!("later without earlier: {values:?}")),
    }
}
