//! Fields of hashes whose time has come.

use value::{Hash, Value};

use crate::changes::Cause;
use crate::edit::Edit;
use crate::keyspace::Keyspace;
use crate::options::OnExpired;

impl Keyspace {
    /// What time it is for a reader who asks whether a field's time has come: while loading, none
    /// has.
    #[inline]
    pub fn expiry_now_ms(&self) -> i64 {
        if self.on_expired == OnExpired::Keep { i64::MIN } else { self.now_ms }
    }
}

impl Edit<'_> {
    /// [`Keyspace::expiry_now_ms`].
    #[inline]
    pub fn expiry_now_ms(&self) -> i64 {
        self.keyspace.expiry_now_ms()
    }

    /// Removes those of a hash's fields with these names whose time has come, and the hash with its
    /// last one. The effect is recorded as expiry's and not as this edit's.
    #[inline]
    pub fn expire_fields<'f>(&mut self, names: impl Iterator<Item = &'f [u8]>) {
        let now_ms = self.keyspace.expiry_now_ms();
        let is_due = |hash: &Hash| hash.is_due(now_ms);
        if self.get::<Hash>().is_ok_and(|hash| hash.is_some_and(is_due)) {
            self.expire_due_fields(names.collect(), now_ms);
        }
    }

    #[cold]
    fn expire_due_fields(&mut self, mut names: Vec<&[u8]>, now_ms: i64) {
        if self.keyspace.on_expired != OnExpired::Remove {
            return;
        }
        let hash = self.get::<Hash>().ok().flatten().expect("the caller has seen it");
        let has_expired = |name: &&[u8]| {
            hash.field(name, i64::MIN).is_some_and(|field| field.has_expired(now_ms))
        };
        names.retain(has_expired);
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return;
        }
        let changed = self.changed;
        let hash = self.get_mut::<Hash>().ok().flatten().expect("the caller has seen it");
        for name in &names {
            hash.remove(name);
        }
        let is_void = hash.is_empty();
        self.keyspace.record_lapsed(self.db, self.key.bytes, self.key.hash, &names);
        if is_void {
            self.remove_void();
        }
        self.changed = changed;
    }
}

impl Keyspace {
    /// Records and counts that fields of a hash went because their time had come.
    pub(crate) fn record_lapsed(&mut self, db: usize, key: &[u8], hash: u64, names: &[&[u8]]) {
        let effect = [&b"HDEL"[..], key].into_iter().chain(names.iter().copied());
        self.changes.record(db, hash, Cause::Expired, &effect.collect::<Vec<_>>());
        self.changes.touch(db, hash, 0);
        self.stats.expired_fields += names.len() as u64;
    }
}

/// When the first field of a value goes, at the earliest.
#[inline]
pub(crate) fn next_expiry_ms(value: &Value) -> Option<i64> {
    match value {
        Value::Hash(hash) => hash.next_expiry_ms(),
        _ => None,
    }
}
