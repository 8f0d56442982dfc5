//! The stream: entries by id, in blocks, and the groups that read them.
//!
//! Invariants:
//! - a block is under the id of its first entry, and has an entry that is not deleted;
//! - `len` is the number of entries that are not deleted; `first_id` is the first one's.

mod block;
mod group;
mod groups;
mod id;
mod lag;
mod producers;
mod trim;
mod unhurried;

use std::collections::BTreeMap;

use self::block::Choice;
pub use self::block::Entry;
pub use self::group::{Consumer, ConsumerId, Group, Pending};
pub use self::groups::{GroupMut, Groups};
pub use self::id::StreamId;
pub use self::producers::{Names, Producers};
pub use self::trim::Trim;
use crate::Limits;
use crate::listpack::{self, Listpack};
use crate::walk::Slot;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    blocks: BTreeMap<StreamId, Listpack>,
    len: usize,
    /// The highest id that was ever used.
    pub last_id: StreamId,
    first_id: StreamId,
    /// The highest id of a deleted entry.
    pub max_deleted_id: StreamId,
    /// How many entries were ever added.
    pub entries_added: u64,
    groups: Groups,
    /// Heap bytes of blocks.
    block_bytes: usize,
    /// Who added what, if any entry was ever added by name.
    producers: Option<Box<Producers>>,
    /// A walk through all blocks as they were when it began; the groups have one of their own.
    walk: Slot<Listpack>,
}

/// Why no entry was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdded {
    /// Its id is not above the last one.
    TooLow,
    /// It is too large for a block.
    TooLarge,
}

/// A block's share of the map that holds it.
const BLOCK_SHARE_BYTES: usize = 40;

impl Stream {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// From what RDB has, if that can be: blocks under their ids, in order, and counters.
    pub fn from_parts(
        blocks: impl IntoIterator<Item = (StreamId, Listpack)>,
        last_id: StreamId,
        max_deleted_id: StreamId,
        entries_added: u64,
    ) -> Option<Self> {
        let mut stream = Self { last_id, max_deleted_id, entries_added, ..Self::default() };
        let mut last = None;
        for (base, pack) in blocks {
            if !block::is_sound(&pack, base) {
                return None;
            }
            let entries = block::entries(&pack, base);
            let (first, end) = (entries.first()?.id, entries.last()?.id);
            if last.is_some_and(|last| base <= last) || end > last_id {
                return None;
            }
            if last.is_none() {
                stream.first_id = first;
            }
            last = Some(end);
            stream.len += entries.len();
            stream.block_bytes += pack.memory_bytes() + BLOCK_SHARE_BYTES;
            stream.blocks.insert(base, pack);
        }
        Some(stream)
    }

    /// How many entries there are. O(1).
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no entries. It is there all the same.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The name of the encoding, as `OBJECT ENCODING` answers it.
    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    /// Heap bytes behind it. O(1).
    pub fn memory_bytes(&self) -> usize {
        let producers = self.producers.as_ref().map_or(0, |producers| producers.memory_bytes());
        size_of::<Self>() + self.block_bytes + self.groups.totals().bytes + producers
    }

    /// What freeing it costs, about in allocations. O(1).
    pub fn free_effort(&self) -> usize {
        let producers = self.producers.as_ref().map_or(0, |producers| producers.free_effort());
        1 + self.blocks.len() + self.groups.totals().effort + producers
    }

    /// Who added what, if any entry was ever added by name.
    pub fn producers(&self) -> Option<&Producers> {
        self.producers.as_deref()
    }

    /// The same, to be changed; made with these bounds if there is none.
    pub fn producers_or(&mut self, duration_s: u64, size_max: usize) -> &mut Producers {
        self.producers.get_or_insert_with(|| Box::new(Producers::new(duration_s, size_max)))
    }

