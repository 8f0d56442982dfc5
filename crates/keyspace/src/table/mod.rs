//! The table of one database: from hashes to entries, in hash order.

use std::collections::BTreeMap;

use stdx::rng::Rng;

use crate::raw::RawEntry;

/// Entries by hash.
#[derive(Default)]
pub(crate) struct Table {
    entries: BTreeMap<u64, Vec<RawEntry>>,
    len: usize,
}

/// Where an entry is; holds until the table is changed.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    hash: u64,
    index: usize,
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn find(&self, hash: u64, is_key: impl Fn(RawEntry) -> bool) -> Option<Place> {
        let index = self.entries.get(&hash)?.iter().position(|entry| is_key(*entry))?;
        Some(Place { hash, index })
    }

    pub(crate) fn get(&self, place: Place) -> RawEntry {
        self.entries[&place.hash][place.index]
    }

    pub(crate) fn replace(&mut self, place: Place, entry: RawEntry) {
        self.entries.get_mut(&place.hash).expect("the place is valid")[place.index] = entry;
    }

    pub(crate) fn insert(&mut self, hash: u64, entry: RawEntry) -> Place {
        let entries = self.entries.entry(hash).or_default();
        entries.push(entry);
        self.len += 1;
        Place { hash, index: entries.len() - 1 }
    }

    pub(crate) fn remove(&mut self, place: Place) {
        let entries = self.entries.get_mut(&place.hash).expect("the place is valid");
        entries.swap_remove(place.index);
        if entries.is_empty() {
            self.entries.remove(&place.hash);
        }
        self.len -= 1;
    }

    pub(crate) fn prefetch_bucket(&self, _hash: u64) {}

    pub(crate) fn prefetch_entry(&self, _hash: u64) {}

    /// Visits the entries from position `cursor` on, at least `count` if there are so many;
    /// answers the position to go on from, 0 at the end.
    pub(crate) fn scan(
        &self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(u64, RawEntry),
    ) -> u64 {
        let mut seen = 0;
        for (hash, entries) in self.entries.range(cursor << 16..) {
            if seen >= count && hash >> 16 != 0 {
                return hash >> 16;
            }
            for entry in entries {
                visit(*hash, *entry);
                seen += 1;
            }
        }
        0
    }

    /// A uniformly random entry.
    pub(crate) fn random(&self, rng: &mut Rng) -> Option<(u64, RawEntry)> {
        let (hash, entries) =
            self.entries.range(rng.next_u64()..).next().or_else(|| self.entries.iter().next())?;
        Some((*hash, entries[0]))
    }
}
