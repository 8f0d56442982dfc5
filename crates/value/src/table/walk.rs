//! Going through all items, from a cursor on, and picking one at random.

use stdx::rng::Rng;

use super::page::Page;
use super::{Item, Table};

/// So many pages are counted through for a random item; of more, one is drawn.
const PAGES_COUNTED_MAX: usize = 24;
/// A page is drawn as if this times denser than the mean were the densest there are.
const DENSITY_MAX: u64 = 4;

impl<const MAP: bool> Table<MAP> {
    #[inline]
    pub(super) fn page(&self, hash: u64) -> Page {
        self.segment(hash).page(hash)
    }

    /// All items, in the order of pages.
    #[inline]
    pub(crate) fn iter(&self) -> Iter<'_, MAP> {
        Iter { table: self, page: self.page(0), position: 0, index: 0 }
    }

    /// Visits about `count` items from a cursor on; answers the next one, 0 at the end.
    ///
    /// The cursor is a place in the order of hashes, with its bits reversed, so that it is small.
    /// All items of a page come at once: none is missed when pages are split or joined meanwhile.
    pub(crate) fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Item<'_>)) -> u64 {
        let mut position = cursor.reverse_bits();
        let mut visited = 0;
        loop {
            let page = self.page(position);
            (0..page.count()).for_each(|index| visit(self.read(page, index)));
            visited += page.count();
            match behind(position, page) {
                None => return 0,
                Some(next) if visited >= count => return next.reverse_bits(),
                Some(next) => position = next,
            }
        }
    }

    /// A random item. O(1) on average.
    ///
    /// Each is as likely, but for those of pages (there are next to none) in whose range are more
    /// than four times as many as on average.
    pub(crate) fn random(&self, rng: &mut Rng) -> Option<Item<'_>> {
        if self.len == 0 {
            return None;
        }
        if self.pages <= PAGES_COUNTED_MAX {
            let mut rank = rng.below(self.len as u64) as usize;
            let mut position = 0;
            loop {
                let page = self.page(position);
                if rank < page.count() {
                    return Some(self.read(page, rank));
                }
                rank -= page.count();
                position = behind(position, page).expect("all pages have `len` items together");
            }
        }
        loop {
            let page = self.page(rng.next_u64());
            let density = (page.count() as u64) << page.depth();
            if rng.below(self.len as u64 * DENSITY_MAX) < density {
                let index = rng.below(page.count() as u64) as usize;
                return Some(self.read(page, index));
            }
        }
    }
}

/// The bits of a hash behind its first `depth`.
#[inline]
pub(super) fn mask(depth: u8) -> u64 {
    u64::MAX.checked_shr(depth.into()).unwrap_or(0)
}

/// Where the range of the page behind this one begins.
#[inline]
pub(super) fn behind(position: u64, page: Page) -> Option<u64> {
    (position | mask(page.depth())).checked_add(1)
}

/// All items of a table.
#[derive(Clone, Debug)]
pub(crate) struct Iter<'a, const MAP: bool> {
    table: &'a Table<MAP>,
    page: Page,
    position: u64,
    index: usize,
}

impl<'a, const MAP: bool> Iterator for Iter<'a, MAP> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        while self.index == self.page.count() {
            self.position = behind(self.position, self.page)?;
            self.page = self.table.page(self.position);
            self.index = 0;
        }
        self.index += 1;
        Some(self.table.read(self.page, self.index - 1))
    }
}
