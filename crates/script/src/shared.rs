//! What a script and its owner both see, and what a script asks its host.

use std::cell::{Cell, OnceCell, RefCell};

use mlua::Lua;
use stdx::fiber::Link;

use crate::convert::Names;
use crate::engine::Job;
use crate::error::Raise;
use crate::host::{Called, Host, LogLevel, Slice};
use crate::library::Loading;
use crate::random::Random;
use crate::run::Finished;

/// Replies up to this length are read without a limit of memory.
const SHORT_BYTES: usize = 16 * 1024;

/// What a script asks its host.
pub(crate) struct Ask {
    what: What,
    /// All arguments behind each other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    reply: Vec<u8>,
}

enum What {
    Call { resp3: bool, called: Called },
    Slice(Slice),
    Log(LogLevel),
    SetReplication(u8),
    MayCall(Option<bool>),
}

impl Ask {
    pub(crate) fn answer(&mut self, host: &mut dyn Host) {
        let Ask { what, bytes, ends, reply } = self;
        let mut start = 0;
        let mut args = ends.iter().map(|&end| &bytes[std::mem::replace(&mut start, end)..end]);
        match what {
            What::Call { resp3, called } if ends.len() <= 8 => {
                let mut few = [&[][..]; 8];
                few.iter_mut().zip(&mut args).for_each(|(place, arg)| *place = arg);
                *called = host.call(&few[..ends.len()], *resp3, reply);
            }
            What::Call { resp3, called } => {
                let args: Vec<&[u8]> = args.collect();
                *called = host.call(&args, *resp3, reply);
            }
            What::Slice(slice) => *slice = host.slice(),
            What::Log(level) => host.log(*level, bytes),
            What::SetReplication(flags) => host.set_replication(*flags),
            What::MayCall(may) => {
                let args: Vec<&[u8]> = args.collect();
                *may = host.may_call(&args);
            }
        }
    }

    /// Takes the next argument.
    pub(crate) fn push(&mut self, arg: &[u8]) {
        self.bytes.extend_from_slice(arg);
        self.ends.push(self.bytes.len());
    }
}

/// Why a script stopped.
pub(crate) enum Stop {
    Call { args: Vec<Vec<u8>>, resp3: bool },
    Slice,
    Done(Finished),
}

/// What the script's functions and its owner both see.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) link: OnceCell<Link<Ask>>,
    pub(crate) job: RefCell<Option<Job>>,
    pub(crate) stop: RefCell<Option<Stop>>,
    /// The reply to a call that stopped the script.
    pub(crate) reply: RefCell<Vec<u8>>,
    /// Set once the script is to end: why.
    pub(crate) killed: RefCell<Option<Vec<u8>>>,
    /// Whether the script wants replies in RESP3.
    pub(crate) resp3: Cell<bool>,
    pub(crate) random: Random,
    /// The library that is being loaded.
    pub(crate) loading: RefCell<Option<Loading>>,
    pub(crate) names: OnceCell<Names>,
    /// An ask with buffers to use again.
    spare: Cell<Option<Box<Ask>>>,
    pub(crate) memory_bytes_max: Cell<usize>,
}

impl Shared {
    fn ask(&self, ask: &mut Ask) -> Result<(), Raise> {
        self.check_killed()?;
        let link = self.link.get().filter(|link| link.is_running());
        // Nothing of ours runs Lua elsewhere once the fiber has begun.
        let link = link.ok_or_else(|| Raise::Killed(b"no script runs".to_vec()))?;
        link.ask(ask);
        Ok(())
    }

    /// An ask to push arguments to.
    pub(crate) fn new_ask(&self) -> Box<Ask> {
        let mut ask = self.spare.take().unwrap_or_else(|| {
            let what = What::Slice(Slice::Continue);
            Box::new(Ask { what, bytes: Vec::new(), ends: Vec::new(), reply: Vec::new() })
        });
        ask.bytes.clear();
        ask.ends.clear();
        ask.reply.clear();
        ask
    }

    /// Buffers that a large call has grown are not kept.
    fn put_back(&self, ask: Box<Ask>) {
        const KEPT_BYTES_MAX: usize = 64 * 1024;
        if ask.bytes.capacity().max(ask.reply.capacity()) <= KEPT_BYTES_MAX {
            self.spare.set(Some(ask));
        }
    }

    /// Calls a command; `use_reply` gets what came back.
    pub(crate) fn call<R>(
        &self,
        lua: &Lua,
        mut ask: Box<Ask>,
        use_reply: impl FnOnce(&[u8]) -> mlua::Result<R>,
    ) -> mlua::Result<R> {
        let resp3 = self.resp3.get();
        ask.what = What::Call { resp3, called: Called::Done };
        self.ask(&mut ask)?;
        if let What::Call { called: Called::Suspend, .. } = ask.what {
            let mut start = 0;
            let take = |&end: &usize| ask.bytes[std::mem::replace(&mut start, end)..end].to_vec();
            let args = ask.ends.iter().map(take).collect();
            self.suspend(Stop::Call { args, resp3 })?;
            ask.reply = self.reply.take();
        }
        // Values of a short reply need no limit, and are made faster without.
        let is_short = ask.reply.len() <= SHORT_BYTES;
        if is_short {
            lua.set_memory_limit(0)?;
        }
        let result = use_reply(&ask.reply);
        if is_short {
            lua.set_memory_limit(self.memory_bytes_max.get())?;
        }
        self.put_back(ask);
        result
    }

    pub(crate) fn log(&self, mut ask: Box<Ask>, level: LogLevel) -> Result<(), Raise> {
        ask.what = What::Log(level);
        self.ask(&mut ask)
    }

    pub(crate) fn set_replication(&self, flags: u8) -> Result<(), Raise> {
        let mut ask = self.new_ask();
        ask.what = What::SetReplication(flags);
        self.ask(&mut ask)
    }

    pub(crate) fn may_call(&self, mut ask: Box<Ask>) -> Result<Option<bool>, Raise> {
        ask.what = What::MayCall(None);
        self.ask(&mut ask)?;
        Ok(match ask.what {
            What::MayCall(may) => may,
            _ => None,
        })
    }

    /// Lets the host look whether the script has run for long enough.
    pub(crate) fn breathe(&self) -> Result<(), Raise> {
        if self.link.get().is_none_or(|link| !link.is_running()) {
            return Ok(());
        }
        let mut ask = self.new_ask();
        ask.what = What::Slice(Slice::Continue);
        self.ask(&mut ask)?;
        let slice = match &mut ask.what {
            What::Slice(slice) => std::mem::replace(slice, Slice::Continue),
            _ => Slice::Continue,
        };
        self.put_back(ask);
        match slice {
            Slice::Continue => Ok(()),
            Slice::Suspend => self.suspend(Stop::Slice),
            Slice::Kill(text) => {
                self.kill(text);
                self.check_killed()
            }
        }
    }

    fn suspend(&self, stop: Stop) -> Result<(), Raise> {
        self.stop.replace(Some(stop));
        if let Some(link) = self.link.get() {
            link.suspend();
        }
        self.check_killed()
    }

    pub(crate) fn kill(&self, text: String) {
        self.killed.replace(Some(text.into_bytes()));
    }

    fn check_killed(&self) -> Result<(), Raise> {
        match &*self.killed.borrow() {
            Some(text) => Err(Raise::Killed(text.clone())),
            None => Ok(()),
        }
    }
}
