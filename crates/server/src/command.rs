//! Rows of commands that act on the connection or the process rather than on keys.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use command::{Args, Result, Spec};
use resp::{Protocol, Span, Writer};

use crate::client::Client;
use crate::core::Core;

/// Acts at once, while the connection's input is being decoded.
pub(crate) type Now = fn(&Rc<Core>, &Rc<Client>, Args<'_>, &mut Writer<'_>) -> Result;

/// What an asynchronous command comes to.
pub(crate) type LaterFuture<'a> = Pin<Box<dyn Future<Output = Result> + 'a>>;

/// Runs alone, after what was sent before it: may ask other threads and wait.
pub(crate) type Later = for<'a> fn(&'a mut Request) -> LaterFuture<'a>;

/// How a session command runs.
#[derive(Clone, Copy)]
pub(crate) enum SessionRun {
    /// While decoding.
    Now(Now),
    /// Alone.
    Later(Later),
    /// Only a name for its subcommands.
    Container,
}

/// A row of the table: plain `const` data next to its handler.
#[derive(Clone, Copy)]
pub(crate) struct SessionCommand {
    pub(crate) spec: Spec,
    pub(crate) run: SessionRun,
    pub(crate) subcommands: &'static [SessionCommand],
}

impl SessionCommand {
    pub(crate) const fn now(spec: Spec, run: Now) -> Self {
        Self { spec, run: SessionRun::Now(run), subcommands: &[] }
    }

    pub(crate) const fn later(spec: Spec, run: Later) -> Self {
        Self { spec, run: SessionRun::Later(run), subcommands: &[] }
    }

    pub(crate) const fn container(spec: Spec, subcommands: &'static [SessionCommand]) -> Self {
        Self { spec, run: SessionRun::Container, subcommands }
    }
}

/// One call of a [`Later`] command: it owns its arguments, because it outlives the input buffer.
pub(crate) struct Request {
    pub(crate) core: Rc<Core>,
    pub(crate) client: Rc<Client>,
    pub(crate) data: Vec<u8>,
    pub(crate) spans: Vec<Span>,
    pub(crate) protocol: Protocol,
    pub(crate) out: Vec<u8>,
}

impl Request {
    /// The call's arguments.
    pub(crate) fn args(&self) -> Args<'_> {
        Args::new(&self.data, &self.spans)
    }

    /// Where the reply goes.
    pub(crate) fn reply(&mut self) -> Writer<'_> {
        Writer::new(&mut self.out, self.protocol)
    }
}
