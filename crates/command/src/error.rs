//! The one list of error replies. `Display` is the text on the wire, without the leading `-`.

use std::borrow::Cow;
use std::fmt;

use crate::Args;

/// Errors quote so much of what a client sent.
pub const QUOTED_BYTES_MAX: usize = 128;

/// What an error quotes of `bytes`: as Redis, which quotes C strings, nothing from a zero byte on.
pub fn quotable(bytes: &[u8], max: usize) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    &bytes[..end.min(max)]
}

/// An error reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the texts below say it")]
pub enum Error {
    WrongType,
    Syntax,
    NotInteger,
    NotFloat,
    NotInRange,
    NoSuchKey,
    OutOfMemory,
    Loading,
    NoAuth,
    WrongPass,
    IncrementOverflow,
    DecrementOverflow,
    NanOrInfinity,
    OffsetOutOfRange,
    StringTooLong,
    ReplyTooLong,
    InvalidExpire(Cow<'static, str>),
    DbIndexOutOfRange,
    InvalidDbIndex,
    InvalidCursor,
    SameObject,
    /// Wrong number of arguments for the command with this full name, lower case.
    WrongArity(String),
    /// A text with the code `ERR`.
    Plain(Cow<'static, str>),
    /// A text, with its code, that quotes what a client sent, byte for byte.
    Quoting(Vec<u8>),
    /// A text that brings its own code.
    Coded(Cow<'static, str>),
}

impl Error {
    /// `ERR` and a fixed text.
    pub const fn new(text: &'static str) -> Self {
        Error::Plain(Cow::Borrowed(text))
    }

    /// `ERR` and a made text.
    pub fn made(text: impl Into<String>) -> Self {
        Error::Plain(Cow::Owned(text.into()))
    }

    /// `ERR` and a text with what a client sent in the middle. Like Redis, it is quoted up to the
    /// first zero byte, and to `QUOTED_BYTES_MAX`.
    pub fn quoting(before: &str, quoted: &[u8], after: &str) -> Self {
        let quoted = quotable(quoted, QUOTED_BYTES_MAX);
        Error::Quoting([b"ERR ", before.as_bytes(), quoted, after.as_bytes()].concat())
    }

    /// A text that brings its own code: `parts` in turns ours and a client's, which is quoted up
    /// to the first zero byte, as Redis does.
    pub fn coded_quoting(parts: &[&[u8]]) -> Self {
        let quoted = |(at, part): (usize, &&[u8])| match at % 2 {
            0 => part.to_vec(),
            _ => quotable(part, usize::MAX).to_vec(),
        };
        Error::Quoting(parts.iter().enumerate().flat_map(quoted).collect())
    }

    /// Too many arguments for the subcommand `args` begins with, whose arity has no upper end.
    pub fn wrong_shape(args: Args<'_>) -> Self {
        let container = String::from_utf8_lossy(args.at(0)).to_ascii_uppercase();
        let text = "unknown subcommand or wrong number of arguments for '";
        Self::quoting(text, args.at(1), &format!("'. Try {container} HELP."))
    }

    /// The text on the wire, without the leading `-`.
    pub fn text(&self) -> Vec<u8> {
        match self {
            Error::Quoting(text) => text.clone(),
            other => other.to_string().into_bytes(),
        }
    }

    /// `invalid expire time` of this command (lower case).
    pub const fn invalid_expire(command: &'static str) -> Self {
        Error::InvalidExpire(Cow::Borrowed(command))
    }

    /// The code, for INFO errorstats.
    pub fn code(&self) -> String {
        let text = self.to_string();
        text.split(' ').next().unwrap_or("ERR").to_owned()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            Error::Syntax => "ERR syntax error",
            Error::NotInteger => "ERR value is not an integer or out of range",
            Error::NotFloat => "ERR value is not a valid float",
            Error::NotInRange => "ERR value is out of range",
            Error::NoSuchKey => "ERR no such key",
            Error::Loading => "LOADING Redis is loading the dataset in memory",
            Error::OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'.",
            Error::NoAuth => "NOAUTH Authentication required.",
            Error::WrongPass => "WRONGPASS invalid username-password pair or user is disabled.",
            Error::IncrementOverflow => "ERR increment or decrement would overflow",
            Error::DecrementOverflow => "ERR decrement would overflow",
            Error::NanOrInfinity => "ERR increment would produce NaN or Infinity",
            Error::OffsetOutOfRange => "ERR offset is out of range",
            Error::ReplyTooLong => "ERR reply is too long",
            Error::StringTooLong => "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            Error::DbIndexOutOfRange => "ERR DB index is out of range",
            Error::InvalidDbIndex => "ERR invalid DB index",
            Error::InvalidCursor => "ERR invalid cursor",
            Error::SameObject => "ERR source and destination objects are the same",
            Error::InvalidExpire(command) => {
                return write!(f, "ERR invalid expire time in '{command}' command");
            }
            Error::WrongArity(command) => {
                return write!(f, "ERR wrong number of arguments for '{command}' command");
            }
            Error::Quoting(text) => {
                return f.write_str(&String::from_utf8_lossy(text));
            }
            Error::Plain(text) => return write!(f, "ERR {text}"),
            Error::Coded(text) => text,
        })
    }
}

impl std::error::Error for Error {}

impl From<value::WrongType> for Error {
    fn from(_: value::WrongType) -> Self {
        Self::WrongType
    }
}
