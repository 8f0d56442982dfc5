//! The same random commands to redis-server and to Merops: every reply must be the same.
//!
//! [`table`] says what commands look like, [`stream`] makes sequences of them from a seed, [`runner`]
//! sends them to both servers and compares reply by reply and the keyspace at the end, and [`shrink`]
//! turns a difference into the few commands that show it. What may differ is listed, with the
//! reason, in [`meant`].
#![allow(clippy::disallowed_methods, reason = "a test tool: it waits and measures time")]

mod events;
pub mod grammar;
pub mod judge;
mod listener;
pub mod meant;
mod queue;
pub mod runner;
pub mod scripts;
pub mod shapes;
pub mod shrink;
pub mod stream;
pub mod table;
