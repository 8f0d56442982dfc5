//! Named maxima that no parameter changes, and how they relate.
//!
//! The relations are checked when this file is compiled. What the wire format itself limits is in
//! `resp`.

/// What one read from a socket brings at most, in bytes, and so the most that a batch can hold.
pub const READ_BYTES_MAX: usize = 64 * 1024;

/// Most commands of one connection that run as one batch.
pub const BATCH_COMMANDS_MAX: usize = 256;

/// Smallest value that `proto-max-bulk-len` and `client-query-buffer-limit` can take, in bytes.
pub const BULK_BYTES_LIMIT_MIN: usize = 1024 * 1024;

/// Most threads (and shards) of a server.
pub const THREADS_MAX: usize = 1024;

/// Most addresses that `bind` takes.
pub const BIND_ADDRESSES_MAX: usize = 16;

/// Deepest nesting of `include`; a file that includes itself ends here.
pub const INCLUDE_DEPTH_MAX: usize = 16;

/// Slowest background work that `hz` can ask for, in turns per second.
pub const HZ_MIN: u16 = 1;

/// Fastest background work that `hz` can ask for, in turns per second.
pub const HZ_MAX: u16 = 500;

const _: () = {
    // The longest line fits one read, and a client's buffer has room for both under any limit.
    assert!(resp::LINE_BYTES_MAX <= READ_BYTES_MAX);
    assert!(resp::LINE_BYTES_MAX + READ_BYTES_MAX <= BULK_BYTES_LIMIT_MIN);
    // A batch of the shortest commands ends by their number, not by the read.
    assert!(BATCH_COMMANDS_MAX * b"PING\r\n".len() <= READ_BYTES_MAX);
    // Every shard owns a slot.
    assert!(THREADS_MAX <= stdx::slot::SLOTS as usize);
    assert!(HZ_MIN < HZ_MAX);
};
