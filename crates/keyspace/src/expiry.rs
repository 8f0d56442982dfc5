//! Removing keys whose time has come, a little per turn.

use crate::changes::Cause;
use crate::keyspace::{Key, Keyspace};
use crate::options::OnExpired;

/// Where the walk over all databases stands.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    db: usize,
    cursor: u64,
}

/// What one step of the walk did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// How many keys were looked at.
    pub visited: usize,
    /// How many of them were removed.
    pub removed: usize,
}

impl Keyspace {
    /// Goes on with the walk and removes keys whose time has come, unless `locked` says of their
    /// database and hash that a transaction holds them. Looks at about `visits_max` keys, and at
    /// most once at each database.
    pub fn expire_some(
        &mut self,
        visits_max: usize,
        locked: &dyn Fn(usize, u64) -> bool,
    ) -> Expired {
        let mut done = Expired::default();
        if self.on_expired != OnExpired::Remove {
            return done;
        }
        for _ in 0..self.databases.len() {
            let db = self.expiry.db;
            let mut due = Vec::new();
            self.expiry.cursor = if self.databases[db].expires_len() == 0 {
                0
            } else {
                let keyspace = &*self;
                let cursor = keyspace.expiry.cursor;
                keyspace.databases[db].table.scan(cursor, visits_max, |hash, raw| {
                    done.visited += 1;
                    if keyspace.is_expired(raw.expire_at_ms()) && !locked(db, hash) {
                        due.push((hash, raw));
                    }
                })
            };
            for (hash, raw) in due {
                let key = Key { bytes: raw.key(), hash };
                let place = self.databases[db].find(key).expect("it was there");
                self.remove_for(db, place, hash, Cause::Expired);
                done.removed += 1;
            }
            if self.expiry.cursor != 0 {
                break;
            }
            self.expiry.db = (db + 1) % self.databases.len();
            if done.visited >= visits_max {
                break;
            }
        }
        done
    }
}
