//! What a script needs from outside.

/// Whoever runs scripts. Its methods are called while [`crate::Run::resume`] runs, on the script's
/// stack.
pub trait Host {
    /// A command that the script calls. The reply goes to `reply`, in RESP3 if `resp3`, errors
    /// included; those that begin with a code and those of this crate's callers alike.
    ///
    /// [`Called::Suspend`] stops the script: [`crate::Run::resume`] returns
    /// [`crate::Step::Call`], and [`crate::Resume::Reply`] goes on.
    fn call(&mut self, args: &[&[u8]], resp3: bool, reply: &mut Vec<u8>) -> Called;

    /// Asked every few thousand instructions, and when a script makes many coroutines.
    fn slice(&mut self) -> Slice;

    /// A line for the log.
    fn log(&mut self, level: LogLevel, text: &[u8]);

    /// Which effects of later calls are to be written to the append file (1) and to replicas (2).
    fn set_replication(&mut self, flags: u8);

    /// Whether the user may call this; `None` if there is no such command.
    fn may_call(&mut self, args: &[&[u8]]) -> Option<bool>;
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// The reply is there.
    Done,
    /// It will come.
    Suspend,
}

/// What a script does that has run for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slice {
    /// It goes on.
    Continue,
    /// It stops; [`crate::Run::resume`] returns [`crate::Step::Slice`].
    Suspend,
    /// It ends with this error (without code).
    Kill(String),
}

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "Redis's levels")]
pub enum LogLevel {
    Debug,
    Verbose,
    Notice,
    Warning,
}

/// A host for what must come to its end: it answers nothing and kills.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

impl Host for Stopped {
    fn call(&mut self, _: &[&[u8]], _: bool, reply: &mut Vec<u8>) -> Called {
        reply.extend_from_slice(b"-ERR stopped\r\n");
        Called::Done
    }

    fn slice(&mut self) -> Slice {
        Slice::Kill("stopped".to_owned())
    }

    fn log(&mut self, _: LogLevel, _: &[u8]) {}

    fn set_replication(&mut self, _: u8) {}

    fn may_call(&mut self, _: &[&[u8]]) -> Option<bool> {
        Some(false)
    }
}
