//! Keys that come from a file: as they were, told to nobody, and counted as no change.

use std::borrow::Cow;

use value::Value;

use crate::keyspace::{Key, Keyspace};
use crate::raw::{self, Content, RawEntry};

/// A value from a file.
#[derive(Debug)]
pub enum Loaded<'a> {
    /// A string; the keyspace decides how to keep it.
    Bytes(Cow<'a, [u8]>),
    /// Any other.
    Value(Value),
}

/// A key from a file.
#[derive(Debug)]
pub struct LoadedEntry<'a> {
    /// Its value.
    pub value: Loaded<'a>,
    /// The deadline in ms since the epoch, if it has one.
    pub expire_at_ms: Option<i64>,
    /// Seconds since it was last used; means something under [`ClockKind::Lru`](crate::ClockKind).
    pub idle_seconds: Option<u32>,
    /// How often it is used; means something under [`ClockKind::Lfu`](crate::ClockKind).
    pub frequency: Option<u8>,
}

impl Keyspace {
    /// Makes room for so many keys in a database that has none. Memory is taken for them at once.
    pub fn expect(&mut self, db: usize, keys: usize) {
        if self.snapshot.is_none() {
            self.databases[db].table.expect(keys);
        }
    }

    /// Adds a key from a file. Where it exists, that is an error, or, with `replaces`, the new
    /// value takes the place of the old one. Answers whether it is there now.
    pub fn load(
        &mut self,
        db: usize,
        key: Key<'_>,
        entry: LoadedEntry<'_>,
        replaces: bool,
    ) -> bool {
        let LoadedEntry { value, expire_at_ms, idle_seconds, frequency } = entry;
        let clock = match (self.clock.kind, idle_seconds, frequency) {
            (crate::ClockKind::Lru, Some(seconds), _) => self.clock.idle_since(seconds),
            (crate::ClockKind::Lfu, _, Some(frequency)) => self.clock.with_counter(frequency),
            _ => self.clock.fresh(),
        };
        let content = match &value {
            Loaded::Bytes(bytes) => {
                raw::string_content(key.bytes.len(), expire_at_ms.is_some(), bytes)
            }
            Loaded::Value(_) => {
                let Loaded::Value(value) = value else { unreachable!("just seen") };
                Content::Value(value)
            }
        };
        let place = match self.databases[db].find(key) {
            Some(_) if !replaces => return false,
            Some(place) => {
                self.before_change(db, Some(place), key.hash);
                let old = self.databases[db].rewrite(place, expire_at_ms, content);
                self.discard(old);
                place
            }
            None => {
                self.before_change(db, None, key.hash);
                self.databases[db].insert(key, clock, expire_at_ms, content)
            }
        };
        let database = &mut self.databases[db];
        let raw: RawEntry = database.table.get(place);
        raw.set_clock(clock);
        database.note_fields(place);
        true
    }
}
