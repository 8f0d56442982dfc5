//! Fields of hashes whose time has come.

use value::{Hash, Value};

use crate::changes::Cause;
use crate::edit::Edit;
use crate::keyspace::Keyspace;
use crate::news::Event;
use crate::options::OnExpired;
use crate::raw::{ContentRef, RawEntry};

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

    /// Removes up to `max` of a hash's fields whose time has come, and the hash with its last one;
    /// answers how many. Active expiry then knows when to come again.
    pub fn expire_any_fields(&mut self, max: usize) -> usize {
        let now_ms = self.keyspace.now_ms;
        if self.keyspace.on_expired != OnExpired::Remove {
            return 0;
        }
        let changed = self.changed;
        let Ok(Some(hash)) = self.get_mut::<Hash>() else { return 0 };
        let mut gone = Vec::new();
        let removed = hash.remove_expired(now_ms, max, |name| gone.push(name.to_vec()));
        let is_void = hash.is_empty();
        if removed > 0 {
            let names: Vec<&[u8]> = gone.iter().map(Vec::as_slice).collect();
            self.keyspace.record_lapsed(self.db, self.key.bytes, self.key.hash, &names);
        }
        if is_void {
            self.remove_void();
            self.keyspace.news.event(Event::DEL, self.db, self.key.bytes);
        }
        self.note_fields();
        // Recorded and counted above.
        self.changed = changed;
        removed
    }

    /// After a change: see [`Database::note_fields`].
    #[inline]
    pub(crate) fn note_fields(&mut self) {
        if let Some(place) = self.place {
            self.database().note_fields(place);
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
            self.keyspace.news.event(Event::DEL, self.db, self.key.bytes);
        }
        self.note_fields();
        self.changed = changed;
    }
}

impl Keyspace {
    /// Records and counts that fields of a hash went because their time had come.
    pub(crate) fn record_lapsed(&mut self, db: usize, key: &[u8], hash: u64, names: &[&[u8]]) {
        let effect = [&b"HDEL"[..], key].into_iter().chain(names.iter().copied());
        self.changes.record(db, hash, Cause::Expired, &effect.collect::<Vec<_>>());
        self.changes.touch(db, hash, 1);
        self.news.by_nobody(|news| {
            news.event_of(Event::FIELDS_EXPIRED, db, key, names.iter().copied());
            news.changed(db, key);
        });
        self.stats.expired_fields += names.len() as u64;
    }
}

impl RawEntry {
    /// When the first field of the entry's hash goes, at the earliest.
    #[inline]
    pub(crate) fn fields_due_ms(self) -> Option<i64> {
        match self.content() {
            ContentRef::Value(Value::Hash(hash)) => hash.next_expiry_ms(),
            _ => None,
        }
    }

    /// When active expiry must look at the entry: its deadline, or that of a field.
    pub(crate) fn due_ms(self) -> Option<i64> {
        match (self.expire_at_ms(), self.fields_due_ms()) {
            (Some(own_ms), Some(field_ms)) => Some(own_ms.min(field_ms)),
            (own_ms, field_ms) => own_ms.or(field_ms),
        }
    }
}
