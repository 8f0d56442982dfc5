//! All databases of one shard.

use stdx::rng::Rng;
use value::Value;

use crate::changes::{Cause, Changes};
use crate::clock::AccessClock;
use crate::database::Database;
use crate::edit::Edit;
use crate::entry::Entry;
use crate::garbage::Garbage;
use crate::news::{Event, News};
use crate::options::{OnExpired, Options};
use crate::snapshot::Snapshot;
use crate::stats::Stats;
use crate::table::Place;

/// A key with its hash, so that it is hashed once however often it is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The key.
    pub bytes: &'a [u8],
    /// `stdx::hash::hash(bytes)`.
    pub hash: u64,
}

impl<'a> Key<'a> {
    /// Hashes `bytes`.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, hash: stdx::hash::hash(bytes) }
    }
}

/// The databases of one shard.
///
/// Databases are named by index; one that is not below `Options::databases` is a broken invariant
/// and panics.
pub struct Keyspace {
    pub(crate) databases: Vec<Database>,
    pub(crate) clock: AccessClock,
    pub(crate) rng: Rng,
    pub(crate) now_ms: i64,
    pub(crate) no_touch: bool,
    pub(crate) on_expired: OnExpired,
    pub(crate) changes: Changes,
    pub(crate) news: News,
    pub(crate) stats: Stats,
    pub(crate) expiry: crate::expiry::Walk,
    pub(crate) candidates: crate::eviction::Candidates,
    pub(crate) snapshot: Option<Box<Snapshot>>,
    pub(crate) garbage: Vec<Garbage>,
    flushes: u64,
    garbage_effort_min: usize,
}

impl Keyspace {
    /// An empty keyspace.
    pub fn new(options: Options) -> Self {
        let mut databases = Vec::new();
        databases.resize_with(options.databases, Database::default);
        let Options { clock, lfu_log_factor, lfu_decay_minutes, .. } = options;
        Self {
            databases,
            clock: AccessClock::new(clock, lfu_log_factor, lfu_decay_minutes),
            rng: Rng::new(options.seed),
            now_ms: 0,
            no_touch: false,
            on_expired: options.on_expired,
            changes: Changes::default(),
            news: News::default(),
            stats: Stats::default(),
            expiry: crate::expiry::Walk::default(),
            candidates: crate::eviction::Candidates::default(),
            snapshot: None,
            garbage: Vec::new(),
            flushes: 0,
            garbage_effort_min: options.garbage_effort_min,
        }
    }

    /// Changes what can be changed while running: everything but `databases` and `seed`.
    pub fn configure(&mut self, options: &Options) {
        self.clock.kind = options.clock;
        self.clock.lfu_log_factor = options.lfu_log_factor;
        self.clock.lfu_decay_minutes = options.lfu_decay_minutes;
        self.garbage_effort_min = options.garbage_effort_min;
        self.on_expired = options.on_expired;
    }

    /// Says what happens to keys whose time has come.
    pub fn set_on_expired(&mut self, on_expired: OnExpired) {
        self.on_expired = on_expired;
    }

    /// Sets the present: once per batch, so that all of it sees one time.
    pub fn begin(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        self.clock.set_now(now_ms);
    }

    /// [`Self::begin`] for what has happened before: no deadline has come yet, and keys count as used
    /// at `clock_ms`.
    pub fn begin_replay(&mut self, clock_ms: i64) {
        self.now_ms = 0;
        self.clock.set_now(clock_ms);
    }

    /// The present, as [`Self::begin`] set it.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Says whether reads and edits leave access clocks alone, as after `CLIENT NO-TOUCH ON`.
    pub fn set_no_touch(&mut self, no_touch: bool) {
        self.no_touch = no_touch;
    }

    /// Which access clock entries carry.
    pub fn clock_kind(&self) -> crate::ClockKind {
        self.clock.kind
    }

    /// How many databases there are.
    pub fn databases(&self) -> usize {
        self.databases.len()
    }

    /// Begins to load the line in which the key with `hash` would be found.
    #[inline]
    pub fn prefetch_bucket(&self, db: usize, hash: u64) {
        self.databases[db].table.prefetch_bucket(hash);
    }

    /// Begins to load the entry of the key with `hash`; a while after [`Self::prefetch_bucket`].
    #[inline]
    pub fn prefetch_entry(&self, db: usize, hash: u64) {
        self.databases[db].table.prefetch_entry(hash);
    }

    /// Begins to load where the key's collection, if it is a big one, has an element, or would have
    /// it with a score; see [`Value::prefetch`]. A while after [`Self::prefetch_entry`].
    #[inline]
    pub fn prefetch_element(
        &self,
        db: usize,
        key: Key<'_>,
        (element, score): (&[u8], &[u8]),
        level: usize,
    ) {
        let database = &self.databases[db];
        if let Some(place) = database.find(key) {
            database.table.get(place).prefetch_element(element, score, level);
        }
    }

