//! Consumer groups: what was delivered to whom and is not acknowledged.
//!
//! Invariants:
//! - an entry is in the pending list of its consumer exactly if the group's list says so;
//! - the list by time has each pending entry once, under its place.

use std::collections::{BTreeMap, BTreeSet};

use super::StreamId;
use crate::walk::Slot;

/// The number of a consumer within its group.
pub type ConsumerId = u32;

/// An entry that was delivered and is not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Who has it; None if it was released, for anyone to take.
    pub consumer: Option<ConsumerId>,
    /// When it was last delivered, in ms since the epoch; 0 if it was released.
    pub delivered_ms: i64,
    /// How often.
    pub count: u64,
    /// Its place in the list by time: released ones come first, in the order of their release.
    place: i64,
}

impl Pending {
    /// Orders the entries that were released.
    pub fn released_at(&self) -> i64 {
        self.place
    }
}

/// An entry is no longer pending: a walk sees it.
#[inline]
fn set_aside(walk: &mut Slot<Pending>, id: StreamId, pending: Pending) {
    if let Some(walk) = walk.get() {
        walk.before_removal(&id.to_bytes(), || pending);
    }
}

/// A reader of a group.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// Its number.
    pub id: ConsumerId,
    /// When it last tried to read, in ms since the epoch.
    pub seen_ms: i64,
    /// When it last got something, if ever.
    pub active_ms: Option<i64>,
    /// What it has.
    pub pending: BTreeSet<StreamId>,
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The last entry that was delivered to any consumer.
    pub last_id: StreamId,
    /// How many entries were delivered, as far as that is known.
    pub entries_read: Option<u64>,
    pub(super) pending: BTreeMap<StreamId, Pending>,
    by_time: BTreeSet<(i64, StreamId)>,
    /// How many pending entries were released.
    released: usize,
    /// The place of the entry that is released next.
    next_release: i64,
    consumers: BTreeMap<Vec<u8>, Consumer>,
    names: BTreeMap<ConsumerId, Vec<u8>>,
    /// Bytes of the consumers' names.
    name_bytes: usize,
    next_consumer: ConsumerId,
    /// A walk through all pending entries as they were when it began.
    pub(super) walk: Slot<Pending>,
}

/// Bytes of one pending entry, in all lists.
const PENDING_BYTES: usize = 136;
const CONSUMER_BYTES: usize = 256;
const GROUP_BYTES: usize = 320;
/// The first place of what was delivered. No count of releases comes so far.
const DELIVERED: i64 = i64::MIN / 2;

impl Group {
    /// One that has delivered what is not behind an id.
    pub fn new(last_id: StreamId, entries_read: Option<u64>) -> Self {
        Self {
            last_id,
            entries_read,
            pending: BTreeMap::new(),
            by_time: BTreeSet::new(),
            released: 0,
            next_release: i64::MIN,
            consumers: BTreeMap::new(),
            names: BTreeMap::new(),
            name_bytes: 0,
            next_consumer: 0,
            walk: Slot::default(),
        }
    }

    /// Heap bytes behind it, about. O(1).
    pub(super) fn memory_bytes(&self) -> usize {
        GROUP_BYTES
            + self.pending.len() * PENDING_BYTES
            + self.consumers.len() * CONSUMER_BYTES
            // They are there by name and by number.
            + 2 * self.name_bytes
    }

    /// What freeing it costs, about in allocations. O(1).
    pub(super) fn free_effort(&self) -> usize {
        1 + self.pending.len() / 4 + 2 * self.consumers.len()
    }

    /// All pending entries, in order.
    pub fn pending(&self) -> &BTreeMap<StreamId, Pending> {
        &self.pending
    }

    /// The pending entries that were released, then the others from the one that was delivered
    /// first.
    pub fn by_time(&self) -> impl Iterator<Item = (StreamId, &Pending)> {
        self.by_time.iter().filter_map(|(_, id)| Some((*id, self.pending.get(id)?)))
    }

