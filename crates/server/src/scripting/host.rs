//! What a script sees of the server, and which keys it holds.
//!
//! A script that is known to keep to its declared keys holds those; any other holds every key of
//! every shard. While it touches only its own thread's shard and does not give the thread up, it
//! needs no locks for that.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use command::{Args, Positions, flag};
use engine::{Call, Held, HeldKeys, Here, LateId, Moment, Needs, Outcome, Run};
use keyspace::Key;
use resp::{Protocol, Writer};
use script::{Called, Host, LogLevel, Resume, Slice};

use super::job::{Invocation, Job};
use super::running::RunningScript;
use crate::admin::monitor;
use crate::client::{Client, NewClient};
use crate::clock;
use crate::command::{OwnedArgs, Request, SessionRun};
use crate::core::Core;
use crate::dispatch::{begin_and_end, run_now};
use crate::persistence::Persistence;
use crate::registry::{Action, Registry, Row, Unresolved};

/// How long a script keeps its thread, in microseconds.
const SLICE_US_MAX: u64 = 1_000;
/// Larger arguments are not kept for the next script.
const SPARE_BYTES_MAX: usize = 16 * 1024;
/// How long a script that has written waits for a key that it did not declare and others hold, while
/// another one waits so too: maybe each for the other.
const UNDECLARED_PATIENCE: Duration = Duration::from_secs(1);

/// Which keys a script may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those that it declared.
    Declared,
    /// All.
    Everything,
}

impl Scope {
    /// For a script's first try.
    pub(super) fn choose(core: &Core, client: &Client, job: &Job) -> Self {
        // A transaction that runs scripts holds everything.
        let is_alone = !client.transaction.is_executing();
        match core.router.shard_count() > 1 && is_alone && job.reach().keeps_to_keys() {
            true => Self::Declared,
            false => Self::Everything,
        }
    }
}

/// By what the script holds its keys.
pub(super) enum Hold {
    /// By not giving the thread up.
    Here(Here),
    /// By locks.
    Held(Rc<Held>),
    /// Only for a moment, between the two.
    Changing,
}

impl Hold {
    /// For a script that need not wait for its keys, if this is one.
    pub(super) fn at_once(
        core: &Core,
        client: &Client,
        scope: Scope,
        call: Invocation<'_>,
    ) -> Option<Self> {
        if let Some(held) = client.transaction.held() {
            return Some(Self::Held(held));
        }
        let is_here = match scope {
            Scope::Declared => call.keys().all(|key| core.router.is_own(core.router.owner(key))),
            Scope::Everything => core.router.shard_count() == 1,
        };
        if is_here { Here::begin(&core.router).map(Self::Here) } else { None }
    }

    /// For any script.
    pub(super) async fn acquire(
        core: &Core,
        scope: Scope,
        call: Invocation<'_>,
        is_read_only: bool,
    ) -> Self {
        let needs = needs(core, scope, call, is_read_only);
        Self::Held(Rc::new(Held::acquire(&core.router, needs).await))
    }
}

/// What came of a call that the script must wait for.
pub(super) enum Demand {
    Reply(Vec<u8>),
    /// It needs keys beyond its scope, and has done nothing yet: it is to begin again with all.
    Everything,
}

/// See the module.
pub(super) struct ScriptHost {
    core: Rc<Core>,
    client: Rc<Client>,
    scope: Scope,
    job: Job,
    hold: Hold,
    /// Who hears of changes of what the script reads, and whether anybody does: its client.
    reader: (u64, bool),
    /// The time that it sees from its beginning to its end.
    moment: Moment,
    /// Keys that were needed beyond the declared ones.
    extra: Needs,
    /// What it held before it needed those, and still does.
    earlier: Vec<Rc<Held>>,
    kept_to_keys: bool,
    has_written: bool,
    /// Whether it did what cannot be done again: it wrote, or published.
    has_acted: bool,
    /// The client that session commands act on: what they change ends with the script.
    stand_in: Option<Rc<Client>>,
    running: Option<Arc<RunningScript>>,
    /// Since it is late: what the shards know of that.
    late: Option<LateId>,
    begun_ticks: u64,
    slice_ticks: u64,
    /// Those of the present call.
    args: OwnedArgs,
}

/// A host and the call that its script answers: what the script sees while it runs.
pub(super) struct Seen<'a> {
    pub(super) host: &'a mut ScriptHost,
    pub(super) call: Invocation<'a>,
}

