//! Whole RDB files: a header, fields about the file, databases of keys with values, functions, and
//! a checksum. Read from anything that gives bytes, written to anything that takes them.
//!
//! ```text
//! "REDIS" and 4 digits, or "VALKEY" and 3
//! opcode and what belongs to it, or a form of values, a key, a value; any number of them
//! 255, checksum of all before it: u64, little endian; 0 for none; not before version 5
//! ```

mod crc;
mod entry;
mod error;
mod read;
mod skip;
mod source;
mod write;

pub use crate::object::InParts;
pub use entry::{Clock, Content, EntryHead, put_before_text, put_entry, put_in_parts};
pub use error::{FileError, Place};
pub use read::{FileReader, Item, Record};
pub use write::{Chunk, FileWriter, Finished, put_select_db};

/// The versions that files can be written in.
pub const WRITTEN_VERSIONS: std::ops::RangeInclusive<u16> = 6..=crate::payload::VERSION_MAX;
/// What files are written in unless something in them needs a newer one: Redis 7.0's.
pub const USUAL_VERSION: u16 = crate::payload::VERSION;

/// What may stand in the place of a form.
mod opcode {
    pub(super) const SLOT_INFO: u8 = 244;
    pub(super) const FUNCTION: u8 = crate::FUNCTION;
    pub(super) const FUNCTION_OF_CANDIDATES: u8 = 246;
    pub(super) const MODULE_AUX: u8 = 247;
    pub(super) const IDLE: u8 = 248;
    pub(super) const FREQUENCY: u8 = 249;
    pub(super) const AUX: u8 = 250;
    pub(super) const RESIZE_DB: u8 = 251;
    pub(super) const EXPIRE_MS: u8 = 252;
    pub(super) const EXPIRE_S: u8 = 253;
    pub(super) const SELECT_DB: u8 = 254;
    pub(super) const END: u8 = 255;
}

/// The first version with a checksum at its end.
const CHECKSUM_SINCE: u16 = 5;

#[cfg(test)]
mod tests;
