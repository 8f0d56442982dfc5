//! Random commands to both servers.
//!
//! `DIFF_SEED=n` runs that seed alone, `DIFF_LENGTH` sets the commands per seed, `DIFF_SEEDS` how many
//! seeds there are, `DIFF_REPORTS` after how many differences a seed is left.
#![allow(clippy::disallowed_methods, reason = "a test may read its environment's clock")]

use std::env;

use differential::runner::{Hears, Pair};
use differential::shrink::hunt;
use differential::stream::Streams;
use testkit::{Kind, Layout, Server, programs};

#[test]
fn one_shard() {
    compare(Layout::ONE, 1, Hears::Nothing);
}

#[test]
fn two_shards() {
    compare(Layout::TWO, 1001, Hears::Nothing);
}

#[test]
fn more_shards_than_cores() {
    compare(Layout { threads: 5, shards: 5 }, 2001, Hears::Nothing);
}

#[test]
fn events_of_one_shard() {
    compare(Layout::ONE, 3001, Hears::InOrder);
}

#[test]
fn events_of_more_shards() {
    compare(Layout { threads: 3, shards: 3 }, 4001, Hears::EachKey);
}

fn compare(layout: Layout, first_seed: u64, hears: Hears) {
    if programs::redis_server().is_none() {
        return;
    }
    let pair = Pair::new(Server::start(Kind::Redis, &[]), Server::start(Kind::Merops(layout), &[]));
    let pair = pair.hearing(hears);
    let streams = Streams::new(|command| pair.merops_has(command));
    let length = setting("DIFF_LENGTH").unwrap_or(3000) as usize;
    let reports = setting("DIFF_REPORTS").unwrap_or(3) as usize;
    let seeds = match setting("DIFF_SEED") {
        Some(seed) => seed..seed + 1,
        None => first_seed..first_seed + setting("DIFF_SEEDS").unwrap_or(3),
    };
    let found: Vec<String> =
        seeds.flat_map(|seed| hunt(&pair, &streams, seed, length, reports)).collect();
    assert!(found.is_empty(), "{} differences on {layout:?}\n{}", found.len(), found.join("\n"));
}

/// The judge must not see differences where there are none …
#[test]
fn redis_is_like_itself() {
    if programs::redis_server().is_none() {
        return;
    }
    let found = against_redis(&[]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// … and see those that there are.
#[test]
fn redis_is_unlike_another_one() {
    if programs::redis_server().is_none() {
        return;
    }
    let encodings = ["--hash-max-listpack-entries", "1", "--set-max-intset-entries", "1"];
    let found = against_redis(&[&encodings[..], &["--databases", "2"]].concat());
    assert!(!found.is_empty(), "encodings differ, which OBJECT shows, and SELECT fails sooner");
}

fn against_redis(arguments: &[&str]) -> Vec<String> {
    let pair = Pair::new(Server::start(Kind::Redis, &[]), Server::start(Kind::Redis, arguments));
    let mut streams = Streams::new(|command| pair.merops_has(command));
    streams.leave_out_newer();
    hunt(&pair, &streams, setting("DIFF_SEED").unwrap_or(1), 6000, 2)
}

fn setting(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect("a number"))
}
