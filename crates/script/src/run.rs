//! Running scripts step by step.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use resp::{Protocol, Writer};

use crate::interpreter::Interpreter;
use crate::shared::Stop;
use crate::{Error, Host, Library, Source, Stopped};

/// Idle interpreters that are kept; more run when more scripts are under way at once. Making one
/// costs as much as dozens of short scripts, so there are enough for the connections of a turn, of
/// which each may wait for a key of another thread.
const IDLE_MAX: usize = 64;

/// The interpreters of one thread.
pub struct Runtime {
    pool: Rc<Pool>,
}

struct Pool {
    idle: RefCell<Vec<Interpreter>>,
    memory_bytes_max: usize,
}

/// What is to run. Digests and names were looked up by whoever starts it.
#[derive(Clone, Copy, Debug)]
pub enum Program<'a> {
    /// A script with its KEYS and ARGV.
    Eval {
        /// The script.
        source: &'a Source,
        /// Its keys.
        keys: &'a [&'a [u8]],
        /// Its other arguments.
        args: &'a [&'a [u8]],
    },
    /// A function of a library.
    Function {
        /// The library.
        library: &'a Arc<Library>,
        /// The function's name.
        name: &'a [u8],
        /// Its keys.
        keys: &'a [&'a [u8]],
        /// Its other arguments.
        args: &'a [&'a [u8]],
    },
}

/// How a script runs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What the client speaks, which its reply is written in.
    pub protocol: Protocol,
}

impl Default for Options {
    fn default() -> Self {
        Options { protocol: Protocol::Resp2 }
    }
}

/// A script under way. Dropping it before it is over ends the script.
pub struct Run {
    /// Gone once the script is over.
    interpreter: Option<Interpreter>,
    pool: Rc<Pool>,
}

/// What a script is resumed with.
#[derive(Clone, Debug)]
pub enum Resume {
    /// To begin, and after [`Step::Slice`].
    Continue,
    /// After [`Step::Call`]: the reply, in the RESP version that the call asked for.
    Reply(Vec<u8>),
    /// The script ends with this error (without code), whatever it catches.
    Kill(String),
}

/// Why [`Run::resume`] returned.
#[derive(Clone, Debug)]
pub enum Step {
    /// A call that [`Host::call`] could not answer at once.
    Call {
        /// The command and its arguments.
        args: Vec<Vec<u8>>,
        /// Whether the reply shall be in RESP3.
        resp3: bool,
    },
    /// The host wanted the thread back.
    Slice,
    /// It is over.
    Done(Finished),
}

/// What came of a script.
#[derive(Clone, Debug, Default)]
pub struct Finished {
    /// The reply for the client.
    pub reply: Vec<u8>,
    /// If it is an error: its text with its code.
    pub error: Option<Vec<u8>>,
    /// Whether the error was a command's own, which has been counted.
    pub counted: bool,
}

impl Finished {
    pub(crate) fn empty() -> Self {
        Finished { reply: Vec::with_capacity(64), ..Finished::default() }
    }

    pub(crate) fn failed(protocol: Protocol, text: Vec<u8>) -> Self {
        let mut finished = Finished::empty();
        Writer::new(&mut finished.reply, protocol).error(&text);
        finished.error = Some(text);
        finished
    }
}

impl Runtime {
    /// A runtime whose interpreters may use that much memory each (0: any amount).
    pub fn new(memory_bytes_max: usize) -> Self {
        Runtime { pool: Rc::new(Pool { idle: RefCell::default(), memory_bytes_max }) }
    }

    /// Compiles a script, which then starts fast.
    ///
    /// # Errors
    /// If Lua does not understand it.
    pub fn compile(&self, source: &Source) -> Result<(), Error> {
        let interpreter = self.pool.take()?;
        let compiled = interpreter.compile(source).map(drop);
        self.pool.put(interpreter);
        compiled
    }

    /// Prepares a script; its first [`Run::resume`] begins it.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn start(&self, program: Program<'_>, options: Options) -> Result<Run, Error> {
        let interpreter = self.pool.take()?;
        let prepared = match program {
            Program::Eval { source, keys, args } => interpreter.eval(source, keys, args, options),
            Program::Function { library, name, keys, args } => {
                interpreter.function(library, name, keys, args, options)
            }
        };
        if let Err(error) = prepared {
            self.pool.put(interpreter);
            return Err(error);
        }
        Ok(Run { interpreter: Some(interpreter), pool: Rc::clone(&self.pool) })
    }

    /// What the idle interpreters take.
    pub fn used_memory(&self) -> usize {
        self.pool.idle.borrow().iter().map(Interpreter::used_memory).sum()
    }

    /// Forgets compiled scripts (SCRIPT FLUSH). Libraries keep what they hold.
    pub fn flush_scripts(&self) {
        self.pool.idle.borrow().iter().for_each(Interpreter::forget_scripts);
    }

    /// Forgets compiled scripts and loaded libraries (FUNCTION FLUSH).
    pub fn flush(&self) {
        self.pool.idle.borrow_mut().clear();
    }
}

impl Pool {
    fn take(&self) -> Result<Interpreter, Error> {
        match self.idle.borrow_mut().pop() {
            Some(interpreter) => Ok(interpreter),
            None => Interpreter::new(self.memory_bytes_max),
        }
    }

    fn put(&self, interpreter: Interpreter) {
        interpreter.tidy();
        let mut idle = self.idle.borrow_mut();
        if idle.len() < IDLE_MAX {
            idle.push(interpreter);
        }
    }
}

impl Run {
    /// Goes on until the next step.
    ///
    /// # Panics
    /// If the script is over.
    pub fn resume(&mut self, host: &mut dyn Host, with: Resume) -> Step {
        let interpreter = self.interpreter.as_mut().expect("a script that is over does not go on");
        match with {
            Resume::Continue => {}
            Resume::Reply(reply) => interpreter.set_reply(reply),
            Resume::Kill(text) => interpreter.kill(text),
        }
        match interpreter.resume(host) {
            Stop::Call { args, resp3 } => Step::Call { args, resp3 },
            Stop::Slice => Step::Slice,
            Stop::Done(finished) => {
                if let Some(interpreter) = self.interpreter.take() {
                    self.pool.put(interpreter);
                }
                Step::Done(finished)
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        while self.interpreter.is_some() {
            self.resume(&mut Stopped, Resume::Kill("the script was given up".to_owned()));
        }
    }
}
