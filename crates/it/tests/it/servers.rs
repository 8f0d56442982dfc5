//! The servers that tests run against.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Kind, Layout, Reply, Server, programs, show};

/// Merops in both shapes, and redis-server where it is installed.
pub(crate) fn kinds() -> Vec<Kind> {
    let wanted = env::var("IT_SERVERS").unwrap_or_default();
    let mut kinds = Vec::new();
    if "merops".contains(&wanted) {
        kinds.extend([Kind::Merops(Layout::ONE), Kind::Merops(Layout::TWO)]);
    }
    if "redis".contains(&wanted) && programs::redis_server().is_some() {
        kinds.push(Kind::Redis);
    }
    kinds
}

/// Merops in both shapes.
pub(crate) fn merops() -> Vec<Kind> {
    let mut kinds = kinds();
    kinds.retain(|kind| *kind != Kind::Redis);
    kinds
}

/// Runs `test` against every server, started with `arguments`.
pub(crate) fn on_every_server(arguments: &[&str], test: impl Fn(&Server)) {
    for kind in kinds() {
        // Shown only when the test fails.
        println!("on {kind:?}");
        test(&Server::start(kind, arguments));
    }
}

/// Runs `test` against Merops on several threads, and redis-server.
pub(crate) fn on_several_threads(test: impl Fn(&Server)) {
    for kind in kinds().into_iter().filter(|kind| *kind != Kind::Merops(Layout::ONE)) {
        println!("on {kind:?}");
        test(&Server::start(kind, &[]));
    }
}

/// A reply on one line, without the marks of its type; every kind of nothing is `nil`.
pub(crate) fn plain(reply: &Reply) -> String {
    let text = show(reply).replace(", ", " ");
    match text.as_str() {
        "(nil)" | "(nil array)" | "(null)" => "nil".to_owned(),
        text => text.trim_start_matches([':', '+']).to_owned(),
    }
}

/// Waits until something becomes true.
pub(crate) fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !check() {
        assert!(begin.elapsed() < Duration::from_secs(20), "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
