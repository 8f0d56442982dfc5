//! Brings a script from its first step to its last.
//!
//! A script begins where its call is read, and most end there. What has to wait goes on as a
//! future. One that is known to keep to its keys, all of which another thread owns, runs there.

use std::borrow::Cow;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use command::{Args, Error, Result};
use resp::{Protocol, Writer};
use script::{Flags, Options, Resume, Run, Source, Step};

use super::host::{Demand, Hold, Scope, ScriptHost, Seen};
use super::job::{Invocation, Job, Known, SentJob};
use crate::client::{Client, NewClient};
use crate::command::{Ended, GoingOn, OwnedArgs};
use crate::core::Core;
use crate::persistence::Persistence;

pub(super) const NO_SCRIPT: Error =
    Error::Coded(Cow::Borrowed("NOSCRIPT No matching script. Please use EVAL."));

/// SHA-1 in hexadecimal digits.
const DIGEST_LEN: usize = 40;

/// How a call names its script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Body,
    Digest,
}

/// EVAL script numkeys [key [key ...]] [arg [arg ...]], and its like.
pub(super) fn eval(
    core: &Rc<Core>,
    client: &Rc<Client>,
    args: Args<'_>,
    (which, is_read_only): (Which, bool),
    out: &mut Vec<u8>,
) -> Result<Option<GoingOn>> {
    if which == Which::Digest && args.at(1).len() != DIGEST_LEN {
        return Err(NO_SCRIPT);
    }
    let key_count = key_count(args)?;
    let script = script_of(core, args, which)?;
    let is_read_only = admit(core, script.source.flags(), is_read_only)?;
    let job = Job::script(script, is_read_only);
    run(core, client, job, Invocation { args, key_count }, out)
}

/// FCALL function numkeys [key [key ...]] [arg [arg ...]], and its like.
pub(super) fn fcall(
    core: &Rc<Core>,
    client: &Rc<Client>,
    args: Args<'_>,
    is_read_only: bool,
    out: &mut Vec<u8>,
) -> Result<Option<GoingOn>> {
    let Some((loaded, at)) = core.server.libraries.read().function(args.at(1)) else {
        return Err(Error::new("Function not found"));
    };
    let bad_count = |error| match error {
        Error::NotInteger => Error::new("Bad number of keys provided"),
        other => other,
    };
    let key_count = key_count(args).map_err(bad_count)?;
    let flags = Some(loaded.library.functions()[at].flags);
    let is_read_only = admit(core, flags, is_read_only)?;
    let job = Job::function(loaded, at, is_read_only);
    run(core, client, job, Invocation { args, key_count }, out)
}

/// The script that a call names.
fn script_of(core: &Core, args: Args<'_>, which: Which) -> Result<Known> {
    let (scripts, word) = (&core.server.scripts, args.at(1));
    if let Some(known) = core.recent_scripts.find(scripts, which, word) {
        return Ok(known);
    }
    let forgotten = scripts.forgotten();
    let script = match which {
        Which::Digest => scripts.find(word).ok_or(NO_SCRIPT)?,
        Which::Body => {
            let compiles = |source: &Source| core.lua.compile(source);
            scripts.learn(word, false, compiles).map_err(compile_error)?
        }
    };
    let known = Rc::new(script);
    core.recent_scripts.keep(forgotten, word, &known);
    Ok(known)
}

fn compile_error(error: script::Error) -> Error {
    Error::Coded(error.to_string().into())
}

/// Whether the script of a call says that it does not write.
pub(super) fn eval_only_reads(core: &Core, args: Args<'_>, which: Which) -> bool {
    let flags = match which {
        Which::Digest => {
            core.server.scripts.find(args.at(1)).and_then(|script| script.source.flags())
        }
        // It is learned when it runs, which it may not come to.
        Which::Body => Source::parse(args.at(1)).ok().and_then(|source| source.flags()),
    };
    flags.is_some_and(|flags| flags.contains(Flags::NO_WRITES))
}

/// Whether the function of a call says that it does not write.
pub(super) fn fcall_only_reads(core: &Core, args: Args<'_>) -> bool {
    let found = core.server.libraries.read().function(args.at(1));
    found
        .is_some_and(|(loaded, at)| loaded.library.functions()[at].flags.contains(Flags::NO_WRITES))
}

