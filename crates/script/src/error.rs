//! Errors of this crate, and those that scripts raise and catch.

use std::fmt;

/// Why a script or a library is refused; as text, the error reply with its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// From a text that has its code.
    pub(crate) fn raw(text: Vec<u8>) -> Self {
        Error(String::from_utf8_lossy(&text).into_owned())
    }

    /// An error of the general kind.
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        Error(format!("ERR {text}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// What our functions raise in Lua. It travels as a userdata that scripts never see: whatever
/// catches errors for them turns it into the string or table that it stands for.
#[derive(Clone, Debug)]
pub(crate) enum Raise {
    /// A string.
    Text(Vec<u8>),
    /// A table as the replies of failed commands are.
    Reply(Failure),
    /// Ends the script, whatever it catches.
    Killed(Vec<u8>),
}

/// An error reply inside Lua.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// With its code.
    pub(crate) text: Vec<u8>,
    /// Whether the command that failed has counted the error.
    pub(crate) counted: bool,
}

impl fmt::Display for Raise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Raise::Text(text) | Raise::Reply(Failure { text, .. }) | Raise::Killed(text)) = self;
        f.write_str(&String::from_utf8_lossy(text))
    }
}

impl std::error::Error for Raise {}

impl From<Raise> for mlua::Error {
    fn from(raise: Raise) -> Self {
        mlua::Error::external(raise)
    }
}

/// An error table of the general kind, raised.
pub(crate) fn refuse<T>(text: impl fmt::Display) -> mlua::Result<T> {
    let text = format!("ERR {text}").into_bytes();
    Err(Raise::Reply(Failure { text, counted: false }).into())
}
