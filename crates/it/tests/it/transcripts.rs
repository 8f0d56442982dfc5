//! Runs `transcripts/*.txt`. `TRANSCRIPT=part-of-a-name` picks some;
//! `UPDATE_TRANSCRIPTS=1` writes what redis-server replies into those that it can run.

use std::path::{Path, PathBuf};
use std::{env, fs};

use testkit::transcript::Transcript;
use testkit::{Kind, Layout, Server, programs};

#[test]
fn redis() {
    if programs::redis_server().is_none() {
        return;
    }
    if env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        files().iter().for_each(|path| record(path));
    }
    run_all(Kind::Redis);
}

#[test]
fn merops_on_one_thread() {
    run_all(Kind::Merops(Layout::ONE));
}

#[test]
fn merops_on_two_threads() {
    run_all(Kind::Merops(Layout::TWO));
}

fn run_all(kind: Kind) {
    let mut failures = Vec::new();
    for path in files() {
        let transcript = load(&path);
        if kind == Kind::Redis && transcript.only_merops.is_some() {
            continue;
        }
        let server = start(kind, &transcript);
        if let Err(problem) = transcript.run(&mut &server) {
            failures.push(format!("{}, {problem}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{} on {kind:?}:\n{}", failures.len(), failures.join("\n"));
}

fn record(path: &Path) {
    let transcript = load(path);
    if transcript.only_merops.is_some() {
        return;
    }
    let server = start(Kind::Redis, &transcript);
    let text = transcript.record(&mut &server);
    let text = text.unwrap_or_else(|problem| panic!("{}, {problem}", path.display()));
    fs::write(path, text).expect("transcripts can be written");
}

fn start(kind: Kind, transcript: &Transcript) -> Server {
    let arguments: Vec<&str> = transcript.arguments.iter().map(String::as_str).collect();
    Server::start(kind, &arguments)
}

fn load(path: &Path) -> Transcript {
    let text = fs::read_to_string(path).expect("transcripts are readable");
    Transcript::parse(&text).unwrap_or_else(|problem| panic!("{}, {problem}", path.display()))
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let wanted = env::var("TRANSCRIPT").unwrap_or_default();
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of transcripts")
        .map(|entry| entry.expect("a folder's entry").path())
        .filter(|path| path.to_string_lossy().contains(&wanted))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no transcript is named like `{wanted}`");
    files
}
