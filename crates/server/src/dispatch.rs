//! From decoded arguments to a call: finding the row, and the gates in Redis's order.

use std::rc::Rc;

use command::flag::{self, Flags};
use command::{Args, Error, Group, QUOTED_BYTES_MAX, quotable};
use engine::{Batch, Call, Command, HeldKeys, Outcome};
use resp::{Protocol, Writer};

use crate::admin::monitor;
use crate::client::{Client, ReplyMode};
use crate::command::{
    Ended, GoingOn, InMulti, Later, Now, OwnedArgs, Prompt, SessionCommand, SessionRun,
};
use crate::core::Core;
use crate::persistence::Persistence;
use crate::registry::{Action, Row, Unresolved};

/// What to do with a decoded command.
pub(crate) enum Next {
    /// It is in the batch, or its reply is.
    Joined,
    /// It runs alone, after the batch.
    Alone(Call),
    /// A session command that runs alone, after the batch.
    Later(u16, Later),
    /// A session command that begins after the batch.
    Prompt(u16, Prompt),
    /// One that has begun, and goes on after the batch.
    Rest(Rest),
    /// It waits for the end of CLIENT PAUSE, and with it all behind it.
    Held,
}

/// Puts one decoded command, the spans of `batch` from `first_span` on, into the batch, or says how
/// it is to run.
#[inline]
pub(crate) fn dispatch(
    core: &Rc<Core>,
    client: &Rc<Client>,
    batch: &mut Batch,
    data: &[u8],
    first_span: usize,
) -> Next {
    let args = Args::new(data, &batch.spans[first_span..]);
    let row = match find_row(core, args) {
        Ok(row) => row,
        Err((row, error)) => return reject(core, client, batch, row, &error),
    };
    if let Err(error) = check(core, client, row, args) {
        return reject(core, client, batch, Some(row.id), &error);
    }
    if is_held(core, client, row, args) {
        return Next::Held;
    }
    if client.transaction.is_open() && row.in_multi() == InMulti::Queued {
        return queue(core, client, batch, data, first_span, row);
    }
    client.last_command.set(Some(row.id));
    match row.action {
        Action::Data(command) => {
            monitor::consider(core, client, row.spec, args);
            let first_span = first_span as u32;
            let call = Call { first_span, ..call_of(core, client, command, row.id, args.len()) };
            client.tracking.end_caching();
            if Batch::can_join(&core.router, command, args) {
                let muted = take_mute(client);
                batch.push_call(&core.router, data, call, muted);
                return Next::Joined;
            }
            Next::Alone(call)
        }
        Action::Session(command) => {
            dispatch_session(core, client, batch, (data, first_span), row, command)
        }
    }
}

/// The same for what acts on the session or the process.
fn dispatch_session(
    core: &Rc<Core>,
    client: &Rc<Client>,
    batch: &mut Batch,
    (data, first_span): (&[u8], usize),
    row: &Row,
    command: &SessionCommand,
) -> Next {
    let args = Args::new(data, &batch.spans[first_span..]);
    // Shards do so before data commands.
    crate::pressure::relieve(core);
    if row.spec.has(flag::DENYOOM) && crate::pressure::is_exceeded(core) {
        return reject(core, client, batch, Some(row.id), &Error::OutOfMemory);
    }
    match command.run {
        SessionRun::Now(run) => {
            batch.reply_at_once(data, first_span, |args, reply| {
                run_apart(core, client, row, args, run, reply);
                // Afterwards, as in Redis: SELECT shows the database that it chose.
                monitor::consider(core, client, row.spec, args);
                !take_mute(client)
            });
            Next::Joined
        }
        SessionRun::Later(run) => {
            if row.in_multi() != InMulti::Executes {
                monitor::consider(core, client, row.spec, args);
            } else if crate::transaction::join(core, client, batch, row.id) {
                // EXEC shows after what it runs.
                let args = Args::new(data, &batch.spans[first_span..][..1]);
                monitor::consider(core, client, row.spec, args);
                return Next::Joined;
            }
            Next::Later(row.id, run)
        }
        SessionRun::Prompt(run) => {
            if !batch.calls().is_empty() {
                return Next::Prompt(row.id, run);
            }
            let mut rest = None;
            batch.reply_at_once(data, first_span, |args, reply| {
                rest = begin(core, client, row.id, args, run, reply);
                client.tracking.end_caching();
                let is_wanted = rest.is_none() && !take_mute(client);
                if is_wanted {
                    // What it published to itself comes right behind the reply.
                    client.take_pushed(reply);
                }
                is_wanted
            });
            rest.map_or(Next::Joined, Next::Rest)
        }
        SessionRun::Becomes(becomes) => {
            monitor::consider(core, client, row.spec, args);
            let OwnedArgs { data, spans } = match (becomes.expand)(client, args) {
                Ok(owned) => owned,
                Err(error) => return reject(core, client, batch, Some(row.id), &error),
            };
            batch.spans.truncate(first_span);
            let call = call_of(core, client, becomes.command, row.id, spans.len());
            let muted = take_mute(client);
            batch.push_apart(&core.router, &data, call, &spans, muted);
            Next::Joined
        }
        SessionRun::Container => unreachable!("find_row resolves containers"),
    }
}

