//! Rows of commands that act on the connection or the process rather than on keys.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use command::{Args, Result, Spec};
use engine::{Command, Outcome};
use resp::{Protocol, Span, Writer};

use crate::client::Client;
use crate::core::Core;

/// Acts at once, while the connection's input is being decoded.
pub(crate) type Now = fn(&Rc<Core>, &Rc<Client>, Args<'_>, &mut Writer<'_>) -> Result;

/// What an asynchronous command comes to.
pub(crate) type LaterFuture<'a> = Pin<Box<dyn Future<Output = Result> + 'a>>;

/// Runs alone, after what was sent before it: may ask other threads and wait.
pub(crate) type Later = for<'a> fn(&'a mut Request) -> LaterFuture<'a>;

/// Begins, and mostly ends, without waiting; the reply is appended then. What must wait goes on as
/// what this answers. Runs as soon as nothing of its client is before it.
pub(crate) type Prompt =
    fn(&Rc<Core>, &Rc<Client>, Args<'_>, &mut Vec<u8>) -> Result<Option<GoingOn>>;

/// The rest of a [`Prompt`] command, with its arguments.
pub(crate) type GoingOn = Pin<Box<dyn Future<Output = Ended>>>;

/// What came of a [`Prompt`] command that had to wait.
pub(crate) struct Ended {
    pub(crate) reply: Vec<u8>,
    /// Its arguments, given back.
    pub(crate) args: OwnedArgs,
}

/// How a session command runs.
#[derive(Clone, Copy)]
pub(crate) enum SessionRun {
    /// While decoding.
    Now(Now),
    /// Alone.
    Later(Later),
    /// Alone, but without a task of its own if it need not wait.
    Prompt(Prompt),
    /// As a data command, on arguments that the session completes.
    Becomes(Becomes),
    /// Only a name for its subcommands.
    Container,
}

/// How a session command becomes one that runs on shards.
#[derive(Clone, Copy)]
pub(crate) struct Becomes {
    pub(crate) command: &'static Command,
    /// The data command's arguments.
    pub(crate) expand: fn(&Client, Args<'_>) -> Result<OwnedArgs>,
}

/// A row of the table: plain `const` data next to its handler.
#[derive(Clone, Copy)]
pub(crate) struct SessionCommand {
    pub(crate) spec: Spec,
    pub(crate) run: SessionRun,
    pub(crate) subcommands: &'static [SessionCommand],
    pub(crate) in_multi: InMulti,
    /// Whether it answers an error, as changes do, while the data should be saved and cannot be.
    pub(crate) tells_health: bool,
    /// For a row that runs scripts: whether the one of a call says that it does not write.
    pub(crate) only_reads: Option<fn(&Core, Args<'_>) -> bool>,
}

/// What a command does when a transaction is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InMulti {
    /// It waits for EXEC.
    Queued,
    /// It acts, as ever.
    ActsAtOnce,
    /// It is EXEC: what holds for the queued commands holds for it.
    Executes,
}

impl SessionCommand {
    pub(crate) const fn now(spec: Spec, run: Now) -> Self {
        Self::new(spec, SessionRun::Now(run), &[])
    }

    pub(crate) const fn later(spec: Spec, run: Later) -> Self {
        Self::new(spec, SessionRun::Later(run), &[])
    }

    pub(crate) const fn prompt(spec: Spec, run: Prompt) -> Self {
        Self::new(spec, SessionRun::Prompt(run), &[])
    }

    pub(crate) const fn becomes(spec: Spec, becomes: Becomes) -> Self {
        Self::new(spec, SessionRun::Becomes(becomes), &[])
    }

    pub(crate) const fn container(spec: Spec, subcommands: &'static [SessionCommand]) -> Self {
        Self::new(spec, SessionRun::Container, subcommands)
    }

    const fn new(spec: Spec, run: SessionRun, subcommands: &'static [SessionCommand]) -> Self {
        Self {
            spec,
            run,
            subcommands,
            in_multi: InMulti::Queued,
            tells_health: false,
            only_reads: None,
        }
    }

    /// Says that it answers an error while the data should be saved and cannot be.
    pub(crate) const fn telling_health(mut self) -> Self {
        self.tells_health = true;
        self
    }

    /// Says how to find out whether a call runs a script that does not write.
    pub(crate) const fn only_reads_if(mut self, only_reads: fn(&Core, Args<'_>) -> bool) -> Self {
        self.only_reads = Some(only_reads);
        self
    }

    /// Says what it does when a transaction is open, if it does not wait for EXEC.
    pub(crate) const fn in_multi(mut self, in_multi: InMulti) -> Self {
        self.in_multi = in_multi;
        self
    }
}

/// Arguments that outlive the buffer that they came in.
#[derive(Clone, Default)]
pub(crate) struct OwnedArgs {
    pub(crate) data: Vec<u8>,
    pub(crate) spans: Vec<Span>,
}

impl OwnedArgs {
    pub(crate) fn new(args: Args<'_>) -> Self {
        let mut owned = Self::default();
        owned.replace(args.iter());
        owned
    }

    /// Takes others in the place of these, and keeps the memory.
    pub(crate) fn replace<'a>(&mut self, args: impl Iterator<Item = &'a [u8]>) {
        self.data.clear();
        self.spans.clear();
        for arg in args {
            self.spans.push(Span { start: self.data.len() as u32, len: arg.len() as u32 });
            self.data.extend_from_slice(arg);
        }
    }

    pub(crate) fn args(&self) -> Args<'_> {
        Args::new(&self.data, &self.spans)
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.data.capacity() + self.spans.capacity() * size_of::<Span>()
    }
}

/// One call of a [`Later`] command: it owns its arguments, because it outlives the input buffer.
pub(crate) struct Request {
    pub(crate) core: Rc<Core>,
    pub(crate) client: Rc<Client>,
    /// The row's number.
    pub(crate) row: u16,
    pub(crate) data: Vec<u8>,
    pub(crate) spans: Vec<Span>,
    pub(crate) protocol: Protocol,
    pub(crate) out: Vec<u8>,
    /// Whether that is what CLIENT REPLY does not hold back.
    pub(crate) is_push: bool,
}

impl Request {
    /// A call of a client, which is answered in the client's protocol.
    pub(crate) fn new(core: &Rc<Core>, client: &Rc<Client>, row: u16, args: OwnedArgs) -> Self {
        Self {
            core: core.clone(),
            client: client.clone(),
            row,
            data: args.data,
            spans: args.spans,
            protocol: client.protocol.get(),
            out: Vec::new(),
            is_push: false,
        }
    }

    /// The call's arguments.
    pub(crate) fn args(&self) -> Args<'_> {
        Args::new(&self.data, &self.spans)
    }

    /// Runs it; what it answers is then in `out`.
    pub(crate) async fn run(&mut self, run: Later) -> Outcome {
        let clock = self.core.router.clock();
        let started = (clock.ticks)();
        if let Err(error) = run(self).await {
            self.out.clear();
            Writer::new(&mut self.out, Protocol::Resp2).error(error.text());
        }
        Outcome {
            reply_len: self.out.len(),
            failed: self.out.first() == Some(&b'-'),
            refused: false,
            is_overlong: false,
            ticks: clock.ticks_since(started),
        }
    }

    /// Where the reply goes.
    pub(crate) fn reply(&mut self) -> Writer<'_> {
        Writer::new(&mut self.out, self.protocol)
    }
}
