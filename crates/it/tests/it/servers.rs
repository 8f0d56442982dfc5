//! The servers that tests run against.

use std::env;

use testkit::{Kind, Layout, Server, programs};

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
