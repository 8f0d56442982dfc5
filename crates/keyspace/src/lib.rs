//! The storage of one shard: databases of keys with values, deadlines and access clocks.
//!
//! Nothing here knows a thread, a clock or a command: the present is passed in by
//! [`Keyspace::begin`], random choices follow from a seed, and what happens is told as effects in
//! [`Changes`].

mod changes;
mod clock;
mod database;
mod edit;
mod entry;
mod eviction;
mod expiry;
mod fields;
mod garbage;
mod keyspace;
mod load;
mod memory;
mod news;
mod options;
mod raw;
mod scan;
mod slab;
mod snapshot;
mod stats;
mod string_buffer;
mod table;
mod watches;

pub use changes::{Cause, Changes, Effect, Effects};
pub use clock::ClockKind;
pub use edit::{Detached, Edit};
pub use entry::{Entry, StringRef, ValueRef};
pub use eviction::{Evicted, Policy};
pub use expiry::Expired;
pub use garbage::Garbage;
pub use keyspace::{Key, Keyspace};
pub use load::{Loaded, LoadedEntry};
pub use news::{Class, Classes, Event, News, Told, Wanted, What};
pub use options::{OnExpired, Options};
pub use snapshot::Saver;
pub use stats::Stats;
pub use string_buffer::StringBuffer;
pub use value::WrongType;

#[cfg(test)]
mod tests;
