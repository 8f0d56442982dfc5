//! What a call reads: the elements, and the keys that patterns name.

use std::ops::ControlFlow;

use command::{Error, Result};
use engine::{Context, Plan};
use keyspace::{Entry, Key};
use stdx::number::Decimal;
use value::listpack::Item;
use value::{Hash, Kind, List, Set, Zset};

use super::order::Elements;
use super::pattern::Wanted;
use super::query::Window;
use super::texts::Texts;

/// The elements of a key; of a list or sorted set in its own order only those that are answered.
pub(super) fn load(context: &mut Context<'_>, key: Key<'_>, window: Window) -> Result<Elements> {
    let mut elements = Elements::default();
    let Some(entry) = context.read(key) else { return Ok(elements) };
    elements.is_set = entry.kind() == Kind::Set;
    elements.is_cut = window.is_native && !elements.is_set;
    let texts = &mut elements.texts;
    match entry.kind() {
        Kind::List => load_list(get(entry)?, window, texts),
        Kind::Set => get::<Set>(entry)?.iter().for_each(|member| texts.push_item(member)),
        Kind::Zset => load_zset(get(entry)?, window, texts),
        _ => return Err(Error::WrongType),
    }
    Ok(elements)
}

fn get<T: value::Collection>(entry: Entry<'_>) -> Result<&T> {
    entry.get().map_err(|_| Error::WrongType)
}

fn load_list(list: &List, window: Window, texts: &mut Texts) {
    if !window.is_native {
        return list.for_each(|item| texts.push_item(item));
    }
    let range = window.range(list.len());
    if range.is_empty() {
        return;
    }
    let mut visit = |_: usize, item: Item<'_>| {
        texts.push_item(item);
        if texts.len() == range.len() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let _ = match window.is_descending {
        true => list.walk_back(list.len() - 1 - range.start, &mut visit),
        false => list.walk(range.start, &mut visit),
    };
}

fn load_zset(zset: &Zset, window: Window, texts: &mut Texts) {
    let visit = |member: Item<'_>, _| texts.push_item(member);
    if !window.is_native {
        return zset.for_each(visit);
    }
    let range = window.range(zset.len());
    let is_descending = window.is_descending;
    let first = if is_descending { zset.len().wrapping_sub(1 + range.start) } else { range.start };
    zset.range(first, range.len(), is_descending, visit);
}

/// So many keys' cache misses overlap.
const KEYS_AT_ONCE: usize = 16;

/// Reads keys, or a field of each; whatever is of another type is absent.
pub(super) fn fetch(context: &mut Context<'_>, wanted: &Wanted) -> Texts {
    let mut found = Texts::default();
    let mut keys = Vec::with_capacity(KEYS_AT_ONCE);
    for start in wanted.keys.indexes().step_by(KEYS_AT_ONCE) {
        let end = (start + KEYS_AT_ONCE).min(wanted.keys.len());
        keys.clear();
        keys.extend((start..end).map(|index| Key::new(wanted.keys.at(index))));
        for key in &keys {
            context.keyspace.prefetch_bucket(context.db, key.hash);
        }
        for key in &keys {
            context.keyspace.prefetch_entry(context.db, key.hash);
        }
        for key in &keys {
            read(context, *key, wanted.field.as_deref(), &mut found);
        }
    }
    found
}

fn read(context: &mut Context<'_>, key: Key<'_>, field: Option<&[u8]>, found: &mut Texts) {
    let now_ms = context.now_ms();
    match (context.read(key), field) {
        (None, _) => found.push_absent(),
        (Some(entry), None) => {
            let mut text = Decimal::new();
            found.push_maybe(entry.string().ok().map(|string| string.bytes(&mut text)));
        }
        (Some(entry), Some(field)) => {
            let hash = entry.get::<Hash>().ok();
            match hash.and_then(|hash| hash.get(field, now_ms)) {
                Some(value) => found.push_item(value),
                None => found.push_absent(),
            }
        }
    }
}

/// Reads keys of all shards, under whatever locks the plan holds.
pub(super) async fn fetch_across(plan: &Plan, wanted: Wanted) -> Texts {
    let Wanted { keys, field } = wanted;
    let mut owners = Vec::with_capacity(keys.len());
    let mut parts: Vec<Texts> = Vec::new();
    parts.resize_with(plan.shard_count(), Texts::default);
    for index in keys.indexes() {
        let key = keys.at(index);
        let owner = plan.owner(key);
        parts[owner].push(key);
        owners.push(owner as u32);
    }
    let hops = parts.into_iter().enumerate().map(|(shard, keys)| {
        let wanted = Wanted { keys, field: field.clone() };
        let is_needed = wanted.keys.len() > 0;
        is_needed.then(|| plan.on_shard(shard, move |context| fetch(context, &wanted)))
    });
    let hops: Vec<_> = hops.collect();
    let mut answers = Vec::with_capacity(hops.len());
    for hop in hops {
        answers.push(match hop {
            Some(hop) => (hop.await, 0),
            None => (Texts::default(), 0),
        });
    }
    // Each shard answered its keys in their order.
    let mut found = Texts::default();
    for owner in owners {
        let (texts, next) = &mut answers[owner as usize];
        found.push_maybe(texts.get(*next));
        *next += 1;
    }
    found
}