    /// How many pending entries were released and nobody has.
    pub fn released(&self) -> usize {
        self.released
    }

    /// The consumers by name.
    pub fn consumers(&self) -> &BTreeMap<Vec<u8>, Consumer> {
        &self.consumers
    }

    /// A consumer.
    pub fn consumer(&self, name: &[u8]) -> Option<&Consumer> {
        self.consumers.get(name)
    }

    /// The name of who has a pending entry; an empty one if nobody does.
    pub fn owner(&self, pending: &Pending) -> &[u8] {
        let name = pending.consumer.and_then(|consumer| self.names.get(&consumer));
        name.map_or(&[], Vec::as_slice)
    }

    /// The consumer of that name, to be changed.
    pub fn consumer_mut(&mut self, name: &[u8]) -> Option<&mut Consumer> {
        self.consumers.get_mut(name)
    }

    /// Adds a consumer, unless there is one of that name. Answers whether it did.
    pub fn add_consumer(&mut self, name: &[u8], seen_ms: i64) -> bool {
        if self.consumers.contains_key(name) {
            return false;
        }
        let id = self.next_consumer;
        self.next_consumer += 1;
        let consumer = Consumer { id, seen_ms, active_ms: None, pending: BTreeSet::new() };
        self.consumers.insert(name.to_vec(), consumer);
        self.names.insert(id, name.to_vec());
        self.name_bytes += name.len();
        true
    }

    /// Removes a consumer with what it has; answers how much that was, if it was there.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let consumer = self.consumers.remove(name)?;
        self.names.remove(&consumer.id);
        self.name_bytes -= name.len();
        for id in &consumer.pending {
            if let Some(pending) = self.pending.remove(id) {
                set_aside(&mut self.walk, *id, pending);
                self.by_time.remove(&(pending.place, *id));
            }
        }
        Some(consumer.pending.len())
    }

    fn consumer_of(&mut self, id: ConsumerId) -> Option<&mut Consumer> {
        self.consumers.get_mut(self.names.get(&id)?)
    }

    /// Takes an entry off all lists.
    fn take_off(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        set_aside(&mut self.walk, id, pending);
        self.by_time.remove(&(pending.place, id));
        match pending.consumer {
            None => self.released -= 1,
            Some(consumer) => {
                if let Some(consumer) = self.consumer_of(consumer) {
                    consumer.pending.remove(&id);
                }
            }
        }
        Some(pending)
    }

    /// Puts an entry, which is on none, on the group's lists.
    fn put_on(&mut self, id: StreamId, pending: Pending) {
        if let Some(walk) = self.walk.get() {
            walk.before_insertion(&id.to_bytes());
        }
        self.by_time.insert((pending.place, id));
        self.pending.insert(id, pending);
    }

    /// Gives an entry to a consumer that is there, whoever had it.
    pub fn deliver(&mut self, id: StreamId, name: &[u8], delivered_ms: i64, count: u64) {
        if !self.consumers.contains_key(name) {
            return;
        }
        self.take_off(id);
        let Some(consumer) = self.consumers.get_mut(name) else { return };
        consumer.pending.insert(id);
        let (consumer, place) = (Some(consumer.id), delivered_ms.max(DELIVERED));
        self.put_on(id, Pending { consumer, delivered_ms, count, place });
    }

    /// Makes an entry pending that nobody has, behind those that were released before.
    pub fn release(&mut self, id: StreamId, count: u64) {
        self.take_off(id);
        let place = self.next_release;
        self.next_release += 1;
        self.put_on(id, Pending { consumer: None, delivered_ms: 0, count, place });
        self.released += 1;
    }

    /// Takes an entry off the lists; answers what it was, if it was pending.
    pub fn acknowledge(&mut self, id: StreamId) -> Option<Pending> {
        self.take_off(id)
    }
}
