//! Removing keys, and fields of hashes, whose time has come, a little per turn.

use crate::changes::Cause;
use crate::edit::Edit;
use crate::keyspace::{Key, Keyspace};
use crate::options::OnExpired;
use crate::raw::RawEntry;

/// So many fields of a hash are removed at once.
const FIELDS_AT_ONCE: usize = 64;

/// Where the walk over all databases stands.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    db: usize,
    position: u64,
}

/// What one step of the walk did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// How many parts of tables were looked at.
    pub visited: usize,
    /// How many keys were removed, or relieved of some fields.
    pub removed: usize,
}

impl Keyspace {
    /// Goes on with the walk and removes keys whose time has come, unless `locked` says of their
    /// database and hash that a transaction holds them.
    ///
    /// Ends after `visits_max` visits, each of a segment without such keys or of a bucket (of at
    /// most seven keys) that may have some, or when it has been everywhere.
    pub fn expire_some(
        &mut self,
        visits_max: usize,
        locked: &dyn Fn(usize, u64) -> bool,
    ) -> Expired {
        let mut removed = 0;
        let mut visits = visits_max;
        let mut databases = self.databases.len();
        while self.on_expired == OnExpired::Remove && visits > 0 && databases > 0 {
            let Walk { db, position } = &mut self.expiry;
            let database = &mut self.databases[*db];
            let overdue = if database.expires_len() > 0 || database.timed_hashes() > 0 {
                database.table.next_overdue(position, self.now_ms, &mut visits)
            } else {
                *position = 0;
                None
            };
            let db = *db;
            if *position == 0 {
                self.expiry.db = (db + 1) % self.databases.len();
                databases -= 1;
            }
            for raw in overdue.into_iter().flatten().flatten() {
                removed += usize::from(self.expire(db, raw, locked));
            }
        }
        Expired { visited: visits_max - visits, removed }
    }

    /// Removes an entry whose time has come, or some of its fields, unless it is locked. Answers
    /// whether it did.
    fn expire(&mut self, db: usize, raw: RawEntry, locked: &dyn Fn(usize, u64) -> bool) -> bool {
        let key = Key::new(raw.key());
        let database = &mut self.databases[db];
        let place = database.find(key).expect("the walk found it in the table");
        if locked(db, key.hash) {
            // The walk has taken its deadline out of the hints.
            database.table.note_deadline(place, raw.due_ms().expect("it is due"));
            return false;
        }
        if self.is_expired(raw.expire_at_ms()) {
            self.remove_for(db, place, key.hash, Cause::Expired);
            return true;
        }
        // The entry, whose key this is, may go with its last field. No use of it is no access.
        let bytes = key.bytes.to_vec();
        let key = Key { bytes: &bytes, ..key };
        Edit::new(self, db, key, Some(place)).expire_any_fields(FIELDS_AT_ONCE) > 0
    }
}

#[cfg(test)]
mod tests;
