//! What tests and benchmarks of a whole server need: starting one, talking to it, reading its mind.
//!
//! It names nothing of Merops but its wire format, so that the same code drives `redis-server`.
#![allow(clippy::disallowed_methods, reason = "a tool: it may read the clock")]

mod client;
mod notation;
pub mod order;
pub mod programs;
mod random;
mod server;
pub mod slots;
pub mod transcript;

pub use client::{Client, encode, is_closed, is_timeout};
pub use notation::{Expected, show};
pub use random::Random;
pub use resp::Reply;
pub use server::{Kind, Layout, Server, raise_open_files};
