//! A large list: blocks in a row, of which the inner ones may be compressed.
//!
//! Invariants:
//! - no block is empty; `len` and `bytes` are the sums over all blocks;
//! - with a compress depth, so many blocks at each end are not compressed.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::node::{Body, Node};
use super::search::remove_in_pack;
use super::{End, Stretch, size, walk_pack, walk_pack_back};
use crate::Limits;
use crate::listpack::{Item, Listpack};

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    nodes: VecDeque<Node>,
    len: usize,
    /// Heap bytes of the blocks.
    bytes: usize,
}

impl Blocks {
    pub(super) fn from_pack(pack: Listpack, limits: &Limits) -> Self {
        let mut blocks = Self { nodes: VecDeque::new(), len: 0, bytes: 0 };
        if size::exceeds(limits, pack.byte_len(), pack.len()) {
            // The bound is lower than when it grew.
            let mut text = stdx::number::Decimal::new();
            for item in pack.iter() {
                blocks.push(End::Right, item.bytes(&mut text), limits);
            }
        } else if !pack.is_empty() {
            blocks.add(0, Node::pack(pack));
        }
        blocks
    }

    #[cfg(test)]
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    #[cfg(test)]
    pub(super) fn block_bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn node_count(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let row = self.nodes.capacity() * size_of::<Node>();
        self.bytes + stdx::alloc::block_bytes(row) + size_of::<Self>()
    }

    /// The only block, if there is one at most, and it is a listpack that is wanted.
    pub(super) fn take_only_pack(
        &mut self,
        wanted: impl Fn(&Listpack) -> bool,
    ) -> Option<Listpack> {
        if self.nodes.len() > 1 {
            return None;
        }
        let Some(node) = self.nodes.front_mut() else { return Some(Listpack::new()) };
        node.decompress_counted(&mut self.bytes);
        match &mut node.body {
            Body::Pack(pack) if wanted(pack) => Some(std::mem::take(pack)),
            _ => None,
        }
    }

    pub(super) fn stretches(&self, mut visit: impl FnMut(Stretch<'_>)) {
        for node in &self.nodes {
            node.with(&mut visit);
        }
    }

    fn add(&mut self, at: usize, node: Node) {
        self.len += node.len;
        self.bytes += node.memory_bytes();
        self.nodes.insert(at, node);
    }

    fn remove(&mut self, at: usize) -> Option<Node> {
        let node = self.nodes.remove(at)?;
        self.len -= node.len;
        self.bytes -= node.memory_bytes();
        Some(node)
    }

    /// Changes a block's listpack; a block that is left empty goes. Nothing happens to one that is
    /// a large element.
    fn edit<R>(&mut self, at: usize, change: impl FnOnce(&mut Listpack) -> R) -> Option<R> {
        let node = &mut self.nodes[at];
        let (old_len, old_bytes) = (node.len, node.memory_bytes());
        let result = node.pack_mut().map(change);
        if let Body::Pack(pack) = &node.body {
            node.len = pack.len();
        }
        self.len = self.len - old_len + node.len;
        self.bytes = self.bytes - old_bytes + node.memory_bytes();
        if node.len == 0 {
            self.remove(at);
        }
        result
    }

    /// Whether a block takes another element.
    fn has_room(&self, at: usize, item: &[u8], limits: &Limits) -> bool {
        match &self.nodes[at].body {
            Body::Pack(pack) => {
                let bytes = pack.byte_len() + Listpack::bytes_for(item);
                !size::exceeds(limits, bytes, self.nodes[at].len + 1)
            }
            Body::Plain(_) | Body::Compressed(_) => false,
        }
    }

    pub(super) fn push(&mut self, end: End, item: &[u8], limits: &Limits) {
        let is_plain = size::is_plain(limits, item.len());
        match end {
            End::Right => {
                let last = self.nodes.len().wrapping_sub(1);
                if !is_plain && !self.nodes.is_empty() && self.has_room(last, item, limits) {
                    self.edit(last, |pack| pack.push(item));
                    return;
                }
                self.add(self.nodes.len(), Node::one(item, is_plain));
            }
            End::Left => {
                if !is_plain && self.front_has_room(item, limits) {
                    self.edit(0, |pack| pack.push_front(item));
                    return;
                }
                self.join(0, limits);
                self.add(0, Node::one(item, is_plain));
            }
        }
        self.settle(limits);
    }

    /// Whether the first block is a short one that takes another element.
    fn front_has_room(&self, item: &[u8], limits: &Limits) -> bool {
        match self.nodes.front() {
            Some(Node { body: Body::Pack(pack), len }) => {
                let bytes = pack.byte_len() + Listpack::bytes_for(item);
                !size::exceeds_front(limits, bytes, len + 1)
            }
            _ => false,
        }
    }

    /// Joins a block with the one behind it, if both are listpacks and small enough. Answers
    /// whether it did.
    fn join(&mut self, at: usize, limits: &Limits) -> bool {
        let (Some(first), Some(second)) = (self.nodes.get(at), self.nodes.get(at + 1)) else {
            return false;
        };
        let (Body::Pack(front), Body::Pack(back)) = (&first.body, &second.body) else {
            return false;
        };
        let bytes = front.byte_len() + back.byte_len();
        if size::exceeds(limits, bytes, first.len + second.len) {
            return false;
        }
        let Some(Node { body: Body::Pack(back), .. }) = self.remove(at + 1) else { return false };
        self.edit(at, |pack| pack.append(&back));
        true
    }

    pub(super) fn peek(&self, end: End) -> Option<Item<'_>> {
        match end {
            End::Left => self.nodes.front()?.end(false),
            End::Right => self.nodes.back()?.end(true),
        }
    }

