//! Going through the blocks of a large list bit by bit: see [`crate::walk`]. A block's place is its
//! number as of the walk's begin, which it has until it is changed: what is new has none.
//!
//! Invariant: during a walk, the blocks that have numbers are in the order of these; those before
//! `cursor` were told.

use super::node::Node;
use super::nodes::Nodes;
use crate::walk::{PARTS_PER_BLOCK, Part, Slot, Turn};

/// A block is about to be changed, or was removed: a walk sees it.
#[inline]
pub(super) fn set_aside(walk: &mut Slot<Node>, node: &mut Node) {
    if let Some(walk) = walk.get() {
        let number = std::mem::take(&mut node.number);
        if number > 0 {
            walk.before_removal(&number.to_be_bytes(), || node.clone());
        }
    }
}

impl Nodes {
    #[inline]
    pub(super) fn walk_id(&self) -> Option<u64> {
        self.walk.id()
    }

    /// O(blocks), and little for each.
    pub(super) fn begin_walk(&mut self, id: u64) {
        self.iter_mut().zip(1..).for_each(|(node, number)| node.number = number);
        self.cursor = 0;
        self.walk.begin(id);
    }

    pub(super) fn end_walk(&mut self) {
        self.walk.end();
    }

    /// Tells about so many parts more; whether there are others.
    pub(super) fn walk_on(&mut self, parts: usize, mut visit: impl FnMut(Part<'_>)) -> bool {
        let Some(mut go) = self.walk.go(parts) else { return false };
        let mut cursor = self.cursor;
        let mut has_more = false;
        for node in self.iter_from(cursor) {
            if node.number > 0 {
                let turn = go.come_to(
                    PARTS_PER_BLOCK,
                    |place| place.extend_from_slice(&node.number.to_be_bytes()),
                    |_, old| old.with(|stretch| visit(Part::Stretch(stretch))),
                );
                match turn {
                    Turn::Tell => node.with(|stretch| visit(Part::Stretch(stretch))),
                    Turn::Skip => {}
                    Turn::Later => {
                        has_more = true;
                        break;
                    }
                }
            }
            cursor += 1;
        }
        has_more = has_more
            || !go.finish(PARTS_PER_BLOCK, |_, old| {
                old.with(|stretch| visit(Part::Stretch(stretch)));
            });
        self.cursor = cursor;
        if has_more {
            self.walk.put_back(go);
        }
        has_more
    }
}
