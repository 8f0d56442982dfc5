//! The guard through which every change of a key goes.

use value::{Collection, Kind, Value, WrongType};

use crate::changes::Cause;
use crate::entry::{Entry, StringRef};
use crate::keyspace::{Key, Keyspace};
use crate::news::{Class, Event};
use crate::raw::{self, Content, ContentRef, RawEntry};
use crate::string_buffer::StringBuffer;
use crate::table::Place;

/// A key that is being changed, found once. Dropping it counts the change, and removes a key whose
/// collection was left without elements.
pub struct Edit<'a> {
    pub(crate) keyspace: &'a mut Keyspace,
    pub(crate) db: usize,
    pub(crate) key: Key<'a>,
    /// Where the entry is, if the key exists.
    pub(crate) place: Option<Place>,
    pub(crate) changed: bool,
    /// How many changes it counts as, if any.
    changes: u64,
    /// Whether it was said which events the changes are, if any.
    #[cfg(debug_assertions)]
    is_named: bool,
}

/// A value with its deadline, on its way from one key to another, on any shard.
#[derive(Clone, Debug)]
pub struct Detached {
    value: Owned,
    /// The deadline in ms since the epoch.
    pub expire_at_ms: Option<i64>,
    changed_in_place: bool,
    /// None for a value that is as if just used.
    clock: Option<u32>,
}

#[derive(Clone, Debug)]
enum Owned {
    Int(i64),
    Bytes(Box<[u8]>),
    Value(Value),
}

impl Detached {
    /// A value that comes from outside, as by RESTORE.
    pub fn new(value: Value, expire_at_ms: Option<i64>) -> Self {
        Self { value: Owned::Value(value), expire_at_ms, changed_in_place: false, clock: None }
    }

    /// The data type.
    pub fn kind(&self) -> Kind {
        match &self.value {
            Owned::Int(_) | Owned::Bytes(_) => Kind::String,
            Owned::Value(value) => value.kind(),
        }
    }
}

impl<'a> Edit<'a> {
    pub(crate) fn new(
        keyspace: &'a mut Keyspace,
        db: usize,
        key: Key<'a>,
        place: Option<Place>,
    ) -> Self {
        Self {
            keyspace,
            db,
            key,
            place,
            changed: false,
            changes: 1,
            #[cfg(debug_assertions)]
            is_named: false,
        }
    }

    /// Whether the key exists.
    pub fn exists(&self) -> bool {
        self.place.is_some()
    }

