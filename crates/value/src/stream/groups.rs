//! The groups of a stream.
//!
//! Invariant: the totals are the sums over all groups and the bytes of their names.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use super::group::Group;
use super::unhurried::GroupsWalk;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    pub(super) groups: BTreeMap<Vec<u8>, Group>,
    totals: Totals,
    pub(super) walk: GroupsWalk,
}

/// What groups weigh together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// See [`Group::memory_bytes`].
    pub(super) bytes: usize,
    /// See [`Group::free_effort`].
    pub(super) effort: usize,
}

impl Totals {
    fn add(&mut self, group: &Group) {
        self.bytes += group.memory_bytes();
        self.effort += group.free_effort();
    }

    fn subtract(&mut self, group: &Group) {
        self.bytes -= group.memory_bytes();
        self.effort -= group.free_effort();
    }
}

/// A group that is being changed. Dropping it settles what the stream knows of its size.
#[derive(Debug)]
pub struct GroupMut<'a> {
    group: &'a mut Group,
    totals: &'a mut Totals,
}

impl<'a> GroupMut<'a> {
    fn new(group: &'a mut Group, totals: &'a mut Totals) -> Self {
        totals.subtract(group);
        Self { group, totals }
    }
}

impl Drop for GroupMut<'_> {
    fn drop(&mut self) {
        self.totals.add(self.group);
    }
}

impl Deref for GroupMut<'_> {
    type Target = Group;

    fn deref(&self) -> &Group {
        self.group
    }
}

impl DerefMut for GroupMut<'_> {
    fn deref_mut(&mut self) -> &mut Group {
        self.group
    }
}

impl Groups {
    /// O(1).
    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// All of them.
    pub fn by_name(&self) -> &BTreeMap<Vec<u8>, Group> {
        &self.groups
    }

    pub(super) fn get_mut(&mut self, name: &[u8]) -> Option<GroupMut<'_>> {
        Some(GroupMut::new(self.groups.get_mut(name)?, &mut self.totals))
    }

    /// Changes all of them.
    pub fn for_each_mut(&mut self, mut visit: impl FnMut(&mut Group)) {
        for group in self.groups.values_mut() {
            visit(&mut GroupMut::new(group, &mut self.totals));
        }
    }

    pub(super) fn insert(&mut self, name: &[u8], group: Group) -> bool {
        let is_new = !self.groups.contains_key(name);
        if is_new {
            self.totals.add(&group);
            self.totals.bytes += name.len();
            self.groups.insert(name.to_vec(), group);
        }
        is_new
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let Some(group) = self.groups.remove(name) else { return false };
        self.totals.subtract(&group);
        self.totals.bytes -= name.len();
        self.walk.keep(name, group);
        true
    }
}