impl ScriptHost {
    /// A host for one run, whose keys are held.
    pub(super) fn new(
        core: &Rc<Core>,
        client: &Rc<Client>,
        reader: (u64, bool),
        job: Job,
        scope: Scope,
        hold: Hold,
    ) -> Self {
        let moment = match &hold {
            Hold::Here(here) => here.moment(),
            Hold::Held(held) => held.moment(),
            Hold::Changing => core.router.clock().moment(),
        };
        let now = (core.router.clock().ticks)();
        Self {
            core: core.clone(),
            client: client.clone(),
            scope,
            job,
            hold,
            reader,
            moment,
            extra: Needs::new(),
            earlier: Vec::new(),
            kept_to_keys: true,
            has_written: false,
            has_acted: false,
            stand_in: None,
            running: None,
            late: None,
            begun_ticks: now,
            slice_ticks: now,
            args: core.spare_args.take(),
        }
    }

    /// What it runs.
    pub(super) fn job(&self) -> &Job {
        &self.job
    }

    /// Whether it has touched no key but its declared ones.
    pub(super) fn kept_to_keys(&self) -> bool {
        self.kept_to_keys
    }

    /// The row of a call, or why a script may not call it.
    fn admit<'r>(
        &self,
        registry: &'r Registry,
        args: Args<'_>,
    ) -> Result<&'r Row, Cow<'static, str>> {
        let row = registry.resolve(args).map_err(|unresolved| match unresolved {
            Unresolved::Command | Unresolved::Subcommand => {
                "ERR Unknown Redis command called from script"
            }
            Unresolved::Arity(_) => "ERR Wrong number of args calling Redis command from script",
        })?;
        if row.spec.has(flag::NOSCRIPT) && !self.core.switches.scripts_call_all.get() {
            return Err("ERR This Redis command is not allowed from script".into());
        }
        if self.job.is_read_only && row.spec.has(flag::WRITE | flag::MAY_REPLICATE) {
            return Err("ERR Write commands are not allowed from read-only scripts.".into());
        }
        // One that has begun to write goes on, so that nothing is half done.
        if row.spec.has(flag::WRITE) && !self.has_written {
            if let Some(error) = Persistence::refusal(&self.core) {
                return Err(error.into());
            }
            if let Some(error) = self.core.server.append.refusal() {
                return Err(String::from_utf8_lossy(&error.text()).into_owned().into());
            }
        }
        Ok(row)
    }

    /// What a row does, with the arguments of the present call for it.
    fn action_of(&mut self, row: &Row) -> command::Result<Action> {
        if let Action::Session(command) = row.action
            && let SessionRun::Becomes(becomes) = command.run
        {
            let client = self.stand_in().clone();
            self.args = (becomes.expand)(&client, self.args.args())?;
            return Ok(Action::Data(becomes.command));
        }
        Ok(row.action)
    }

    /// Whether the script declared all keys of a call.
    fn covers(&self, call: Invocation<'_>, command: &engine::Command) -> bool {
        let args = self.args.args();
        let is_about_keys = match command.run {
            Run::Everywhere { .. } | Run::Roam(_) => return false,
            _ => !command.reaches(args),
        };
        let specs = command.spec.keys.iter().filter_map(|keys| keys.resolve(args));
        let is_declared = |at| call.keys().any(|key| key == args.at(at));
        is_about_keys && specs.flat_map(Positions::iter).all(is_declared)
    }

    fn call_of(&self, command: &'static engine::Command, row: &Row, resp3: bool) -> Call {
        let client = self.stand_in.as_ref().unwrap_or(&self.client);
        // What a script reads, its client reads.
        let (caller, tells_reads) = self.reader;
        Call {
            db: client.db.get(),
            protocol: protocol(resp3),
            no_touch: client.no_touch.get(),
            caller,
            tells_reads,
            // Half a script is worse than some memory.
            may_grow: self.job.may_grow() || self.has_written,
            in_script: true,
            ..Call::new(command, row.id, self.args.spans.len())
        }
    }

    /// Runs a call at once, if it is one for this thread's shard.
    fn run_here(&mut self, call: Call, reply: &mut Vec<u8>) -> Option<Outcome> {
        match &mut self.hold {
            Hold::Here(here) => here.run(call, &self.args.data, &self.args.spans, reply),
            Hold::Held(held) => held.run_now(call, &self.args.data, &self.args.spans, reply),
            Hold::Changing => None,
        }
    }

    /// The client that session commands act on.
    fn stand_in(&mut self) -> &Rc<Client> {
        self.stand_in.get_or_insert_with(|| {
            let client = &self.client;
            let stand_in = Client::new(NewClient {
                id: client.id,
                address: "lua".into(),
                local_address: client.local_address.clone(),
                fd: client.fd,
                is_local: client.is_local,
                is_unix: false,
                authenticated: true,
                now_ms: client.connected_at_ms,
            });
            stand_in.db.set(client.db.get());
            stand_in.no_touch.set(client.no_touch.get());
            stand_in.frozen_us.set(Some(clock::wall_us(self.moment)));
            Rc::new(stand_in)
        })
    }

    /// Shows a call that ran to those who watch or count.
    fn note(&mut self, row: &Row, outcome: &Outcome, reply: &[u8]) {
        self.core.stats.ended(row.id, outcome, reply);
        self.show(row);
    }

    fn show(&mut self, row: &Row) {
        if self.core.server.monitors.load(Ordering::Relaxed) > 0 {
            let stand_in = self.stand_in().clone();
            monitor::consider(&self.core, &stand_in, row.spec, self.args.args());
        }
    }

    /// Makes locks of what the script holds by not giving the thread up.
    async fn hold_by_locks(&mut self, call: Invocation<'_>) {
        if let Hold::Here(here) = std::mem::replace(&mut self.hold, Hold::Changing) {
            let needs = self.needs(call);
            self.hold = Hold::Held(Rc::new(here.hold(needs).await));
            return;
        }
        unreachable!("called for scripts that hold by their thread");
    }

    /// What it holds from its beginning.
    fn needs(&self, call: Invocation<'_>) -> Needs {
        needs(&self.core, self.scope, call, self.job.is_read_only)
    }

    async fn held(&mut self, call: Invocation<'_>) -> Rc<Held> {
        if matches!(self.hold, Hold::Here(_)) {
            self.hold_by_locks(call).await;
        }
        match &self.hold {
            Hold::Held(held) => held.clone(),
            Hold::Here(_) | Hold::Changing => unreachable!("made locks above"),
        }
    }

    /// Gives the thread up once, after a slice of instructions.
    pub(super) async fn rest(&mut self, call: Invocation<'_>) -> Resume {
        self.held(call).await;
        if self.running.is_none() {
            let script = RunningScript {
                kind: self.job.kind(),
                name: self.job.name().to_vec(),
                command: call.args.iter().map(<[u8]>::to_vec).collect(),
                begun_ticks: self.begun_ticks,
                keys: match self.scope {
                    Scope::Declared => {
                        HeldKeys::these(&call.keys().collect::<Vec<_>>(), self.job.is_read_only)
                    }
                    Scope::Everything => HeldKeys::all(),
                },
                is_late: false.into(),
                has_written: false.into(),
                is_killed: false.into(),
            };
            self.running = Some(self.core.server.running_scripts.begin(script));
        }
        self.publish_state();
        self.core.let_others_go_on().await;
        self.slice_ticks = (self.core.router.clock().ticks)();
        match self.is_killed() {
            true => Resume::Kill(KILLED.into()),
            false => Resume::Continue,
        }
    }

    /// Lets others know what the script is at: SCRIPT KILL, and who touches its keys.
    fn publish_state(&mut self) {
        let Some(running) = &self.running else { return };
        running.has_written.store(self.has_written, Ordering::Relaxed);
        let limit_ms = self.core.config().process.busy_reply_threshold_ms;
        let ran_ms = self.ms_since(self.begun_ticks);
        if limit_ms > 0 && ran_ms >= limit_ms && self.late.is_none() {
            self.core.server.running_scripts.set_late(running);
            self.late = Some(self.core.router.late(&running.keys, running.kind.busy()));
            tracing::warn!("Slow script detected: still in execution after {ran_ms} milliseconds.");
        }
    }

    fn ms_since(&self, ticks: u64) -> u64 {
        clock::ticks_to_ns(self.core.router.clock().ticks_since(ticks)) / 1_000_000
    }

    /// Whether somebody wanted it to end, and it has not written since.
    fn is_killed(&self) -> bool {
        !self.has_written
            && self
                .running
                .as_ref()
                .is_some_and(|running| running.is_killed.load(Ordering::Relaxed))
    }

    /// Runs a call that could not run at once.
    pub(super) async fn demand(
        &mut self,
        call: Invocation<'_>,
        words: Vec<Vec<u8>>,
        resp3: bool,
    ) -> Demand {
        self.args.replace(words.iter().map(Vec::as_slice));
        let core = self.core.clone();
        let row = match self.admit(&core.server.registry, self.args.args()) {
            Ok(row) => row,
            Err(text) => return Demand::Reply(error(&text)),
        };
        let action = match self.action_of(row) {
            Ok(action) => action,
            Err(failed) => return Demand::Reply(error_reply(&failed)),
        };
        let reply = match action {
            Action::Session(command) => {
                self.held(call).await;
                let stand_in = self.stand_in().clone();
                stand_in.protocol.set(protocol(resp3));
                self.has_acted = true;
                match command.run {
                    SessionRun::Later(run) => {
                        let mut request = Request::new(&core, &stand_in, row.id, self.args.clone());
                        let outcome = request.run(run).await;
                        self.note(row, &outcome, &request.out);
                        request.out
                    }
                    SessionRun::Prompt(run) => {
                        let mut reply = Vec::new();
                        let args = self.args.args();
                        begin_and_end(&core, &stand_in, row.id, args, run, &mut reply).await;
                        reply
                    }
                    _ => unreachable!("others are answered at once"),
                }
            }
            Action::Data(command) => {
                let covered = self.scope == Scope::Everything || self.covers(call, command);
                if !covered && !self.has_acted {
                    return Demand::Everything;
                }
                let inner = self.call_of(command, row, resp3);
                let held = match covered {
                    true => Some(self.held(call).await),
                    false => self.reach(call, &inner).await,
                };
                let Some(held) = held else { return Demand::Reply(error(NOT_HELD)) };
                let OwnedArgs { data, spans } = self.args.clone();
                let (reply, outcome) = held.run(inner, data, spans).await;
                self.note(row, &outcome, &reply);
                self.count_write(row);
                reply
            }
        };
        // The slice goes on: a script that does nothing but call must rest, too.
        Demand::Reply(reply)
    }

    /// Locks what the present call needs that the script did not declare, after it has written.
    /// None if that cannot be: two scripts wait for each other's keys.
    async fn reach(&mut self, call: Invocation<'_>, inner: &Call) -> Option<Rc<Held>> {
        let router = self.core.router.clone();
        let held = self.held(call).await;
        let (command, args) = (inner.command, self.args.args());
        let changes = !self.job.is_read_only;
        let is_everything =
            command.reaches(args) || matches!(command.run, Run::Everywhere { atomic: true, .. });
        let mut wanted = match is_everything {
            true => Needs::every_slot(&router, changes),
            false => Needs::new(),
        };
        if !is_everything {
            wanted.add_call(&router, inner, args);
        }
        if changes && !is_everything {
            // What it reads now it may write later: locks do not change their mode.
            let specs = command.spec.keys.iter().filter_map(|keys| keys.resolve(args));
            for at in specs.flat_map(Positions::iter) {
                wanted.add_key(&router, Key::new(args.at(at)), true);
            }
        }
        // It would wait for itself.
        wanted.remove_held(&self.needs(call));
        wanted.remove_held(&self.extra);
        if wanted.is_empty() {
            return Some(held);
        }
        self.earlier.push(held);
        let (give, mut gives) = tokio::sync::oneshot::channel();
        let acquired = Held::acquire_beside(&router, &self.earlier, wanted.clone());
        // A task of its own: locks that come too late must be let go.
        tokio::task::spawn_local(async move { drop(give.send(acquired.await)) });
        let reaching = self.core.server.running_scripts.reaching();
        loop {
            match tokio::time::timeout(UNDECLARED_PATIENCE, &mut gives).await {
                Ok(held) => {
                    let held = Rc::new(held.ok()?);
                    self.earlier[0].includes(&held);
                    self.hold = Hold::Held(held.clone());
                    self.extra.merge(wanted);
                    return Some(held);
                }
                Err(_) if reaching.give_way() => {
                    self.earlier.pop();
                    return None;
                }
                Err(_) => {}
            }
        }
    }

    fn count_write(&mut self, row: &Row) {
        if row.spec.has(flag::WRITE) {
            self.has_written = true;
        }
        self.has_acted |= row.spec.has(flag::WRITE | flag::MAY_REPLICATE);
    }
}

