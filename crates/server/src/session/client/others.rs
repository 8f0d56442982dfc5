//! CLIENT's subcommands about other connections, on whichever thread they are.

use std::rc::Rc;

use command::{Args, Error, Result};
use engine::Interrupt;
use tokio::sync::oneshot;

use super::filter::{Filter, Purpose};
use super::line::line;
use crate::client::{Client, Closing};
use crate::clock;
use crate::command::{LaterFuture, Request};
use crate::core::Core;

pub(super) fn list(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let databases = request.core.config().process.databases;
        let filter = Filter::parse(request.args(), Purpose::List, databases)?;
        crate::transaction::see_changes(&request.core).await;
        let (me, now_ms) = (request.client.id, clock::now_ms());
        let lines = request.core.gather(move |core| {
            let clients = core.clients.borrow();
            let passing = clients.values().filter(|client| is_there(client));
            let passing = passing.filter(|client| filter.passes(client, me, now_ms));
            passing.map(|client| (client.id, line(core, client, now_ms))).collect::<Vec<_>>()
        });
        let mut lines: Vec<(u64, String)> = lines.await.into_iter().flatten().collect();
        lines.sort_unstable();
        let text: String = lines.into_iter().map(|(_, line)| line).collect();
        request.reply().verbatim("txt", text.as_bytes());
        Ok(())
    })
}

pub(super) fn kill(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let args = request.args();
        let is_old_form = args.len() == 3;
        let filter = if is_old_form {
            Filter::address(args.at(2))
        } else {
            let databases = request.core.config().process.databases;
            Filter::parse(args, Purpose::Kill, databases)?
        };
        let (me, now_ms) = (request.client.id, clock::now_ms());
        let killed = request.core.gather(move |core| close_passing(core, &filter, me, now_ms));
        let (mut killed_count, mut waits) = (0, Vec::new());
        for (count, over) in killed.await {
            killed_count += count;
            waits.extend(over);
        }
        // Nobody feeds a client that the answer says is gone.
        for over in waits {
            let _ = over.await;
        }
        let killed = killed_count;
        match is_old_form {
            true if killed == 0 => return Err(Error::new("No such client")),
            true => request.reply().ok(),
            false => request.reply().integer(killed as i64),
        }
        Ok(())
    })
}

/// Closes this thread's clients that pass; the one that asks still gets its answer.
/// Answers how many they are, and what tells that they no longer wait for keys.
fn close_passing(
    core: &Rc<Core>,
    filter: &Filter,
    me: u64,
    now_ms: i64,
) -> (usize, Vec<oneshot::Receiver<()>>) {
    let clients = core.clients.borrow();
    let passing = clients.values().filter(|client| is_there(client));
    let passing = passing.filter(|client| filter.passes(client, me, now_ms));
    let (mut count, mut waits) = (0, Vec::new());
    for client in passing {
        client.close(if client.id == me { Closing::AfterReply } else { Closing::Now });
        count += 1;
        waits.extend(client.blocked.interrupt(Interrupt::Gone));
    }
    (count, waits)
}

/// A client that was killed is gone, even if its task has yet to notice.
fn is_there(client: &Client) -> bool {
    client.closing() != Some(Closing::Now)
}

pub(super) fn unblock(request: &mut Request) -> LaterFuture<'_> {
    Box::pin(async move {
        let (id, how) = parse_unblock(request.args())?;
        let waits = request.core.gather(move |core| {
            let clients = core.clients.borrow();
            clients.get(&id).and_then(|client| client.blocked.interrupt(how))
        });
        let over = waits.await.into_iter().flatten().next();
        request.reply().integer(i64::from(over.is_some()));
        if let Some(over) = over {
            let _ = over.await;
        }
        Ok(())
    })
}

/// Whose wait is to end, and how.
fn parse_unblock(args: Args<'_>) -> Result<(u64, Interrupt)> {
    if args.len() > 4 {
        return Err(Error::wrong_shape(args));
    }
    let how = match args.get(3).map(<[u8]>::to_ascii_lowercase).as_deref() {
        None | Some(b"timeout") => Interrupt::Timeout,
        Some(b"error") => Interrupt::Error,
        Some(_) => return Err(Error::new("CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    };
    // No client has a number below zero.
    Ok((u64::try_from(args.int(2)?).unwrap_or(0), how))
}
