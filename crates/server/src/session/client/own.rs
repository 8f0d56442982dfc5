//! CLIENT's subcommands about the connection itself.

use std::rc::Rc;

use command::{Args, Error, Result};
use resp::Writer;

use super::line::line;
use crate::client::{Client, ReplyMode};
use crate::clock;
use crate::command::Request;
use crate::core::Core;
use crate::session::basic::check_name;

pub(super) fn id(_: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    reply.integer(client.id as i64);
    Ok(())
}

pub(super) async fn info(request: &mut Request) -> Result {
    let (core, client) = (request.core.clone(), request.client.clone());
    crate::transaction::see_own_changes(&core, &client).await;
    request.reply().verbatim("txt", line(&core, &client, clock::now_ms()).as_bytes());
    Ok(())
}

pub(super) fn get_name(
    _: &Rc<Core>,
    client: &Rc<Client>,
    _: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let name = client.name.borrow();
    if name.is_empty() {
        reply.null()
    } else {
        reply.bulk(&name)
    }
    Ok(())
}

pub(super) fn set_name(
    _: &Rc<Core>,
    client: &Rc<Client>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    check_name(args.at(2))?;
    *client.name.borrow_mut() = args.at(2).to_vec();
    reply.ok();
    Ok(())
}

pub(super) fn set_info(
    _: &Rc<Core>,
    client: &Rc<Client>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let (attribute, value) = (args.at(2), args.at(3));
    let shown = String::from_utf8_lossy(attribute);
    let field = match attribute.to_ascii_lowercase().as_slice() {
        b"lib-name" => &client.library_name,
        b"lib-ver" => &client.library_version,
        _ => return Err(Error::quoting("Unrecognized option '", attribute, "'")),
    };
    check_name(value).map_err(|_| {
        let text = "cannot contain spaces, newlines or special characters.";
        Error::made(format!("{shown} {text}"))
    })?;
    *field.borrow_mut() = value.to_vec();
    reply.ok();
    Ok(())
}

pub(super) fn no_evict(
    core: &Rc<Core>,
    client: &Rc<Client>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    client.no_evict.set(on_or_off(args.at(2))?);
    core.hold_clients_to_limit();
    reply.ok();
    Ok(())
}

pub(super) fn no_touch(
    _: &Rc<Core>,
    client: &Rc<Client>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    client.no_touch.set(on_or_off(args.at(2))?);
    reply.ok();
    Ok(())
}

fn on_or_off(word: &[u8]) -> Result<bool> {
    match word.to_ascii_lowercase().as_slice() {
        b"on" => Ok(true),
        b"off" => Ok(false),
        _ => Err(Error::Syntax),
    }
}

/// Whoever turns replies off gets none to that either.
pub(super) fn reply_mode(
    _: &Rc<Core>,
    client: &Rc<Client>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    match args.at(2).to_ascii_lowercase().as_slice() {
        b"on" => {
            client.reply_mode.set(ReplyMode::On);
            reply.ok();
        }
        b"off" => client.reply_mode.set(ReplyMode::Off),
        b"skip" if client.reply_mode.get() == ReplyMode::Off => {}
        b"skip" => client.reply_mode.set(ReplyMode::SkipNext),
        _ => return Err(Error::Syntax),
    }
    Ok(())
}
