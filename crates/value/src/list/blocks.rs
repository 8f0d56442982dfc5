//! A large list: blocks in a row, of which the inner ones may be compressed.
//!
//! Invariants:
//! - no block is empty;
//! - with a compress depth, so many blocks at each end are not compressed.

use std::ops::ControlFlow;

use super::node::{Body, Node};
use super::nodes::Nodes;
use super::search::remove_in_pack;
use super::{End, Stretch, size, walk_pack, walk_pack_back};
use crate::Limits;
use crate::listpack::{Item, Listpack};

/// A small list's elements lie in so many blocks at most.
const SMALL_COUNT: usize = 3;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    nodes: Nodes,
}

impl Blocks {
    pub(super) fn from_pack(pack: Listpack, limits: &Limits) -> Self {
        let mut blocks = Self { nodes: Nodes::default() };
        if size::exceeds(limits, pack.byte_len(), pack.len()) {
            // The bound is lower than when it grew.
            let mut text = stdx::number::Decimal::new();
            for item in pack.iter() {
                blocks.push(End::Right, item.bytes(&mut text), limits);
            }
        } else if !pack.is_empty() {
            blocks.nodes.insert(0, Node::pack(pack));
        }
        blocks
    }

    pub(super) fn nodes_mut(&mut self) -> &mut Nodes {
        &mut self.nodes
    }

    #[cfg(test)]
    pub(super) fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    #[inline]
    pub(super) fn walk_id(&self) -> Option<u64> {
        self.nodes.walk_id()
    }

    #[inline]
    pub(super) fn node_count(&self) -> usize {
        self.nodes.count()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.nodes.memory_bytes() + stdx::alloc::block_bytes(size_of::<Self>())
    }

    /// All elements as one listpack, if they are few.
    pub(super) fn take_if_small(&mut self, limits: &Limits) -> Option<Listpack> {
        let count = self.nodes.count();
        // A walk goes through blocks.
        if count > SMALL_COUNT || self.nodes.walk_id().is_some() {
            return None;
        }
        let mut bytes = 0;
        for node in self.nodes.iter_from(0) {
            bytes += node.pack_bytes()?;
        }
        if !size::is_small(limits, bytes, self.nodes.len()) {
            return None;
        }
        let mut all = Listpack::new();
        for at in 0..count {
            let taken = self.nodes.edit(at, |node| node.pack_mut().map(std::mem::take));
            match taken {
                Some(pack) if at == 0 => all = pack,
                Some(pack) => all.append(&pack),
                None => {}
            }
        }
        Some(all)
    }

