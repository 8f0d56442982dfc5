//! On a shard's thread: from what the shard tells to words for the threads of clients.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keyspace::{News, What};

use super::deliver::{Word, take_in};
use super::thread_of;
use crate::core::Core;

/// Changed keys, each with who changed it last.
type Changed = BTreeMap<Vec<u8>, u64>;

/// Hears what the shard of this thread tells.
pub(crate) fn hear(core: &Core, news: &News) {
    if !core.server.tracking.is_used() {
        return;
    }
    let mut words: Vec<Vec<Word>> = vec![Vec::new(); core.router.thread_count()];
    let mut broadcasts: BTreeMap<Vec<u8>, Changed> = BTreeMap::new();
    let mut is_flushed = false;
    let mut table = core.tracking.table.borrow_mut();
    let before = (table.len(), table.items());
    for told in news.iter() {
        match told.what {
            What::Read => table.add(told.key, told.caller),
            What::Changed => {
                let clients = table.take(told.key);
                tell_readers(&mut words, told.key, clients, told.caller);
                note_prefixes(core, &mut broadcasts, told.key, told.caller);
            }
            What::Flushed => {
                table.clear();
                is_flushed = true;
            }
            What::Event(_) | What::AllFlushed => {}
        }
    }
    let after = (table.len(), table.items());
    drop(table);
    count(core, before, after);
    evict(core, &mut words);
    for (prefix, keys) in broadcasts {
        tell_prefix(core, &mut words, prefix, keys);
    }
    if is_flushed && let Some(shard) = core.router.shard() {
        let word = Word::Flushed { shard: core.router.thread(), times: shard.keyspace.flushes() };
        words.iter_mut().for_each(|words| words.push(word.clone()));
    }
    send(core, words);
}

/// Forgets keys beyond `tracking-table-max-keys`.
pub(crate) fn limit(core: &Core) {
    let mut words = vec![Vec::new(); core.router.thread_count()];
    evict(core, &mut words);
    send(core, words);
}

fn send(core: &Core, words: Vec<Vec<Word>>) {
    for (thread, words) in words.into_iter().enumerate().filter(|(_, words)| !words.is_empty()) {
        core.router.call_first(thread, move || take_in(&Core::current(), &words));
    }
}

fn tell_readers(words: &mut [Vec<Word>], key: &[u8], clients: Vec<u64>, caller: u64) {
    if clients.is_empty() {
        return;
    }
    let key: Arc<[u8]> = key.into();
    for client in clients {
        let word = Word::Key { client, key: key.clone(), is_own: client == caller };
        words[thread_of(client)].push(word);
    }
}

fn note_prefixes(
    core: &Core,
    broadcasts: &mut BTreeMap<Vec<u8>, Changed>,
    key: &[u8],
    caller: u64,
) {
    let prefixes = core.server.tracking.prefixes.read().expect("a panic ends the process");
    for prefix in prefixes.keys().filter(|prefix| key.starts_with(prefix)) {
        match broadcasts.get_mut(prefix) {
            Some(keys) => drop(keys.insert(key.to_vec(), caller)),
            None => {
                broadcasts.insert(prefix.clone(), Changed::from([(key.to_vec(), caller)]));
            }
        }
    }
}

fn tell_prefix(core: &Core, words: &mut [Vec<Word>], prefix: Vec<u8>, keys: Changed) {
    let prefixes = core.server.tracking.prefixes.read().expect("a panic ends the process");
    let Some(counts) = prefixes.get(&prefix) else { return };
    let word = Word::Keys { prefix: prefix.into(), keys: Arc::new(keys) };
    for (words, _) in words.iter_mut().zip(counts).filter(|(_, count)| **count > 0) {
        words.push(word.clone());
    }
}

/// Makes the shared numbers follow this thread's table.
fn count(core: &Core, before: (usize, usize), after: (usize, usize)) {
    let registry = &core.server.tracking;
    let follow = |total: &AtomicUsize, before: usize, after: usize| {
        // Wraps around where it shrinks.
        total.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
    };
    follow(&registry.keys, before.0, after.0);
    follow(&registry.items, before.1, after.1);
}

/// While there are too many keys, takes some out here, as if they had changed.
fn evict(core: &Core, words: &mut [Vec<Word>]) {
    let most = core.config().clients.tracking_table_max_keys as usize;
    let keys = core.server.tracking.keys.load(Ordering::Relaxed);
    if most == 0 || keys <= most {
        return;
    }
    let mut table = core.tracking.table.borrow_mut();
    let before = (table.len(), table.items());
    for _ in most..keys {
        let Some((key, clients)) = table.take_any(core.router.random()) else { break };
        tell_readers(words, &key, clients, 0);
    }
    count(core, before, (table.len(), table.items()));
}

/// Forgets all, once nobody tracks.
pub(crate) fn forget(core: &Core) {
    let mut table = core.tracking.table.borrow_mut();
    let before = (table.len(), table.items());
    table.clear();
    count(core, before, (0, 0));
}
