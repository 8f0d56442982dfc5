//! The same scripts here and in a real server: the replies must be the same bytes.

use std::sync::Arc;

use resp::Protocol;
use testkit::{Client, Kind, Server, programs};

use super::host::{self, Map};
use crate::*;

/// Scripts that need no command but those of [`Map`], one a line; `¶` is a line end.
const SCRIPTS: &str = include_str!("scripts.txt");
/// Libraries, and bodies of functions behind `=> `.
const LIBRARIES: &str = include_str!("libraries.txt");

fn ours(runtime: &Runtime, script: &str, protocol: Protocol) -> Vec<u8> {
    let failed = |error: Error| {
        let mut reply = Vec::new();
        resp::Writer::new(&mut reply, protocol).error(error.to_string());
        reply
    };
    let source = match Source::parse(script) {
        Ok(source) => source,
        Err(error) => return failed(error),
    };
    let program = Program::Eval { source: &source, keys: &[b"k"], args: &[b"a", b"b\0c"] };
    match runtime.start(program, Options { protocol }) {
        Ok(run) => finish(run),
        Err(error) => failed(error),
    }
}

fn finish(mut run: Run) -> Vec<u8> {
    match run.resume(&mut Map::default(), Resume::Continue) {
        Step::Done(finished) => finished.reply,
        other => panic!("{other:?}"),
    }
}

fn ask(client: &mut Client, words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    testkit::encode(words, &mut bytes);
    client.send(&bytes).unwrap();
    client.receive_raw().unwrap().1
}

fn theirs(client: &mut Client, script: &str) -> Vec<u8> {
    ask(client, &[b"EVAL", script.as_bytes(), b"1", b"k", b"a", b"b\0c"])
}

fn lines(text: &'static str) -> impl Iterator<Item = String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("## "));
    lines.map(|line| line.replace('¶', "\n"))
}

/// Asks both with each script; the differences.
fn compare(
    mut ask: impl FnMut(&str, Protocol, &mut Client) -> (Vec<u8>, Vec<u8>),
    scripts: &'static str,
) {
    if programs::redis_server().is_none() {
        return programs::skipped("redis-server");
    }
    let server = Server::start(Kind::Redis, &[]);
    let mut differences = Vec::new();
    for (protocol, hello) in [(Protocol::Resp2, "HELLO 2"), (Protocol::Resp3, "HELLO 3")] {
        let mut client = server.connect();
        client.ask(hello);
        for script in lines(scripts) {
            client.ask("FLUSHALL");
            client.ask("LPUSH l a");
            let (ours, theirs) = ask(&script, protocol, &mut client);
            if ours != theirs {
                let (ours, theirs) = (host::show(&ours), host::show(&theirs));
                differences.push(format!("{script}\n  ours   {ours}\n  theirs {theirs}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn scripts_answer_as_in_redis() {
    let runtime = Runtime::new(64 << 20);
    compare(
        |script, protocol, client| (ours(&runtime, script, protocol), theirs(client, script)),
        SCRIPTS,
    );
}

#[test]
fn libraries_answer_as_in_redis() {
    let runtime = Runtime::new(64 << 20);
    compare(
        |line, protocol, client| {
            let code = match line.strip_prefix("=> ") {
                Some(body) => {
                    let function = format!("function(keys, args) {body}\nend");
                    format!("#!lua name=x\nredis.register_function('f', {function})")
                }
                None => line.to_owned(),
            };
            let library = Library::load(code.as_str(), &mut |_, _| {});
            let mut ours = Vec::new();
            let mut writer = resp::Writer::new(&mut ours, protocol);
            match &library {
                Ok(library) => writer.bulk(library.name().as_bytes()),
                Err(error) => writer.error(error.to_string()),
            }
            let mut theirs = ask(client, &[b"FUNCTION", b"LOAD", b"REPLACE", code.as_bytes()]);
            if line.starts_with("=> ") {
                let library = Arc::new(library.unwrap());
                let (keys, args): (&[&[u8]], &[&[u8]]) = (&[b"k"], &[b"a", b"b"]);
                let program = Program::Function { library: &library, name: b"f", keys, args };
                let run = runtime.start(program, Options { protocol }).unwrap();
                ours.extend(finish(run));
                theirs.extend(ask(client, &[b"FCALL", b"f", b"1", b"k", b"a", b"b"]));
            }
            (ours, theirs)
        },
        LIBRARIES,
    );
}