    pub(super) fn stretches(&self, mut visit: impl FnMut(Stretch<'_>)) {
        for node in self.nodes.iter_from(0) {
            node.with(&mut visit);
        }
    }

    /// Changes a block's listpack; a block that is left empty goes. Nothing happens to one that is
    /// a large element.
    #[inline]
    fn edit<R>(&mut self, at: usize, change: impl FnOnce(&mut Listpack) -> R) -> Option<R> {
        let (result, is_empty) = self.nodes.edit(at, |node| {
            let result = node.pack_mut().map(change);
            if let Body::Pack(pack) = &node.body {
                node.len = pack.len();
            }
            (result, node.len == 0)
        });
        if is_empty {
            self.nodes.remove(at);
        }
        result
    }

    /// Whether a block takes another element.
    fn has_room(&self, at: usize, item: &[u8], limits: &Limits) -> bool {
        match self.nodes.get(at) {
            Some(Node { body: Body::Pack(pack), len, .. }) => {
                !size::exceeds(limits, pack.byte_len() + Listpack::bytes_for(item), len + 1)
            }
            _ => false,
        }
    }

    pub(super) fn push(&mut self, end: End, item: &[u8], limits: &Limits) {
        let is_plain = size::is_plain(limits, item.len());
        let count = self.nodes.count();
        match end {
            End::Right => {
                let last = count.saturating_sub(1);
                if !is_plain && self.has_room(last, item, limits) {
                    self.edit(last, |pack| pack.push(item));
                    return;
                }
                self.nodes.insert(count, Node::one(item, is_plain));
            }
            End::Left => {
                if !is_plain && self.front_has_room(item, limits) {
                    self.edit(0, |pack| pack.push_front(item));
                    return;
                }
                self.join(0, limits);
                self.nodes.insert(0, Node::one(item, is_plain));
            }
        }
        self.settle(0, limits);
    }

    /// Whether the first block is a short one that takes another element.
    fn front_has_room(&self, item: &[u8], limits: &Limits) -> bool {
        match self.nodes.get(0) {
            Some(Node { body: Body::Pack(pack), len, .. }) => {
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
        let Some(Node { body: Body::Pack(back), .. }) = self.nodes.remove(at + 1) else {
            return false;
        };
        self.edit(at, |pack| pack.append(&back));
        true
    }

    pub(super) fn peek(&self, end: End) -> Option<Item<'_>> {
        match end {
            End::Left => self.nodes.get(0)?.end(false),
            End::Right => self.nodes.back()?.end(true),
        }
    }

    pub(super) fn drop_end(&mut self, end: End, limits: &Limits) {
        let at = match end {
            End::Left => 0,
            End::Right => self.nodes.count().saturating_sub(1),
        };
        match self.nodes.get(at) {
            None => {}
            Some(node) if node.len == 1 => {
                self.nodes.remove(at);
                self.settle(0, limits);
            }
            Some(_) => {
                if end == End::Left && limits.list_compress_depth == 0 {
                    self.shorten_front(limits);
                }
                self.edit(at, |pack| {
                    let element = match end {
                        End::Left => pack.first(),
                        End::Right => pack.last(),
                    };
                    element.map(|element| pack.remove(element));
                });
            }
        }
    }

    fn is_plain(&self, at: usize) -> bool {
        matches!(self.nodes.get(at), Some(Node { body: Body::Plain(_), .. }))
    }

    /// Divides a full first block, of which elements are to be taken: each moves all that are
    /// behind it in the block.
    fn shorten_front(&mut self, limits: &Limits) {
        let Some(Node { body: Body::Pack(pack), .. }) = self.nodes.get(0) else { return };
        let most = size::front_bytes(limits);
        if pack.byte_len() <= 2 * most {
            return;
        }
        let rest = pack.seek_byte(most).and_then(|at| self.edit(0, |pack| pack.split_off(at)));
        if let Some(rest) = rest {
            self.nodes.insert(1, Node::pack(rest));
        }
    }

    pub(super) fn walk(
        &self,
        from: usize,
        visit: &mut impl FnMut(usize, Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some((first, mut within)) = self.nodes.locate(from) else {
            return ControlFlow::Continue(());
        };
        let mut base = from - within;
        for node in self.nodes.iter_from(first) {
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
        let Some((first, within)) = self.nodes.locate(from) else {
            return ControlFlow::Continue(());
        };
        let mut base = from - within;
        let mut within = Some(within);
        for node in self.nodes.iter_back_from(first) {
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
        let Some((at, within)) = self.nodes.locate(position) else { return };
        let is_plain = size::is_plain(limits, item.len());
        if is_plain || self.is_plain(at) {
            // Another kind of block.
            self.remove_range(position, 1, limits);
            self.insert(position, item, limits);
            return;
        }
        self.edit(at, |pack| {
            if let Some(element) = pack.seek(within as isize) {
                pack.replace(element, item);
            }
        });
        self.divide_if_large(at, limits);
        self.settle(at, limits);
    }

    pub(super) fn insert(&mut self, position: usize, item: &[u8], limits: &Limits) {
        let Some((at, within)) = self.nodes.locate(position) else {
            return self.push(End::Right, item, limits);
        };
        let is_plain = size::is_plain(limits, item.len());
        self.nodes.edit(at, Node::decompress);
        if !is_plain && self.has_room(at, item, limits) {
            self.edit(at, |pack| {
                pack.seek(within as isize).map(|element| pack.insert(element, item));
            });
        } else if within == 0 {
            if !is_plain && at > 0 && self.has_room(at - 1, item, limits) {
                self.edit(at - 1, |pack| pack.push(item));
            } else {
                self.nodes.insert(at, Node::one(item, is_plain));
            }
        } else {
            // In the middle of a full block: both halves have room then.
            let rest = self
                .edit(at, |pack| pack.seek(within as isize).map(|element| pack.split_off(element)));
            if let Some(Some(rest)) = rest {
                self.nodes.insert(at + 1, Node::pack(rest));
            }
            if !is_plain && self.has_room(at, item, limits) {
                self.edit(at, |pack| pack.push(item));
            } else {
                self.nodes.insert(at + 1, Node::one(item, is_plain));
            }
        }
        self.settle(at, limits);
    }

    /// Divides a block in two that an element of another size has made too large.
    fn divide_if_large(&mut self, at: usize, limits: &Limits) {
        let Some(Node { body: Body::Pack(pack), len, .. }) = self.nodes.get(at) else { return };
        if *len < 2 || !size::exceeds(limits, pack.byte_len(), *len) {
            return;
        }
        let half = (*len / 2) as isize;
        let rest = self.edit(at, |pack| pack.seek(half).map(|element| pack.split_off(element)));
        if let Some(Some(rest)) = rest {
            self.nodes.insert(at + 1, Node::pack(rest));
        }
    }

    pub(super) fn remove_range(&mut self, from: usize, count: usize, limits: &Limits) {
        let Some((first, within)) = self.nodes.locate(from) else { return };
        let mut left = count.min(self.nodes.len() - from);
        let mut at = first;
        if within > 0 {
            let first_len = self.nodes.get(first).map_or(0, |node| node.len);
            let here = left.min(first_len - within);
            self.remove_part(first, within, here);
            left -= here;
            at += 1;
        }
        let mut whole = 0;
        for node in self.nodes.iter_from(at) {
            if node.len > left {
                break;
            }
            left -= node.len;
            whole += 1;
        }
        self.nodes.remove_range(at..at + whole);
        if left > 0 {
            self.remove_part(at, 0, left);
        }
        // What is left on both sides may fit into one block.
        self.join(first, limits);
        if first > 0 {
            self.join(first - 1, limits);
        }
        self.settle(first, limits);
    }

    fn remove_part(&mut self, at: usize, from: usize, count: usize) {
        self.edit(at, |pack| {
            pack.seek(from as isize).map(|element| pack.remove_range(element, count));
        });
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
        while seen < self.nodes.count() && removed < most {
            let count = self.nodes.count();
            let at = match from {
                End::Left => seen,
                End::Right => count - 1 - seen,
            };
            if self.has(at, wanted) {
                removed += self.remove_equal_in(at, wanted, from, most - removed);
                if self.nodes.count() == count {
                    // What is left may fit into the block that was seen before.
                    match from {
                        End::Left => at > 0 && self.join(at - 1, limits),
                        End::Right => self.join(at, limits),
                    };
                    self.settle(at, limits);
                }
            }
            seen += usize::from(self.nodes.count() == count);
        }
        self.settle(0, limits);
        removed
    }

    /// Whether a block has an element.
    fn has(&self, at: usize, wanted: Item<'_>) -> bool {
        self.nodes.get(at).is_some_and(|node| {
            node.with(|stretch| match stretch {
                Stretch::Pack(pack) => pack.iter().any(|item| item == wanted),
                Stretch::Plain(item) => Item::of(item) == wanted,
            })
        })
    }

    /// [`Self::remove_equal`] in one block, which has some.
    fn remove_equal_in(&mut self, at: usize, wanted: Item<'_>, from: End, most: usize) -> usize {
        let in_pack = self.edit(at, |pack| remove_in_pack(pack, wanted, from, most));
        in_pack.unwrap_or_else(|| {
            self.nodes.remove(at);
            1
        })
    }

    /// Compresses the blocks that have come to lie inside or are `near` a change, and decompresses
    /// those at the ends. O(depth).
    fn settle(&mut self, near: usize, limits: &Limits) {
        let depth = limits.list_compress_depth;
        if depth == 0 {
            return;
        }
        let count = self.nodes.count();
        for at in (0..depth.min(count)).chain(count.saturating_sub(depth)..count) {
            self.nodes.edit(at, Node::decompress);
        }
        /// A change makes two new blocks at most.
        const NEAR: usize = 3;
        let inner = depth..count.saturating_sub(depth);
        let bounds = inner.clone().take(NEAR).chain(inner.clone().rev().take(NEAR));
        let changed = near.saturating_sub(1)..near.saturating_add(NEAR);
        for at in bounds.chain(changed).filter(|at| inner.contains(at)) {
            self.nodes.edit(at, Node::compress);
        }
    }
}
