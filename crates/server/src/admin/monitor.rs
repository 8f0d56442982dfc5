//! MONITOR: every command that any client sends, as it is dispatched.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use command::{Args, Error, Group, Result, Spec, flag};
use resp::Writer;

use crate::client::Client;
use crate::clock;
use crate::command::SessionCommand;
use crate::core::Core;

pub(super) const COMMANDS: &[SessionCommand] = &[SessionCommand::now(
    Spec::new(
        Group::Server,
        "MONITOR",
        1,
        flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE,
    )
    .doc("1.0.0", "O(1)", "Shows every command that any client sends, as it comes."),
    monitor,
)];

/// Once is enough: a client that monitors already gets no answer, as in Redis.
fn monitor(core: &Rc<Core>, client: &Rc<Client>, _: Args<'_>, reply: &mut Writer<'_>) -> Result {
    if client.transaction.is_executing() {
        return Err(Error::new("MONITOR isn't allowed for DENY BLOCKING client"));
    }
    if !client.monitor.replace(true) {
        client.monitor_since_us.set(clock::now_us());
        core.server.monitors.fetch_add(1, Ordering::Relaxed);
        reply.ok();
    }
    Ok(())
}

/// Shows a command to all monitors, on whichever thread they are; not what administrators do.
#[inline]
pub(crate) fn consider(core: &Core, client: &Client, spec: &Spec, args: Args<'_>) {
    if !spec.has(flag::SKIP_MONITOR | flag::ADMIN) {
        consider_now(core, client, spec, args);
    }
}

/// The same for a command that is not shown when it is dispatched, but says itself when.
#[inline]
pub(crate) fn consider_now(core: &Core, client: &Client, spec: &Spec, args: Args<'_>) {
    if core.server.monitors.load(Ordering::Relaxed) > 0 {
        show(core, client, spec, args);
    }
}

#[cold]
fn show(core: &Core, client: &Client, spec: &Spec, args: Args<'_>) {
    let now_us = clock::now_us();
    let line = line(client, spec, args, now_us);
    for thread in 0..core.router.thread_count() {
        let line = line.clone();
        core.router.call(thread, move || {
            for client in Core::current().clients.borrow().values() {
                // What was on its way here before, on behalf of others, is none of its business.
                if client.monitor.get() && client.monitor_since_us.get() <= now_us {
                    client.push(&line);
                }
            }
        });
    }
}

/// Ends a client's monitoring, if it does.
pub(crate) fn stop(core: &Core, client: &Client) {
    if client.monitor.replace(false) {
        core.server.monitors.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `+<seconds>.<microseconds> [<db> <address>] "<arg>" …`, secrets left out.
fn line(client: &Client, spec: &Spec, args: Args<'_>, now_us: i64) -> Vec<u8> {
    let (seconds, us, db) = (now_us / 1_000_000, now_us % 1_000_000, client.db.get());
    let source = match client.address.strip_suffix(":0") {
        Some(path) if client.is_unix => format!("unix:{path}"),
        _ => client.address.clone(),
    };
    let mut line = format!("+{seconds}.{us:06} [{db} {source}]").into_bytes();
    for (at, arg) in args.iter().enumerate() {
        line.push(b' ');
        quote(&mut line, if spec.hides(args, at) { b"(redacted)" } else { arg });
    }
    line.extend_from_slice(b"\r\n");
    line
}

/// Appends `arg` in double quotes, unprintable bytes escaped.
fn quote(line: &mut Vec<u8>, arg: &[u8]) {
    line.push(b'"');
    for &byte in arg {
        match byte {
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            7 => line.extend_from_slice(b"\\a"),
            8 => line.extend_from_slice(b"\\b"),
            b' '..=b'~' => line.push(byte),
            _ => line.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests;
