//! The rows, and all but EXEC itself.

use std::rc::Rc;

use command::flag::{ALLOW_BUSY, FAST, LOADING, NOSCRIPT, SKIP_SLOWLOG, STALE};
use command::{Args, Error, Group, KeySpec, Result, Spec, access};
use resp::Writer;

use super::{discard, exec, unwatch};
use crate::client::Client;
use crate::command::{InMulti, LaterFuture, Request, SessionCommand};
use crate::core::Core;

const ANYTIME: u32 = NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY;
const ALL_KEYS: &[KeySpec] = &[KeySpec::range(1, -1, 1, access::RO)];

const fn spec(usage: &'static str, arity: i32, flags: u32) -> Spec {
    Spec::new(Group::Transactions, usage, arity, flags)
}

pub(crate) const COMMANDS: &[SessionCommand] = &[
    SessionCommand::now(
        spec("DISCARD", 1, ANYTIME).doc(
            "2.0.0",
            "O(commands + keys watched)",
            "Drops the queued commands, and ends the transaction.",
        ),
        discard_command,
    )
    .in_multi(InMulti::ActsAtOnce),
    SessionCommand::later(
        spec("EXEC", 1, NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG).doc(
            "1.2.0",
            "that of the commands",
            "Runs the queued commands as one step.",
        ),
        |request| Box::pin(exec::exec(request)),
    )
    .in_multi(InMulti::Executes),
    SessionCommand::now(
        spec("MULTI", 1, ANYTIME).doc("1.2.0", "O(1)", "Begins a transaction."),
        multi,
    )
    .in_multi(InMulti::ActsAtOnce),
    SessionCommand::now(
        spec("UNWATCH", 1, ANYTIME).doc(
            "2.2.0",
            "O(keys watched)",
            "Ends the watching of all keys.",
        ),
        |core, client, _, reply| {
            unwatch(core, client);
            reply.ok();
            Ok(())
        },
    ),
    SessionCommand::later(
        spec("WATCH key...", -2, ANYTIME).key_specs(ALL_KEYS).doc(
            "2.2.0",
            "O(keys)",
            "Lets EXEC run nothing if one of the keys has changed by then.",
        ),
        watch,
    )
    .in_multi(InMulti::ActsAtOnce),
];

fn multi(core: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut queue = client.transaction.queue.borrow_mut();
    if queue.is_some() {
        return Err(Error::new("MULTI calls can not be nested"));
    }
    *queue = Some(core.spare_queues.take());
    reply.ok();
    Ok(())
}

fn discard_command(
    core: &Rc<Core>,
    client: &Rc<Client>,
    _: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    if !client.transaction.is_open() {
        return Err(Error::new("DISCARD without MULTI"));
    }
    discard(core, client);
    reply.ok();
    Ok(())
}

/// WATCH key [key ...]
fn watch(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let transaction = &request.client.transaction;
        if transaction.is_open() {
            return Err(Error::new("WATCH inside MULTI is not allowed"));
        }
        let db = usize::from(request.client.db.get());
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for key in request.args().iter_from(1) {
            // What is watched already stays as it was then.
            let known = transaction.watches.borrow().iter().any(|watch| watch.is(db, key));
            if !known && !keys.iter().any(|other| other == key) {
                keys.push(key.to_vec());
            }
        }
        let bytes = keys.iter().map(Vec::len).sum();
        let watches = request.core.router.watch(db, keys).await;
        transaction.add_watches(watches, bytes);
        request.reply().ok();
        Ok(())
    })
}
