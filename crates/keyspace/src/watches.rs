//! Keys that somebody watches (WATCH): each has a version, which goes up with every change of the
//! key, whatever makes it.

use std::collections::HashMap;

use crate::database::Database;
use crate::keyspace::{Key, Keyspace};

/// The watched keys of all databases, by database and hash; two keys with one hash share a version.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    keys: HashMap<(u32, u64), Watched>,
}

#[derive(Debug)]
struct Watched {
    key: Box<[u8]>,
    version: u64,
    watchers: usize,
    /// Whether a key is here that came with another database when its time was over already. When
    /// it goes, nothing changes.
    is_stale: bool,
}

impl Watches {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// A key changes.
    #[cold]
    pub(crate) fn touch(&mut self, db: usize, hash: u64) {
        if let Some(watched) = self.keys.get_mut(&(db as u32, hash)) {
            watched.version += 1;
        }
    }

    /// A key is removed because its time has come.
    #[cold]
    pub(crate) fn expire(&mut self, db: usize, hash: u64) {
        if let Some(watched) = self.keys.get_mut(&(db as u32, hash)) {
            // What the removal counts is taken back if nobody could see the key.
            if std::mem::take(&mut watched.is_stale) {
                watched.version -= 1;
            }
        }
    }

    /// Database `db` is emptied, or replaced by another one, of whose keys `is_expired` tells.
    pub(crate) fn touch_all(
        &mut self,
        db: usize,
        old: &Database,
        new: Option<&Database>,
        is_expired: impl Fn(Option<i64>) -> bool,
    ) {
        for ((_, hash), watched) in self.keys.iter_mut().filter(|((own, _), _)| *own == db as u32) {
            let key = Key { bytes: &watched.key, hash: *hash };
            let was_seen = old.find(key).is_some() && !watched.is_stale;
            let place = new.and_then(|new| Some((new, new.find(key)?)));
            let stale = place.map(|(new, place)| is_expired(new.table.get(place).expire_at_ms()));
            if was_seen || stale == Some(false) {
                watched.version += 1;
            }
            watched.is_stale = stale == Some(true);
        }
    }
}

impl Keyspace {
    /// Begins to watch a key; returns its version. [`Self::unwatch`] ends it.
    pub fn watch(&mut self, db: usize, key: Key<'_>) -> u64 {
        // A key whose time has come is gone for the watcher, too.
        self.remove_if_expired(db, key);
        let keys = &mut self.changes.watches.keys;
        let watched = keys.entry((db as u32, key.hash)).or_insert_with(|| Watched {
            key: key.bytes.into(),
            version: 0,
            watchers: 0,
            is_stale: false,
        });
        watched.watchers += 1;
        watched.version
    }

    /// Whether a key is as it was at this version. One whose time has come meanwhile is not.
    pub fn is_unchanged(&mut self, db: usize, key: Key<'_>, version: u64) -> bool {
        self.remove_if_expired(db, key);
        self.is_at_version(db, key, version)
    }

    /// Whether nothing is known to have changed a key since this version.
    pub fn is_at_version(&self, db: usize, key: Key<'_>, version: u64) -> bool {
        let watched = self.changes.watches.keys.get(&(db as u32, key.hash));
        watched.is_some_and(|watched| watched.version == version)
    }

    /// Ends one watch of a key.
    pub fn unwatch(&mut self, db: usize, key: Key<'_>) {
        let keys = &mut self.changes.watches.keys;
        if let Some(watched) = keys.get_mut(&(db as u32, key.hash)) {
            watched.watchers -= 1;
            if watched.watchers == 0 {
                keys.remove(&(db as u32, key.hash));
            }
        }
    }

    /// How many keys are watched, for INFO.
    pub fn watched_keys(&self) -> usize {
        self.changes.watches.keys.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    fn keyspace() -> Keyspace {
        let mut keyspace = Keyspace::new(Options::default());
        keyspace.begin(1000);
        keyspace
    }

    #[test]
    fn every_change_counts() {
        let mut keyspace = keyspace();
        let (key, other) = (Key::new(b"k"), Key::new(b"other"));
        let version = keyspace.watch(0, key);
        keyspace.edit(0, other).set(b"v", None);
        keyspace.edit(1, key).set(b"v", None);
        assert!(keyspace.is_unchanged(0, key, version));
        keyspace.edit(0, key).set(b"v", Some(2000));
        assert!(!keyspace.is_unchanged(0, key, version));

        let version = keyspace.watch(0, key);
        keyspace.begin(2001);
        assert!(!keyspace.is_unchanged(0, key, version), "its time has come");
        keyspace.unwatch(0, key);
        keyspace.unwatch(0, key);
        assert_eq!(keyspace.watched_keys(), 0);
    }

    #[test]
    fn databases_as_a_whole() {
        let mut keyspace = keyspace();
        let (key, absent) = (Key::new(b"k"), Key::new(b"absent"));
        keyspace.edit(0, key).set(b"v", None);
        let versions = [keyspace.watch(0, key), keyspace.watch(0, absent), keyspace.watch(1, key)];
        let holds = |keyspace: &mut Keyspace| {
            [(0, key), (0, absent), (1, key)]
                .iter()
                .zip(versions)
                .map(|((db, key), version)| keyspace.is_unchanged(*db, *key, version))
                .collect::<Vec<_>>()
        };
        keyspace.discard_database(1);
        assert_eq!(holds(&mut keyspace), [true, true, true]);
        keyspace.swap(0, 1);
        assert_eq!(holds(&mut keyspace), [false, true, false]);
        let version = keyspace.watch(1, key);
        keyspace.discard_database(1);
        assert!(!keyspace.is_unchanged(1, key, version));
    }

    #[test]
    fn a_key_whose_time_was_over_before_it_came_is_no_change() {
        let mut keyspace = keyspace();
        let key = Key::new(b"k");
        keyspace.edit(0, key).set(b"v", Some(1500));
        keyspace.begin(2000);
        let version = keyspace.watch(1, key);
        keyspace.swap(0, 1);
        assert!(keyspace.is_unchanged(1, key, version));
        assert!(keyspace.is_unchanged(1, key, version), "now it is gone");
        keyspace.edit(1, key).set(b"v", None);
        assert!(!keyspace.is_unchanged(1, key, version));
    }
}
