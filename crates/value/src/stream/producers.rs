//! Who added what: the names that producers gave to entries, so that one which is sent again is
//! not added again.
//!
//! Invariant: each name is once in its producer's map and once in both orders; no producer is
//! without names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::StreamId;

type Name = Arc<[u8]>;

/// See the module.
#[derive(Clone, Debug)]
pub struct Producers {
    /// For how long a name is known, in seconds.
    duration_s: u64,
    /// How many names are known of one producer.
    size_max: usize,
    producers: BTreeMap<Name, Producer>,
    /// All names, from the entry that was added first.
    order: BTreeSet<(StreamId, Name, Name)>,
    bytes: usize,
    /// How many entries were added by name, ever.
    pub added: u64,
    /// How often a name came again.
    pub duplicates: u64,
}

#[derive(Clone, Debug, Default)]
struct Producer {
    entries: BTreeMap<Name, StreamId>,
    order: BTreeSet<(StreamId, Name)>,
}

/// Bytes of a name in its map and in both orders, beyond its own.
const NAME_BYTES: usize = 160;
const PRODUCER_BYTES: usize = 160;

impl Producers {
    /// None yet.
    pub fn new(duration_s: u64, size_max: usize) -> Self {
        Self {
            duration_s,
            size_max,
            producers: BTreeMap::new(),
            order: BTreeSet::new(),
            bytes: 0,
            added: 0,
            duplicates: 0,
        }
    }

    /// For how long a name is known, in seconds.
    pub fn duration_s(&self) -> u64 {
        self.duration_s
    }

    /// How many names are known of one producer.
    pub fn size_max(&self) -> usize {
        self.size_max
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }

    pub(super) fn free_effort(&self) -> usize {
        1 + self.producers.len() + self.order.len()
    }

    /// Sets how long and how many names are known. Where that is new, all are forgotten.
    pub fn configure(&mut self, duration_s: u64, size_max: usize) {
        if (duration_s, size_max) != (self.duration_s, self.size_max) {
            let (added, duplicates) = (self.added, self.duplicates);
            *self = Self { added, duplicates, ..Self::new(duration_s, size_max) };
        }
    }

    fn is_over(&self, id: StreamId, now_ms: i64) -> bool {
        let end = id.ms.saturating_add(self.duration_s.saturating_mul(1000));
        end <= now_ms.max(0) as u64
    }

    /// The entry of a name, if it is known.
    pub fn find(&self, producer: &[u8], name: &[u8], now_ms: i64) -> Option<StreamId> {
        let id = *self.producers.get(producer)?.entries.get(name)?;
        (!self.is_over(id, now_ms)).then_some(id)
    }

    /// Notes a name that is not known, and forgets those whose time is over. Amortised
    /// O(log names).
    pub fn insert(&mut self, producer: &[u8], name: &[u8], id: StreamId, now_ms: i64) {
        while let Some((first, owner, name)) = self.order.first().cloned()
            && self.is_over(first, now_ms)
        {
            self.remove(&owner, &name);
        }
        // One that is over but not the first to be: ids may be given in any order.
        self.remove(producer, name);
        self.put(producer, name, id);
    }

    /// Notes a name, in place of the first one where there are too many.
    pub fn put(&mut self, producer: &[u8], name: &[u8], id: StreamId) {
        let full = self.producers.get(producer).filter(|own| own.entries.len() >= self.size_max);
        if let Some((_, first)) = full.and_then(|own| own.order.first().cloned()) {
            self.remove(producer, &first);
        }
        let owner = match self.producers.get_key_value(producer) {
            Some((owner, _)) => Name::clone(owner),
            None => {
                self.bytes += PRODUCER_BYTES + producer.len();
                Name::from(producer)
            }
        };
        let name = Name::from(name);
        let own = self.producers.entry(Name::clone(&owner)).or_default();
        if own.entries.insert(Name::clone(&name), id).is_none() {
            self.bytes += NAME_BYTES + name.len();
            own.order.insert((id, Name::clone(&name)));
            self.order.insert((id, owner, name));
        }
    }

    fn remove(&mut self, producer: &[u8], name: &[u8]) {
        let Some((owner, _)) = self.producers.get_key_value(producer) else { return };
        let owner = Name::clone(owner);
        let Some(own) = self.producers.get_mut(producer) else { return };
        let Some((name, id)) = own.entries.remove_entry(name) else { return };
        self.bytes -= NAME_BYTES + name.len();
        own.order.remove(&(id, Name::clone(&name)));
        let is_empty = own.entries.is_empty();
        self.order.remove(&(id, owner, name));
        if is_empty {
            self.bytes -= PRODUCER_BYTES + producer.len();
            self.producers.remove(producer);
        }
    }

    /// How many producers and names are known. O(producers + names whose time is over).
    pub fn counts(&self, now_ms: i64) -> (usize, usize) {
        let over = self.order.iter().take_while(|(id, ..)| self.is_over(*id, now_ms)).count();
        let is_known = |own: &&Producer| {
            own.order.last().is_some_and(|(last, _)| !self.is_over(*last, now_ms))
        };
        (self.producers.values().filter(is_known).count(), self.order.len() - over)
    }

    /// All producers with how many names each has.
    pub fn producers(&self) -> impl ExactSizeIterator<Item = (&[u8], Names<'_>)> {
        self.producers.iter().map(|(producer, own)| (&**producer, Names(own)))
    }
}

/// The names that one producer gave.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a>(&'a Producer);

impl<'a> Names<'a> {
    /// From the one of the first entry on.
    pub fn iter(self) -> impl ExactSizeIterator<Item = (&'a [u8], StreamId)> {
        self.0.order.iter().map(|(id, name)| (&**name, *id))
    }
}
