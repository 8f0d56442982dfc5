//! A script or a function that a client calls, and the call.

use std::rc::Rc;
use std::sync::Arc;

use command::Args;
use script::{Error, Flags, Options, Program, Run};

use super::libraries::Loaded;
use super::reach::Reach;
use super::registry::Script;
use super::running::Kind;
use crate::core::Core;

/// A script as a thread knows it: threads that run the same one would be at odds about one counter
/// of references.
pub(super) type Known = Rc<Arc<Script>>;

/// What a client wants to run.
#[derive(Clone)]
pub(super) struct Job {
    what: What,
    /// Whether it must not write.
    pub(super) is_read_only: bool,
}

#[derive(Clone)]
enum What {
    Script(Known),
    /// A library and the number of its function.
    Function(Arc<Loaded>, usize),
}

/// A [`Job`] on its way to another thread.
pub(super) struct SentJob {
    what: SentWhat,
    is_read_only: bool,
}

enum SentWhat {
    Script(Arc<Script>),
    Function(Arc<Loaded>, usize),
}

/// The client's call: command, script, number of keys, keys, arguments.
#[derive(Clone, Copy)]
pub(super) struct Invocation<'a> {
    pub(super) args: Args<'a>,
    pub(super) key_count: usize,
}

/// Where the keys are in a call.
const FIRST_KEY: usize = 3;

impl<'a> Invocation<'a> {
    /// The declared keys.
    pub(super) fn keys(self) -> impl Iterator<Item = &'a [u8]> {
        self.args.iter_from(FIRST_KEY).take(self.key_count)
    }
}

impl Job {
    pub(super) fn script(script: Known, is_read_only: bool) -> Self {
        Self { what: What::Script(script), is_read_only }
    }

    pub(super) fn function(library: Arc<Loaded>, at: usize, is_read_only: bool) -> Self {
        Self { what: What::Function(library, at), is_read_only }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.what {
            What::Script(_) => Kind::Script,
            What::Function(..) => Kind::Function,
        }
    }

    /// A function's name.
    pub(super) fn name(&self) -> &[u8] {
        match &self.what {
            What::Script(_) => b"",
            What::Function(loaded, at) => loaded.library.functions()[*at].name.as_bytes(),
        }
    }

    /// What is known of the keys that it touches.
    pub(super) fn reach(&self) -> &Reach {
        match &self.what {
            What::Script(script) => &script.reach,
            What::Function(loaded, at) => &loaded.reaches[*at],
        }
    }

    /// What it says about itself, if it does.
    pub(super) fn flags(&self) -> Option<Flags> {
        match &self.what {
            What::Script(script) => script.source.flags(),
            What::Function(loaded, at) => Some(loaded.library.functions()[*at].flags),
        }
    }

    /// Whether it said that it may take memory beyond the limit.
    pub(super) fn may_grow(&self) -> bool {
        self.flags().is_some_and(|flags| flags.contains(Flags::ALLOW_OOM))
    }

    /// Prepares a run on an interpreter of this thread.
    pub(super) fn start(
        &self,
        core: &Core,
        call: Invocation<'_>,
        options: Options,
    ) -> Result<Run, Error> {
        let words: Vec<&[u8]> = call.args.iter_from(FIRST_KEY).collect();
        let (keys, args) = words.split_at(call.key_count);
        let program = match &self.what {
            What::Script(script) => Program::Eval { source: &script.source, keys, args },
            What::Function(loaded, _) => {
                Program::Function { library: &loaded.library, name: self.name(), keys, args }
            }
        };
        core.lua.start(program, options)
    }

    /// For another thread.
    pub(super) fn to_send(&self) -> SentJob {
        let what = match &self.what {
            What::Script(script) => SentWhat::Script(Arc::clone(script)),
            What::Function(loaded, at) => SentWhat::Function(loaded.clone(), *at),
        };
        SentJob { what, is_read_only: self.is_read_only }
    }
}

impl SentJob {
    /// On the other thread.
    pub(super) fn received(self) -> Job {
        let what = match self.what {
            SentWhat::Script(script) => What::Script(Rc::new(script)),
            SentWhat::Function(loaded, at) => What::Function(loaded, at),
        };
        Job { what, is_read_only: self.is_read_only }
    }
}