    /// Reads a key as a command does: counts a hit or a miss and touches the access clock. A key
    /// whose time has come is absent.
    #[inline]
    pub fn read(&mut self, db: usize, key: Key<'_>) -> Option<Entry<'_>> {
        let Some(place) = self.find_live(db, key) else {
            self.miss(db, key);
            return None;
        };
        self.stats.hits += 1;
        let entry = self.touch(db, place);
        Some(Entry::new(entry, &self.clock))
    }

    /// [`Self::read`] of metadata: counts a hit or a miss, and leaves the access clock alone.
    #[inline]
    pub fn look(&mut self, db: usize, key: Key<'_>) -> Option<Entry<'_>> {
        let Some(place) = self.find_live(db, key) else {
            self.miss(db, key);
            return None;
        };
        self.stats.hits += 1;
        Some(Entry::new(self.databases[db].table.get(place), &self.clock))
    }

    /// [`Self::look`] that tells nobody of a miss.
    pub fn look_quietly(&mut self, db: usize, key: Key<'_>) -> Option<Entry<'_>> {
        if self.find_live(db, key).is_none() {
            self.stats.misses += 1;
            return None;
        }
        self.look(db, key)
    }

    /// Looks at a key and leaves no trace. A key whose time has come is absent.
    #[inline]
    pub fn peek(&self, db: usize, key: Key<'_>) -> Option<Entry<'_>> {
        let database = &self.databases[db];
        let entry = database.table.get(database.find(key)?);
        (!self.is_expired(entry.expire_at_ms())).then(|| Entry::new(entry, &self.clock))
    }

    /// The same, but also finds a key whose time has come and that nobody has removed.
    pub fn peek_kept(&self, db: usize, key: Key<'_>) -> Option<Entry<'_>> {
        let database = &self.databases[db];
        Some(Entry::new(database.table.get(database.find(key)?), &self.clock))
    }

    /// Opens a key to be changed, whether it exists or not: one lookup for all that follows.
    #[inline]
    pub fn edit<'a>(&'a mut self, db: usize, key: Key<'a>) -> Edit<'a> {
        let place = self.find_live(db, key);
        if let Some(place) = place {
            self.touch(db, place);
        }
        Edit::new(self, db, key, place)
    }

    /// [`Self::edit`] for a command that answers what the key held: counts a hit or a miss, as
    /// [`Self::read`] does.
    #[inline]
    pub fn read_to_edit<'a>(&'a mut self, db: usize, key: Key<'a>) -> Edit<'a> {
        let edit = self.edit(db, key);
        match edit.place {
            Some(_) => edit.keyspace.stats.hits += 1,
            None => edit.keyspace.miss(db, key),
        }
        edit
    }

    fn miss(&mut self, db: usize, key: Key<'_>) {
        self.stats.misses += 1;
        self.news.event(Event::MISS, db, key.bytes);
    }

    /// How many keys there are, with those whose time has come but that are not removed yet.
    pub fn len(&self, db: usize) -> usize {
        self.databases[db].table.len()
    }

    /// How many keys the table of a database has room for.
    pub fn slots(&self, db: usize) -> usize {
        self.databases[db].table.slots()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self, db: usize) -> bool {
        self.len(db) == 0
    }

    /// How many keys have a deadline.
    pub fn expires_len(&self, db: usize) -> usize {
        self.databases[db].expires_len()
    }

    /// How many hashes have fields with a deadline.
    pub fn timed_hashes(&self, db: usize) -> usize {
        self.databases[db].timed_hashes()
    }

    /// What a database needs to find its keys, in bytes.
    pub fn table_bytes(&self, db: usize) -> usize {
        self.databases[db].table.memory_bytes()
    }

    /// The mean time to live of the keys that have a deadline; 0 if none has.
    pub fn average_ttl_ms(&self, db: usize) -> i64 {
        self.databases[db].mean_deadline_ms().map_or(0, |mean_ms| (mean_ms - self.now_ms).max(0))
    }

    /// Empties a database in O(1). Emits no effect: the caller knows how it came about.
    pub fn flush(&mut self, db: usize) -> Garbage {
        self.changes.watches.touch_all(db, &self.databases[db], None, |_| false);
        self.changes.touch_database(db);
        self.news.flushed(db);
        self.flushes += 1;
        let database = std::mem::take(&mut self.databases[db]);
        self.keep_for_snapshot(database)
    }

    /// How often databases were emptied. The same on all shards, which are emptied together.
    pub fn flushes(&self) -> u64 {
        self.flushes
    }

    /// [`Self::flush`], with what was there among the garbage.
    pub fn discard_database(&mut self, db: usize) {
        let garbage = self.flush(db);
        self.garbage.push(garbage);
    }

    /// [`Self::discard_database`] for every one, as one step.
    pub fn discard_all(&mut self) {
        (0..self.databases.len()).for_each(|db| self.discard_database(db));
        self.news.all_flushed();
    }

    /// Exchanges two databases in O(1). Emits no effect.
    pub fn swap(&mut self, a: usize, b: usize) {
        let (now_ms, on_expired) = (self.now_ms, self.on_expired);
        for (db, other) in [(a, b), (b, a)].into_iter().take(if a == b { 0 } else { 2 }) {
            let (old, new) = (&self.databases[db], &self.databases[other]);
            let is_expired = |at_ms| is_expired(at_ms, now_ms, on_expired);
            self.changes.watches.touch_all(db, old, Some(new), is_expired);
        }
        self.databases.swap(a, b);
        self.changes.touch_database(a);
        self.changes.touch_database(b);
    }

    /// Big values removed since the last call, to be dropped where time does not matter.
    pub fn take_garbage(&mut self) -> Vec<Garbage> {
        std::mem::take(&mut self.garbage)
    }

    /// What has been changed, to be read and cleared after each command.
    pub fn changes(&mut self) -> &mut Changes {
        &mut self.changes
    }

    /// How many changes there have been, ever.
    pub fn dirty(&self) -> u64 {
        self.changes.dirty()
    }

    /// What is told to those who listen.
    pub fn news(&mut self) -> &mut News {
        &mut self.news
    }

    /// Whether there is something to tell them.
    #[inline]
    pub fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// The counters.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Sets the counters to zero.
    pub fn reset_stats(&mut self) {
        self.stats = Stats::default();
    }

    /// Finds a key that has not expired; removes it if it has.
    #[inline]
    fn find_live(&mut self, db: usize, key: Key<'_>) -> Option<Place> {
        let database = &self.databases[db];
        let place = database.find(key)?;
        if self.is_expired(database.table.get(place).expire_at_ms()) {
            if self.on_expired == OnExpired::Remove {
                self.remove_for(db, place, key.hash, Cause::Expired);
            }
            return None;
        }
        Some(place)
    }

    /// Removes a key if its time has come, as whoever looks at it does.
    pub fn remove_if_expired(&mut self, db: usize, key: Key<'_>) {
        self.find_live(db, key);
    }

    #[inline]
    pub(crate) fn is_expired(&self, expire_at_ms: Option<i64>) -> bool {
        is_expired(expire_at_ms, self.now_ms, self.on_expired)
    }

    #[inline]
    fn touch(&mut self, db: usize, place: Place) -> crate::raw::RawEntry {
        let entry = self.databases[db].table.get(place);
        if !self.no_touch {
            entry.set_clock(self.clock.touched(entry.clock(), &mut self.rng));
        }
        entry
    }

    /// Removes a key by the keyspace's own decision, with a DEL as the effect.
    #[cold]
    pub(crate) fn remove_for(&mut self, db: usize, place: Place, hash: u64, cause: Cause) {
        self.before_change(db, Some(place), hash);
        let key = self.databases[db].table.get(place).key();
        self.changes.record(db, hash, cause, &[b"DEL", key]);
        self.changes.touch(db, hash, 1);
        if cause == Cause::Expired && !self.changes.watches.is_empty() {
            self.changes.watches.expire(db, hash);
        }
        self.news.by_nobody(|news| {
            match cause {
                Cause::Expired => news.event(Event::EXPIRED, db, key),
                Cause::Evicted => news.event(Event::EVICTED, db, key),
                Cause::Command => {}
            }
            news.changed(db, key);
        });
        match cause {
            Cause::Expired => self.stats.expired += 1,
            Cause::Evicted => self.stats.evicted += 1,
            Cause::Command => {}
        }
        let value = self.databases[db].remove(place);
        self.discard(value);
    }

    /// Drops a removed value, or keeps it as garbage if that would take long.
    #[inline]
    pub(crate) fn discard(&mut self, value: Option<Value>) {
        if let Some(value) = value.and_then(|value| self.keep_unsaved(value))
            && value.free_effort() >= self.garbage_effort_min
        {
            self.garbage.push(Garbage::value(value));
        }
    }
}

#[inline]
fn is_expired(expire_at_ms: Option<i64>, now_ms: i64, on_expired: OnExpired) -> bool {
    expire_at_ms.is_some_and(|at_ms| now_ms > at_ms) && on_expired != OnExpired::Keep
}
