//! Lua scripts and functions as Redis runs them, without knowing where commands run: a script is
//! stepped by its [`Host`], which answers what the script asks.
//!
//! A [`Runtime`] keeps the interpreters of one thread. [`Runtime::start`] gives a [`Run`];
//! [`Run::resume`] runs it until it is over, until a command cannot be answered at once, or until
//! the host wants the thread back. Each interpreter has a stack of its own, so all three can happen
//! at any depth of Lua and its callbacks, and a command that is answered at once is a plain call.

mod convert;
mod engine;
mod error;
mod flags;
mod host;
mod interpreter;
mod libraries;
mod library;
mod native;
mod random;
mod redis;
mod run;
mod sandbox;
mod shared;
mod source;
mod word;

pub use error::Error;
pub use flags::Flags;
pub use host::{Called, Host, LogLevel, Slice, Stopped};
pub use library::{Function, Library};
pub use redis::REDIS_VERSION;
pub use run::{Finished, Options, Program, Resume, Run, Runtime, Step};
pub use source::{Source, digest};

#[cfg(test)]
mod tests;
