//! A B+tree over scores and members, with the number of items below each branch, so that ranks
//! cost as little as searches (counted B-trees; Knuth, TAOCP 3, 6.2.3).
//!
//! Nodes are named by numbers, so that others can remember in which leaf an item is.
//!
//! Invariants:
//! - a branch's counts are the items below its children; no node but the root is empty;
//! - an item below a child is not before the child's bound, and before the next one's. A bound is a
//!   score and the beginning of a member; it was the child's first item's once, which may be gone.

use std::cmp::Ordering;

use stdx::alloc::block_bytes;

use super::index::LeafId;
use super::leaf::{Leaf, compare};

/// A leaf with more items, or more bytes of several members, is split.
const LEAF_ITEMS_MAX: usize = 64;
const LEAF_BYTES_MAX: usize = 4096;
/// Neighbours that have no more together are joined.
const LEAF_JOINED_MAX: usize = 40;
const LEAF_JOINED_BYTES_MAX: usize = 2560;
/// The same for branches.
const CHILDREN_MAX: usize = 48;
const CHILDREN_JOINED_MAX: usize = 30;

/// Where a child begins: its score, and the first eight bytes of its member, as one number in the
/// order of sorted sets.
type Bound = u128;

fn bound(score: f64, member: &[u8]) -> Bound {
    const SIGN: u64 = 1 << 63;
    let mut prefix = [0; 8];
    let len = member.len().min(8);
    prefix[..len].copy_from_slice(&member[..len]);
    // -0 is no less than 0. The bits of negative numbers are in the opposite order.
    let bits = (score + 0.0).to_bits();
    let score = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    u128::from(score) << 64 | u128::from(u64::from_be_bytes(prefix))
}

#[derive(Clone, Debug, Default)]
struct Branch {
    /// Numbers of branches, or of leaves on the lowest level.
    children: Vec<u32>,
    counts: Vec<u32>,
    bounds: Vec<Bound>,
}

/// Items that went from one leaf to another, where they are the ones at these places.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    pub(super) from: LeafId,
    pub(super) to: LeafId,
    pub(super) places: std::ops::Range<usize>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    #[expect(
        clippy::vec_box,
        reason = "the row of leaves grows, and must then move pointers only"
    )]
    leaves: Vec<Box<Leaf>>,
    leaves_free: Vec<u32>,
    branches: Vec<Branch>,
    branches_free: Vec<u32>,
    root: u32,
    /// Levels of branches above the leaves.
    height: u32,
    len: usize,
    /// Heap bytes of leaves.
    leaf_bytes: usize,
}

/// A node that was split off.
struct Split {
    node: u32,
    count: u32,
    bound: Bound,
}