/// A call of a client, of its first spans.
#[inline]
pub(crate) fn call_of(
    core: &Core,
    client: &Client,
    command: &'static Command,
    row: u16,
    span_count: usize,
) -> Call {
    let (caller, tells_reads) = client.tracking.of_call(core.router.thread(), client.id);
    Call {
        db: client.db.get(),
        protocol: client.protocol.get(),
        no_touch: client.no_touch.get(),
        caller,
        tells_reads,
        ..Call::new(command, row, span_count)
    }
}

/// Runs a session command; what CLIENT CACHING said is for the next data command only.
fn run_apart(
    core: &Rc<Core>,
    client: &Rc<Client>,
    row: &Row,
    args: Args<'_>,
    run: Now,
    reply: &mut Vec<u8>,
) {
    let mut run = || run_now(core, client, row.id, args, run, reply);
    match is_about_client(row) {
        true => run(),
        false => client.tracking.run_between(run, || client.transaction.is_open()),
    }
}

/// Whether it is a subcommand about connections: those leave alone what CLIENT CACHING said.
fn is_about_client(row: &Row) -> bool {
    row.spec.group == Group::Connection && row.name.contains('|')
}

/// Keeps a command for EXEC.
fn queue(
    core: &Rc<Core>,
    client: &Client,
    batch: &mut Batch,
    data: &[u8],
    first_span: usize,
    row: &Row,
) -> Next {
    if row.spec.has(flag::DENYOOM) && crate::pressure::is_exceeded(core) {
        return reject(core, client, batch, Some(row.id), &Error::OutOfMemory);
    }
    let args = Args::new(data, &batch.spans[first_span..]);
    client.transaction.push(row.id, args, flags_of(core, row, args));
    batch.spans.truncate(first_span);
    push(client, batch, b"+QUEUED\r\n");
    Next::Joined
}

/// The row of a call, subcommands resolved; where the call does not fit it, both row and error.
#[inline]
fn find_row<'a>(core: &'a Core, args: Args<'_>) -> Result<&'a Row, (Option<u16>, Error)> {
    core.server.registry.resolve(args).map_err(|unresolved| match unresolved {
        Unresolved::Command => (None, unknown_command(args)),
        Unresolved::Subcommand => (None, unknown_subcommand(args)),
        Unresolved::Arity(row) => (Some(row.id), Error::WrongArity(row.name.clone())),
    })
}

fn unknown_command(args: Args<'_>) -> Error {
    let mut text = b"ERR unknown command '".to_vec();
    text.extend_from_slice(quotable(args.at(0), QUOTED_BYTES_MAX));
    text.extend_from_slice(b"', with args beginning with: ");
    let start = text.len();
    for arg in args.iter_from(1) {
        let room = QUOTED_BYTES_MAX.saturating_sub(text.len() - start);
        if room == 0 {
            break;
        }
        text.push(b'\'');
        text.extend_from_slice(quotable(arg, room));
        text.extend_from_slice(b"' ");
    }
    Error::Quoting(text)
}

fn unknown_subcommand(args: Args<'_>) -> Error {
    let container = String::from_utf8_lossy(args.at(0)).to_ascii_uppercase();
    let after = format!("'. Try {container} HELP.");
    Error::quoting("unknown subcommand '", args.at(1), &after)
}

/// Whether it runs what is queued.
fn is_exec(row: &Row) -> bool {
    row.in_multi() == InMulti::Executes
}

/// Whether CLIENT PAUSE holds a command back.
#[inline]
fn is_held(core: &Core, client: &Client, row: &Row, args: Args<'_>) -> bool {
    let queued_flags = match row.in_multi() {
        InMulti::Executes => client.transaction.flags(),
        InMulti::ActsAtOnce | InMulti::Queued => 0,
    };
    core.pause.holds(row.spec.flags | queued_flags)
        && core.pause.holds(flags_of(core, row, args) | queued_flags)
}

