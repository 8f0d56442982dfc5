//! A data command's row: what it is ([`Spec`]) and where and how it runs.

use std::future::Future;
use std::pin::Pin;

use command::{Args, Spec};
use resp::Writer;
use value::Kind;

use crate::context::Context;
use crate::plan::Plan;

/// Runs a command on the shard that owns its keys. The reply is complete when it returns `Ok`; what
/// it wrote before an `Err` is taken back.
pub type Handler = fn(&mut Context<'_>, Args<'_>, &mut Writer<'_>) -> command::Result;

/// What a plan comes to.
pub type PlanFuture<'a> = Pin<Box<dyn Future<Output = command::Result> + 'a>>;

/// Runs a command whose reads decide its writes on several shards.
pub type PlanHandler = for<'a> fn(&'a mut Plan) -> PlanFuture<'a>;

/// How the replies of a command's parts become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Each part answers an integer: their sum.
    Sum,
    /// Each part answers OK (or the first error): that.
    First,
    /// Each part answers an array with one element per key: the elements in the order of the keys.
    PerKey,
    /// Each part answers an array: all elements, shard after shard.
    Concat,
}

/// Where a command runs.
#[derive(Clone, Copy)]
pub enum Run {
    /// One key, or none that matters: on its owner.
    Shard(Handler),
    /// Each owner runs the handler with its keys' arguments; then the replies are merged.
    Scatter {
        /// Runs with a part of the keys, or with all.
        part: Handler,
        /// Makes one reply.
        merge: Merge,
    },
    /// Several hops under one set of locks, unless one shard owns all keys.
    Plan {
        /// Runs when one shard owns all keys.
        local: Handler,
        /// Runs on the coordinating thread, with every key locked.
        across: PlanHandler,
    },
    /// Every shard runs the handler; then the replies are merged.
    Everywhere {
        /// Runs on each shard.
        part: Handler,
        /// Makes one reply.
        merge: Merge,
        /// Whether all shards are locked, so that it is one step, or each is asked on its own.
        atomic: bool,
    },
    /// Hops over shards of its own choice, without locks (SCAN, RANDOMKEY).
    Roam(PlanHandler),
    /// Tried at once, and again whenever one of its keys changes, until something comes of it.
    Block(&'static Block),
    /// Only a name for its subcommands.
    Container,
}

/// How a command blocks. A try that has nothing to answer writes no reply.
pub struct Block {
    /// Tries it where one shard owns all keys.
    pub local: Handler,
    /// Tries it across shards, with every key locked.
    pub across: PlanHandler,
    /// How long a call waits; the error where its arguments do not say so rightly.
    pub wait: fn(Args<'_>) -> command::Result<Wait>,
    /// What is answered when the time is over.
    pub on_timeout: fn(&mut Writer<'_>),
    /// What is answered instead where nobody waits, as in a transaction.
    pub on_nothing: fn(&mut Writer<'_>),
    /// The type that the keys must have for a try to make sense. While they have another, the
    /// client waits, as for keys that do not exist.
    pub kind: Kind,
    /// Whether a key that is gone, or of another type, ends the wait, with the error that a try
    /// then has.
    pub ends_without_key: bool,
    /// Whether time alone can bring what a call waits for: it is tried now and then.
    pub on_time: fn(Args<'_>) -> bool,
}

/// How long a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all: what has nothing to answer is answered like a timeout.
    No,
    /// This long.
    Ms(u64),
    /// Until something comes.
    Forever,
}

/// A row of the command table: plain `const` data next to its handler.
#[derive(Clone, Copy)]
pub struct Command {
    /// What it is.
    pub spec: Spec,
    /// What it does.
    pub run: Run,
    /// `OBJECT ENCODING` and the like.
    pub subcommands: &'static [Command],
    /// Which calls read keys that their arguments do not name.
    reaches: Option<fn(Args<'_>) -> bool>,
}

impl Command {
    /// A command without subcommands.
    pub const fn new(spec: Spec, run: Run) -> Self {
        Self { spec, run, subcommands: &[], reaches: None }
    }

    /// Says which calls read keys that their arguments do not name. While one of those runs, no key
    /// of any shard changes under it.
    pub const fn reaching(mut self, reaches: fn(Args<'_>) -> bool) -> Self {
        self.reaches = Some(reaches);
        self
    }

    /// Whether a call reads keys that its arguments do not name.
    #[inline]
    pub fn reaches(&self, args: Args<'_>) -> bool {
        self.reaches.is_some_and(|reaches| reaches(args))
    }

    /// How it blocks, if it does.
    pub(crate) fn block(&self) -> Option<&'static Block> {
        match self.run {
            Run::Block(block) => Some(block),
            _ => None,
        }
    }

    /// A container of subcommands.
    pub const fn container(spec: Spec, subcommands: &'static [Command]) -> Self {
        Self { spec, run: Run::Container, subcommands, reaches: None }
    }
}
