//! A snapshot of all databases at one instant, taken bit by bit while commands go on.
//!
//! [`Keyspace::arm`] is the instant. From then on a walk hands every entry to a [`Saver`], a
//! bucket at a time; and before a bucket that the walk has not reached is changed, its entries are
//! handed over first. So the saver gets each entry of that instant exactly once, as it was then,
//! and memory grows by what the saver buffers only.

use std::collections::VecDeque;

use value::{Part, SharedBytes, Value};

use crate::clock::AccessClock;
use crate::database::Database;
use crate::entry::Entry;
use crate::garbage::Garbage;
use crate::keyspace::{Key, Keyspace};
use crate::raw::RawEntry;
use crate::table::Place;

/// Values from this size on are saved bit by bit, if they have parts; strings are only lent.
const UNHURRIED_BYTES_MIN: usize = 64 * 1024;
/// Parts that are saved in the time of a bucket.
const PARTS_PER_BUCKET: usize = 16;

/// Takes the entries of a snapshot.
pub trait Saver: Send {
    /// Takes one entry. The database is the one in which the entry was at the instant of the
    /// snapshot, whatever has been swapped since. `is_early`: it is to be changed, and the walk has
    /// not come to it yet.
    fn save(&mut self, db: usize, entry: Entry<'_>, is_early: bool);

    /// As [`Self::save`], of an entry with a long string, which can be read at any time later.
    fn save_shared(&mut self, db: usize, entry: Entry<'_>, text: SharedBytes, is_early: bool);

    /// Takes an entry as it is, but for the parts of its big value: those come later, when all
    /// have come of those begun before.
    fn begin(&mut self, db: usize, entry: Entry<'_>);

    /// Takes a part of the first that was begun and is not finished.
    fn part(&mut self, part: Part<'_>);

    /// There are no more parts of that one.
    fn finish(&mut self);

    /// Everything was saved, or nothing more will be.
    fn end(&mut self, is_complete: bool);
}

/// A snapshot under way.
pub(crate) struct Snapshot {
    hand: Hand,
    /// Where the walk stands: a database as it was numbered then, and a position in its table.
    db: usize,
    position: u64,
    /// Databases that were flushed before the walk had seen all of them.
    flushed: Vec<Database>,
    /// Values that went before all of them was saved.
    detached: Vec<Value>,
}

/// What takes entries, and what of them is still to come.
struct Hand {
    saver: Box<dyn Saver>,
    /// Values that are saved bit by bit, one after the other.
    bigs: VecDeque<Big>,
    next_id: u64,
}

/// A value that is saved bit by bit.
struct Big {
    id: u64,
    db: usize,
    key: Vec<u8>,
}

impl Hand {
    fn take(&mut self, db: usize, raw: RawEntry, clock: &AccessClock, is_early: bool) {
        if let Some(value) = raw.value_mut()
            && value.memory_bytes() >= UNHURRIED_BYTES_MIN
        {
            if let Some(text) = value.as_string_mut() {
                let text = text.share();
                return self.saver.save_shared(db, Entry::new(raw, clock), text, is_early);
            }
            if value.begin_walk(self.next_id) {
                self.saver.begin(db, Entry::new(raw, clock));
                self.bigs.push_back(Big { id: self.next_id, db, key: raw.key().to_vec() });
                self.next_id += 1;
                return;
            }
        }
        self.saver.save(db, Entry::new(raw, clock), is_early);
    }
}

/// The value whose walk has this id, if it still is where it was.
fn find_big<'a>(
    databases: impl Iterator<Item = &'a mut Database>,
    detached: &'a mut [Value],
    big: &Big,
) -> Option<&'a mut Value> {
    let is_its = |value: &&'a mut Value| value.walk_id() == Some(big.id);
    let in_place =
        databases.filter(|database| database.snapshot_db == Some(big.db)).find_map(|database| {
            let place = database.find(Key::new(&big.key))?;
            database.table.get(place).value_mut().filter(is_its)
        });
    in_place.or_else(|| detached.iter_mut().find(is_its))
}

impl Keyspace {
    /// Begins a snapshot of this instant. There must be none under way.
    pub fn arm(&mut self, saver: Box<dyn Saver>) {
        assert!(self.snapshot.is_none(), "one snapshot at a time");
        for (db, database) in self.databases.iter_mut().enumerate() {
            database.snapshot_db = Some(db);
            database.table.arm();
        }
        let hand = Hand { saver, bigs: VecDeque::new(), next_id: 1 };
        let (flushed, detached) = (Vec::new(), Vec::new());
        self.snapshot = Some(Box::new(Snapshot { hand, db: 0, position: 0, flushed, detached }));
    }

    /// Goes on with the walk through at most `buckets_max` buckets (of at most seven entries).
    /// Answers whether everything is saved; then [`Self::disarm`] is due.
    pub fn save_some(&mut self, buckets_max: usize) -> bool {
        let Self { snapshot: Some(snapshot), databases, clock, .. } = self else { return true };
        if !snapshot.hand.bigs.is_empty() {
            snapshot.save_big(databases, buckets_max * PARTS_PER_BUCKET);
            return false;
        }
        let Snapshot { hand, db, position, flushed, .. } = &mut **snapshot;
        for _ in 0..buckets_max {
            let mut all = databases.iter_mut().chain(flushed.iter_mut());
            let Some(database) = all.find(|database| database.snapshot_db == Some(*db)) else {
                return hand.bigs.is_empty();
            };
            let origin = *db;
            database.table.save_next(position, |raw| hand.take(origin, raw, clock, false));
            *db += usize::from(*position == 0);
        }
        false
    }

    /// Ends the snapshot and tells the saver whether it is complete.
    pub fn disarm(&mut self, is_complete: bool) {
        let Some(snapshot) = self.snapshot.take() else { return };
        let Snapshot { mut hand, mut flushed, mut detached, .. } = *snapshot;
        for big in &hand.bigs {
            let all = self.databases.iter_mut().chain(flushed.iter_mut());
            if let Some(value) = find_big(all, &mut detached, big) {
                value.end_walk();
            }
        }
        hand.saver.end(is_complete);
        for database in &mut self.databases {
            database.snapshot_db = None;
            database.table.disarm();
        }
        self.garbage.extend(flushed.into_iter().map(Garbage::database));
        self.garbage.extend(detached.into_iter().map(Garbage::value));
    }

    /// Whether a snapshot is under way.
    pub fn is_armed(&self) -> bool {
        self.snapshot.is_some()
    }

    /// To be called before the entry at `place` is changed, or before one with `hash` is added.
    #[inline]
    pub(crate) fn before_change(&mut self, db: usize, place: Option<Place>, hash: u64) {
        if self.snapshot.is_some() {
            self.save_before_change(db, place, hash);
        }
    }

    #[cold]
    fn save_before_change(&mut self, db: usize, place: Option<Place>, hash: u64) {
        let Self { snapshot: Some(snapshot), databases, clock, .. } = self else { return };
        let database = &mut databases[db];
        let Some(origin) = database.snapshot_db else { return };
        let save = |raw| snapshot.hand.take(origin, raw, clock, true);
        match place {
            Some(place) => database.table.save_at(place, save),
            None => database.table.save_before_insert(hash, save),
        }
    }

    /// A value that was removed: kept, if it is being saved bit by bit.
    #[inline]
    pub(crate) fn keep_unsaved(&mut self, value: Value) -> Option<Value> {
        match &mut self.snapshot {
            Some(snapshot) if value.walk_id().is_some() => {
                snapshot.detached.push(value);
                None
            }
            _ => Some(value),
        }
    }

    /// A value that goes elsewhere; what is saved bit by bit stays, and a copy goes.
    #[inline]
    pub(crate) fn part_with(&mut self, value: Value) -> Value {
        match &mut self.snapshot {
            Some(snapshot) if value.walk_id().is_some() => {
                let copy = value.clone();
                snapshot.detached.push(value);
                copy
            }
            _ => value,
        }
    }

    /// What a flush is to free: nothing yet while a snapshot has not seen all of it.
    pub(crate) fn keep_for_snapshot(&mut self, database: Database) -> Garbage {
        match &mut self.snapshot {
            Some(snapshot) if database.snapshot_db.is_some() => {
                snapshot.flushed.push(database);
                Garbage::database(Database::default())
            }
            _ => Garbage::database(database),
        }
    }
}

impl Snapshot {
    /// Goes on with the first of the values that are saved bit by bit.
    fn save_big(&mut self, databases: &mut [Database], parts: usize) {
        let Self { hand: Hand { saver, bigs, .. }, flushed, detached, .. } = self;
        let Some(big) = bigs.front() else { return };
        let all = databases.iter_mut().chain(flushed.iter_mut());
        let value = find_big(all, detached, big).expect("whoever removes it leaves it here");
        if !value.walk_on(parts, &mut |part| saver.part(part)) {
            saver.finish();
            bigs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