/// The flags of a call: its row's, but for a script that says that it does not write.
fn flags_of(core: &Core, row: &Row, args: Args<'_>) -> Flags {
    let only_reads = match row.action {
        Action::Session(command) => command.only_reads.is_some_and(|reads| reads(core, args)),
        Action::Data(_) => false,
    };
    row.spec.flags & if only_reads { !(flag::WRITE | flag::MAY_REPLICATE) } else { !0 }
}

/// Whether a command needs keys, which a busy script may hold.
fn waits_for_scripts(row: &Row) -> bool {
    !row.spec.has(flag::ALLOW_BUSY)
        && (matches!(row.action, Action::Data(_))
            || row.spec.has(flag::WRITE)
            || row.spec.has(flag::SCRIPT_RUNNER)
            || row.in_multi() == InMulti::Executes)
}

/// Refuses what a late script keeps waiting.
#[cold]
fn check_busy(core: &Core, client: &Client, row: &Row, args: Args<'_>) -> Result<(), Error> {
    let late = core.server.running_scripts.late_kind(|keys| match row.in_multi() {
        InMulti::Executes => client
            .transaction
            .has_queued(|row, args| hinder(keys, core.server.registry.row(row), args)),
        InMulti::ActsAtOnce | InMulti::Queued => hinder(keys, row, args),
    });
    late.map_or(Ok(()), |kind| Err(Error::Coded(kind.busy().into())))
}

fn hinder(keys: &HeldKeys, row: &Row, args: Args<'_>) -> bool {
    match row.action {
        Action::Data(command) => keys.hinder_call(command, args),
        Action::Session(command) => keys.hinder(&command.spec, args),
    }
}

/// The gates that stand before every command.
#[inline]
fn check(core: &Core, client: &Client, row: &Row, args: Args<'_>) -> Result<(), Error> {
    if row.spec.has(flag::PROTECTED) {
        let allowed = core.config().security.enable_debug_command;
        if !allowed.allows(client.is_local) {
            return Err(Error::new(
                "DEBUG command not allowed. If the enable-debug-command option is set to \
                 \"local\", you can run it from a local connection, otherwise you need to set this \
                 option in the configuration file, and then restart the server.",
            ));
        }
    }
    if row.spec.has(flag::NO_MULTI) && client.transaction.is_open() {
        return Err(Error::new("Command not allowed inside a transaction"));
    }
    if !client.authenticated.get() && core.needs_password.get() && !row.spec.has(flag::NO_AUTH) {
        return Err(Error::NoAuth);
    }
    if let Some(error) = Persistence::refusal(core)
        && (row.tells_health() || is_exec(row) && client.transaction.flags() & flag::WRITE != 0)
    {
        return Err(Error::Coded(error.into()));
    }
    let writes = row.spec.has(flag::WRITE)
        || row.in_multi() == InMulti::Executes && client.transaction.flags() & flag::WRITE != 0;
    if writes && let Some(error) = core.server.append.refusal() {
        return Err(error);
    }
    if core.server.persistence.is_loading() && !row.spec.has(flag::LOADING) {
        return Err(Error::Loading);
    }
    if core.server.running_scripts.is_busy() && waits_for_scripts(row) {
        check_busy(core, client, row, args)?;
    }
    if !row.spec.allowed_while_subscribed
        && client.protocol.get() == Protocol::Resp2
        && !client.subscriptions.is_empty()
    {
        return Err(Error::made(format!(
            "Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are \
             allowed in this context",
            row.name
        )));
    }
    Ok(())
}

/// Whether the reply of this command is left out; moves CLIENT REPLY SKIP on.
pub(crate) fn take_mute(client: &Client) -> bool {
    match client.reply_mode.get() {
        ReplyMode::On => false,
        ReplyMode::Off => true,
        ReplyMode::SkipNext => {
            client.reply_mode.set(ReplyMode::Skip);
            true
        }
        ReplyMode::Skip => {
            client.reply_mode.set(ReplyMode::On);
            true
        }
    }
}

/// The rest of a [`Prompt`] command of a row.
pub(crate) struct Rest {
    pub(crate) row: u16,
    going_on: GoingOn,
    started_ticks: u64,
}

