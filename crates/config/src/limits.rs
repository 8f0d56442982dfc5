//! Named maxima of every queue, loop and buffer that a client can grow, and how they relate.
//!
//! Nothing here can be configured: what can is a row in `params`. The relations are checked when
//! this file is compiled.

/// Longest inline command, and longest `*<n>` or `$<n>` header, in bytes.
pub const INLINE_BYTES_MAX: usize = 64 * 1024;

/// Most arguments of one command.
pub const ARGS_MAX: usize = 1024 * 1024;

/// Most arguments of a command from a client that has not authenticated.
pub const ARGS_UNAUTHENTICATED_MAX: usize = 10;

/// Longest argument from a client that has not authenticated, in bytes.
pub const BULK_UNAUTHENTICATED_BYTES_MAX: usize = 16 * 1024;

/// Smallest value that `proto-max-bulk-len` and `client-query-buffer-limit` can take, in bytes.
pub const BULK_BYTES_LIMIT_MIN: usize = 1024 * 1024;

/// What one read from a socket asks for, in bytes.
pub const READ_BYTES: usize = 16 * 1024;

/// Most commands of one connection that run as one batch.
pub const BATCH_COMMANDS_MAX: usize = 256;

/// Most request bytes of one batch; a single longer command is a batch of its own.
pub const BATCH_BYTES_MAX: usize = 64 * 1024;

/// From this size on, a value moves between threads instead of being copied, in bytes.
pub const MOVE_BYTES_MIN: usize = 16 * 1024;

/// Reply bytes gathered for one connection before they are handed to the socket.
pub const REPLY_CHUNK_BYTES: usize = 16 * 1024;

/// Most threads (and shards) a server starts.
pub const THREADS_MAX: usize = 1024;

/// Hash slots; a shard owns those whose number is its own modulo the number of shards.
pub const SLOTS: usize = 16384;

/// Most addresses that `bind` takes.
pub const BIND_ADDRESSES_MAX: usize = 16;

/// Deepest nesting of `include`; a file that includes itself ends here.
pub const INCLUDE_DEPTH_MAX: usize = 16;

/// Slowest and fastest timer that `hz` can ask for, in ticks per second.
pub const HZ_MIN: u16 = 1;
/// See [`HZ_MIN`].
pub const HZ_MAX: u16 = 500;

/// Most connections accepted in one turn of a thread's event loop.
pub const ACCEPTS_PER_TURN_MAX: usize = 1000;

const _: () = {
    assert!(ARGS_UNAUTHENTICATED_MAX < ARGS_MAX);
    assert!(BULK_UNAUTHENTICATED_BYTES_MAX < INLINE_BYTES_MAX);
    // An inline command must fit into the smallest query buffer, as must one read behind it.
    assert!(INLINE_BYTES_MAX + READ_BYTES <= BULK_BYTES_LIMIT_MIN);
    // A batch holds at least one inline command of any length.
    assert!(INLINE_BYTES_MAX <= BATCH_BYTES_MAX);
    assert!(READ_BYTES <= BATCH_BYTES_MAX);
    assert!(BATCH_COMMANDS_MAX < ARGS_MAX);
    // Every shard owns a slot.
    assert!(THREADS_MAX <= SLOTS);
    assert!(HZ_MIN < HZ_MAX);
};
