//! On a client's thread: from what shards say to messages.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use resp::{Protocol, Writer};

use super::{Redirect, id_of, number, thread_of};
use crate::client::Client;
use crate::core::Core;

/// What a shard's thread says to a thread with clients.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// A key changed that a client has read.
    Key { client: u64, key: Arc<[u8]>, is_own: bool },
    /// Keys with a prefix changed, each by whom.
    Keys { prefix: Arc<[u8]>, keys: Arc<BTreeMap<Vec<u8>, u64>> },
    /// A shard was emptied, for so many times now.
    Flushed { shard: usize, times: u64 },
}

/// What a client is told: keys, or that all may have changed.
type Keys = Option<Vec<Vec<u8>>>;

/// Takes in what a shard's thread says.
pub(super) fn take_in(core: &Core, words: &[Word]) {
    for word in words {
        match word {
            Word::Key { client, key, is_own } => {
                let Some(client) = find(core, id_of(*client)) else { continue };
                let tracking = &client.tracking;
                let is_wanted = tracking.is_on() && !tracking.is_broadcast();
                if is_wanted && !(*is_own && tracking.no_loop.get()) {
                    tell(core, &client, Some(vec![key.to_vec()]));
                }
            }
            Word::Keys { prefix, keys } => broadcast(core, prefix, keys),
            Word::Flushed { shard, times } => flushed(core, *shard, *times),
        }
    }
}

fn find(core: &Core, id: u64) -> Option<Rc<Client>> {
    core.clients.borrow().get(&id).cloned()
}

fn broadcast(core: &Core, prefix: &[u8], keys: &BTreeMap<Vec<u8>, u64>) {
    let clients = core.tracking.prefixes.borrow().get(prefix).cloned().unwrap_or_default();
    for client in clients.into_iter().filter_map(|id| find(core, id)) {
        let own = number(core.router.thread(), client.id);
        let no_loop = client.tracking.no_loop.get();
        let others = keys.iter().filter(|(_, by)| !no_loop || **by != own);
        let told: Vec<Vec<u8>> = others.map(|(key, _)| key.clone()).collect();
        if !told.is_empty() {
            tell(core, &client, Some(told));
        }
    }
}

/// Once all shards have been emptied as often, clients are told: then nothing that they read before
/// can still be on its way to them.
fn flushed(core: &Core, shard: usize, times: u64) {
    let mut flushes = core.tracking.flushes.borrow_mut();
    flushes.resize(core.router.shard_count(), 0);
    let least = |flushes: &[u64]| flushes.iter().copied().min().unwrap_or(0);
    let before = least(&flushes);
    flushes[shard] = times;
    if least(&flushes) == before {
        return;
    }
    drop(flushes);
    let clients: Vec<Rc<Client>> = core.clients.borrow().values().cloned().collect();
    for client in clients.iter().filter(|client| client.tracking.is_on()) {
        tell(core, client, None);
    }
}

/// Tells a client, or whom it has chosen to be told.
fn tell(core: &Core, client: &Client, keys: Keys) {
    let Some(Redirect { id, thread }) = client.tracking.redirect.get() else {
        if client.protocol.get() == Protocol::Resp3 {
            client.push(&invalidation(&keys));
        }
        return;
    };
    let source = number(core.router.thread(), client.id);
    core.router.call_first(thread, move || tell_other(&Core::current(), id, source, &keys));
}

/// Tells a client of this thread what is meant for another.
fn tell_other(core: &Core, id: u64, source: u64, keys: &Keys) {
    let Some(client) = find(core, id) else {
        core.router.call_first(thread_of(source), move || broken(&Core::current(), source, id));
        return;
    };
    if client.protocol.get() == Protocol::Resp3 {
        client.push(&invalidation(keys));
    } else if !client.subscriptions.is_empty() {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, Protocol::Resp2);
        writer.push(3);
        writer.bulk(b"message");
        writer.bulk(b"__redis__:invalidate");
        write_keys(&mut writer, keys);
        client.push(&out);
    }
}

/// The client is gone that was to be told in the place of `source`.
fn broken(core: &Core, source: u64, id: u64) {
    let Some(client) = find(core, id_of(source)) else { return };
    client.tracking.is_broken.set(true);
    if client.protocol.get() == Protocol::Resp3 {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, Protocol::Resp3);
        writer.push(2);
        writer.bulk(b"tracking-redir-broken");
        writer.integer(id as i64);
        client.push(&out);
    }
}

fn invalidation(keys: &Keys) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, Protocol::Resp3);
    writer.push(2);
    writer.bulk(b"invalidate");
    write_keys(&mut writer, keys);
    out
}

fn write_keys(writer: &mut Writer<'_>, keys: &Keys) {
    match keys {
        None => writer.null(),
        Some(keys) => {
            writer.array(keys.len());
            keys.iter().for_each(|key| writer.bulk(key));
        }
    }
}
