//! A large sorted set: the tree holds the items, the index finds their leaves by member.

use stdx::hash::hash;
use stdx::number::parse_f64;

use super::index::{Index, LeafId};
use super::leaf::Leaf;
use super::tree::{Moved, Tree};
use super::unhurried::place;
use crate::walk::Slot;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Big {
    pub(super) tree: Tree,
    index: Index,
    /// What moved in the step under way; kept for its room.
    moved: Vec<Moved>,
    /// A walk through all members as they were when it began.
    pub(super) walk: Slot<f64>,
}

impl Big {
    pub(super) fn new() -> Self {
        Self { tree: Tree::new(), index: Index::new(), moved: Vec::new(), walk: Slot::default() }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.tree.memory_bytes() + self.index.memory_bytes()
    }

    pub(super) fn free_effort(&self) -> usize {
        self.tree.leaf_count() * 4 + self.index.page_count() * 3
    }

    /// Where a member is.
    fn find(&self, hash: u64, member: &[u8]) -> Option<(LeafId, usize)> {
        self.index
            .candidates(hash)
            .find_map(|leaf| self.tree.leaf(leaf).find(member).map(|at| (leaf, at)))
    }

    /// See [`Value::prefetch`](crate::Value::prefetch).
    pub(super) fn prefetch(&self, member: &[u8], score: &[u8], level: usize) {
        let hash = hash(member);
        match level {
            0 => self.index.prefetch_page(hash),
            1 => self.index.prefetch_entries(hash),
            _ => {
                let prefetch = |leaf: LeafId| match level {
                    2 => self.tree.leaf(leaf).prefetch(),
                    _ => self.tree.leaf(leaf).prefetch_items(),
                };
                self.index.candidates(hash).for_each(prefetch);
                if let Some(score) = parse_f64(score) {
                    prefetch(self.tree.leaf_for(score, member));
                }
            }
        }
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        let (leaf, at) = self.find(hash(member), member)?;
        Some(self.tree.leaf(leaf).score(at))
    }

    /// Gives a member a score; answers the old one, if it was there.
    pub(super) fn insert(&mut self, member: &[u8], score: f64) -> Option<f64> {
        let hash = hash(member);
        let Some((leaf, at)) = self.find(hash, member) else {
            if let Some(walk) = self.walk.get() {
                walk.before_insertion(&place(score, member));
            }
            self.add(hash, member, score);
            return None;
        };
        let old = self.tree.leaf(leaf).score(at);
        if old != score
            && let Some(walk) = self.walk.get()
        {
            walk.before_removal(&place(old, member), || old);
            walk.before_insertion(&place(score, member));
        }
        // -0 and 0 are equal: which of them was there stays.
        if old != score && !self.tree.set_score(leaf, at, score) {
            self.take(hash, leaf, member, old);
            self.add(hash, member, score);
        }
        Some(old)
    }

    /// Removes a member; answers its score, if it was there.
    pub(super) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let hash = hash(member);
        let (leaf, at) = self.find(hash, member)?;
        let score = self.tree.leaf(leaf).score(at);
        if let Some(walk) = self.walk.get() {
            walk.before_removal(&place(score, member), || score);
        }
        self.take(hash, leaf, member, score);
        Some(score)
    }

    fn add(&mut self, hash: u64, member: &[u8], score: f64) {
        let leaf = self.tree.insert(score, member, &mut self.moved);
        self.index.insert(hash, leaf);
        self.follow();
    }

    fn take(&mut self, hash: u64, leaf: LeafId, member: &[u8], score: f64) {
        self.index.remove(hash, leaf);
        self.tree.remove(score, member, &mut self.moved);
        self.follow();
    }

    /// Lets the index know what moved.
    fn follow(&mut self) {
        for Moved { from, to, places } in self.moved.drain(..) {
            let leaf = self.tree.leaf(to);
            for at in places {
                self.index.relocate(hash(leaf.member(at)), from, to);
            }
        }
    }

    /// Visits members and scores of pages of the index, until about `count` are visited; answers
    /// where to go on.
    pub(super) fn scan(
        &self,
        mut cursor: u64,
        count: usize,
        mut visit: impl FnMut(&[u8], f64),
    ) -> u64 {
        let mut seen = 0;
        let mut entries: Vec<(u32, LeafId)> = Vec::new();
        loop {
            entries.clear();
            cursor = self.index.scan(cursor, |tag, leaf| entries.push((tag, leaf)));
            // Two members with the same tag in a leaf have two entries, and are visited once.
            entries.sort_unstable();
            entries.dedup();
            for (tag, leaf) in &entries {
                let leaf: &Leaf = self.tree.leaf(*leaf);
                for (score, member) in (0..leaf.len()).map(|at| leaf.item(at)) {
                    if Index::is_tag_of(*tag, hash(member)) {
                        visit(member, score);
                        seen += 1;
                    }
                }
            }
            if cursor == 0 || seen >= count {
                return cursor;
            }
        }
    }
}
