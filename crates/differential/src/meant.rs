//! Where Merops answers otherwise on purpose: what, and why.

use resp::Reply;

/// A difference that we mean.
#[derive(Clone, Copy, Debug)]
pub struct Meant {
    /// What it is about, for the list.
    pub what: &'static str,
    /// Why we want it so.
    pub reason: &'static str,
    /// Whether this command, answered like this by redis-server and like this by Merops, is a case.
    pub is_case: fn(words: &[Vec<u8>], redis: &Reply, merops: &Reply) -> bool,
}

/// All of them.
pub const MEANT: &[Meant] = &[];

/// Whether a difference is a meant one.
pub fn is_meant(words: &[Vec<u8>], redis: &Reply, merops: &Reply) -> bool {
    MEANT.iter().any(|meant| (meant.is_case)(words, redis, merops))
}