/// Whether what says this about itself may run now, and (the answer) not write. One that says
/// nothing may do as it likes.
fn admit(core: &Core, flags: Option<Flags>, is_read_only: bool) -> Result<bool> {
    let says = |flag| flags.is_some_and(|flags| flags.contains(flag));
    if is_read_only && flags.is_some() && !says(Flags::NO_WRITES) {
        return Err(Error::new("Can not execute a script with write flag using *_ro command."));
    }
    if flags.is_some() && !says(Flags::NO_WRITES) && Persistence::refusal(core).is_some() {
        return Err(Error::Coded(
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
             persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only \
             scripts."
                .into(),
        ));
    }
    if flags.is_some()
        && !says(Flags::NO_WRITES)
        && let Some(fault) = core.server.append.fault()
    {
        let text = format!(
            "MISCONF Redis is configured to persist data to AOF, but it's currently unable to \
             persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only \
             scripts. AOF error: {fault}"
        );
        return Err(Error::Coded(text.into()));
    }
    let may_run = flags.is_none() || says(Flags::ALLOW_OOM) || says(Flags::NO_WRITES);
    if !may_run && crate::pressure::is_exceeded(core) {
        return Err(Error::Coded(
            "OOM allow-oom flag is not set on the script, can not run it when used memory > \
             'maxmemory'"
                .into(),
        ));
    }
    Ok(is_read_only || says(Flags::NO_WRITES))
}

fn key_count(args: Args<'_>) -> Result<usize> {
    let count = args.int(2)?;
    let most = args.len() - 3;
    match usize::try_from(count) {
        Ok(count) if count <= most => Ok(count),
        Ok(_) => Err(Error::new("Number of keys can't be greater than number of args")),
        Err(_) => Err(Error::new("Number of keys can't be negative")),
    }
}

/// Runs a job, here or where its keys are.
fn run(
    core: &Rc<Core>,
    client: &Rc<Client>,
    job: Job,
    call: Invocation<'_>,
    out: &mut Vec<u8>,
) -> Result<Option<GoingOn>> {
    let scope = Scope::choose(core, client, &job);
    if scope == Scope::Declared
        && let Some(thread) = only_owner(core, call)
        && !core.router.is_own(thread)
    {
        return Ok(Some(run_on(core, client, thread, &job, call)));
    }
    let reader = client.tracking.of_call(core.router.thread(), client.id);
    run_here(core, client, reader, job, scope, call, out)
}

/// The thread that owns all keys of a call, if one does.
fn only_owner(core: &Core, call: Invocation<'_>) -> Option<usize> {
    let mut owners = call.keys().map(|key| core.router.owner(key));
    let first = owners.next()?;
    owners.all(|owner| owner == first).then_some(first)
}

/// Runs a job on this thread.
fn run_here(
    core: &Rc<Core>,
    client: &Rc<Client>,
    reader: (u64, bool),
    job: Job,
    scope: Scope,
    call: Invocation<'_>,
    out: &mut Vec<u8>,
) -> Result<Option<GoingOn>> {
    let owned = || (OwnedArgs::new(call.args), call.key_count);
    let options = Options { protocol: client.protocol.get() };
    let Some(hold) = Hold::at_once(core, client, scope, call) else {
        let begin = Begin { core: core.clone(), client: client.clone(), reader, job, scope };
        return Ok(Some(Box::pin(begin.run(owned()))));
    };
    let mut run = job.start(core, call, options).map_err(compile_error)?;
    let mut host = ScriptHost::new(core, client, reader, job, scope, hold);
    match run.resume(&mut Seen { host: &mut host, call }, Resume::Continue) {
        Step::Done(finished) => {
            learn(&host, &finished);
            out.extend_from_slice(&finished.reply);
            Ok(None)
        }
        step => {
            let begin = Begin {
                core: core.clone(),
                client: client.clone(),
                reader,
                job: host.job().clone(),
                scope,
            };
            let mut going_on: GoingOn = Box::pin(begin.go_on(run, host, step, owned()));
            // What the script holds by not giving the thread up must be locked before anything else
            // runs on it: the first poll asks for that.
            match going_on.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(ended) => {
                    out.extend_from_slice(&ended.reply);
                    Ok(None)
                }
                Poll::Pending => Ok(Some(going_on)),
            }
        }
    }
}

/// Remembers which keys a script was seen to touch.
fn learn(host: &ScriptHost, finished: &script::Finished) {
    // One that failed has not shown all that it touches.
    if finished.error.is_none() || !host.kept_to_keys() {
        host.job().reach().learn(host.kept_to_keys());
    }
}

/// What it takes to begin a job that must wait.
struct Begin {
    core: Rc<Core>,
    client: Rc<Client>,
    reader: (u64, bool),
    job: Job,
    scope: Scope,
}

impl Begin {
    /// Waits for the keys, then runs it to its end.
    async fn run(self, (args, key_count): (OwnedArgs, usize)) -> Ended {
        match self.begin(Invocation { args: args.args(), key_count }).await {
            Ok((run, host, step)) => self.go_on(run, host, step, (args, key_count)).await,
            Err(reply) => Ended { reply, args },
        }
    }