    /// The blocks under their ids, in order.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = (StreamId, &Listpack)> {
        self.blocks.iter().map(|(id, pack)| (*id, pack))
    }

    /// The first entry's id; 0-0 if there is none.
    pub fn first_id(&self) -> StreamId {
        self.first_id
    }

    /// The groups by name.
    pub fn groups(&self) -> &BTreeMap<Vec<u8>, Group> {
        self.groups.by_name()
    }

    /// A group.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups().get(name)
    }

    /// A group, to be changed.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<GroupMut<'_>> {
        self.groups.get_mut(name)
    }

    /// Changes all groups.
    pub fn for_each_group(&mut self, visit: impl FnMut(&mut Group)) {
        self.groups.for_each_mut(visit);
    }

    /// Adds a group, unless there is one of that name. Answers whether it did.
    pub fn add_group(&mut self, name: &[u8], group: Group) -> bool {
        self.groups.insert(name, group)
    }

    /// Removes a group. Answers whether it was there.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        self.groups.remove(name)
    }

    /// Adds an entry, whose id must be above all that were. Amortised O(fields).
    pub fn append<'a>(
        &mut self,
        id: StreamId,
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
        limits: &Limits,
    ) -> Result<(), NotAdded> {
        if id <= self.last_id {
            return Err(NotAdded::TooLow);
        }
        /// Flags, numbers and counts of an entry.
        const OVERHEAD_BYTES: usize = 64;
        let lens = fields.clone().map(|(field, value)| field.len() + value.len() + 12);
        let bytes = OVERHEAD_BYTES + lens.sum::<usize>();
        if bytes > listpack::BYTES_MAX / 2 {
            return Err(NotAdded::TooLarge);
        }
        match self.blocks.last_entry() {
            Some(mut last) if has_room(last.get(), bytes, limits) => {
                let base = *last.key();
                let pack = last.get_mut();
                if let Some(walk) = self.walk.get() {
                    walk.before_change(&base.to_bytes(), || pack.clone());
                }
                self.block_bytes -= pack.memory_bytes();
                block::push(pack, base, id, fields);
                self.block_bytes += pack.memory_bytes();
            }
            _ => {
                let mut pack = block::begin(fields.clone());
                block::push(&mut pack, id, id, fields);
                self.block_bytes += pack.memory_bytes() + BLOCK_SHARE_BYTES;
                if let Some(walk) = self.walk.get() {
                    walk.before_insertion(&id.to_bytes());
                }
                self.blocks.insert(id, pack);
            }
        }
        self.len += 1;
        self.entries_added += 1;
        self.last_id = id;
        if self.len == 1 {
            self.first_id = id;
        }
        Ok(())
    }

    /// Visits the entries between two ids, both included, forwards or backwards, while the visitor
    /// wants more. O(log blocks + entries of the blocks visited).
    pub fn range(
        &self,
        start: StreamId,
        end: StreamId,
        is_reverse: bool,
        mut visit: impl FnMut(&Entry<'_>) -> bool,
    ) {
        if start > end {
            return;
        }
        // The block in which the start may be is the last that does not begin behind it.
        let first = self.blocks.range(..=start).next_back().map_or(start, |(base, _)| *base);
        let blocks = self.blocks.range(first.min(end)..=end);
        if is_reverse {
            for (base, pack) in blocks.rev() {
                for entry in block::entries(pack, *base).iter().rev() {
                    if entry.id < start || entry.id <= end && !visit(entry) {
                        return;
                    }
                }
            }
        } else {
            for (base, pack) in blocks {
                let goes_on = block::each(pack, *base, |entry| {
                    entry.id <= end && (entry.id < start || visit(&entry))
                });
                if !goes_on {
                    return;
                }
            }
        }
    }

    /// Whether an entry is there. O(log blocks + a block).
    pub fn contains(&self, id: StreamId) -> bool {
        let mut found = false;
        self.range(id, id, false, |_| {
            found = true;
            false
        });
        found
    }

    /// The id of the last entry that is not deleted; 0-0 if there is none.
    pub fn last_entry_id(&self) -> StreamId {
        let mut last = StreamId::MIN;
        self.range(StreamId::MIN, StreamId::MAX, true, |entry| {
            last = entry.id;
            false
        });
        last
    }

    /// Deletes an entry. Answers whether it was there. O(log blocks + a block).
    pub fn delete(&mut self, id: StreamId) -> bool {
        let Some((base, _)) = self.blocks.range(..=id).next_back() else { return false };
        let base = *base;
        let gone = self.delete_in(base, |other| match other.cmp(&id) {
            std::cmp::Ordering::Less => Choice::Keep,
            std::cmp::Ordering::Equal => Choice::Delete,
            std::cmp::Ordering::Greater => Choice::Stop,
        });
        if gone == 0 {
            return false;
        }
        self.max_deleted_id = self.max_deleted_id.max(id);
        if id == self.first_id {
            self.find_first();
        }
        true
    }

    /// Deletes entries of a block that are chosen, and the block if none is left; answers how many.
    fn delete_in(&mut self, base: StreamId, is_chosen: impl FnMut(StreamId) -> Choice) -> usize {
        let Some(pack) = self.blocks.get_mut(&base) else { return 0 };
        if let Some(walk) = self.walk.get() {
            walk.before_change(&base.to_bytes(), || pack.clone());
        }
        self.block_bytes -= pack.memory_bytes();
        let gone = block::delete(pack, base, is_chosen).len();
        self.block_bytes += pack.memory_bytes();
        if block::counts(pack).0 == 0 {
            self.remove_block(base);
        }
        self.len -= gone;
        gone
    }

    fn remove_block(&mut self, base: StreamId) {
        let Some(pack) = self.blocks.remove(&base) else { return };
        self.block_bytes -= pack.memory_bytes() + BLOCK_SHARE_BYTES;
        if let Some(walk) = self.walk.get() {
            walk.before_removal(&base.to_bytes(), || pack);
        }
    }

    fn find_first(&mut self) {
        let mut first = StreamId::MIN;
        self.range(StreamId::MIN, StreamId::MAX, false, |entry| {
            first = entry.id;
            false
        });
        self.first_id = first;
    }
}

fn has_room(pack: &Listpack, bytes: usize, limits: &Limits) -> bool {
    let bytes_max = match limits.stream_node_max_bytes {
        0 => listpack::BYTES_MAX,
        bytes => bytes.min(listpack::BYTES_MAX),
    };
    if pack.byte_len() + bytes >= bytes_max {
        return false;
    }
    let (count, deleted) = block::counts(pack);
    limits.stream_node_max_entries == 0 || count + deleted < limits.stream_node_max_entries
}

#[cfg(test)]
mod tests;
