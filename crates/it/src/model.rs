//! What the commands mean, one after the other: the oracle of concurrent tests.

use resp::Reply;

/// A key: an index into [`State`].
pub type Key = usize;

/// The keyspace: what every key holds. Values are integers, so that INCR works on all of them.
pub type State = Vec<Option<i64>>;

/// A command, with fresh values where it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the commands")]
pub enum Operation {
    Get(Key),
    Set(Key, i64),
    /// `SET key value GET`.
    Swap(Key, i64),
    Incr(Key),
    Mget(Vec<Key>),
    Mset(Vec<(Key, i64)>),
    Msetnx(Vec<(Key, i64)>),
    Rename(Key, Key),
    Renamenx(Key, Key),
    Copy(Key, Key),
    /// `COPY … REPLACE`.
    CopyOver(Key, Key),
    Del(Vec<Key>),
    Exists(Vec<Key>),
}

use Operation::{
    Copy, CopyOver, Del, Exists, Get, Incr, Mget, Mset, Msetnx, Rename, Renamenx, Set, Swap,
};

impl Operation {
    /// The command, with `names` for the keys.
    pub fn words(&self, names: &[String]) -> Vec<String> {
        let name = |key: &Key| names[*key].clone();
        let keys = |keys: &[Key]| keys.iter().map(name).collect::<Vec<_>>();
        let pairs = |pairs: &[(Key, i64)]| {
            pairs.iter().flat_map(|(key, value)| [name(key), value.to_string()]).collect::<Vec<_>>()
        };
        let (command, arguments) = match self {
            Get(key) => ("GET", vec![name(key)]),
            Set(key, value) => ("SET", vec![name(key), value.to_string()]),
            Swap(key, value) => ("SET", vec![name(key), value.to_string(), "GET".into()]),
            Incr(key) => ("INCR", vec![name(key)]),
            Mget(list) => ("MGET", keys(list)),
            Mset(list) => ("MSET", pairs(list)),
            Msetnx(list) => ("MSETNX", pairs(list)),
            Rename(from, to) => ("RENAME", vec![name(from), name(to)]),
            Renamenx(from, to) => ("RENAMENX", vec![name(from), name(to)]),
            Copy(from, to) => ("COPY", vec![name(from), name(to)]),
            CopyOver(from, to) => ("COPY", vec![name(from), name(to), "REPLACE".into()]),
            Del(list) => ("DEL", keys(list)),
            Exists(list) => ("EXISTS", keys(list)),
        };
        std::iter::once(command.to_owned()).chain(arguments).collect()
    }

    /// Runs it on `state` and returns the reply.
    pub fn apply(&self, state: &mut State) -> Reply {
        match self {
            Get(key) => bulk(state[*key]),
            Set(key, value) => {
                state[*key] = Some(*value);
                ok()
            }
            Swap(key, value) => bulk(state[*key].replace(*value)),
            Incr(key) => {
                let value = state[*key].unwrap_or(0) + 1;
                state[*key] = Some(value);
                Reply::Integer(value)
            }
            Mget(keys) => Reply::Array(keys.iter().map(|key| bulk(state[*key])).collect()),
            Mset(pairs) => {
                pairs.iter().for_each(|(key, value)| state[*key] = Some(*value));
                ok()
            }
            Msetnx(pairs) => {
                let free = pairs.iter().all(|(key, _)| state[*key].is_none());
                if free {
                    pairs.iter().for_each(|(key, value)| state[*key] = Some(*value));
                }
                Reply::Integer(free.into())
            }
            Rename(from, to) => match state[*from].take() {
                None => no_such_key(),
                Some(value) => {
                    state[*to] = Some(value);
                    ok()
                }
            },
            Renamenx(from, _) if state[*from].is_none() => no_such_key(),
            Renamenx(_, to) if state[*to].is_some() => Reply::Integer(0),
            Renamenx(from, to) => {
                state[*to] = state[*from].take();
                Reply::Integer(1)
            }
            Copy(from, to) if state[*from].is_none() || state[*to].is_some() => Reply::Integer(0),
            CopyOver(from, _) if state[*from].is_none() => Reply::Integer(0),
            Copy(from, to) | CopyOver(from, to) => {
                state[*to] = state[*from];
                Reply::Integer(1)
            }
            Del(keys) => {
                let gone = keys.iter().filter(|key| state[**key].take().is_some()).count();
                Reply::Integer(gone as i64)
            }
            Exists(keys) => {
                let there = keys.iter().filter(|key| state[**key].is_some()).count();
                Reply::Integer(there as i64)
            }
        }
    }
}

fn ok() -> Reply {
    Reply::Simple(b"OK".to_vec())
}

fn no_such_key() -> Reply {
    Reply::Error(b"ERR no such key".to_vec())
}

fn bulk(value: Option<i64>) -> Reply {
    value.map_or(Reply::Null, |value| Reply::Bulk(value.to_string().into_bytes()))
}