    /// Waits for the keys and takes the first step; the reply if that cannot be.
    async fn begin(
        &self,
        call: Invocation<'_>,
    ) -> std::result::Result<(Run, ScriptHost, Step), Vec<u8>> {
        let Self { core, client, reader, job, scope } = self;
        let hold = Hold::acquire(core, *scope, call, job.is_read_only).await;
        let options = Options { protocol: client.protocol.get() };
        let mut run = job.start(core, call, options).map_err(|error| {
            let mut reply = Vec::new();
            Writer::new(&mut reply, Protocol::Resp2).error(compile_error(error).text());
            reply
        })?;
        let mut host = ScriptHost::new(core, client, *reader, job.clone(), *scope, hold);
        let step = run.resume(&mut Seen { host: &mut host, call }, Resume::Continue);
        Ok((run, host, step))
    }

    /// Runs it to its end from a step on. One that turns out to need other keys than it declared,
    /// and has written nothing by then, begins again with all keys held.
    async fn go_on(
        mut self,
        mut run: Run,
        mut host: ScriptHost,
        mut step: Step,
        (args, key_count): (OwnedArgs, usize),
    ) -> Ended {
        let call = Invocation { args: args.args(), key_count };
        loop {
            let with = match step {
                Step::Done(finished) => {
                    learn(&host, &finished);
                    return Ended { reply: finished.reply, args };
                }
                Step::Slice => host.rest(call).await,
                Step::Call { args: words, resp3 } => match host.demand(call, words, resp3).await {
                    Demand::Reply(reply) => Resume::Reply(reply),
                    Demand::Everything => {
                        self.job.reach().learn(false);
                        self.scope = Scope::Everything;
                        drop(run);
                        // It lets go of what it held.
                        drop(host);
                        (run, host, step) = match self.begin(call).await {
                            Ok(begun) => begun,
                            Err(reply) => return Ended { reply, args },
                        };
                        continue;
                    }
                },
            };
            step = run.resume(&mut Seen { host: &mut host, call }, with);
        }
    }
}

/// Runs a job on another thread, which owns its keys.
fn run_on(
    core: &Rc<Core>,
    client: &Client,
    thread: usize,
    job: &Job,
    call: Invocation<'_>,
) -> GoingOn {
    let from = core.router.thread();
    let (give, given) = tokio::sync::oneshot::channel();
    let visit = Visit {
        client: NewClient {
            id: client.id,
            // What it calls is shown as a script's.
            address: String::new(),
            local_address: client.local_address.clone(),
            fd: client.fd,
            is_local: client.is_local,
            is_unix: client.is_unix,
            authenticated: true,
            now_ms: client.connected_at_ms,
        },
        db: client.db.get(),
        protocol: client.protocol.get(),
        no_touch: client.no_touch.get(),
        reader: client.tracking.of_call(from, client.id),
        job: job.to_send(),
        args: OwnedArgs::new(call.args),
        key_count: call.key_count,
    };
    core.router.call(thread, move || {
        // A task, as locks are not had at once while messages are handled.
        tokio::task::spawn_local(async move {
            let core = Core::current();
            let ended = visit.run(&core).await;
            // What the reply shows is recorded here.
            core.router.publish_recorded();
            // Given on the client's thread: its task is woken there.
            core.router.call(from, move || {
                // That thread may be about to end.
                let _ = give.send(ended);
            });
        });
    });
    Box::pin(async {
        match given.await {
            Ok(ended) => ended,
            // The process ends, and that thread was first; this one will not wait for long.
            Err(_) => std::future::pending().await,
        }
    })
}

/// A job that has come to the thread that owns its keys.
struct Visit {
    client: NewClient,
    db: u16,
    protocol: Protocol,
    no_touch: bool,
    reader: (u64, bool),
    job: SentJob,
    args: OwnedArgs,
    key_count: usize,
}

impl Visit {
    async fn run(self, core: &Rc<Core>) -> Ended {
        let client = Client::new(self.client);
        client.db.set(self.db);
        client.protocol.set(self.protocol);
        client.no_touch.set(self.no_touch);
        let (job, args) = (self.job.received(), self.args);
        let call = Invocation { args: args.args(), key_count: self.key_count };
        let mut reply = Vec::new();
        let client = Rc::new(client);
        match run_here(core, &client, self.reader, job, Scope::Declared, call, &mut reply) {
            Ok(None) => {}
            Ok(Some(going_on)) => return going_on.await,
            Err(error) => Writer::new(&mut reply, Protocol::Resp2).error(error.text()),
        }
        Ended { reply, args }
    }
}
