//! How far groups have come.

use super::{Group, Stream, StreamId};

impl Stream {
    /// Whether an entry behind `start` may have been deleted.
    pub fn has_tombstone_from(&self, start: StreamId) -> bool {
        self.len > 0 && self.max_deleted_id != StreamId::MIN && start <= self.max_deleted_id
    }

    /// How many entries were added up to an id, where that can be known: at the ends of a stream
    /// in which nothing in between was deleted.
    pub fn entries_until(&self, id: StreamId) -> Option<u64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if self.len == 0 && id <= self.last_id {
            return Some(self.entries_added);
        }
        if id != StreamId::MIN && id < self.max_deleted_id {
            return None;
        }
        if id == self.last_id {
            return Some(self.entries_added);
        }
        if id > self.last_id {
            return None;
        }
        if self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id {
            let before = self.entries_added.saturating_sub(self.len as u64);
            if id < self.first_id {
                return Some(before);
            }
            if id == self.first_id {
                return Some(before + 1);
            }
        }
        None
    }

    /// How many entries a group has not read, where that can be known.
    pub fn lag(&self, group: &Group) -> Option<u64> {
        if self.entries_added == 0 || self.len == 0 {
            return Some(0);
        }
        if group.last_id < self.first_id && self.max_deleted_id < self.first_id {
            return Some(self.len as u64);
        }
        match group.entries_read {
            Some(read) if !self.has_tombstone_from(group.last_id) => {
                Some(self.entries_added.saturating_sub(read))
            }
            _ => Some(self.entries_added.saturating_sub(self.entries_until(group.last_id)?)),
        }
    }

    /// Notes that a group has delivered an entry behind its last one.
    pub fn advance(&mut self, name: &[u8], id: StreamId) {
        let Some(group) = self.group(name) else { return };
        if id <= group.last_id {
            return;
        }
        let entries_read = match group.entries_read {
            Some(read) if !self.has_tombstone_from(group.last_id) => Some(read + 1),
            known if self.entries_added == 0 => known,
            _ => self.entries_until(id),
        };
        if let Some(mut group) = self.group_mut(name) {
            group.entries_read = entries_read;
            group.last_id = id;
        }
    }
}
