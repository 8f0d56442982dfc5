//! Going through the keys, and picking one at random.

use crate::entry::Entry;
use crate::keyspace::Keyspace;

/// A random key is looked for this often before one whose time has come is answered: when nearly
/// all keys are such, RANDOMKEY must still end.
const RANDOM_TRIES_MAX: usize = 100;

impl Keyspace {
    /// Visits keys from `cursor` on, about `count` of them, and answers the cursor to go on from;
    /// 0 is where to begin and means the end. Cursors are below 2^48.
    ///
    /// Every key that exists from the first call to the last is visited at least once, however the
    /// table grows or shrinks meanwhile. Keys whose time has come are left out.
    pub fn scan(
        &self,
        db: usize,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&[u8], Entry<'_>),
    ) -> u64 {
        self.scan_with_expired(db, cursor, count, |key, entry, is_expired| {
            if !is_expired {
                visit(key, entry);
            }
        })
    }

    /// As [`Self::scan`], but visits keys whose time has come, too, and says of each whether it has.
    pub fn scan_with_expired(
        &self,
        db: usize,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&[u8], Entry<'_>, bool),
    ) -> u64 {
        self.databases[db].table.scan(cursor, count, |raw| {
            let is_expired = self.is_expired(raw.expire_at_ms());
            visit(raw.key(), Entry::new(raw, &self.clock), is_expired);
        })
    }

    /// A key chosen uniformly.
    pub fn random_key(&mut self, db: usize) -> Option<Entry<'_>> {
        let mut chosen = self.databases[db].table.random(&mut self.rng)?;
        for _ in 0..RANDOM_TRIES_MAX {
            if !self.is_expired(chosen.expire_at_ms()) {
                break;
            }
            chosen = self.databases[db].table.random(&mut self.rng)?;
        }
        Some(Entry::new(chosen, &self.clock))
    }
}
