//! What a key costs.

use crate::raw::{ContentRef, RawEntry};

/// A key's share of the table: an 8-byte slot of a bucket with 7 of them in 64 bytes, at a mean
/// load of about 0.85.
const TABLE_BYTES_PER_KEY: usize = 11;

/// Bytes of an entry, of its out-of-line value, and of its share of the table.
pub(crate) fn entry_bytes(entry: RawEntry) -> usize {
    let outside = match entry.content() {
        ContentRef::Value(value) => value.memory_bytes(),
        ContentRef::Int(_) | ContentRef::Inline(_) => 0,
    };
    entry.block_bytes() + outside + TABLE_BYTES_PER_KEY
}
