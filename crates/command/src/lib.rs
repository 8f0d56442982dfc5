//! What a command *is*: its row's metadata, where its keys are, its arguments, its error replies.
//!
//! It knows no shard, no engine and no value. Rows are plain `const` data beside their handlers;
//! COMMAND, ACL, cluster routing, MONITOR and the gates read them and nothing else.

mod args;
mod error;
pub mod flag;
mod keys;
mod spec;
mod syntax;

pub use args::{Args, OwnedArgs, Words};
pub use error::{Error, QUOTED_BYTES_MAX, quotable};
pub use keys::{Access, Begin, Find, KeySpec, Positions, access};
pub use spec::{AccessOf, Group, Hides, Spec};
pub use syntax::{Argument, ArgumentType, SyntaxFault};

/// What a handler returns; the reply is written along the way and taken back on an error.
pub type Result<T = ()> = std::result::Result<T, Error>;
