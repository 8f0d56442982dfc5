//! Records as bytes: a shard's buffer, which writes them, and what reads them back.
//!
//! Layout, integers little-endian: groups, each `1, stamp: u64, transaction: u64`, then its effects,
//! each `2, database: u16, slot: u16, count: varint`, then per argument `length: varint, bytes`.
//! A slot of 65535 stands for one that nobody had to know.

mod read;
mod write;

pub use read::{Effect, Group, Groups, Malformed};
pub use write::{Buffer, Handover, Mark};

const GROUP: u8 = 1;
const EFFECT: u8 = 2;
const GROUP_BYTES: usize = 17;
const NO_SLOT: u16 = u16::MAX;

#[cfg(test)]
mod tests;
