//! Blocks in a row, found by the positions of their elements: rows of blocks, each of which knows
//! how many elements it has, so that a list of ten million is searched in a few hundred steps.
//!
//! Invariants:
//! - no row is empty, and none has more than [`ROW_MAX`] blocks;
//! - all counts are the sums of what they count.

use std::collections::VecDeque;
use std::ops::Range;

use stdx::alloc::block_bytes;

use super::node::Node;
use super::unhurried::set_aside;
use crate::walk::Slot;

/// Blocks of a row.
const ROW_MAX: usize = 128;

/// See the module. Blocks are numbered from 0.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    rows: VecDeque<Row>,
    /// Blocks of all rows.
    count: usize,
    /// Elements of all blocks.
    len: usize,
    /// Heap bytes of the blocks and of the rows' own buffers.
    bytes: usize,
    /// A walk through all blocks as they were when it began.
    pub(super) walk: Slot<Node>,
    /// The block that it comes to next.
    pub(super) cursor: usize,
}

#[derive(Debug, Default)]
struct Row {
    nodes: VecDeque<Node>,
    /// Elements of its blocks.
    len: usize,
}

impl Row {
    fn buffer_bytes(&self) -> usize {
        block_bytes(self.nodes.capacity() * size_of::<Node>())
    }
}

impl Nodes {
    /// How many blocks there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// How many elements there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Heap bytes behind it. O(1).
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes + block_bytes(self.rows.capacity() * size_of::<Row>())
    }

    /// The row of a block that may be the next to come, and the block's number within. O(rows to
    /// the nearer end).
    #[inline]
    fn place(&self, at: usize) -> (usize, usize) {
        if at <= self.count / 2 {
            let mut within = at;
            for (row, nodes) in self.rows.iter().map(|row| row.nodes.len()).enumerate() {
                if within < nodes {
                    return (row, within);
                }
                within -= nodes;
            }
        } else {
            let mut behind = self.count.saturating_sub(at);
            for (row, nodes) in self.rows.iter().map(|row| row.nodes.len()).enumerate().rev() {
                if behind <= nodes {
                    return (row, nodes - behind);
                }
                behind -= nodes;
            }
        }
        (self.rows.len().saturating_sub(1), self.rows.back().map_or(0, |row| row.nodes.len()))
    }

    /// A block.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&Node> {
        let (row, within) = self.place(at);
        self.rows.get(row)?.nodes.get(within)
    }

    /// The last block.
    #[inline]
    pub(super) fn back(&self) -> Option<&Node> {
        self.rows.back()?.nodes.back()
    }

    /// Changes a block, which exists.
    #[inline]
    pub(super) fn edit<R>(&mut self, at: usize, change: impl FnOnce(&mut Node) -> R) -> R {
        let (row, within) = self.place(at);
        let row = &mut self.rows[row];
        let node = &mut row.nodes[within];
        set_aside(&mut self.walk, node);
        let (len, bytes) = (node.len, node.memory_bytes());
        let result = change(node);
        row.len = row.len - len + node.len;
        self.len = self.len - len + node.len;
        self.bytes = self.bytes - bytes + node.memory_bytes();
        result
    }

    /// Adds a block, which gets this number.
    pub(super) fn insert(&mut self, at: usize, node: Node) {
        if self.rows.is_empty() {
            self.rows.push_back(Row::default());
        }
        let (mut row, mut within) = self.place(at);
        if self.rows[row].nodes.len() == ROW_MAX {
            (row, within) = self.make_room(row, within);
        }
        self.cursor += usize::from(at <= self.cursor);
        self.count += 1;
        self.len += node.len;
        self.bytes += node.memory_bytes();
        let row = &mut self.rows[row];
        self.bytes -= row.buffer_bytes();
        row.len += node.len;
        row.nodes.insert(within, node);
        self.bytes += row.buffer_bytes();
    }

    /// Room in or beside a full row, for a block with this number within it.
    fn make_room(&mut self, row: usize, within: usize) -> (usize, usize) {
        match within {
            0 => {
                self.rows.insert(row, Row::default());
                (row, 0)
            }
            ROW_MAX => {
                self.rows.insert(row + 1, Row::default());
                (row + 1, 0)
            }
            _ => {
                let full = &mut self.rows[row];
                let nodes = full.nodes.split_off(ROW_MAX / 2);
                let rest = Row { len: nodes.iter().map(|node| node.len).sum(), nodes };
                full.len -= rest.len;
                self.bytes += rest.buffer_bytes();
                self.rows.insert(row + 1, rest);
                match within.checked_sub(ROW_MAX / 2) {
                    Some(within) => (row + 1, within),
                    None => (row, within),
                }
            }
        }
    }

    /// Removes a block, if there is one.
    pub(super) fn remove(&mut self, at: usize) -> Option<Node> {
        let number = at;
        let (at, within) = self.place(at);
        let row = self.rows.get_mut(at)?;
        let mut node = row.nodes.remove(within)?;
        set_aside(&mut self.walk, &mut node);
        self.cursor -= usize::from(number < self.cursor);
        row.len -= node.len;
        self.count -= 1;
        self.len -= node.len;
        self.bytes -= node.memory_bytes();
        self.tidy(at);
        Some(node)
    }

    /// Removes some blocks.
    pub(super) fn remove_range(&mut self, blocks: Range<usize>) {
        let mut left = blocks.len().min(self.count.saturating_sub(blocks.start));
        self.cursor -= left.min(self.cursor.saturating_sub(blocks.start));
        while left > 0 {
            let (at, within) = self.place(blocks.start);
            let row = &mut self.rows[at];
            let here = left.min(row.nodes.len() - within);
            for mut node in row.nodes.drain(within..within + here) {
                set_aside(&mut self.walk, &mut node);
                row.len -= node.len;
                self.len -= node.len;
                self.bytes -= node.memory_bytes();
            }
            self.count -= here;
            left -= here;
            self.tidy(at);
        }
    }

    /// Removes a row that has become empty; joins one that has become short with the next.
    fn tidy(&mut self, at: usize) {
        let Some(row) = self.rows.get(at) else { return };
        let next = self.rows.get(at + 1).map_or(ROW_MAX, |row| row.nodes.len());
        if row.nodes.is_empty() {
            self.bytes -= row.buffer_bytes();
            self.rows.remove(at);
        } else if row.nodes.len() + next <= ROW_MAX / 2
            && let Some(mut next) = self.rows.remove(at + 1)
        {
            let row = &mut self.rows[at];
            self.bytes -= row.buffer_bytes() + next.buffer_bytes();
            row.len += next.len;
            row.nodes.append(&mut next.nodes);
            self.bytes += row.buffer_bytes();
        }
    }

    /// The block with an element, and the element's position within. O(rows to the nearer end).
    pub(super) fn locate(&self, position: usize) -> Option<(usize, usize)> {
        if position >= self.len {
            return None;
        }
        let (mut at, mut within, row) = self.locate_row(position)?;
        for node in &row.nodes {
            if within < node.len {
                return Some((at, within));
            }
            within -= node.len;
            at += 1;
        }
        None
    }

    /// The row with an element, its first block's number, and the element's position within.
    fn locate_row(&self, position: usize) -> Option<(usize, usize, &Row)> {
        if position <= self.len / 2 {
            let (mut at, mut within) = (0, position);
            for row in &self.rows {
                if within < row.len {
                    return Some((at, within, row));
                }
                within -= row.len;
                at += row.nodes.len();
            }
        } else {
            let (mut at, mut behind) = (self.count, self.len - position);
            for row in self.rows.iter().rev() {
                at -= row.nodes.len();
                if behind <= row.len {
                    return Some((at, row.len - behind, row));
                }
                behind -= row.len;
            }
        }
        None
    }

    /// All blocks, to give them numbers.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.rows.iter_mut().flat_map(|row| &mut row.nodes)
    }

    /// The blocks from one on.
    pub(super) fn iter_from(&self, at: usize) -> impl Iterator<Item = &Node> {
        let (first, within) = self.place(at);
        let rows = self.rows.range(first.min(self.rows.len())..).enumerate();
        rows.flat_map(move |(row, nodes)| nodes.nodes.range(if row == 0 { within } else { 0 }..))
    }

    /// The blocks from one, which exists, back to the first.
    pub(super) fn iter_back_from(&self, at: usize) -> impl Iterator<Item = &Node> {
        let (last, within) = self.place(at);
        let rows = self.rows.range(..=last).rev().enumerate();
        rows.flat_map(move |(row, nodes)| {
            let end = if row == 0 { within + 1 } else { nodes.nodes.len() };
            nodes.nodes.range(..end).rev()
        })
    }
}

