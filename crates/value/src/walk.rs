//! Going once through all parts of a big value as they are at one instant, bit by bit, while the
//! value changes.
//!
//! What a part is (a member, a block), and where it stands among the others, each type says: a
//! place is a string of bytes, and parts are told in the order of their places. Before a part that
//! the walk has not reached is changed or removed, what it was is set aside under its place; and
//! what comes anew ahead of the walk is left out. So each part of the instant is told once, as it
//! was then, and memory grows by what changes meanwhile only.
//!
//! Invariants, of places that are not before `next`:
//! - what stands there in the value and is not `new` is what stood there at the instant;
//! - what stood there and no longer does, or not as it was, is in `aside`.

use std::collections::{BTreeMap, BTreeSet};

use crate::Value;
use crate::hash::Field;
use crate::list::Stretch;
use crate::listpack::{Item, Listpack};
use crate::stream::{Pending, StreamId};

/// A part of a collection, as a visitor sees it.
#[derive(Debug)]
pub enum Part<'a> {
    /// A member of a set.
    Member(Item<'a>),
    /// A member of a sorted set, with its score.
    Scored(Item<'a>, f64),
    /// A field of a hash.
    Field(Field<'a>),
    /// Elements of a list.
    Stretch(Stretch<'a>),
    /// Entries of a stream.
    Block(StreamId, &'a Listpack),
    /// The next group of a stream: what it has pending follows, in order.
    Group,
    /// A pending entry.
    Pending(StreamId, &'a Pending),
    /// The group has no more.
    GroupEnd,
}

/// How many parts telling a block of elements is worth.
pub(crate) const PARTS_PER_BLOCK: usize = 16;

/// A walk under way; `T` is what a part is, beyond its place.
#[derive(Debug)]
pub(crate) struct Walk<T> {
    /// Whose it is.
    id: u64,
    /// Every part before this place was told.
    next: Vec<u8>,
    /// Parts that were changed or removed before the walk came.
    aside: BTreeMap<Vec<u8>, T>,
    /// Places of what has come to be there since.
    new: BTreeSet<Vec<u8>>,
}

/// Where a value keeps its walk; a copy of the value has none.
#[derive(Debug)]
pub(crate) struct Slot<T>(Option<Box<Walk<T>>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Slot<T> {
    pub(crate) fn begin(&mut self, id: u64) {
        let (aside, new) = (BTreeMap::new(), BTreeSet::new());
        self.0 = Some(Box::new(Walk { id, next: Vec::new(), aside, new }));
    }

    pub(crate) fn end(&mut self) {
        self.0 = None;
    }

    /// Whose walk is under way.
    #[inline]
    pub(crate) fn id(&self) -> Option<u64> {
        self.0.as_ref().map(|walk| walk.id)
    }

    /// The walk that is under way, to be told of a change.
    #[inline]
    pub(crate) fn get(&mut self) -> Option<&mut Walk<T>> {
        self.0.as_deref_mut()
    }

    /// Begins to tell about so many parts more, if a walk is under way. What is not put back has
    /// come to its end.
    pub(crate) fn go(&mut self, parts: usize) -> Option<Go<T>> {
        Some(Go { walk: self.0.take()?, left: parts.max(1), place: Vec::new() })
    }

    /// Lets a walk go on later.
    pub(crate) fn put_back(&mut self, go: Go<T>) {
        self.0 = Some(go.walk);
    }
}

impl<T> Walk<T> {
    fn is_ahead(&self, place: &[u8]) -> bool {
        place >= &self.next[..]
    }

    /// What stands at `place` is about to be removed.
    #[cold]
    pub(crate) fn before_removal(&mut self, place: &[u8], part: impl FnOnce() -> T) {
        if self.is_ahead(place) && !self.new.remove(place) {
            self.aside.insert(place.to_vec(), part());
        }
    }

    /// Something is about to stand at `place`, where nothing is.
    #[cold]
    pub(crate) fn before_insertion(&mut self, place: &[u8]) {
        if self.is_ahead(place) {
            self.new.insert(place.to_vec());
        }
    }

    /// What stands at `place` is about to be changed.
    pub(crate) fn before_change(&mut self, place: &[u8], part: impl FnOnce() -> T) {
        self.before_removal(place, part);
        self.before_insertion(place);
    }
}

/// Some parts that are told in one turn.
pub(crate) struct Go<T> {
    walk: Box<Walk<T>>,
    /// How many are still to be told.
    left: usize,
    /// The place of the part that is looked at.
    place: Vec<u8>,
}

/// What is to be done with a part of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is to be told.
    Tell,
    /// It is new.
    Skip,
    /// It is for later, and so is everything behind it.
    Later,
}

impl<T> Go<T> {
    /// Every part before this place was told.
    pub(crate) fn next(&self) -> &[u8] {
        &self.walk.next
    }

    /// Whether nothing that the walk has not reached has changed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.walk.aside.is_empty() && self.walk.new.is_empty()
    }

    /// Whether enough was told.
    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Comes to the next part that is in the value, which weighs so much and stands where `place`
    /// writes, and tells what was set aside before it.
    pub(crate) fn come_to(
        &mut self,
        weight: usize,
        place: impl FnOnce(&mut Vec<u8>),
        tell: impl FnMut(&[u8], T),
    ) -> Turn {
        if self.left > 0 && self.is_quiet() {
            self.left = self.left.saturating_sub(weight);
            return Turn::Tell;
        }
        let mut here = std::mem::take(&mut self.place);
        here.clear();
        place(&mut here);
        let turn = if !self.tell_aside(Some(&here), weight, tell) {
            Turn::Later
        } else if self.left == 0 {
            self.walk.next.clone_from(&here);
            Turn::Later
        } else {
            self.left = self.left.saturating_sub(weight);
            if self.walk.new.remove(&here) { Turn::Skip } else { Turn::Tell }
        };
        self.place = here;
        turn
    }

    /// Tells what was set aside, at most up to a place; whether that was all.
    fn tell_aside(
        &mut self,
        until: Option<&[u8]>,
        weight: usize,
        mut tell: impl FnMut(&[u8], T),
    ) -> bool {
        while let Some(first) = self.walk.aside.first_entry()
            && until.is_none_or(|until| &first.key()[..] <= until)
        {
            if self.left == 0 {
                self.walk.next.clone_from(first.key());
                return false;
            }
            self.left = self.left.saturating_sub(weight);
            let (place, part) = first.remove_entry();
            tell(&place, part);
        }
        true
    }

    /// There are no more parts in the value: tells what was set aside; whether that was all.
    pub(crate) fn finish(&mut self, weight: usize, tell: impl FnMut(&[u8], T)) -> bool {
        self.tell_aside(None, weight, tell)
    }

    /// Goes on behind all parts that stand before `place`, which were told.
    pub(crate) fn skip_to(&mut self, parts: usize, place: &[u8]) {
        debug_assert!(self.is_quiet());
        self.left = self.left.saturating_sub(parts);
        self.walk.next.clear();
        self.walk.next.extend_from_slice(place);
    }
}

impl Value {
    /// Begins to go through all parts as they are now, bit by bit while they change, if the value
    /// has parts: see [`Self::walk_on`]. `id` says whose walk it is. Next to nothing is done.
    pub fn begin_walk(&mut self, id: u64) -> bool {
        match self {
            Self::Bytes(_) => false,
            Self::List(list) => list.begin_walk(id),
            Self::Hash(hash) => hash.begin_walk(id),
            Self::Set(set) => set.begin_walk(id),
            Self::Zset(zset) => zset.begin_walk(id),
            Self::Stream(stream) => stream.begin_walk(id),
        }
    }

    /// Whose walk is under way, if one is.
    #[inline]
    pub fn walk_id(&self) -> Option<u64> {
        match self {
            Self::Bytes(_) => None,
            Self::List(list) => list.walk_id(),
            Self::Hash(hash) => hash.walk_id(),
            Self::Set(set) => set.walk_id(),
            Self::Zset(zset) => zset.walk_id(),
            Self::Stream(stream) => stream.walk_id(),
        }
    }

    /// Visits about `parts` more, as they were when the walk began; answers whether there are
    /// others. Each is visited once, those of a list and of a stream in order.
    pub fn walk_on(&mut self, parts: usize, visit: &mut dyn FnMut(Part<'_>)) -> bool {
        match self {
            Self::Bytes(_) => false,
            Self::List(list) => list.walk_on(parts, visit),
            Self::Hash(hash) => hash.walk_on(parts, visit),
            Self::Set(set) => set.walk_on(parts, visit),
            Self::Zset(zset) => zset.walk_on(parts, visit),
            Self::Stream(stream) => stream.walk_on(parts, visit),
        }
    }

    /// Ends the walk before its end.
    pub fn end_walk(&mut self) {
        match self {
            Self::Bytes(_) => {}
            Self::List(list) => list.end_walk(),
            Self::Hash(hash) => hash.end_walk(),
            Self::Set(set) => set.end_walk(),
            Self::Zset(zset) => zset.end_walk(),
            Self::Stream(stream) => stream.end_walk(),
        }
    }
}

#[cfg(test)]
mod tests;
