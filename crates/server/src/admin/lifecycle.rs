//! TIME, ROLE, SHUTDOWN.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use command::{Args, Error, Group, Result, Spec, flag};
use resp::Writer;

use crate::client::Client;
use crate::clock;
use crate::command::{LaterFuture, Request, SessionCommand};
use crate::core::Core;
use crate::persistence::save::save_now;

const STALE: u32 = flag::LOADING | flag::STALE;

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::now(
        Spec::new(Group::Server, "TIME", 1, STALE | flag::FAST)
            .tips(&["nondeterministic_output"])
            .doc("2.6.0", "O(1)", "The server's time: seconds since 1970, and microseconds."),
        time,
    ),
    SessionCommand::now(
        Spec::new(Group::Server, "ROLE", 1, STALE | flag::FAST | flag::NOSCRIPT)
            .also(flag::category::ADMIN | flag::category::DANGEROUS)
            .doc("2.8.12", "O(1)", "The server's part in replication: it is a master."),
        role,
    ),
    SessionCommand::later(
        Spec::new(
            Group::Server,
            "SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]",
            -1,
            STALE | flag::ADMIN | flag::NOSCRIPT | flag::NO_MULTI | flag::ALLOW_BUSY,
        )
        .doc("1.0.0", "O(clients)", "Ends the server."),
        shutdown,
    ),
];

fn time(_: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let now_us = client.frozen_us.get().unwrap_or_else(clock::now_us);
    reply.array(2);
    reply.bulk_integer(now_us / 1_000_000);
    reply.bulk_integer(now_us % 1_000_000);
    Ok(())
}

fn role(_: &Rc<Core>, _: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.array(3);
    reply.bulk(b"master");
    reply.integer(0);
    reply.array(0);
    Ok(())
}

/// What SHUTDOWN is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wishes {
    save: bool,
    no_save: bool,
    force: bool,
    abort: bool,
}

impl Wishes {
    fn parse(args: Args<'_>) -> Result<Self> {
        let mut wishes = Self::default();
        for word in args.iter_from(1) {
            match &*word.to_ascii_lowercase() {
                b"nosave" => wishes.no_save = true,
                b"save" => wishes.save = true,
                // There are no replicas to wait for, so that it is always now.
                b"now" => {}
                b"force" => wishes.force = true,
                b"abort" => wishes.abort = true,
                _ => return Err(Error::Syntax),
            }
        }
        if wishes.no_save && wishes.save || wishes.abort && args.len() > 2 {
            return Err(Error::Syntax);
        }
        Ok(wishes)
    }
}

fn shutdown(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let wishes = Wishes::parse(request.args())?;
        if wishes.abort {
            return abort(request);
        }
        let (core, client) = (&request.core, &request.client);
        // Beside a busy script the first append file may never be whole, and clients are told that
        // NOSAVE is what ends it.
        let ends_script = wishes.no_save && core.server.running_scripts.is_busy();
        if !core.server.append.may_end(wishes.force || ends_script) {
            return Err(Error::new("Errors trying to SHUTDOWN. Check logs."));
        }
        save_first(core, wishes).await?;
        // The client learns of the end by it: its socket closes with the others, and the stop does
        // not wait for this connection.
        core.clients.borrow_mut().remove(&client.id);
        core.server.shutdown.notify_one();
        std::future::pending().await
    })
}

/// ABORT: takes back what a signal wanted, as long as the data is not saved.
fn abort(request: &mut Request) -> Result {
    let server = &request.core.server;
    if !server.is_ending.swap(false, Ordering::Relaxed) {
        return Err(Error::new("No shutdown in progress."));
    }
    server.persistence.give_up();
    tracing::warn!("Shutdown manually aborted.");
    request.reply().ok();
    Ok(())
}

/// Saves the data, if that is wanted: by a word, or by there being save points.
async fn save_first(core: &Rc<Core>, wishes: Wishes) -> Result {
    let persistence = &core.server.persistence;
    let has_points = !core.server.config().persistence.save.points.is_empty();
    let saves = wishes.save || has_points && !wishes.no_save;
    if !saves || persistence.is_loading() {
        return Ok(());
    }
    tracing::info!("Saving the final RDB snapshot before exiting.");
    match save_now(core).await {
        Ok(()) => Ok(()),
        Err(_) if wishes.force => {
            tracing::warn!("Error trying to save the DB. Exit anyway.");
            Ok(())
        }
        Err(_) => {
            tracing::warn!("Error trying to save the DB, can't exit.");
            Err(Error::new("Errors trying to SHUTDOWN. Check logs."))
        }
    }
}

#[cfg(test)]
mod tests {
    use resp::Span;

    use super::*;

    fn parse(line: &str) -> Result<Wishes> {
        let mut start = 0;
        let spans: Vec<Span> = line
            .split(' ')
            .map(|word| {
                let span = Span { start, len: word.len() as u32 };
                start += span.len + 1;
                span
            })
            .collect();
        Wishes::parse(Args::new(line.as_bytes(), &spans))
    }

    #[test]
    fn shutdown_takes_redis_words() {
        assert_eq!(parse("shutdown"), Ok(Wishes::default()));
        let unsaved = Wishes { no_save: true, ..Wishes::default() };
        assert_eq!(parse("shutdown NOSAVE now"), Ok(unsaved));
        let forced = Wishes { save: true, force: true, ..Wishes::default() };
        assert_eq!(parse("shutdown save FORCE"), Ok(forced));
        assert!(parse("shutdown abort").unwrap().abort);
        for bad in ["shutdown save nosave", "shutdown abort now", "shutdown later"] {
            assert_eq!(parse(bad), Err(Error::Syntax), "{bad}");
        }
    }
}
