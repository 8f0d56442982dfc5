//! Going once through all members of a big sorted set as they are at one instant, bit by bit, while
//! members come, change and go.
//!
//! A walk goes through the tree in order. Before a member that it has not reached is changed or
//! removed, what it was is set aside, to be told with the next bit; and what comes anew ahead of
//! the walk is left out. So each member of the instant is told once, as it was then, and memory
//! grows by what changes meanwhile only.

use std::collections::HashSet;

use super::big::Big;
use super::leaf::compare;

/// A walk under way.
#[derive(Debug)]
pub(super) struct Walk {
    /// Whose it is.
    id: u64,
    /// Everything below this was told; None before the first bit.
    next: Option<(f64, Vec<u8>)>,
    /// Members that the walk must not tell when it comes by: told, set aside, or new.
    settled: HashSet<Vec<u8>>,
    /// What was changed before the walk came.
    aside: Vec<(Vec<u8>, f64)>,
}

/// Where a sorted set keeps its walk; a copy of the set has none.
#[derive(Debug, Default)]
pub(super) struct Slot(Option<Box<Walk>>);

impl Clone for Slot {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl Slot {
    /// Before `member`, which has this score or is not there, is changed.
    #[inline]
    pub(super) fn before_change(&mut self, member: &[u8], score: Option<f64>) {
        if let Some(walk) = &mut self.0 {
            walk.settle(member, score);
        }
    }

    /// Whose walk is under way.
    pub(super) fn id(&self) -> Option<u64> {
        self.0.as_ref().map(|walk| walk.id)
    }
}

impl Walk {
    #[cold]
    fn settle(&mut self, member: &[u8], score: Option<f64>) {
        if self.settled.contains(member) {
            return;
        }
        if let Some(score) = score {
            let is_ahead = self
                .next
                .as_ref()
                .is_none_or(|(at, next)| compare((score, member), (*at, next)).is_ge());
            if is_ahead {
                self.aside.push((member.to_vec(), score));
            }
        }
        self.settled.insert(member.to_vec());
    }
}

impl Big {
    pub(super) fn begin_walk(&mut self, id: u64) {
        self.walk = Slot(Some(Box::new(Walk {
            id,
            next: None,
            settled: HashSet::new(),
            aside: Vec::new(),
        })));
    }

    pub(super) fn end_walk(&mut self) {
        self.walk = Slot(None);
    }

    /// Tells about `count` members more; whether there are others. At the end the walk is over.
    pub(super) fn walk_on(&mut self, count: usize, mut visit: impl FnMut(&[u8], f64)) -> bool {
        let Some(mut walk) = self.walk.0.take() else { return false };
        for (member, score) in walk.aside.drain(..) {
            visit(&member, score);
        }
        let rank = walk.next.as_ref().map_or(0, |(score, member)| self.tree.rank(*score, member));
        let (mut left, mut next) = (count, None);
        self.tree.walk(rank, false, &mut |leaf, at| {
            let (score, member) = leaf.item(at);
            if left == 0 {
                next = Some((score, member.to_vec()));
                return false;
            }
            left -= 1;
            if walk.settled.is_empty() || !walk.settled.contains(member) {
                visit(member, score);
            }
            true
        });
        if next.is_none() {
            return false;
        }
        walk.next = next;
        self.walk = Slot(Some(walk));
        true
    }
}
