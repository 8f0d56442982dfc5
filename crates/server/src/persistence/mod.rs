//! What is kept on disk: snapshots as RDB files, when they are made, and loading them.
//!
//! A snapshot is armed on all shards under one lock of everything (`save`); each shard's thread
//! then walks its tables in short slices and makes pieces of a file (`saver`), which a side thread
//! writes (`write`). Loading goes the other way (`load`). FLUSHALL has its own say (`flush`).

pub(crate) mod append;
pub(crate) mod commands;
mod delay;
pub(crate) mod flush;
pub(crate) mod load;
pub(crate) mod save;
mod saver;
pub(crate) mod status;
pub(crate) mod write;

pub(crate) use self::save::Persistence;
