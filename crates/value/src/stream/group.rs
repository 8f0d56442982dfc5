//! Consumer groups: what was delivered to whom and is not acknowledged.
//!
//! Invariant: an entry is in the pending list of its consumer exactly if the group's list says so.

use std::collections::{BTreeMap, BTreeSet};

use super::StreamId;

/// The number of a consumer within its group.
pub type ConsumerId = u32;

/// An entry that was delivered and is not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Who has it.
    pub consumer: ConsumerId,
    /// When it was last delivered, in ms since the epoch.
    pub delivered_ms: i64,
    /// How often.
    pub count: u64,
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
    pending: BTreeMap<StreamId, Pending>,
    consumers: BTreeMap<Vec<u8>, Consumer>,
    names: BTreeMap<ConsumerId, Vec<u8>>,
    next_consumer: ConsumerId,
}

/// Bytes of one pending entry, in both lists.
const PENDING_BYTES: usize = 80;
const CONSUMER_BYTES: usize = 256;
const GROUP_BYTES: usize = 256;

impl Group {
    /// One that has delivered what is not behind an id.
    pub fn new(last_id: StreamId, entries_read: Option<u64>) -> Self {
        Self {
            last_id,
            entries_read,
            pending: BTreeMap::new(),
            consumers: BTreeMap::new(),
            names: BTreeMap::new(),
            next_consumer: 0,
        }
    }

    /// Heap bytes behind it, about. O(1).
    pub(super) fn memory_bytes(&self) -> usize {
        GROUP_BYTES + self.pending.len() * PENDING_BYTES + self.consumers.len() * CONSUMER_BYTES
    }

    pub(super) fn free_effort(&self) -> usize {
        1 + self.pending.len() / 4 + self.consumers.len()
    }

    /// All pending entries, in order.
    pub fn pending(&self) -> &BTreeMap<StreamId, Pending> {
        &self.pending
    }

    /// The consumers by name.
    pub fn consumers(&self) -> &BTreeMap<Vec<u8>, Consumer> {
        &self.consumers
    }

    /// A consumer.
    pub fn consumer(&self, name: &[u8]) -> Option<&Consumer> {
        self.consumers.get(name)
    }

    /// A consumer's name.
    pub fn name(&self, consumer: ConsumerId) -> &[u8] {
        self.names.get(&consumer).map_or(&[], Vec::as_slice)
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
        true
    }

    /// Removes a consumer with what it has; answers how much that was, if it was there.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let consumer = self.consumers.remove(name)?;
        self.names.remove(&consumer.id);
        for id in &consumer.pending {
            self.pending.remove(id);
        }
        Some(consumer.pending.len())
    }

    fn consumer_of(&mut self, id: ConsumerId) -> Option<&mut Consumer> {
        self.consumers.get_mut(self.names.get(&id)?)
    }

    /// Gives an entry to a consumer that is there, whoever had it.
    pub fn deliver(&mut self, id: StreamId, name: &[u8], delivered_ms: i64, count: u64) {
        let Some(consumer) = self.consumers.get_mut(name) else { return };
        let number = consumer.id;
        consumer.pending.insert(id);
        let new = Pending { consumer: number, delivered_ms, count };
        if let Some(old) = self.pending.insert(id, new)
            && old.consumer != number
            && let Some(other) = self.consumer_of(old.consumer)
        {
            other.pending.remove(&id);
        }
    }

    /// Takes an entry off the lists; answers what it was, if it was pending.
    pub fn acknowledge(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        if let Some(consumer) = self.consumer_of(pending.consumer) {
            consumer.pending.remove(&id);
        }
        Some(pending)
    }
}
