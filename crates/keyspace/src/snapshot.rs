//! A snapshot of all databases at one instant, taken bit by bit while commands go on.
//!
//! [`Keyspace::arm`] is the instant. From then on a walk hands every entry to a [`Saver`], a
//! bucket at a time; and before a bucket that the walk has not reached is changed, its entries are
//! handed over first. So the saver gets each entry of that instant exactly once, as it was then,
//! and memory grows by what the saver buffers only.

use crate::database::Database;
use crate::entry::Entry;
use crate::garbage::Garbage;
use crate::keyspace::Keyspace;
use crate::table::Place;

/// Takes the entries of a snapshot.
pub trait Saver: Send {
    /// Takes one entry. The database is the one in which the entry was at the instant of the
    /// snapshot, whatever has been swapped since. `is_early`: it is to be changed, and the walk has
    /// not come to it yet.
    fn save(&mut self, db: usize, entry: Entry<'_>, is_early: bool);

    /// Everything was saved, or nothing more will be.
    fn end(&mut self, is_complete: bool);
}

/// A snapshot under way.
pub(crate) struct Snapshot {
    saver: Box<dyn Saver>,
    /// Where the walk stands: a database as it was numbered then, and a position in its table.
    db: usize,
    position: u64,
    /// Databases that were flushed before the walk had seen all of them.
    flushed: Vec<Database>,
}

impl Keyspace {
    /// Begins a snapshot of this instant. There must be none under way.
    pub fn arm(&mut self, saver: Box<dyn Saver>) {
        assert!(self.snapshot.is_none(), "one snapshot at a time");
        for (db, database) in self.databases.iter_mut().enumerate() {
            database.snapshot_db = Some(db);
            database.table.arm();
        }
        let snapshot = Snapshot { saver, db: 0, position: 0, flushed: Vec::new() };
        self.snapshot = Some(Box::new(snapshot));
    }

    /// Goes on with the walk through at most `buckets_max` buckets (of at most seven entries).
    /// Answers whether everything is saved; then [`Self::disarm`] is due.
    pub fn save_some(&mut self, buckets_max: usize) -> bool {
        let Self { snapshot: Some(snapshot), databases, clock, .. } = self else { return true };
        let Snapshot { saver, db, position, flushed } = &mut **snapshot;
        for _ in 0..buckets_max {
            let mut all = databases.iter_mut().chain(flushed.iter_mut());
            let Some(database) = all.find(|database| database.snapshot_db == Some(*db)) else {
                return true;
            };
            let origin = *db;
            database
                .table
                .save_next(position, |raw| saver.save(origin, Entry::new(raw, clock), false));
            *db += usize::from(*position == 0);
        }
        false
    }

    /// Ends the snapshot and tells the saver whether it is complete.
    pub fn disarm(&mut self, is_complete: bool) {
        let Some(snapshot) = self.snapshot.take() else { return };
        let Snapshot { mut saver, flushed, .. } = *snapshot;
        saver.end(is_complete);
        for database in &mut self.databases {
            database.snapshot_db = None;
            database.table.disarm();
        }
        self.garbage.extend(flushed.into_iter().map(Garbage::database));
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
        let save = |raw| snapshot.saver.save(origin, Entry::new(raw, clock), true);
        match place {
            Some(place) => database.table.save_at(place, save),
            None => database.table.save_before_insert(hash, save),
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

#[cfg(test)]
mod tests;
