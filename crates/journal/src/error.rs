//! Why a journal cannot be read.

use std::fmt;
use std::io;

/// See the module. Its text is for the operator.
#[derive(Debug)]
pub enum Error {
    /// The system refused something.
    Io {
        /// Which file.
        file: String,
        /// What it was refused for.
        error: io::Error,
    },
    /// A file that the manifest names is not there.
    Missing {
        /// Which file.
        file: String,
    },
    /// A file holds what cannot have been written so, or has lost what was durable.
    Damaged {
        /// Which file.
        file: String,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// A file is whole, but of another journal, shard or time.
    Foreign {
        /// Which file.
        file: String,
        /// What it is.
        what: String,
    },
    /// The last writes did not all reach the disk, and that is not allowed to pass.
    Torn {
        /// Which file.
        file: String,
        /// Where in it.
        offset: u64,
    },
}

impl Error {
    pub(crate) fn io(file: &str) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { file: file.to_owned() },
            _ => Self::Io { file: file.to_owned(), error },
        }
    }

    pub(crate) fn damaged(file: &str, offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), offset, what: what.into() }
    }

    /// Whether [`fix`](crate::fix) can help: the journal goes on without what is lost.
    pub fn is_fixable(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Torn { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, error } => write!(f, "{file}: {error}"),
            Self::Missing { file } => write!(f, "{file} is missing"),
            Self::Damaged { file, offset, what } => {
                write!(f, "{file} is damaged at offset {offset}: {what}")
            }
            Self::Foreign { file, what } => write!(f, "{file} does not belong here: {what}"),
            Self::Torn { file, offset } => {
                write!(f, "{file} ends in the middle of a write at offset {offset}")
            }
        }
    }
}

impl std::error::Error for Error {}
