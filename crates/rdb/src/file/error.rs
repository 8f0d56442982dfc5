//! What is wrong with a file, and where.

use std::{fmt, io};

/// Where in a file something is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it.
    pub offset: u64,
    /// The key whose value it belongs to, if it does.
    pub key: Option<Vec<u8>>,
}

/// Why a file cannot be read.
#[derive(Debug)]
pub enum FileError {
    /// It is damaged, or of a kind that nobody here knows.
    Broken {
        /// Where that shows.
        at: Place,
        /// What is wrong, or what was expected.
        what: String,
    },
    /// It belongs to something that is not here; can be skipped.
    Unknown {
        /// Where it begins.
        at: Place,
        /// What it is.
        what: String,
    },
    /// The checksum is not that of the file's content.
    Checksum {
        /// What the file says.
        said: u64,
        /// What its content has.
        found: u64,
    },
    /// It cannot be read at all.
    Io(io::Error),
}

impl FileError {
    pub(super) fn broken(offset: u64, what: impl fmt::Display) -> Self {
        Self::Broken { at: Place { offset, key: None }, what: what.to_string() }
    }

    /// With the key in whose value it was.
    pub(super) fn with_key(mut self, key: &[u8]) -> Self {
        if let Self::Broken { at, .. } | Self::Unknown { at, .. } = &mut self {
            at.key = Some(key.to_vec());
        }
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_BYTES_MAX: usize = 64;
        write!(f, "byte {}", self.offset)?;
        if let Some(key) = &self.key {
            let shown = &key[..key.len().min(SHOWN_BYTES_MAX)];
            write!(f, ", key \"{}\"", shown.escape_ascii())?;
        }
        Ok(())
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { at, what } | Self::Unknown { at, what } => write!(f, "{at}: {what}"),
            Self::Checksum { said, found } => {
                write!(f, "RDB CRC error: the checksum is {found:016x}, the file says {said:016x}")
            }
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FileError {}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
