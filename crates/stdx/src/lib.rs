//! What could have been in the standard library: nothing here knows a word of the domain but
//! Redis's own number, pattern and slot rules.

pub mod alloc;
pub mod ascii;
pub mod bytes;
pub mod crc16;
pub mod fiber;
pub mod glob;
pub mod hash;
pub mod murmur;
pub mod number;
pub mod prefetch;
pub mod rng;
pub mod slot;
pub mod title;
pub mod tsc;

pub use prefetch::prefetch;
