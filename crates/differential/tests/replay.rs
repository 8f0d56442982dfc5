//! Random commands to a server that logs changes; what a start makes of the log must be what there
//! was: all keys, their values and deadlines.
//!
//! `REPLAY_SEEDS=n` asks for more seeds, `DIFF_LENGTH` for more commands each.
#![allow(clippy::disallowed_methods, reason = "a test may wait")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use differential::stream::{Step, Streams};
use resp::Reply;
use testkit::{Client, Kind, Layout, Server, show};

#[test]
fn one_shard() {
    replays(Layout::ONE, Layout::ONE, 1);
}

#[test]
fn more_shards() {
    replays(Layout { threads: 3, shards: 3 }, Layout { threads: 3, shards: 3 }, 1001);
}

#[test]
fn fewer_shards_than_there_were() {
    replays(Layout { threads: 3, shards: 3 }, Layout::TWO, 2001);
}

#[test]
fn more_shards_than_there_were() {
    replays(Layout::ONE, Layout { threads: 3, shards: 3 }, 3001);
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("merops-replay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn start(layout: Layout, folder: &Path) -> Server {
    let folder = folder.to_str().expect("the path is text");
    let arguments = ["--dir", folder, "--appendonly", "yes", "--appendfsync", "everysec"];
    let debug = ["--enable-debug-command", "yes"];
    Server::start(Kind::Merops(layout), &[&arguments[..], &debug[..]].concat())
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn replays(before: Layout, after: Layout, first_seed: u64) {
    for seed in first_seed..first_seed + setting("REPLAY_SEEDS", 1) {
        let folder = Folder::new(&seed.to_string());
        let mut server = start(before, &folder.0);
        run(&server, seed);
        std::thread::sleep(Duration::from_millis(1500));
        let expected = content(&mut server.connect());
        server.kill();
        drop(server);
        let server = start(after, &folder.0);
        let found = content(&mut server.connect());
        let differences: Vec<_> = expected
            .iter()
            .filter(|(key, content)| found.get(*key) != Some(content))
            .map(|(key, content)| format!("{key}: {content}, not {:?}", found.get(key)))
            .chain(found.keys().filter(|key| !expected.contains_key(*key)).cloned())
            .collect();
        assert!(differences.is_empty(), "seed {seed}: {}", differences.join("\n"));
    }
}

fn run(server: &Server, seed: u64) {
    let known = |command: &str| {
        show(&server.connect().ask(&format!("COMMAND INFO {command}"))) != "[(nil)]"
    };
    let streams = Streams::new(known);
    let mut client = server.connect();
    for step in streams.stream(seed, setting("DIFF_LENGTH", 3000) as usize) {
        match step {
            // What comes back of these is more than a reply, or nothing but pushes afterwards.
            Step::Command { words, .. } if is_about_channels(&words[0]) => {}
            Step::Pause(ms) => std::thread::sleep(Duration::from_millis(ms)),
            Step::Command { words, .. } => {
                let reply = client.call(&words);
                if reply.is_err() {
                    client = server.connect();
                }
            }
        }
    }
}

fn is_about_channels(name: &[u8]) -> bool {
    let name = name.to_ascii_uppercase();
    name.ends_with(b"SUBSCRIBE") || name == b"MONITOR" || name == b"QUIT" || name == b"CLIENT"
}

/// Every key of every database with what is in it.
fn content(client: &mut Client) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for db in 0..16 {
        client.ask(&format!("SELECT {db}"));
        let Reply::Array(keys) = client.ask("KEYS *") else { panic!("no array of keys") };
        for key in keys {
            let Reply::Bulk(key) = key else { continue };
            let mut ask = |words: &[&[u8]]| show(&client.call(words).expect("the server answers"));
            let digest = ask(&[b"DEBUG", b"DIGEST-VALUE", &key]);
            let (kind, at) = (ask(&[b"TYPE", &key]), ask(&[b"PEXPIRETIME", &key]));
            all.insert(format!("{db}:{}", key.escape_ascii()), format!("{kind} {digest} {at}"));
        }
    }
    all
}
