//! Going through the blocks of a stream bit by bit, then through what its groups have pending: see
//! [`crate::walk`]. A block's place is the id that it is under, a pending entry's is its own.

use std::collections::{BTreeMap, VecDeque};

use super::group::Group;
use super::groups::Groups;
use super::{Stream, StreamId};
use crate::walk::{PARTS_PER_BLOCK, Part, Slot, Turn};

fn read_place(place: &[u8]) -> StreamId {
    place.first_chunk().map_or(StreamId::MIN, |bytes| StreamId::from_bytes(*bytes))
}

/// Tells about so many parts more of a map, of which each is worth `weight`; whether there are
/// others.
fn walk_on<T>(
    map: &BTreeMap<StreamId, T>,
    walk: &mut Slot<T>,
    (parts, weight): (usize, usize),
    mut tell: impl FnMut(StreamId, &T),
) -> bool {
    let Some(mut go) = walk.go(parts) else { return false };
    let mut has_more = false;
    for (id, part) in map.range(read_place(go.next())..) {
        let turn = go.come_to(
            weight,
            |place| place.extend_from_slice(&id.to_bytes()),
            |place, old| tell(read_place(place), &old),
        );
        match turn {
            Turn::Tell => tell(*id, part),
            Turn::Skip => {}
            Turn::Later => {
                has_more = true;
                break;
            }
        }
    }
    has_more = has_more || !go.finish(weight, |place, old| tell(read_place(place), &old));
    if has_more {
        walk.put_back(go);
    }
    has_more
}

impl Stream {
    pub(crate) fn begin_walk(&mut self, id: u64) -> bool {
        self.walk.begin(id);
        self.groups.begin_walk(id);
        true
    }

    #[inline]
    pub(crate) fn walk_id(&self) -> Option<u64> {
        self.walk.id().or(self.groups.walk.id)
    }

    pub(crate) fn end_walk(&mut self) {
        self.walk.end();
        self.groups.end_walk();
    }

    pub(crate) fn walk_on(&mut self, parts: usize, mut visit: impl FnMut(Part<'_>)) -> bool {
        if self.walk.id().is_none() {
            return self.groups.walk_on(parts, visit);
        }
        let tell = |base, pack: &_| visit(Part::Block(base, pack));
        walk_on(&self.blocks, &mut self.walk, (parts, PARTS_PER_BLOCK), tell)
            || self.groups.has_more()
    }
}

/// A walk through the groups that were there when it began; a copy of them has none.
#[derive(Debug, Default)]
pub(super) struct GroupsWalk {
    id: Option<u64>,
    /// Those that are still to be told, in order.
    names: VecDeque<Vec<u8>>,
    /// Whether the first of them is begun.
    is_open: bool,
    /// Those of them that were removed.
    removed: BTreeMap<Vec<u8>, Group>,
}

impl Clone for GroupsWalk {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl GroupsWalk {
    /// A group was removed: a walk may still have to tell of it.
    pub(super) fn keep(&mut self, name: &[u8], group: Group) {
        if group.walk.id().is_some() {
            self.removed.insert(name.to_vec(), group);
        }
    }
}

impl Groups {
    /// O(groups).
    fn begin_walk(&mut self, id: u64) {
        let names = self.groups.keys().cloned().collect();
        self.walk = GroupsWalk { id: Some(id), names, ..GroupsWalk::default() };
        self.groups.values_mut().for_each(|group| group.walk.begin(id));
    }

    fn end_walk(&mut self) {
        self.walk = GroupsWalk::default();
        self.groups.values_mut().for_each(|group| group.walk.end());
    }

    /// Whether there are groups to be told; without, the walk is over.
    fn has_more(&mut self) -> bool {
        let has_more = !self.walk.names.is_empty();
        if !has_more {
            self.walk.id = None;
        }
        has_more
    }

    /// Tells of the first group; whether there is more of it, or of others.
    fn walk_on(&mut self, parts: usize, mut visit: impl FnMut(Part<'_>)) -> bool {
        let Self { groups, walk, .. } = self;
        let Some(name) = walk.names.front() else { return false };
        // One that is there may have come anew under the name.
        let in_place = groups.get_mut(name).filter(|group| group.walk.id().is_some());
        let group = in_place.or_else(|| walk.removed.get_mut(name));
        let group = group.expect("whoever removes it leaves it here");
        if !std::mem::replace(&mut walk.is_open, true) {
            visit(Part::Group);
        }
        let tell = |id, pending: &_| visit(Part::Pending(id, pending));
        if walk_on(&group.pending, &mut group.walk, (parts, 1), tell) {
            return true;
        }
        visit(Part::GroupEnd);
        walk.is_open = false;
        walk.removed.remove(name);
        walk.names.pop_front();
        self.has_more()
    }
}