    pub(super) fn drop_end(&mut self, end: End, limits: &Limits) {
        let at = match end {
            End::Left => 0,
            End::Right => self.nodes.len().wrapping_sub(1),
        };
        let Some(node) = self.nodes.get(at) else { return };
        if node.len == 1 {
            self.remove(at);
            self.settle(limits);
            return;
        }
        self.edit(at, |pack| {
            let element = match end {
                End::Left => pack.first(),
                End::Right => pack.last(),
            };
            element.map(|element| pack.remove(element));
        });
    }

    /// The block with a position, and the position within it. O(blocks to the nearer end).
    fn locate(&self, position: usize) -> Option<(usize, usize)> {
        if position >= self.len {
            return None;
        }
        if position <= self.len / 2 {
            let mut rest = position;
            for (at, node) in self.nodes.iter().enumerate() {
                if rest < node.len {
                    return Some((at, rest));
                }
                rest -= node.len;
            }
        } else {
            let mut behind = self.len - position;
            for (at, node) in self.nodes.iter().enumerate().rev() {
                if behind <= node.len {
                    return Some((at, node.len - behind));
                }
                behind -= node.len;
            }
        }
        None
    }

    pub(super) fn walk(
        &self,
        from: usize,
        visit: &mut impl FnMut(usize, Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some((first, mut within)) = self.locate(from) else { return ControlFlow::Continue(()) };
        let mut base = from - within;
        for node in self.nodes.range(first..) {
            node.with(|stretch| match stretch {
                Stretch::Pack(pack) => walk_pack(pack, within, base, visit),
                Stretch::Plain(item) => visit(base, Item::of(item)),
            })?;
            base += node.len;
            within = 0;
        }
        ControlFlow::Continue(())
    }

    pub(super) fn walk_back(
        &self,
        from: usize,
        visit: &mut impl FnMut(usize, Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some((first, within)) = self.locate(from) else { return ControlFlow::Continue(()) };
        let mut base = from - within;
        let mut within = Some(within);
        for node in self.nodes.range(..=first).rev() {
            let start = match within.take() {
                Some(within) => within,
                None => {
                    base -= node.len;
                    node.len - 1
                }
            };
            node.with(|stretch| match stretch {
                Stretch::Pack(pack) => walk_pack_back(pack, start, base, visit),
                Stretch::Plain(item) => visit(base, Item::of(item)),
            })?;
        }
        ControlFlow::Continue(())
    }

    pub(super) fn set(&mut self, position: usize, item: &[u8], limits: &Limits) {
        let Some((at, within)) = self.locate(position) else { return };
        let is_plain = size::is_plain(limits, item.len());
        if is_plain || matches!(self.nodes[at].body, Body::Plain(_)) {
            // Another kind of block.
            self.remove_range(position, 1, limits);
            self.insert(position, item, limits);
            return;
        }
        self.edit(at, |pack| {
            pack.seek(within as isize).map(|element| pack.replace(element, item));
        });
        self.divide_if_large(at, limits);
        self.settle(limits);
    }

    pub(super) fn insert(&mut self, position: usize, item: &[u8], limits: &Limits) {
        let Some((at, within)) = self.locate(position) else {
            return self.push(End::Right, item, limits);
        };
        let is_plain = size::is_plain(limits, item.len());
        self.nodes[at].decompress_counted(&mut self.bytes);
        if !is_plain && self.has_room(at, item, limits) {
            self.edit(at, |pack| {
                pack.seek(within as isize).map(|element| pack.insert(element, item));
            });
        } else if within == 0 {
            if !is_plain && at > 0 && self.has_room(at - 1, item, limits) {
                self.edit(at - 1, |pack| pack.push(item));
            } else {
                self.add(at, Node::one(item, is_plain));
            }
        } else {
            // In the middle of a full block: both halves have room then.
            let rest = self
                .edit(at, |pack| pack.seek(within as isize).map(|element| pack.split_off(element)));
            if let Some(Some(rest)) = rest {
                self.add(at + 1, Node::pack(rest));
            }
            if !is_plain && self.has_room(at, item, limits) {
                self.edit(at, |pack| pack.push(item));
            } else {
                self.add(at + 1, Node::one(item, is_plain));
            }
        }
        self.settle(limits);
    }

    /// Divides a block in two that an element of another size has made too large.
    fn divide_if_large(&mut self, at: usize, limits: &Limits) {
        let Some(Node { body: Body::Pack(pack), len }) = self.nodes.get(at) else { return };
        if *len < 2 || !size::exceeds(limits, pack.byte_len(), *len) {
            return;
        }
        let half = (*len / 2) as isize;
        let rest = self.edit(at, |pack| pack.seek(half).map(|element| pack.split_off(element)));
        if let Some(Some(rest)) = rest {
            self.add(at + 1, Node::pack(rest));
        }
    }

    pub(super) fn remove_range(&mut self, from: usize, count: usize, limits: &Limits) {
        let Some((mut at, mut within)) = self.locate(from) else { return };
        let mut left = count.min(self.len - from);
        let first = at;
        while left > 0 {
            let node_len = self.nodes[at].len;
            let here = left.min(node_len - within);
            if here == node_len {
                self.remove(at);
            } else {
                self.edit(at, |pack| {
                    pack.seek(within as isize).map(|element| pack.remove_range(element, here));
                });
                at += 1;
            }
            left -= here;
            within = 0;
        }
        // What is left on both sides may fit into one block.
        self.join(first, limits);
        if first > 0 {
            self.join(first - 1, limits);
        }
        self.settle(limits);
    }

    /// Removes up to `most` elements that are `wanted`, counted from an end; answers how many.
    pub(super) fn remove_equal(
        &mut self,
        wanted: Item<'_>,
        from: End,
        most: usize,
        limits: &Limits,
    ) -> usize {
        let mut removed = 0;
        let mut seen = 0;
        while seen < self.nodes.len() && removed < most {
            let at = match from {
                End::Left => seen,
                End::Right => self.nodes.len() - 1 - seen,
            };
            let count = self.nodes.len();
            let here = self.nodes[at].with(|stretch| match stretch {
                Stretch::Pack(pack) => pack.iter().any(|item| item == wanted),
                Stretch::Plain(item) => Item::of(item) == wanted,
            });
            if here {
                let in_pack =
                    self.edit(at, |pack| remove_in_pack(pack, wanted, from, most - removed));
                removed += in_pack.unwrap_or_else(|| {
                    self.remove(at);
                    1
                });
                if limits.list_compress_depth > 0 && self.nodes.len() == count {
                    self.compress(at);
                }
            }
            seen += usize::from(self.nodes.len() == count);
        }
        self.settle(limits);
        removed
    }

    /// Compresses the blocks that have come to lie inside, and decompresses those at the ends. Only
    /// few can have changed their place: those next to the bounds. O(depth).
    fn settle(&mut self, limits: &Limits) {
        let depth = limits.list_compress_depth;
        let count = self.nodes.len();
        if depth == 0 {
            return;
        }
        for at in (0..depth.min(count)).chain(count.saturating_sub(depth)..count) {
            self.nodes[at].decompress_counted(&mut self.bytes);
        }
        /// A change makes two new blocks at most.
        const NEAR: usize = 3;
        let inner = depth..count.saturating_sub(depth);
        let begin = inner.clone().take(NEAR);
        for at in begin.chain(inner.clone().rev().take(NEAR)) {
            self.compress(at);
        }
    }

    fn compress(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        self.bytes -= node.memory_bytes();
        node.compress();
        self.bytes += node.memory_bytes();
    }
}

impl Node {
    fn decompress_counted(&mut self, bytes: &mut usize) {
        if matches!(self.body, Body::Compressed(_)) {
            *bytes -= self.memory_bytes();
            self.decompress();
            *bytes += self.memory_bytes();
        }
    }
}
