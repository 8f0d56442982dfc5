//! The groups of a stream, written as a walk tells of what they have pending.
//!
//! A pending entry stands among the group's, then once more, by its id, among its consumer's. So the
//! ids are kept until the group's entries are all written.

use std::collections::{HashMap, VecDeque};

use value::Stream;
use value::stream::{ConsumerId, Pending, StreamId};

use super::{
    ID_BYTES, form, form_of, producers, write_consumer_head, write_counters, write_group_head,
    write_pending,
};
use crate::write::{self, Output};

/// Ids of a consumer's that are kept in one piece.
const IDS_BYTES: usize = ID_BYTES * 4096;

/// See the module.
#[derive(Debug, Default)]
pub(in crate::object) struct GroupsInParts {
    form: u8,
    /// What stands before the groups, until it is written.
    counters: Vec<u8>,
    groups: VecDeque<GroupInParts>,
    /// What stands behind the groups.
    producers: Vec<u8>,
}

#[derive(Debug)]
struct GroupInParts {
    head: Vec<u8>,
    /// In order: their numbers, and what stands before their ids.
    consumers: Vec<(ConsumerId, Vec<u8>)>,
    ids: HashMap<ConsumerId, Vec<Vec<u8>>>,
    /// With what orders them.
    released: Vec<(i64, StreamId)>,
}

/// What a function writes.
fn written(version_max: u16, write: impl FnOnce(&mut Output)) -> Vec<u8> {
    let mut out = Output::new();
    out.version_max = version_max;
    write(&mut out);
    out.bytes
}

impl GroupsInParts {
    /// As of now, but for the pending entries. O(groups + consumers).
    pub(in crate::object) fn new(stream: &Stream, version_max: u16) -> Self {
        let form = form_of(stream, version_max);
        let groups = stream.groups().iter().map(|(name, group)| {
            let consumers = group.consumers().iter().map(|(name, consumer)| {
                let write = |out: &mut _| write_consumer_head(name, consumer, form, out);
                (consumer.id, written(version_max, write))
            });
            GroupInParts {
                head: written(version_max, |out| write_group_head(name, group, form, out)),
                consumers: consumers.collect(),
                ids: HashMap::new(),
                released: Vec::new(),
            }
        });
        Self {
            form,
            counters: written(version_max, |out| write_counters(stream, form, out)),
            groups: groups.collect(),
            producers: match form >= form::STREAM_4 {
                true => written(version_max, |out| producers::write(stream, out)),
                false => Vec::new(),
            },
        }
    }

    /// The next group begins.
    pub(in crate::object) fn begin(&mut self, out: &mut Output) {
        out.extend_from_slice(&std::mem::take(&mut self.counters));
        if let Some(group) = self.groups.front() {
            out.extend_from_slice(&group.head);
        }
    }

    pub(in crate::object) fn pending(&mut self, id: StreamId, one: &Pending, out: &mut Output) {
        write_pending(id, one, out);
        let Some(group) = self.groups.front_mut() else { return };
        let Some(consumer) = one.consumer else {
            return group.released.push((one.released_at(), id));
        };
        let pieces = group.ids.entry(consumer).or_default();
        match pieces.last_mut() {
            Some(piece) if piece.len() < IDS_BYTES => piece.extend_from_slice(&id.to_bytes()),
            _ => pieces.push(id.to_bytes().to_vec()),
        }
    }

    /// The group has no more. What is large is given away, behind what was written before.
    pub(in crate::object) fn end(&mut self, out: &mut Output, give: &mut dyn FnMut(Vec<u8>)) {
        let Some(mut group) = self.groups.pop_front() else { return };
        write::length(out, group.consumers.len() as u64);
        for (id, head) in group.consumers {
            out.extend_from_slice(&head);
            for piece in group.ids.remove(&id).unwrap_or_default() {
                if piece.len() < IDS_BYTES {
                    out.extend_from_slice(&piece);
                } else {
                    give(std::mem::take(&mut out.bytes));
                    give(piece);
                }
            }
        }
        if self.form >= form::STREAM_5 {
            write::length(out, group.released.len() as u64);
            group.released.sort_unstable();
            group.released.iter().for_each(|(_, id)| out.extend_from_slice(&id.to_bytes()));
        }
    }

    /// There are no more groups.
    pub(in crate::object) fn finish(self, out: &mut Output) {
        out.extend_from_slice(&self.counters);
        out.extend_from_slice(&self.producers);
    }
}
