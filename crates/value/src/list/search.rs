//! Finding and removing elements by what they are.

use std::ops::ControlFlow;

use super::{End, Form, List};
use crate::Limits;
use crate::listpack::{Item, Listpack};

impl List {
    /// The first position of an element. O(n).
    pub fn find(&self, wanted: &[u8]) -> Option<usize> {
        let wanted = Item::of(wanted);
        let mut found = None;
        let _ = self.walk(0, |position, item| {
            if item == wanted {
                found = Some(position);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// Removes up to `most` elements that are `wanted`, counted from an end; answers how many. O(n).
    pub fn remove(&mut self, wanted: &[u8], from: End, most: usize, limits: &Limits) -> usize {
        let wanted = Item::of(wanted);
        match &mut self.form {
            Form::Packed(pack) => remove_in_pack(pack, wanted, from, most),
            Form::Blocks(blocks) => {
                let removed = blocks.remove_equal(wanted, from, most, limits);
                self.pack_if_small(limits);
                removed
            }
        }
    }
}

/// Removes up to `most` elements of a listpack that are `wanted`, counted from an end; answers how
/// many.
pub(super) fn remove_in_pack(
    pack: &mut Listpack,
    wanted: Item<'_>,
    from: End,
    most: usize,
) -> usize {
    let mut removed = 0;
    let mut at = match from {
        End::Left => pack.first(),
        End::Right => pack.last(),
    };
    while let Some(here) = at
        && removed < most
    {
        let is_wanted = pack.get(here) == wanted;
        // Removing leaves what is before in its place, and what is behind there.
        at = match from {
            End::Left if is_wanted => pack.remove(here),
            End::Left => pack.next(here),
            End::Right => {
                let before = pack.prev(here);
                if is_wanted {
                    pack.remove(here);
                }
                before
            }
        };
        removed += usize::from(is_wanted);
    }
    removed
}
