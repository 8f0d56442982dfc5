//! From hashes to segments, by the hash's highest bits: extendible hashing in two levels.
//!
//! The root has a pointer to a node for each value of the first `root_bits` bits; a node has a
//! segment for each value of the next few bits after its own prefix. Both repeat what covers more
//! than one value. A node that is full splits alone, and the root, which has one pointer per 256
//! segments or so, is all that is ever copied as a whole.
//!
//! Invariants: a segment lies within one node; a node within one aligned range of the root.

use std::ptr::NonNull;

use super::segment::Segment;

/// The longest prefix that a segment can have: its 32 bits, and the 16 that choose the bucket, are
/// the 48 of a scan cursor.
pub(super) const DEPTH_MAX: u32 = 32;

/// A node has at most 2 to this power segments.
const NODE_BITS_MAX: u32 = 8;

struct Node {
    /// How many hash bits all segments of this node have in common.
    depth: u32,
    /// How many further bits choose the segment.
    bits: u32,
    /// The first `2^bits` count.
    segments: [Segment; 1 << NODE_BITS_MAX],
}

/// The highest `bits` bits of `hash`, as a number.
#[inline]
fn top(hash: u64, bits: u32) -> usize {
    // In two steps, as `bits` may be 0.
    (hash >> 1 >> (63 - bits)) as usize
}

impl Node {
    #[inline]
    fn index(&self, hash: u64) -> usize {
        top(hash << self.depth, self.bits)
    }

    /// Doubles the segments' places.
    fn widen(&mut self) {
        for index in (0..1 << self.bits).rev() {
            self.segments[2 * index] = self.segments[index];
            self.segments[2 * index + 1] = self.segments[index];
        }
        self.bits += 1;
    }

    /// The lower (0) or upper (1) half of a full node, with as many places for half the hashes.
    fn half(&self, upper: usize) -> Self {
        let half = self.segments.len() / 2;
        let from = |index: usize| self.segments[upper * half + index / 2];
        Self { depth: self.depth + 1, bits: self.bits, segments: std::array::from_fn(from) }
    }
}

/// The directory of a table that has at least one segment.
pub(super) struct Directory {
    /// `2^root_bits` pointers to nodes, which the directory owns; repetitions are neighbours.
    root: Vec<NonNull<Node>>,
    root_bits: u32,
}

impl Directory {
    /// A directory in which all hashes belong to `segment`.
    pub(super) fn new(segment: Segment) -> Self {
        let node = Node { depth: 0, bits: 0, segments: [segment; 1 << NODE_BITS_MAX] };
        Self { root: vec![NonNull::from(Box::leak(Box::new(node)))], root_bits: 0 }
    }

    #[inline]
    fn node(&self, hash: u64) -> &Node {
        // SAFETY: the root's pointers are to live nodes, and the directory is borrowed.
        unsafe { self.root[top(hash, self.root_bits)].as_ref() }
    }

    fn node_mut(&mut self, hash: u64) -> &mut Node {
        // SAFETY: the root's pointers are to live nodes, and the directory is borrowed.
        unsafe { self.root[top(hash, self.root_bits)].as_mut() }
    }

    /// The segment of `hash`.
    #[inline]
    pub(super) fn segment(&self, hash: u64) -> Segment {
        let node = self.node(hash);
        node.segments[node.index(hash) & ((1 << NODE_BITS_MAX) - 1)]
    }

    /// How many bits the segments around `hash` have in common at least: as their node has.
    pub(super) fn depth_min(&self, hash: u64) -> u32 {
        self.node(hash).depth
    }

    /// All segments, with repetitions.
    #[cfg(test)]
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment> {
        self.root
            .iter()
            .flat_map(|node| {
                // SAFETY: the root's pointers are to live nodes, and the directory is borrowed.
                let node = unsafe { node.as_ref() };
                &node.segments[..1 << node.bits]
            })
            .copied()
    }

    /// Whether more than one node is needed to tell the segments apart.
    pub(super) fn is_large(&self) -> bool {
        self.root.len() > 1
    }

    /// Lets `segment` answer for all hashes with the first bits of `prefix` up to its depth.
    pub(super) fn set(&mut self, prefix: u64, segment: Segment) {
        self.make_room(prefix, segment.depth());
        let node = self.node_mut(prefix);
        let first = node.index(prefix);
        let count = 1 << (node.depth + node.bits - segment.depth());
        node.segments[first..first + count].fill(segment);
    }

    /// Makes the node of `prefix` tell segments of `depth` apart.
    fn make_room(&mut self, prefix: u64, depth: u32) {
        loop {
            let node = self.node_mut(prefix);
            if depth <= node.depth + node.bits {
                return;
            }
            if node.bits < NODE_BITS_MAX {
                node.widen();
            } else {
                self.split_node(prefix);
            }
        }
    }

    /// Gives the upper half of a full node's hashes to a new node.
    fn split_node(&mut self, prefix: u64) {
        if self.node(prefix).depth == self.root_bits {
            self.root = self.root.iter().flat_map(|&node| [node, node]).collect();
            self.root_bits += 1;
        }
        let node = self.node_mut(prefix);
        let (lower, upper) = (node.half(0), node.half(1));
        *node = lower;
        let depth = node.depth;
        // The old node's range of the root is aligned, so its upper half is too.
        let half = 1 << (self.root_bits - depth);
        let first = top(prefix, depth - 1) * 2 * half + half;
        self.root[first..first + half].fill(NonNull::from(Box::leak(Box::new(upper))));
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.root.dedup();
        for node in &self.root {
            // SAFETY: leaked from a box by the directory, and repetitions are gone.
            drop(unsafe { Box::from_raw(node.as_ptr()) });
        }
    }
}

/// How many segments there are of each depth.
pub(super) struct Depths {
    segments: [u32; DEPTH_MAX as usize + 1],
    deepest: u32,
}

impl Depths {
    /// One segment of all hashes.
    pub(super) fn new() -> Self {
        let mut depths = Self { segments: [0; DEPTH_MAX as usize + 1], deepest: 0 };
        depths.add(0);
        depths
    }

    /// The largest depth of any segment.
    pub(super) fn deepest(&self) -> u32 {
        self.deepest
    }

    pub(super) fn add(&mut self, depth: u32) {
        self.segments[depth as usize] += 1;
        self.deepest = self.deepest.max(depth);
    }

    pub(super) fn remove(&mut self, depth: u32) {
        self.segments[depth as usize] -= 1;
        while self.deepest > 0 && self.segments[self.deepest as usize] == 0 {
            self.deepest -= 1;
        }
    }
}
