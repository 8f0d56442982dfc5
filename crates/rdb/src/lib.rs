//! RDB: how Redis and Valkey write values, in every version; bytes in and out, no files on disk.
//!
//! Whatever comes in is checked, and nothing is allocated that the input does not pay for.

mod error;
pub mod file;
mod functions;
mod legacy;
mod lzf;
mod object;
mod payload;
mod read;
pub mod write;

pub use error::{Error, Result};
pub use functions::{FUNCTION, dump_functions, load_functions};
pub use object::{
    Object, describe_payload, dump_int, dump_string, dump_value, load_payload, load_payload_with,
    load_string, load_value,
};
pub use payload::{Dialect, checksum, seal};
pub use read::Reader;
pub use write::Output;

#[cfg(test)]
mod tests;