impl Rest {
    /// Waits for its end; answers the reply, the arguments, and what came of it.
    pub(crate) async fn end(self, core: &Core) -> (Vec<u8>, OwnedArgs, Outcome) {
        let Ended { reply, args } = self.going_on.await;
        let outcome = outcome_of(core, &reply, self.started_ticks);
        (reply, args, outcome)
    }
}

/// Runs a command that may have to wait: then its rest is the answer. Else its reply is appended to
/// `out`, and it is counted.
pub(crate) fn begin(
    core: &Rc<Core>,
    client: &Rc<Client>,
    row: u16,
    args: Args<'_>,
    run: Prompt,
    out: &mut Vec<u8>,
) -> Option<Rest> {
    // Before what it calls.
    monitor::consider_now(core, client, core.server.registry.row(row).spec, args);
    let started_ticks = (core.router.clock().ticks)();
    let start = out.len();
    match run(core, client, args, out) {
        Ok(Some(going_on)) => return Some(Rest { row, going_on, started_ticks }),
        Ok(None) => {}
        Err(error) => {
            out.truncate(start);
            Writer::new(out, Protocol::Resp2).error(error.text());
        }
    }
    note_end(core, client, row, args, &out[start..], started_ticks);
    None
}

/// [`begin`] and, where it must wait, its end; for those who wait themselves.
pub(crate) async fn begin_and_end(
    core: &Rc<Core>,
    client: &Rc<Client>,
    row: u16,
    args: Args<'_>,
    run: Prompt,
    out: &mut Vec<u8>,
) {
    if let Some(rest) = begin(core, client, row, args, run, out) {
        let (mut reply, args, outcome) = rest.end(core).await;
        core.stats.ended(row, &outcome, &reply);
        crate::admin::watch::consider(core, client, row, args.args(), &outcome);
        out.append(&mut reply);
    }
}

/// Counts and watches a command that ran by itself.
fn note_end(
    core: &Rc<Core>,
    client: &Rc<Client>,
    row: u16,
    args: Args<'_>,
    reply: &[u8],
    started_ticks: u64,
) {
    let outcome = outcome_of(core, reply, started_ticks);
    core.stats.ended(row, &outcome, reply);
    crate::admin::watch::consider(core, client, row, args, &outcome);
}

fn outcome_of(core: &Core, reply: &[u8], started_ticks: u64) -> Outcome {
    Outcome {
        reply_len: reply.len(),
        failed: reply.first() == Some(&b'-'),
        ticks: core.router.clock().ticks_since(started_ticks),
        refused: false,
        is_overlong: false,
    }
}

/// Runs something whose reply is ready at once; it is appended to `out`.
pub(crate) fn run_now(
    core: &Rc<Core>,
    client: &Rc<Client>,
    row: u16,
    args: Args<'_>,
    run: Now,
    out: &mut Vec<u8>,
) {
    let started = (core.router.clock().ticks)();
    let start = out.len();
    let mut reply = Writer::new(out, client.protocol.get());
    if let Err(error) = run(core, client, args, &mut reply) {
        reply.truncate(start);
        reply.error(error.text());
    }
    note_end(core, client, row, args, &out[start..], started);
}

fn reject(
    core: &Rc<Core>,
    client: &Client,
    batch: &mut Batch,
    row: Option<u16>,
    error: &Error,
) -> Next {
    let mut text = error.text();
    let is_exec =
        row.is_some_and(|row| core.server.registry.row(row).in_multi() == InMulti::Executes);
    if is_exec {
        let reason = text.strip_prefix(b"ERR ").unwrap_or(&text);
        text = [b"EXECABORT Transaction discarded because of: ", reason].concat();
        crate::transaction::discard(core, client);
    }
    let mut out = Vec::new();
    Writer::new(&mut out, Protocol::Resp2).error(text);
    core.stats.rejected(row, &out);
    client.transaction.break_off();
    push(client, batch, &out);
    Next::Joined
}

fn push(client: &Client, batch: &mut Batch, reply: &[u8]) {
    if !take_mute(client) {
        batch.push_ready(|ready| ready.extend_from_slice(reply));
    }
}

/// Whether this is a web browser's request rather than a command: somebody may use a user's browser
/// to reach a server that only the user can reach.
pub(crate) fn is_cross_protocol(args: Args<'_>) -> bool {
    let name = args.at(0);
    // Cheap first: hardly any command starts like this.
    matches!(name.first(), Some(b'P' | b'p' | b'H' | b'h'))
        && (name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:"))
}
