//! One database of one shard: the table, the arena of its entries, and the counts over them.
//!
//! Invariants:
//! - every entry in the table lies in this database's arena, once;
//! - `expires_len` and `deadlines_ms` are the number and the sum of the entries' deadlines;
//! - `timed_hashes` is the number of entries that are noted as such, which all are that have fields
//!   with deadlines, once whoever changes one is done.

use stdx::bytes;
use value::Value;

use crate::Key;
use crate::raw::{Content, ContentRef, RawEntry, Shape};
use crate::slab::Arena;
use crate::table::{Place, Table};

#[derive(Default)]
pub(crate) struct Database {
    pub(crate) table: Table,
    arena: Arena,
    expires_len: usize,
    deadlines_ms: i128,
    timed_hashes: usize,
    /// How many entries have something outside the arena's pages.
    outside_len: usize,
    /// Which database this was when the snapshot under way began; None if it is newer, or there is
    /// no snapshot.
    pub(crate) snapshot_db: Option<usize>,
}

// SAFETY: everything that a database points to is owned by it alone.
unsafe impl Send for Database {}

impl Database {
    /// Bytes of entries and table, without the values outside of entries.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.arena.bytes() + self.table.memory_bytes()
    }

    pub(crate) fn expires_len(&self) -> usize {
        self.expires_len
    }

    /// How many hashes have fields with deadlines.
    pub(crate) fn timed_hashes(&self) -> usize {
        self.timed_hashes
    }

    /// Whether it is only a few pages.
    pub(crate) fn is_little(&self) -> bool {
        /// Few enough to look at each.
        const LEN_MAX: usize = 64;
        self.table.len() <= LEN_MAX && self.outside_len == 0
    }

    /// The mean of all deadlines.
    pub(crate) fn mean_deadline_ms(&self) -> Option<i64> {
        (self.expires_len > 0).then(|| (self.deadlines_ms / self.expires_len as i128) as i64)
    }

    #[inline]
    pub(crate) fn find(&self, key: Key<'_>) -> Option<Place> {
        self.table.find(key.hash, |entry| bytes::equal(entry.key(), key.bytes))
    }

    /// Adds an entry for a key that has none.
    pub(crate) fn insert(
        &mut self,
        key: Key<'_>,
        clock: u32,
        expire_at_ms: Option<i64>,
        content: Content<'_>,
    ) -> Place {
        let shape = Shape::of(key.bytes.len(), expire_at_ms.is_some(), &content);
        let entry = self.create(shape, key.bytes, clock, expire_at_ms, content);
        let place = self.table.insert(key.hash, entry);
        self.count_deadline(place, None, expire_at_ms);
        self.outside_len += usize::from(shape.is_outside());
        place
    }

    /// Gives the entry at `place` new content and deadline. Answers the old out-of-line value.
    pub(crate) fn rewrite(
        &mut self,
        place: Place,
        expire_at_ms: Option<i64>,
        content: Content<'_>,
    ) -> Option<Value> {
        let entry = self.table.get(place);
        let old_deadline_ms = entry.expire_at_ms();
        let old = entry.shape();
        let new = Shape::of(old.key_len(), expire_at_ms.is_some(), &content);
        self.timed_hashes -= usize::from(entry.is_timed());
        // SAFETY: the content is overwritten, or the entry freed, below.
        let old_value = unsafe { entry.take_value() };
        if new.block_bytes() == old.block_bytes()
            && expire_at_ms.is_some() == old_deadline_ms.is_some()
        {
            // SAFETY: same key, same presence of a deadline, same size.
            unsafe { entry.overwrite(new, content) };
            if let Some(at_ms) = expire_at_ms {
                entry.set_expire_at_ms(at_ms);
            }
        } else {
            let moved = self.create(new, entry.key(), entry.clock(), expire_at_ms, content);
            self.table.replace(place, moved);
            // SAFETY: the table no longer has it, and its value is taken.
            unsafe { self.arena.free(entry.block(), old.block_bytes()) };
        }
        self.count_outside(old, new);
        self.count_deadline(place, old_deadline_ms, expire_at_ms);
        old_value
    }

    /// Changes only the deadline of the entry at `place`.
    pub(crate) fn set_deadline(&mut self, place: Place, expire_at_ms: Option<i64>) {
        let entry = self.table.get(place);
        let old_deadline_ms = entry.expire_at_ms();
        match (old_deadline_ms, expire_at_ms) {
            (None, None) => return,
            (Some(_), Some(at_ms)) => entry.set_expire_at_ms(at_ms),
            // Everything behind the deadline moves.
            _ => self.recreate(place, entry, expire_at_ms),
        }
        self.count_deadline(place, old_deadline_ms, expire_at_ms);
    }

    /// Moves an entry to a block with or without room for a deadline.
    fn recreate(&mut self, place: Place, entry: RawEntry, expire_at_ms: Option<i64>) {
        let old = entry.shape();
        let content = match entry.content() {
            ContentRef::Int(number) => Content::Int(number),
            ContentRef::Inline(bytes) => Content::Inline(bytes),
            ContentRef::Value(_) => {
                // SAFETY: the entry is freed below.
                let value = unsafe { entry.take_value() };
                Content::Value(value.expect("the content is a value"))
            }
        };
        let new = Shape::of(old.key_len(), expire_at_ms.is_some(), &content);
        let moved = self.create(new, entry.key(), entry.clock(), expire_at_ms, content);
        if entry.is_changed_in_place() {
            moved.mark_changed_in_place();
        }
        moved.set_timed(entry.is_timed());
        self.count_outside(old, new);
        self.table.replace(place, moved);
        // SAFETY: the table no longer has it, and its value has moved.
        unsafe { self.arena.free(entry.block(), old.block_bytes()) };
    }

    /// Counts the entry at `place` as one with timed fields, or no longer, and tells active expiry
    /// when the first of them goes.
    #[inline]
    pub(crate) fn note_fields(&mut self, place: Place) {
        let entry = self.table.get(place);
        let due_ms = entry.fields_due_ms();
        if due_ms.is_some() != entry.is_timed() {
            self.timed_hashes -= usize::from(entry.is_timed());
            self.timed_hashes += usize::from(due_ms.is_some());
            entry.set_timed(due_ms.is_some());
        }
        if let Some(due_ms) = due_ms {
            self.table.note_deadline(place, due_ms);
        }
    }

    /// Removes the entry at `place`. Answers its out-of-line value.
    pub(crate) fn remove(&mut self, place: Place) -> Option<Value> {
        let entry = self.table.get(place);
        let shape = entry.shape();
        self.count_deadline(place, entry.expire_at_ms(), None);
        self.timed_hashes -= usize::from(entry.is_timed());
        self.outside_len -= usize::from(shape.is_outside());
        self.table.remove(place);
        // SAFETY: the table no longer has it; the value is taken once.
        unsafe {
            let value = entry.take_value();
            self.arena.free(entry.block(), shape.block_bytes());
            value
        }
    }

    fn create(
        &mut self,
        shape: Shape,
        key: &[u8],
        clock: u32,
        expire_at_ms: Option<i64>,
        content: Content<'_>,
    ) -> RawEntry {
        let block = self.arena.allocate(shape.block_bytes());
        // SAFETY: the block has the shape's size, the shape is that of these parts.
        unsafe { RawEntry::write(block, shape, key, clock, expire_at_ms, content) }
    }

    fn count_outside(&mut self, old: Shape, new: Shape) {
        self.outside_len += usize::from(new.is_outside());
        self.outside_len -= usize::from(old.is_outside());
    }

    fn count_deadline(&mut self, place: Place, old_ms: Option<i64>, new_ms: Option<i64>) {
        if let Some(at_ms) = old_ms {
            self.expires_len -= 1;
            self.deadlines_ms -= i128::from(at_ms);
        }
        if let Some(at_ms) = new_ms {
            self.expires_len += 1;
            self.deadlines_ms += i128::from(at_ms);
            self.table.note_deadline(place, at_ms);
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The arena frees its pages by itself; only what lies elsewhere must be visited.
        if self.outside_len == 0 {
            return;
        }
        let Self { table, arena, .. } = self;
        table.scan(0, usize::MAX, |entry| {
            let shape = entry.shape();
            if shape.is_outside() {
                // SAFETY: the database goes, and each entry is visited once.
                unsafe {
                    drop(entry.take_value());
                    arena.free(entry.block(), shape.block_bytes());
                }
            }
        });
    }
}