const KILLED: &str = "Script killed by user with SCRIPT KILL...";
const NOT_HELD: &str = "ERR Script needs a key that it did not declare and that another one holds";

fn error(text: &str) -> Vec<u8> {
    let mut reply = Vec::new();
    Writer::new(&mut reply, Protocol::Resp2).error(text);
    reply
}

fn error_reply(error: &command::Error) -> Vec<u8> {
    let mut reply = Vec::new();
    Writer::new(&mut reply, Protocol::Resp2).error(error.text());
    reply
}

/// Writes what a script wants to have logged.
pub(crate) fn log(level: LogLevel, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    match level {
        LogLevel::Debug => tracing::trace!("{text}"),
        LogLevel::Verbose => tracing::debug!("{text}"),
        LogLevel::Notice => tracing::info!("{text}"),
        LogLevel::Warning => tracing::warn!("{text}"),
    }
}

fn protocol(resp3: bool) -> Protocol {
    if resp3 { Protocol::Resp3 } else { Protocol::Resp2 }
}

fn needs(core: &Core, scope: Scope, call: Invocation<'_>, is_read_only: bool) -> Needs {
    match scope {
        Scope::Everything => Needs::everything(&core.router),
        Scope::Declared => {
            let mut needs = Needs::new();
            for key in call.keys() {
                needs.add_key(&core.router, Key::new(key), !is_read_only);
            }
            needs
        }
    }
}