impl Tree {
    pub(super) fn new() -> Self {
        let leaf = Box::new(Leaf::default());
        let leaf_bytes = leaf.memory_bytes();
        Self {
            leaves: vec![leaf],
            leaves_free: Vec::new(),
            branches: Vec::new(),
            branches_free: Vec::new(),
            root: 0,
            height: 0,
            len: 0,
            leaf_bytes,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn leaf_count(&self) -> usize {
        self.leaves.len() - self.leaves_free.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        /// Three vectors of a branch that is three quarters full.
        const BRANCH_BYTES: usize = size_of::<Branch>() + CHILDREN_MAX * 3 / 4 * 24;
        self.leaf_bytes
            + block_bytes(self.leaves.capacity() * 8)
            + self.branches.len() * BRANCH_BYTES
    }

    pub(super) fn leaf(&self, leaf: LeafId) -> &Leaf {
        &self.leaves[leaf as usize]
    }

    fn edit_leaf<R>(&mut self, leaf: LeafId, change: impl FnOnce(&mut Leaf) -> R) -> R {
        let leaf = &mut self.leaves[leaf as usize];
        self.leaf_bytes -= leaf.memory_bytes();
        let result = change(leaf);
        self.leaf_bytes += leaf.memory_bytes();
        result
    }

    fn new_leaf(&mut self, leaf: Leaf) -> u32 {
        self.leaf_bytes += leaf.memory_bytes();
        match self.leaves_free.pop() {
            Some(free) => {
                self.leaf_bytes -= self.leaves[free as usize].memory_bytes();
                *self.leaves[free as usize] = leaf;
                free
            }
            None => {
                self.leaves.push(Box::new(leaf));
                (self.leaves.len() - 1) as u32
            }
        }
    }

    fn new_branch(&mut self, branch: Branch) -> u32 {
        match self.branches_free.pop() {
            Some(free) => {
                self.branches[free as usize] = branch;
                free
            }
            None => {
                self.branches.push(branch);
                (self.branches.len() - 1) as u32
            }
        }
    }

    /// The first item below a node.
    fn first(&self, mut node: u32, height: u32) -> (f64, &[u8]) {
        for _ in 0..height {
            node = self.branches[node as usize].children[0];
        }
        self.leaf(node).item(0)
    }

    /// The child below which an item is, or would be.
    fn child_for(&self, branch: u32, height: u32, score: f64, member: &[u8]) -> usize {
        let Branch { children, bounds, .. } = &self.branches[branch as usize];
        let wanted = bound(score, member);
        // The last child that is not behind it.
        let low = 1 + bounds[1..].partition_point(|bound| *bound < wanted);
        let ties = bounds[low..].partition_point(|bound| *bound == wanted);
        // Of a tie, the child's first item decides.
        let is_before = |child: &u32| {
            compare(self.first(*child, height - 1), (score, member)) != Ordering::Greater
        };
        low + children[low..low + ties].partition_point(is_before) - 1
    }

    /// Adds an item that is not there. Answers the leaf that it was put into, and notes what moved
    /// afterwards.
    pub(super) fn insert(&mut self, score: f64, member: &[u8], moved: &mut Vec<Moved>) -> LeafId {
        let (leaf, split) = self.insert_below(self.root, self.height, score, member, moved);
        self.len += 1;
        if let Some(split) = split {
            let old = Split {
                node: self.root,
                count: (self.len - split.count as usize) as u32,
                bound: bound_of(self.first(self.root, self.height)),
            };
            let mut root = Branch::default();
            root.insert(0, old);
            root.insert(1, split);
            self.root = self.new_branch(root);
            self.height += 1;
        }
        leaf
    }

    fn insert_below(
        &mut self,
        node: u32,
        height: u32,
        score: f64,
        member: &[u8],
        moved: &mut Vec<Moved>,
    ) -> (LeafId, Option<Split>) {
        if height == 0 {
            let at = match self.leaf(node).search(score, member) {
                Ok(at) | Err(at) => at,
            };
            self.edit_leaf(node, |leaf| leaf.insert(at, score, member));
            return (node, self.split_leaf(node, at, moved));
        }
        let at = self.child_for(node, height, score, member);
        let child = self.branches[node as usize].children[at];
        let (leaf, split) = self.insert_below(child, height - 1, score, member, moved);
        let branch = &mut self.branches[node as usize];
        branch.counts[at] += 1;
        let Some(split) = split else { return (leaf, None) };
        branch.counts[at] -= split.count;
        branch.insert(at + 1, split);
        (leaf, self.split_branch(node))
    }

    /// Splits a leaf that has become too large by an item at `at`.
    fn split_leaf(&mut self, leaf: u32, at: usize, moved: &mut Vec<Moved>) -> Option<Split> {
        let full = self.leaf(leaf);
        let len = full.len();
        let is_full = len > LEAF_ITEMS_MAX || (full.data_bytes() > LEAF_BYTES_MAX && len > 1);
        if !is_full {
            return None;
        }
        // What comes in order leaves full leaves behind.
        let middle = if at + 1 == len { len - 1 } else { len / 2 };
        let rest = self.edit_leaf(leaf, |leaf| leaf.split_off(middle));
        let (count, bound) = (rest.len(), bound_of(rest.item(0)));
        let node = self.new_leaf(rest);
        moved.push(Moved { from: leaf, to: node, places: 0..count });
        Some(Split { node, count: count as u32, bound })
    }

    fn split_branch(&mut self, node: u32) -> Option<Split> {
        let branch = &mut self.branches[node as usize];
        if branch.children.len() <= CHILDREN_MAX {
            return None;
        }
        let middle = branch.children.len() / 2;
        let rest = Branch {
            children: branch.children.split_off(middle),
            counts: branch.counts.split_off(middle),
            bounds: branch.bounds.split_off(middle),
        };
        let (count, bound) = (rest.counts.iter().sum(), rest.bounds[0]);
        Some(Split { node: self.new_branch(rest), count, bound })
    }

    /// Removes an item that is there. Notes what moved afterwards.
    pub(super) fn remove(&mut self, score: f64, member: &[u8], moved: &mut Vec<Moved>) {
        self.remove_below(self.root, self.height, score, member, moved);
        self.len -= 1;
        while self.height > 0 && self.branches[self.root as usize].children.len() == 1 {
            let root = std::mem::take(&mut self.branches[self.root as usize]);
            self.branches_free.push(self.root);
            self.root = root.children[0];
            self.height -= 1;
        }
    }

    fn remove_below(
        &mut self,
        node: u32,
        height: u32,
        score: f64,
        member: &[u8],
        moved: &mut Vec<Moved>,
    ) {
        if height == 0 {
            let at = self.leaf(node).search(score, member).expect("the item is there");
            self.edit_leaf(node, |leaf| leaf.remove(at));
            return;
        }
        let at = self.child_for(node, height, score, member);
        let child = self.branches[node as usize].children[at];
        self.remove_below(child, height - 1, score, member, moved);
        self.branches[node as usize].counts[at] -= 1;
        if !self.join(node, at, height - 1, moved) && at > 0 {
            self.join(node, at - 1, height - 1, moved);
        }
    }

    /// Joins a child with the next one if they are small. Answers whether it did.
    fn join(&mut self, node: u32, at: usize, height: u32, moved: &mut Vec<Moved>) -> bool {
        let branch = &self.branches[node as usize];
        let Some(&next) = branch.children.get(at + 1) else { return false };
        let child = branch.children[at];
        let joins = match height {
            0 => {
                // The leaves themselves are far away.
                let (left, right) = (branch.counts[at], branch.counts[at + 1]);
                let bytes = |leaf| self.leaf(leaf).data_bytes();
                left.min(right) == 0
                    || left + right <= LEAF_JOINED_MAX as u32
                        && bytes(child) + bytes(next) <= LEAF_JOINED_BYTES_MAX
            }
            _ => {
                let children = |node: u32| self.branches[node as usize].children.len();
                children(child) + children(next) <= CHILDREN_JOINED_MAX
            }
        };
        if !joins {
            return false;
        }
        match height {
            0 => {
                let gone = self.edit_leaf(next, std::mem::take);
                let start = self.leaf(child).len();
                self.edit_leaf(child, |leaf| leaf.append(&gone));
                let places = start..start + gone.len();
                moved.push(Moved { from: next, to: child, places });
                self.leaves_free.push(next);
            }
            _ => {
                let gone = std::mem::take(&mut self.branches[next as usize]);
                let left = &mut self.branches[child as usize];
                left.children.extend(gone.children);
                left.counts.extend(gone.counts);
                left.bounds.extend(gone.bounds);
                self.branches_free.push(next);
            }
        }
        let branch = &mut self.branches[node as usize];
        branch.children.remove(at + 1);
        branch.bounds.remove(at + 1);
        let count = branch.counts.remove(at + 1);
        branch.counts[at] += count;
        true
    }

    /// Gives an item another score. Answers the leaf that it is in now, where that may have changed
    /// by more than what `moved` says.
    pub(super) fn set_score(&mut self, leaf: LeafId, at: usize, score: f64) -> bool {
        let item = self.leaf(leaf);
        let member = item.member(at);
        // Within its leaf, between its neighbours, nothing else changes.
        let stays = at > 0
            && at + 1 < item.len()
            && compare(item.item(at - 1), (score, member)) == Ordering::Less
            && compare((score, member), item.item(at + 1)) == Ordering::Less;
        if stays {
            self.edit_leaf(leaf, |leaf| leaf.set_score(at, score));
        }
        stays
    }

    /// The leaf in which an item is, or would be.
    pub(super) fn leaf_for(&self, score: f64, member: &[u8]) -> LeafId {
        (1..=self.height).rev().fold(self.root, |node, height| {
            self.branches[node as usize].children[self.child_for(node, height, score, member)]
        })
    }

    /// How many items are before this one, which is there.
    pub(super) fn rank(&self, score: f64, member: &[u8]) -> usize {
        let (mut node, mut rank) = (self.root, 0);
        for height in (1..=self.height).rev() {
            let at = self.child_for(node, height, score, member);
            let branch = &self.branches[node as usize];
            rank += branch.counts[..at].iter().map(|count| *count as usize).sum::<usize>();
            node = branch.children[at];
        }
        match self.leaf(node).search(score, member) {
            Ok(at) | Err(at) => rank + at,
        }
    }

    /// How many items at the beginning fulfil a condition that holds for them and no others.
    pub(super) fn partition_point(&self, holds: impl Fn(f64, &[u8]) -> bool) -> usize {
        let (mut node, mut rank) = (self.root, 0);
        for height in (1..=self.height).rev() {
            let Branch { children, counts, .. } = &self.branches[node as usize];
            let (mut low, mut high) = (1, children.len());
            while low < high {
                let middle = (low + high) / 2;
                let (score, member) = self.first(children[middle], height - 1);
                if holds(score, member) { low = middle + 1 } else { high = middle }
            }
            rank += counts[..low - 1].iter().map(|count| *count as usize).sum::<usize>();
            node = children[low - 1];
        }
        let leaf = self.leaf(node);
        let (mut low, mut high) = (0, leaf.len());
        while low < high {
            let middle = (low + high) / 2;
            let (score, member) = leaf.item(middle);
            if holds(score, member) { low = middle + 1 } else { high = middle }
        }
        rank + low
    }

    /// The leaf with the item of a rank, which exists, and its place there.
    pub(super) fn at(&self, rank: usize) -> (LeafId, usize) {
        let (mut node, mut rest) = (self.root, rank);
        for _ in 0..self.height {
            let Branch { children, counts, .. } = &self.branches[node as usize];
            let mut at = 0;
            while rest >= counts[at] as usize {
                rest -= counts[at] as usize;
                at += 1;
            }
            node = children[at];
        }
        (node, rest)
    }

    /// Visits leaves and places of up to `count` items from a rank on, forwards or backwards, while
    /// the visitor wants more.
    pub(super) fn walk(
        &self,
        rank: usize,
        is_reverse: bool,
        visit: &mut impl FnMut(&Leaf, usize) -> bool,
    ) {
        if rank < self.len {
            self.walk_below(self.root, self.height, rank, is_reverse, visit);
        }
    }

    fn walk_below(
        &self,
        node: u32,
        height: u32,
        rank: usize,
        is_reverse: bool,
        visit: &mut impl FnMut(&Leaf, usize) -> bool,
    ) -> bool {
        if height == 0 {
            let leaf = self.leaf(node);
            return match is_reverse {
                false => (rank..leaf.len()).all(|at| visit(leaf, at)),
                true => (0..=rank.min(leaf.len() - 1)).rev().all(|at| visit(leaf, at)),
            };
        }
        let Branch { children, counts, .. } = &self.branches[node as usize];
        let (mut at, mut rest) = (0, rank);
        while at + 1 < children.len() && rest >= counts[at] as usize {
            rest -= counts[at] as usize;
            at += 1;
        }
        if !self.walk_below(children[at], height - 1, rest, is_reverse, visit) {
            return false;
        }
        match is_reverse {
            false => children[at + 1..]
                .iter()
                .all(|child| self.walk_below(*child, height - 1, 0, false, visit)),
            true => children[..at]
                .iter()
                .rev()
                .all(|child| self.walk_below(*child, height - 1, usize::MAX, true, visit)),
        }
    }
}

fn bound_of((score, member): (f64, &[u8])) -> Bound {
    bound(score, member)
}

impl Branch {
    fn insert(&mut self, at: usize, child: Split) {
        self.children.insert(at, child.node);
        self.counts.insert(at, child.count);
        self.bounds.insert(at, child.bound);
    }
}
