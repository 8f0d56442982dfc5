//! BGREWRITEAOF.

use std::rc::Rc;

use command::{Args, Error, Group, Result, Spec, flag};
use resp::Writer;

use crate::client::Client;
use crate::command::SessionCommand;
use crate::core::Core;

pub(crate) const COMMANDS: &[SessionCommand] = &[SessionCommand::now(
    Spec::new(
        Group::Server,
        "BGREWRITEAOF",
        1,
        flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING,
    )
    .doc("1.0.0", "O(1)", "Writes the log of changes anew, as a snapshot, while others go on."),
    rewrite,
)];

fn rewrite(core: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let append = &core.server.append;
    if append.status().rewriting_since.is_some() {
        return Err(Error::new("Background append only file rewriting already in progress"));
    }
    // Its instant must wait for the end of a transaction.
    let waits =
        core.server.persistence.status().running.is_some() || client.transaction.is_executing();
    append.rewrite(!waits);
    reply.simple(match waits {
        true => "Background append only file rewriting scheduled",
        false => "Background append only file rewriting started",
    });
    Ok(())
}
