//! One line of CLIENT LIST.

use crate::client::{Client, Closing};
use crate::core::Core;
use crate::pubsub::Kind;
use resp::Protocol;

/// A client's line, with its end. Redis's fields in Redis's order, then ours: `thread`.
pub(super) fn line(core: &Core, client: &Client, now_ms: i64) -> String {
    let usage = &client.usage;
    let output = usage.output.get();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let command = client.last_command.get().map(|row| core.server.registry.row(row));
    let command = command.map_or("NULL", |row| &row.name);
    let resp = if client.protocol.get() == Protocol::Resp3 { 3 } else { 2 };
    format!(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} \
         multi={} watch={} qbuf={} qbuf-free={} argv-mem={} multi-mem={} rbs=0 rbp=0 obl=0 oll={} \
         omem={output} tot-mem={} events={} cmd={command} user=default redir={} resp={resp} \
         lib-name={} lib-ver={} tot-net-in={} tot-net-out={} tot-cmds={} thread={}\n",
        client.id,
        client.address,
        client.local_address,
        client.fd,
        text(&client.name.borrow()),
        client.age_ms(now_ms) / 1000,
        client.idle_ms(now_ms) / 1000,
        flags(client),
        client.db.get(),
        client.subscriptions.count(Kind::Channel),
        client.subscriptions.count(Kind::Pattern),
        client.subscriptions.count(Kind::Shard),
        client.transaction.len().map_or(-1, |len| len as i64),
        client.transaction.watched(),
        usage.query_buffer.get(),
        usage.query_buffer_free.get(),
        usage.arguments.get(),
        client.transaction.memory_bytes(),
        u8::from(output > 0),
        client.memory_bytes(),
        if output > 0 { "rw" } else { "r" },
        client.tracking.redirect_id(),
        text(&client.library_name.borrow()),
        text(&client.library_version.borrow()),
        usage.received.get(),
        usage.sent.get(),
        usage.commands.get(),
        core.router.thread(),
    )
}

/// What the client is at, a letter each; `N` for nothing special.
pub(super) fn flags(client: &Client) -> String {
    let letters = [
        ('O', client.monitor.get()),
        ('P', !client.subscriptions.is_empty()),
        ('x', client.transaction.is_open()),
        ('b', client.is_blocked()),
        ('d', client.transaction.is_dirty()),
        ('t', client.tracking.is_on()),
        ('R', client.tracking.is_broken()),
        ('B', client.tracking.is_broadcast()),
        ('c', client.closing() == Some(Closing::AfterReply)),
        ('A', client.closing() == Some(Closing::Now)),
        ('U', client.is_unix),
        ('e', client.no_evict.get()),
        ('T', client.no_touch.get()),
    ];
    let set: String = letters.iter().filter(|(_, set)| *set).map(|(letter, _)| *letter).collect();
    if set.is_empty() { "N".into() } else { set }
}