impl Host for Seen<'_> {
    fn call(&mut self, words: &[&[u8]], resp3: bool, reply: &mut Vec<u8>) -> Called {
        let Seen { host, call: script } = self;
        host.args.replace(words.iter().copied());
        let core = host.core.clone();
        let row = match host.admit(&core.server.registry, host.args.args()) {
            Ok(row) => row,
            Err(text) => {
                reply.extend_from_slice(&error(&text));
                return Called::Done;
            }
        };
        let action = match host.action_of(row) {
            Ok(action) => action,
            Err(failed) => {
                reply.extend_from_slice(&error_reply(&failed));
                return Called::Done;
            }
        };
        match action {
            Action::Session(command) => {
                let SessionRun::Now(run) = command.run else { return Called::Suspend };
                let stand_in = host.stand_in().clone();
                stand_in.protocol.set(protocol(resp3));
                host.show(row);
                let args = host.args.args();
                run_now(&core, &stand_in, row.id, args, run, reply);
                host.has_acted |= row.spec.has(flag::MAY_REPLICATE | flag::PUBSUB);
                Called::Done
            }
            Action::Data(command) => {
                let is_many = host.core.router.shard_count() > 1;
                if is_many && !host.covers(*script, command) {
                    host.kept_to_keys = false;
                    if host.scope == Scope::Declared {
                        return Called::Suspend;
                    }
                }
                let start = reply.len();
                let call = host.call_of(command, row, resp3);
                match host.run_here(call, reply) {
                    Some(outcome) => {
                        host.note(row, &outcome, &reply[start..]);
                        host.count_write(row);
                        Called::Done
                    }
                    None => Called::Suspend,
                }
            }
        }
    }

    fn slice(&mut self) -> Slice {
        let host = &self.host;
        if host.is_killed() {
            return Slice::Kill(KILLED.into());
        }
        let ran_ticks = host.core.router.clock().ticks_since(host.slice_ticks);
        let ran_us = clock::ticks_to_ns(ran_ticks) / 1000;
        match ran_us >= SLICE_US_MAX {
            true => Slice::Suspend,
            false => Slice::Continue,
        }
    }

    fn log(&mut self, level: LogLevel, text: &[u8]) {
        log(level, text);
    }

    fn set_replication(&mut self, _: u8) {
        // Effects reach the journal as they come about; nothing reads it apart yet.
    }

    fn may_call(&mut self, words: &[&[u8]]) -> Option<bool> {
        let host = &mut self.host;
        // One user, who may do everything that there is.
        host.args.replace(words.iter().copied());
        match host.core.server.registry.resolve(host.args.args()) {
            Ok(_) | Err(Unresolved::Arity(_)) => Some(true),
            Err(Unresolved::Command | Unresolved::Subcommand) => None,
        }
    }
}

impl Drop for ScriptHost {
    fn drop(&mut self) {
        if self.args.memory_bytes() <= SPARE_BYTES_MAX {
            self.core.spare_args.set(std::mem::take(&mut self.args));
        }
        if let Some(running) = &self.running {
            self.core.server.running_scripts.end(running);
        }
        if let Some(late) = self.late {
            self.core.router.no_longer_late(late);
        }
    }
}
