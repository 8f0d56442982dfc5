//! MONITOR: every command that any client sends, as it is dispatched.

use std::sync::atomic::Ordering;

use command::Args;

use crate::client::Client;
use crate::clock;
use crate::core::Core;

/// Shows a command to all monitors, on whichever thread they are.
#[cold]
pub(crate) fn show(core: &Core, client: &Client, args: Args<'_>) {
    let line = line(client, args);
    for thread in 0..core.router.thread_count() {
        let line = line.clone();
        core.router.call(thread, move || {
            for client in Core::current().clients.borrow().values() {
                if client.monitor.get() {
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

/// `+<seconds>.<microseconds> [<db> <address>] "<arg>" …`
fn line(client: &Client, args: Args<'_>) -> Vec<u8> {
    let now_us = clock::now_us();
    let mut line = format!(
        "+{}.{:06} [{} {}]",
        now_us / 1_000_000,
        now_us % 1_000_000,
        client.db.get(),
        client.address
    )
    .into_bytes();
    for arg in args.iter() {
        line.push(b' ');
        quote(&mut line, arg);
    }
    line.extend_from_slice(b"\r\n");
    line
}

/// Appends `arg` in double quotes, unprintable bytes escaped.
pub(crate) fn quote(line: &mut Vec<u8>, arg: &[u8]) {
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
