//! The list: one listpack while small, else blocks of them.

mod blocks;
mod node;
mod nodes;
mod search;
mod size;
mod unhurried;

use std::ops::ControlFlow;

use self::blocks::Blocks;
use crate::listpack::{Item, Listpack};
use crate::{Limits, Part};

/// See the module. Positions are counted from 0.
#[derive(Clone, Debug)]
pub struct List {
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Packed(Listpack),
    Blocks(Box<Blocks>),
}

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The first element.
    Left,
    /// The last element.
    Right,
}

/// A stretch of a list as DUMP writes it.
#[derive(Debug)]
pub enum Stretch<'a> {
    /// Several elements.
    Pack(&'a Listpack),
    /// One, of its own.
    Plain(&'a [u8]),
}

impl Default for List {
    fn default() -> Self {
        Self::new()
    }
}

impl List {
    /// An empty one.
    pub fn new() -> Self {
        Self { form: Form::Packed(Listpack::new()) }
    }

    /// How many elements there are. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Packed(pack) => pack.len(),
            Form::Blocks(blocks) => blocks.len(),
        }
    }

    /// Whether it has no elements.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match &self.form {
            Form::Packed(pack) => pack.is_empty(),
            Form::Blocks(blocks) => blocks.len() == 0,
        }
    }

    /// The name of the encoding, as `OBJECT ENCODING` answers it.
    pub fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Packed(_) => "listpack",
            Form::Blocks(_) => "quicklist",
        }
    }

    /// Heap bytes behind it. O(1).
    pub fn memory_bytes(&self) -> usize {
        match &self.form {
            Form::Packed(pack) => pack.memory_bytes(),
            Form::Blocks(blocks) => blocks.memory_bytes(),
        }
    }

    /// What freeing it costs, about in allocations. O(1).
    pub fn free_effort(&self) -> usize {
        match &self.form {
            Form::Packed(_) => 1,
            Form::Blocks(blocks) => blocks.node_count(),
        }
    }

    /// The listpack of a small list.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.form {
            Form::Packed(pack) => Some(pack),
            Form::Blocks(_) => None,
        }
    }

    /// How many blocks there are.
    pub fn block_count(&self) -> usize {
        match &self.form {
            Form::Packed(_) => 1,
            Form::Blocks(blocks) => blocks.node_count(),
        }
    }

    /// Visits all elements block by block.
    pub fn stretches(&self, mut visit: impl FnMut(Stretch<'_>)) {
        match &self.form {
            Form::Packed(pack) => visit(Stretch::Pack(pack)),
            Form::Blocks(blocks) => blocks.stretches(visit),
        }
    }

    pub(crate) fn begin_walk(&mut self, id: u64) -> bool {
        let Form::Blocks(blocks) = &mut self.form else { return false };
        blocks.nodes_mut().begin_walk(id);
        true
    }

    #[inline]
    pub(crate) fn walk_id(&self) -> Option<u64> {
        let Form::Blocks(blocks) = &self.form else { return None };
        blocks.walk_id()
    }

    pub(crate) fn walk_on(&mut self, parts: usize, visit: impl FnMut(Part<'_>)) -> bool {
        let Form::Blocks(blocks) = &mut self.form else { return false };
        blocks.nodes_mut().walk_on(parts, visit)
    }

    pub(crate) fn end_walk(&mut self) {
        if let Form::Blocks(blocks) = &mut self.form {
            blocks.nodes_mut().end_walk();
        }
    }

    /// Makes ready for more elements: to be called before so many, of so many bytes in all, are
    /// added, so that the form is the one that Redis would choose. O(n) when the form changes.
    pub fn expect(&mut self, more: usize, more_bytes: usize, limits: &Limits) {
        if let Form::Packed(pack) = &self.form
            && size::exceeds(limits, pack.byte_len() + more_bytes, pack.len() + more)
        {
            self.unpack(limits);
        }
    }

    fn unpack(&mut self, limits: &Limits) {
        if let Form::Packed(pack) = &mut self.form {
            let pack = std::mem::take(pack);
            self.form = Form::Blocks(Box::new(Blocks::from_pack(pack, limits)));
        }
    }

    /// Becomes one listpack again if that would be well filled at most by half.
    fn pack_if_small(&mut self, limits: &Limits) {
        if let Form::Blocks(blocks) = &mut self.form
            && let Some(pack) = blocks.take_if_small(limits)
        {
            self.form = Form::Packed(pack);
        }
    }

    /// Adds an element at an end. Amortised O(1).
    #[inline]
    pub fn push(&mut self, end: End, item: &[u8], limits: &Limits) {
        self.expect(1, item.len(), limits);
        match &mut self.form {
            Form::Packed(pack) => match end {
                End::Left => pack.push_front(item),
                End::Right => pack.push(item),
            },
            Form::Blocks(blocks) => blocks.push(end, item, limits),
        }
    }

    /// The element at an end.
    #[inline]
    pub fn peek(&self, end: End) -> Option<Item<'_>> {
        match &self.form {
            Form::Packed(pack) => {
                let at = match end {
                    End::Left => pack.first(),
                    End::Right => pack.last(),
                };
                at.map(|at| pack.get(at))
            }
            Form::Blocks(blocks) => blocks.peek(end),
        }
    }

    /// Removes the element at an end, if there is one. Amortised O(1).
    #[inline]
    pub fn drop_end(&mut self, end: End, limits: &Limits) {
        match &mut self.form {
            Form::Packed(pack) => {
                let at = match end {
                    End::Left => pack.first(),
                    End::Right => pack.last(),
                };
                if let Some(at) = at {
                    pack.remove(at);
                }
            }
            Form::Blocks(blocks) => {
                blocks.drop_end(end, limits);
                self.pack_if_small(limits);
            }
        }
    }

    /// The position that an index means, which counts from the end if negative.
    pub fn position(&self, index: i64) -> Option<usize> {
        let len = self.len();
        let position = match usize::try_from(index) {
            Ok(index) => index,
            Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
        };
        (position < len).then_some(position)
    }

    /// Visits up to `count` elements from a position on. O(blocks + count), and the distance within
    /// a block.
    pub fn range(&self, from: usize, count: usize, mut visit: impl FnMut(Item<'_>)) {
        let mut left = count;
        if left == 0 {
            return;
        }
        let _ = self.walk(from, |_, item| {
            visit(item);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }

    /// Visits up to `count` elements that are before a position, the last one first.
    pub fn range_back(&self, before: usize, count: usize, mut visit: impl FnMut(Item<'_>)) {
        let mut left = count.min(before);
        if left == 0 {
            return;
        }
        let _ = self.walk_back(before - 1, |_, item| {
            visit(item);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }

    /// Visits positions and elements from a position on, until told to stop.
    pub fn walk(
        &self,
        from: usize,
        mut visit: impl FnMut(usize, Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match &self.form {
            Form::Packed(pack) => walk_pack(pack, from, 0, &mut visit),
            Form::Blocks(blocks) => blocks.walk(from, &mut visit),
        }
    }

    /// Visits positions and elements from a position on towards the beginning, until told to stop.
    pub fn walk_back(
        &self,
        from: usize,
        mut visit: impl FnMut(usize, Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match &self.form {
            Form::Packed(pack) => walk_pack_back(pack, from, 0, &mut visit),
            Form::Blocks(blocks) => blocks.walk_back(from, &mut visit),
        }
    }

    /// Visits all elements.
    pub fn for_each(&self, visit: impl FnMut(Item<'_>)) {
        self.range(0, usize::MAX, visit);
    }

    /// Puts another element in the place of one, which exists. O(blocks).
    pub fn set(&mut self, position: usize, item: &[u8], limits: &Limits) {
        // One more, because that is how Redis counts.
        self.expect(1, item.len(), limits);
        match &mut self.form {
            Form::Packed(pack) => {
                if let Some(at) = pack.seek(position as isize) {
                    pack.replace(at, item);
                }
            }
            Form::Blocks(blocks) => {
                blocks.set(position, item, limits);
                self.pack_if_small(limits);
            }
        }
    }

    /// Adds an element before the one at a position, which may be the end. O(blocks).
    pub fn insert(&mut self, position: usize, item: &[u8], limits: &Limits) {
        self.expect(1, item.len(), limits);
        if position == self.len() {
            return self.push(End::Right, item, limits);
        }
        match &mut self.form {
            Form::Packed(pack) => {
                if let Some(at) = pack.seek(position as isize) {
                    pack.insert(at, item);
                }
            }
            Form::Blocks(blocks) => blocks.insert(position, item, limits),
        }
    }

    /// Removes up to `count` elements from a position on. O(blocks).
    pub fn remove_range(&mut self, from: usize, count: usize, limits: &Limits) {
        match &mut self.form {
            Form::Packed(pack) => {
                if let Some(at) = pack.seek(from as isize) {
                    pack.remove_range(at, count);
                }
            }
            Form::Blocks(blocks) => {
                blocks.remove_range(from, count, limits);
                self.pack_if_small(limits);
            }
        }
    }
}

/// Visits a listpack's elements from one on; its first has the position `base`.
fn walk_pack(
    pack: &Listpack,
    from: usize,
    base: usize,
    visit: &mut impl FnMut(usize, Item<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut at = pack.seek(from as isize);
    let mut position = base + from;
    while let Some(here) = at {
        visit(position, pack.get(here))?;
        at = pack.next(here);
        position += 1;
    }
    ControlFlow::Continue(())
}

/// [`walk_pack`] towards the beginning.
fn walk_pack_back(
    pack: &Listpack,
    from: usize,
    base: usize,
    visit: &mut impl FnMut(usize, Item<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut at = pack.seek(from as isize);
    let mut position = base + from;
    while let Some(here) = at {
        visit(position, pack.get(here))?;
        at = pack.prev(here);
        position = position.wrapping_sub(1);
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests;