    /// The key being changed.
    pub fn key(&self) -> Key<'a> {
        self.key
    }

    /// The present, as the keyspace has it.
    pub fn now_ms(&self) -> i64 {
        self.keyspace.now_ms
    }

    /// The key's entry, if it exists.
    pub fn entry(&self) -> Option<Entry<'_>> {
        Some(Entry::new(self.raw()?, &self.keyspace.clock))
    }

    /// The key's string, if it exists.
    pub fn string(&self) -> Result<Option<StringRef<'_>>, WrongType> {
        self.entry().map(|entry| entry.string()).transpose()
    }

    /// The key's deadline in ms since the epoch, if it exists and has one.
    pub fn expire_at_ms(&self) -> Option<i64> {
        self.raw()?.expire_at_ms()
    }

    /// Tells those who listen what this edit does, in the order of the calls. Every edit that
    /// changes something does this, or says that it is [`Self::silent`]: a debug build insists, see
    /// [`News::insist`](crate::News::insist).
    #[inline]
    pub fn event(&mut self, event: Event) {
        self.silent();
        self.keyspace.news.event(event, self.db, self.key.bytes);
    }

    /// [`Self::event`] about fields of the key.
    #[inline]
    pub fn event_of<'f>(&mut self, event: Event, fields: impl Iterator<Item = &'f [u8]>) {
        self.silent();
        self.keyspace.news.event_of(event, self.db, self.key.bytes, fields);
    }

    /// Says that there is no event for what this edit does.
    #[inline]
    pub fn silent(&mut self) {
        #[cfg(debug_assertions)]
        {
            self.is_named = true;
        }
    }

    /// Whether somebody wants to know which fields of a hash events are about.
    pub fn tells_fields(&self) -> bool {
        self.keyspace.news.wanted().fields
    }

    /// Makes the key a string with this deadline, whatever it was: SET in one step.
    pub fn set(&mut self, bytes: &[u8], expire_at_ms: Option<i64>) {
        let key_len = self.key.bytes.len();
        self.tell_overwritten(Kind::String);
        self.write(expire_at_ms, raw::string_content(key_len, expire_at_ms.is_some(), bytes));
    }

    /// Gives the key another string for the one that it has, if it has one. A deadline stays.
    pub fn set_string(&mut self, bytes: &[u8]) {
        let (key_len, expire_at_ms) = (self.key.bytes.len(), self.expire_at_ms());
        self.write(expire_at_ms, raw::string_content(key_len, expire_at_ms.is_some(), bytes));
    }

    /// Makes the key a string that passes for one changed in place, as those are that commands
    /// make of bits: not even digits become an integer.
    pub fn set_bits(&mut self, bytes: Vec<u8>, expire_at_ms: Option<i64>) {
        if raw::fits_inline(self.key.bytes.len(), expire_at_ms.is_some(), bytes.len()) {
            self.write(expire_at_ms, Content::Inline(&bytes));
        } else {
            self.write(expire_at_ms, Content::Value(Value::Bytes(bytes.into())));
        }
        self.raw().expect("just written").mark_changed_in_place();
    }

    /// Makes the key the text of an integer, whatever it was. A deadline stays.
    pub fn set_int(&mut self, number: i64) {
        self.write(self.expire_at_ms(), Content::Int(number));
    }

    /// Makes the key hold `value`, whatever it was. A deadline stays.
    pub fn set_value(&mut self, value: Value) {
        self.tell_overwritten(value.kind());
        self.write(self.expire_at_ms(), Content::Value(value));
    }

    /// Sets or takes away the deadline of a key that exists; of one that does not, nothing.
    pub fn set_expiry(&mut self, expire_at_ms: Option<i64>) {
        let Some(place) = self.place else { return };
        self.before_change();
        self.database().set_deadline(place, expire_at_ms);
    }

    /// Removes the key, which is told as `del`. Answers whether it existed.
    pub fn remove(&mut self) -> bool {
        let existed = self.remove_untold();
        if existed {
            self.event(Event::DEL);
        }
        existed
    }

    /// Removes a key that gets another value, or that was made in vain. Answers whether it existed.
    pub fn remove_untold(&mut self) -> bool {
        let Some(place) = self.place else { return false };
        self.before_change();
        self.place = None;
        let value = self.database().remove(place);
        self.keyspace.discard(value);
        true
    }

    /// The string as bytes that can be changed and resized in place; an absent key becomes an
    /// empty string.
    pub fn string_buffer(&mut self) -> Result<StringBuffer<'_, 'a>, WrongType> {
        StringBuffer::new(self)
    }

    /// The out-of-line value, to be changed; None if the key is absent or its string is short.
    pub fn value_mut(&mut self) -> Option<&mut Value> {
        let value = self.raw()?.value_mut()?;
        self.before_change();
        Some(value)
    }

    /// The key's collection, if it exists.
    #[inline]
    pub fn get<T: Collection>(&self) -> Result<Option<&T>, WrongType> {
        self.entry().map(|entry| entry.get()).transpose()
    }

    /// The key's collection, to be changed, if it exists. Counts as a change; see
    /// [`Self::unchanged`].
    #[inline]
    pub fn get_mut<T: Collection>(&mut self) -> Result<Option<&mut T>, WrongType> {
        let Some(raw) = self.raw() else { return Ok(None) };
        let value = raw.value_mut().and_then(T::of_mut).ok_or(WrongType)?;
        self.before_change();
        Ok(Some(value))
    }

    /// The key's collection, to be changed; an absent key gets an empty one. Counts as a change;
    /// see [`Self::unchanged`].
    #[inline]
    pub fn get_or_create<T: Collection>(&mut self) -> Result<&mut T, WrongType> {
        if self.raw().is_none() {
            self.write(None, Content::Value(T::empty().into_value()));
        }
        Ok(self.get_mut()?.expect("created above"))
    }

    /// Takes back that something was changed: the handler found nothing to do after all.
    pub fn unchanged(&mut self) {
        self.changed = false;
    }

    /// Counts this edit as so many changes, as Redis counts elements.
    pub fn count(&mut self, changes: usize) {
        self.changed = changes > 0;
        self.changes = changes as u64;
    }

    /// Counts as no change, as that of another key which goes with it was counted.
    pub fn uncounted(&mut self) {
        self.changes = 0;
    }

    /// [`Self::count`], and if there are changes, they are told as this event.
    #[inline]
    pub fn count_as(&mut self, changes: usize, event: Event) {
        self.count(changes);
        if changes > 0 {
            self.event(event);
        }
    }

    /// Removes the key and keeps what it held, for [`Self::put`] elsewhere.
    pub fn take(&mut self) -> Option<Detached> {
        let place = self.place?;
        self.before_change();
        let raw = self.keyspace.databases[self.db].table.get(place);
        let small = match raw.content() {
            ContentRef::Int(number) => Some(Owned::Int(number)),
            ContentRef::Inline(bytes) => Some(Owned::Bytes(bytes.into())),
            ContentRef::Value(_) => None,
        };
        let (expire_at_ms, clock) = (raw.expire_at_ms(), Some(raw.clock()));
        let changed_in_place = raw.is_changed_in_place();
        self.place = None;
        let value = self.database().remove(place);
        let value = value.map(|value| Owned::Value(self.keyspace.part_with(value)));
        let value = small.or(value).expect("content is small or a value");
        Some(Detached { value, expire_at_ms, changed_in_place, clock })
    }

    /// A copy of what the key holds, for [`Self::put`] elsewhere.
    pub fn copy(&self) -> Option<Detached> {
        let raw = self.raw()?;
        let value = match raw.content() {
            ContentRef::Int(number) => Owned::Int(number),
            ContentRef::Inline(bytes) => Owned::Bytes(bytes.into()),
            ContentRef::Value(value) => Owned::Value(value.clone()),
        };
        let expire_at_ms = raw.expire_at_ms();
        let changed_in_place = raw.is_changed_in_place();
        Some(Detached { value, expire_at_ms, changed_in_place, clock: None })
    }

    /// Makes the key hold what another held, with its deadline.
    pub fn put(&mut self, detached: Detached) {
        self.tell_overwritten(detached.kind());
        let Detached { value, expire_at_ms, changed_in_place, clock } = detached;
        match value {
            Owned::Int(number) => self.write(expire_at_ms, Content::Int(number)),
            Owned::Value(value) => self.write(expire_at_ms, Content::Value(value)),
            Owned::Bytes(bytes) => {
                let key_len = self.key.bytes.len();
                let content = raw::bytes_content(key_len, expire_at_ms.is_some(), &bytes);
                self.write(expire_at_ms, content);
            }
        }
        let raw = self.raw().expect("just written");
        raw.set_clock(clock.unwrap_or_else(|| self.keyspace.clock.fresh()));
        if changed_in_place {
            raw.mark_changed_in_place();
        }
    }

    /// Sets the time since the last access, under LRU.
    pub fn set_idle_seconds(&mut self, seconds: u32) {
        if let Some(raw) = self.raw() {
            raw.set_clock(self.keyspace.clock.idle_since(seconds));
        }
    }

    /// Sets the access counter, under LFU.
    pub fn set_frequency(&mut self, counter: u8) {
        if let Some(raw) = self.raw() {
            raw.set_clock(self.keyspace.clock.with_counter(counter));
        }
    }

    /// Records the effect of this edit: a command in absolute terms that replays it.
    pub fn log(&mut self, args: &[&[u8]]) {
        self.keyspace.changes.record(self.db, self.key.hash, Cause::Command, args);
    }

    /// Removes a key whose collection has no elements. It was opened to be changed, so a snapshot
    /// has seen it.
    #[cold]
    pub(crate) fn remove_void(&mut self) {
        let Some(place) = self.place.take() else { return };
        let value = self.database().remove(place);
        self.keyspace.discard(value);
    }

    pub(crate) fn raw(&self) -> Option<RawEntry> {
        Some(self.keyspace.databases[self.db].table.get(self.place?))
    }

    pub(crate) fn database(&mut self) -> &mut crate::database::Database {
        &mut self.keyspace.databases[self.db]
    }

    /// To be called before any change: it is counted, and a snapshot sees what was before.
    #[inline]
    pub(crate) fn before_change(&mut self) {
        self.changed = true;
        self.keyspace.before_change(self.db, self.place, self.key.hash);
    }

    /// Tells that the key's value is replaced as a whole, if it has one.
    #[inline]
    pub fn tell_overwritten(&mut self, kind: Kind) {
        let classes = self.keyspace.news.wanted().classes;
        if (classes.has(Class::Overwritten) || classes.has(Class::TypeChanged))
            && let Some(entry) = self.entry()
        {
            let is_other = entry.kind() != kind;
            let (news, db, key) = (&mut self.keyspace.news, self.db, self.key.bytes);
            news.event(Event::OVERWRITTEN, db, key);
            if is_other {
                news.event(Event::TYPE_CHANGED, db, key);
            }
        }
    }

    /// Writes content and deadline, to a new entry if there is none.
    #[inline]
    pub(crate) fn write(&mut self, expire_at_ms: Option<i64>, content: Content<'_>) {
        self.before_change();
        let (key, clock) = (self.key, self.keyspace.clock.fresh());
        match self.place {
            Some(place) => {
                let old = self.database().rewrite(place, expire_at_ms, content);
                self.keyspace.discard(old);
            }
            None => {
                self.place = Some(self.database().insert(key, clock, expire_at_ms, content));
                self.keyspace.news.event(Event::NEW, self.db, key.bytes);
            }
        }
    }
}

impl Drop for Edit<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.raw().is_some_and(RawEntry::is_void) {
            self.remove_void();
            if self.changed {
                self.keyspace.news.event(Event::DEL, self.db, self.key.bytes);
            }
        }
        if self.changed {
            #[cfg(debug_assertions)]
            assert!(
                self.is_named || !self.keyspace.news.insists,
                "a change is told as an event, or is said to be silent"
            );
            self.note_fields();
            self.keyspace.news.changed(self.db, self.key.bytes);
            self.keyspace.changes.touch(self.db, self.key.hash, self.changes);
        }
    }
}
