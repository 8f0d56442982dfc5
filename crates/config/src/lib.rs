//! The parameters of the server: one row each, where their values come from and go to.
//!
//! [`load`] turns the command line and the files it names into a [`Config`]; [`Config::get`] and
//! [`Config::set`] are CONFIG GET and SET; [`rewrite()`] is CONFIG REWRITE. Everything is derived
//! from the rows in [`GROUPS`]. It reads and writes config files, and nothing else; that a value
//! *acts* is the server's part, and so are checks that need a socket or the system.

mod config;
mod directive;
mod error;
mod files;
mod include;
mod kind;
pub mod limits;
mod load;
mod moment;
mod params;
mod reference;
mod rewrite;
mod row;
mod set;
mod text;
mod title;
mod toml;

pub use config::{
    Access, Append, AppendFsync, ClientMemory, Clients, CommandLog, Config, Encodings, Lazyfree,
    LogFormat, LogLevel, MaxmemoryPolicy, Memory, Monitoring, Network, OomScoreAdj, OutputLimit,
    OutputLimits, Persistence, PipelineOrder, Process, RenameCommand, Sanitize, SavePoint,
    SavePoints, Security, ShutdownWishes, Threads,
};
pub use directive::{Directive, parse_conf};
pub use error::{Error, Place, Source, Warning};
pub use files::{FileSystem, Files};
pub use kind::Reason;
pub use load::{Invocation, Loaded, load, load_with};
pub use params::{GROUPS, Group, find, rows};
pub use reference::reference_toml;
pub use rewrite::{RewriteError, Scope, rewrite, rewrite_with};
pub use row::{Mutability, Row, Unit};
pub use set::SetError;
pub use text::memory;
pub use title::{TITLE_VARIABLES, expand_title};
pub use toml::parse_toml;
