//! What commands did, as records that an append file, replicas and slot migration can replay; and
//! the files that keep them.
//!
//! Every shard writes records into a [`Buffer`]. From time to time a round closes at a stamp below
//! which everything has happened on all shards: each shard's records up to it become one block of
//! the shard's own file, or, if all of them together are few, one block of the first file. Recovery
//! keeps the rounds up to the first that is not whole, which is a prefix of the serial history of
//! all shards together.
//!
//! It knows no shard, no value, no clock and no thread: whoever uses it says what time it is and
//! runs the [`Job`]s that write and sync, side by side if it likes. The world is behind [`Disk`].
//!
//! Invariants: a file whose write or sync failed is never written again; a file is removed only
//! when a manifest without it is durable; a round's number is used once.

mod block;
mod bug;
mod check;
mod disk;
mod error;
mod file;
mod journal;
mod manifest;
mod names;
mod record;
mod recover;
mod round;
mod scan;

pub use bug::{Bug, Planted};
pub use check::{Finding, check, fix};
pub use disk::{Disk, DiskFile, FakeDisk, Faults, RealDisk, read_all, replace};
pub use error::Error;
pub use file::FileId;
pub use journal::{Job, Journal, Options, Rewrite, SyncJob};
pub use manifest::{Base, BaseFile, Increment, Manifest};
pub use names::Names;
pub use record::{Buffer, Effect, Group, Groups, Handover, Malformed, Mark};
pub use recover::{Cut, Merged, Recovered, RecoveredIncrement, ShardReader, recover, recover_with};
pub use round::{Gap, Report};

#[cfg(test)]
mod tests;
