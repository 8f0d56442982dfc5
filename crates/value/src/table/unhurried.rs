//! Going through the items of a table bit by bit: see [`crate::walk`]. An item's place is its hash
//! and its key, so that pages may be split and joined meanwhile.

use super::page::Page;
use super::walk::{behind, mask};
use super::{Item, Table, hash};
use crate::walk::{Go, Turn};

const HASH_BYTES: usize = size_of::<u64>();

/// What an item was, beyond its key.
#[derive(Debug)]
pub(crate) struct Kept {
    value: Box<[u8]>,
    deadline_ms: Option<i64>,
}

impl Kept {
    fn item<'a>(&'a self, place: &'a [u8]) -> Item<'a> {
        let key = &place[HASH_BYTES..];
        Item { key, value: &self.value, deadline_ms: self.deadline_ms }
    }
}

/// Where an item stands.
pub(super) fn place(hash: u64, key: &[u8]) -> Vec<u8> {
    [&hash.to_be_bytes(), key].concat()
}

impl<const MAP: bool> Table<MAP> {
    /// Before an item is removed: a walk sees it.
    #[cold]
    pub(super) fn set_aside(&mut self, page: Page, index: usize) {
        let Item { key, value, deadline_ms } = self.read(page, index);
        let (place, kept) = (place(hash(key), key), Kept { value: value.into(), deadline_ms });
        if let Some(walk) = self.walk.get() {
            walk.before_removal(&place, || kept);
        }
    }

    /// Tells about so many items more; whether there are others.
    pub(crate) fn walk_on(&mut self, parts: usize, mut visit: impl FnMut(Item<'_>)) -> bool {
        let Some(mut go) = self.walk.go(parts) else { return false };
        let mut position = go.next().first_chunk().map_or(0, |hash| u64::from_be_bytes(*hash));
        let mut is_within = go.next().len() > HASH_BYTES;
        let has_more = loop {
            let page = self.page(position);
            is_within |= position & mask(page.depth()) != 0;
            let end = behind(position, page);
            if go.is_quiet() && !is_within {
                // Nobody minds the order.
                (0..page.count()).for_each(|index| visit(self.read(page, index)));
                let Some(end) = end else { break false };
                go.skip_to(page.count(), &end.to_be_bytes());
                if go.is_over() {
                    break true;
                }
            } else if self.walk_page(page, &mut go, &mut visit) == Turn::Later {
                break true;
            }
            match end {
                Some(end) => position = end,
                None => break !go.finish(1, |place, kept| visit(kept.item(place))),
            }
            is_within = false;
        };
        if has_more {
            self.walk.put_back(go);
        }
        has_more
    }

    /// Tells of the items of a page those that are still to be told.
    fn walk_page(&self, page: Page, go: &mut Go<Kept>, visit: &mut impl FnMut(Item<'_>)) -> Turn {
        let items = (0..page.count()).map(|index| self.read(page, index));
        let mut items: Vec<_> = items.map(|item| (place(hash(item.key), item.key), item)).collect();
        items.retain(|(place, _)| &place[..] >= go.next());
        items.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (place, item) in items {
            let turn = go.come_to(1, |to| *to = place, |place, kept| visit(kept.item(place)));
            match turn {
                Turn::Tell => visit(item),
                Turn::Skip => {}
                Turn::Later => return Turn::Later,
            }
        }
        Turn::Tell
    }
}
