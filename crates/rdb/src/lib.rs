//! RDB: how Redis and Valkey write values, in every version; bytes in and out, no files.
//!
//! Whatever comes in is checked, and nothing is allocated that the input does not pay for.

mod error;
mod functions;
mod legacy;
mod lzf;
mod object;
mod payload;
mod read;
pub mod write;

pub use error::{Error, Result};
pub use functions::{FUNCTION, dump_functions, load_functions};
pub use object::{Object, dump_int, dump_string, dump_value, load_payload};
pub use payload::{checksum, seal};
pub use read::Reader;

#[cfg(test)]
mod tests;
