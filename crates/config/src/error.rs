//! Why a configuration was refused, and what is only worth a warning: text for humans.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where a directive was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The command line.
    Arguments,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => path.display().fmt(f),
            Source::Stdin => f.write_str("standard input"),
            Source::Arguments => f.write_str("command line"),
        }
    }
}

/// A line of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file or other source.
    pub source: Source,
    /// Its line, from 1; 0 where the source has no lines.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => self.source.fmt(f),
            line => write!(f, "{}, line {line}", self.source),
        }
    }
}

/// Something that is not as the operator may think, but does not stop the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What, as one sentence without a period.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Why there is no configuration to start with. The text is for a human, and never holds a
/// password.
#[derive(Debug)]
pub enum Error {
    /// A value that its parameter does not take.
    Value {
        /// Where.
        place: Place,
        /// The parameter.
        directive: &'static str,
        /// The words that were given, unless they may be secret.
        value: Option<String>,
        /// What is wrong with them.
        reason: String,
        /// What would be right.
        allowed: String,
    },
    /// Text that is not what its format allows.
    Syntax {
        /// Where.
        place: Place,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that cannot be read.
    Read {
        /// Which one.
        path: PathBuf,
        /// Where it was included.
        included: Option<Place>,
        /// What the system says.
        error: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Value { place, directive, value, reason, allowed } => {
                write!(f, "{place}: bad value for '{directive}'")?;
                if let Some(value) = value {
                    write!(f, ": {value}")?;
                }
                write!(f, "\n{reason}\nallowed: {allowed}")
            }
            Error::Syntax { place, reason } => write!(f, "{place}: {reason}"),
            Error::Read { path, included, error } => {
                if let Some(place) = included {
                    write!(f, "{place}: ")?;
                }
                write!(f, "cannot read '{}': {error}", path.display())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Read { error, .. } => Some(error),
            _ => None,
        }
    }
}
