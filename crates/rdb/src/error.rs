//! What can be wrong with bytes from outside.

use std::fmt;

/// Why bytes are no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// They end in the middle of something.
    Truncated,
    /// They say something that cannot be; what, for humans.
    BadData(&'static str),
    /// A collection, of this type, has no elements.
    Empty(&'static str),
    /// They are of a kind that nobody here knows.
    UnknownType(u8),
    /// They are of a version that nobody here knows, or damaged.
    BadVersionOrChecksum,
}

/// A value read, or why not.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the data ends too early"),
            Self::BadData(what) => f.write_str(what),
            Self::Empty(kind) => write!(f, "a {kind} is empty"),
            Self::UnknownType(kind) => write!(f, "unknown type of value {kind}"),
            Self::BadVersionOrChecksum => f.write_str("the version or the checksum is wrong"),
        }
    }
}

impl std::error::Error for Error {}
