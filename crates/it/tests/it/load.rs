//! Many clients at once: what tests of concurrency share.
//!
//! `IT_SECONDS` sets how long each server is worked on (2), `IT_SEED` makes other histories,
//! `IT_SHARDS=n` leaves out servers of other layouts.

use std::env;
use std::time::Duration;

use testkit::{Kind, Layout, Server, slots};

use crate::servers::kinds;

/// What `tests` run against: as everywhere, and with more shards than cores.
pub(crate) fn each_server(arguments: &[&str], test: impl Fn(&Server)) {
    let mut kinds = kinds();
    if kinds.contains(&Kind::Merops(Layout::TWO)) {
        kinds.push(Kind::Merops(Layout { threads: 4, shards: 4 }));
    }
    if let Some(shards) = env::var("IT_SHARDS").ok().map(|text| text.parse().expect("a number")) {
        kinds.retain(|kind| !matches!(kind, Kind::Merops(layout) if layout.shards != shards));
    }
    for kind in kinds {
        println!("on {kind:?}");
        test(&Server::start(kind, arguments));
    }
}

/// A number from the environment.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// How long each server is worked on.
pub(crate) fn duration() -> Duration {
    Duration::from_secs(setting("IT_SECONDS", 2))
}

/// Keys that take turns in living on each of four shards (and so on each of two).
pub(crate) fn keys(prefix: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|index| slots::key_on(&format!("{prefix}{index}:"), index as u16 % 4, 4))
        .collect()
}

/// A command, word by word.
pub(crate) fn words<W: ToString>(
    command: &str,
    arguments: impl IntoIterator<Item = W>,
) -> Vec<String> {
    let arguments = arguments.into_iter().map(|argument| argument.to_string());
    std::iter::once(command.to_owned()).chain(arguments).collect()
}