impl Clone for Nodes {
    fn clone(&self) -> Self {
        let clone = |row: &Row| Row { nodes: row.nodes.clone(), len: row.len };
        let rows: VecDeque<Row> = self.rows.iter().map(clone).collect();
        // The copies' buffers have no room to spare.
        let buffers = |rows: &VecDeque<Row>| rows.iter().map(Row::buffer_bytes).sum::<usize>();
        let bytes = self.bytes - buffers(&self.rows) + buffers(&rows);
        let (walk, cursor) = (Slot::default(), 0);
        Self { rows, count: self.count, len: self.len, bytes, walk, cursor }
    }
}

#[cfg(test)]
impl Nodes {
    /// The invariants.
    pub(super) fn check(&self) {
        let (mut count, mut len, mut bytes) = (0, 0, 0);
        for row in &self.rows {
            assert!((1..=ROW_MAX).contains(&row.nodes.len()));
            assert_eq!(row.len, row.nodes.iter().map(|node| node.len).sum::<usize>());
            count += row.nodes.len();
            len += row.len;
            bytes += row.nodes.iter().map(Node::memory_bytes).sum::<usize>() + row.buffer_bytes();
        }
        assert_eq!((count, len, bytes), (self.count, self.len, self.bytes));
    }
}

#[cfg(test)]
mod tests;
