//! One of Redis's append files, run command by command as if a client had sent it.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use command::flag;
use engine::Run;

use super::super::replay::{Failure, Feeder, Known};
use super::file::{Broken, Commands, Next};
use crate::client::{Client, NewClient};
use crate::clock;
use crate::command::{InMulti, OwnedArgs, Request, SessionRun};
use crate::core::Core;
use crate::dispatch::{begin_and_end, run_now};
use crate::registry::{Action, Row};

/// How a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Behind its last command.
    Whole,
    /// In the middle of a command or a transaction, which begins here and has not run.
    Torn(u64),
    /// What stands from here on was written after the time that is wanted.
    Later(u64),
}

/// What is to be run.
pub(super) struct Part {
    pub(super) path: PathBuf,
    /// Commands begin here.
    pub(super) offset: u64,
    /// What was written later, in seconds since 1970, is left out.
    pub(super) until_s: Option<i64>,
}

/// What was found in a file.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) end: End,
    pub(super) commands: u64,
    /// Whether the file says when its commands were written.
    pub(super) has_times: bool,
}

/// Runs a file's commands; the error says which of them cannot be.
pub(super) async fn feed(core: Rc<Core>, known: Arc<Known>, part: Part) -> Result<Found, String> {
    let path = &part.path;
    let mut commands = Commands::open(path, part.offset).map_err(|error| {
        format!("The append only file {} can't be read: {error}", path.display())
    })?;
    let mut feed = Feed {
        client: new_client(),
        feeder: Feeder::new(core.clone()),
        core,
        known,
        queued: Vec::new(),
        opened_at: 0,
        commands: 0,
    };
    let mut has_times = false;
    let end = loop {
        match commands.advance() {
            Ok(Next::Time(seconds)) => {
                has_times = true;
                if part.until_s.is_some_and(|until_s| seconds > until_s) {
                    break End::Later(commands.start());
                }
            }
            Ok(Next::Command) => {
                feed.take(path, &commands).await?;
                let progress = &feed.core.server.persistence.progress;
                progress.loaded_bytes.store(commands.start(), Ordering::Relaxed);
            }
            Ok(Next::End) => break End::Whole,
            Err(Broken::Torn(at)) => break End::Torn(at),
            Err(Broken::Format(at, what)) => return Err(bad_format(path, at, &what)),
            Err(Broken::Io(error)) => return Err(format!("{}: {error}", path.display())),
        }
    };
    feed.flush(path).await?;
    // A transaction whose end is not there did not happen.
    let end = match feed.client.transaction.is_open() {
        true if end == End::Whole || matches!(end, End::Torn(_)) => End::Torn(feed.opened_at),
        _ => end,
    };
    crate::transaction::discard(&feed.core, &feed.client);
    Ok(Found { end, commands: feed.commands, has_times })
}

fn bad_format(path: &Path, offset: u64, what: &str) -> String {
    format!(
        "Bad file format reading the append only file {} at offset {offset}: {what}",
        path.display()
    )
}

/// Nobody's: it has the session of a file, as its selected database.
fn new_client() -> Rc<Client> {
    Rc::new(Client::new(NewClient {
        id: 0,
        address: String::new(),
        local_address: String::new(),
        fd: -1,
        is_local: true,
        is_unix: false,
        authenticated: true,
        now_ms: clock::now_ms(),
    }))
}

struct Feed {
    core: Rc<Core>,
    known: Arc<Known>,
    client: Rc<Client>,
    feeder: Feeder,
    /// Commands of a transaction whose end is still to come, with their places.
    queued: Vec<(OwnedArgs, u64)>,
    /// Where that transaction begins.
    opened_at: u64,
    commands: u64,
}

impl Feed {
    async fn take(
        &mut self,
        path: &Path,
        commands: &Commands<std::fs::File>,
    ) -> Result<(), String> {
        let (args, at) = (commands.args(), commands.start());
        let known = self.known.clone();
        let core = self.core.clone();
        let Some(row) = known.row(&core, args) else {
            let name = args.at(0).escape_ascii();
            return Err(format!(
                "Unknown command '{name}' reading the append only file {} at offset {at}",
                path.display()
            ));
        };
        let was_open = self.client.transaction.is_open();
        if was_open && row.in_multi() == InMulti::Queued {
            self.queued.push((OwnedArgs::new(args), at));
            return Ok(());
        }
        if row.in_multi() != InMulti::Executes {
            self.run(path, row, OwnedArgs::new(args), at).await?;
            if !was_open {
                self.opened_at = at;
            } else if !self.client.transaction.is_open() {
                self.queued.clear();
            }
            return Ok(());
        }
        if !was_open {
            return Err(bad_format(path, at, "the end of a transaction that did not begin"));
        }
        crate::transaction::discard(&self.core, &self.client);
        for (args, at) in std::mem::take(&mut self.queued) {
            let Some(row) = known.row(&core, args.args()) else { continue };
            self.run(path, row, args, at).await?;
        }
        Ok(())
    }

    async fn run(
        &mut self,
        path: &Path,
        row: &Row,
        args: OwnedArgs,
        at: u64,
    ) -> Result<(), String> {
        self.commands += 1;
        let run = match row.action {
            Action::Data(engine::Command { run: Run::Container, .. }) => SessionRun::Container,
            Action::Data(command) => {
                self.feeder.feed(command, self.client.db.get(), args.args(), at).await;
                return self.check(path);
            }
            Action::Session(command) => command.run,
        };
        self.flush(path).await?;
        let mut reply = Vec::new();
        match run {
            SessionRun::Now(run) => {
                let (core, client) = (&self.core, &self.client);
                run_now(core, client, row.id, args.args(), run, &mut reply);
            }
            SessionRun::Later(run) => {
                let mut request = Request::new(&self.core, &self.client, row.id, args);
                request.run(run).await;
                reply = request.out;
            }
            SessionRun::Prompt(run) => {
                let (core, client) = (&self.core, &self.client);
                begin_and_end(core, client, row.id, args.args(), run, &mut reply).await;
            }
            SessionRun::Becomes(_) | SessionRun::Container => {
                let what = format!("'{}' is no command that a Redis writes there", row.name);
                return Err(bad_format(path, at, &what));
            }
        }
        match Failure::of(&reply, at) {
            // One that changed something before it failed was written all the same.
            Some(Failure { error, .. }) if row.spec.has(flag::SCRIPT_RUNNER) => {
                tracing::warn!("{}, offset {at}: the script answers: {error}", path.display());
                Ok(())
            }
            Some(failure) => Err(failed(path, &failure)),
            None => Ok(()),
        }
    }

    async fn flush(&mut self, path: &Path) -> Result<(), String> {
        self.feeder.flush().await;
        self.check(path)
    }

    /// Only commands that did something were written, so none may fail.
    fn check(&mut self, path: &Path) -> Result<(), String> {
        self.feeder.take_failure().map_or(Ok(()), |failure| Err(failed(path, &failure)))
    }
}

fn failed(path: &Path, Failure { place, error }: &Failure) -> String {
    bad_format(path, *place, &format!("the command there fails: {error}"))
}
