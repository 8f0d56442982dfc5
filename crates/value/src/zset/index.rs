//! From members to the leaves that hold them: extendible hashing of pages.
//!
//! An entry is 32 bits of the member's hash and the number of its leaf; the member itself is only
//! in the leaf, so that whoever looks must compare there.
//!
//! Invariant: for each item of each leaf there is one entry, in the page for its hash.

use stdx::alloc::block_bytes;

/// A page with more entries is split.
const COUNT_MAX: usize = 64;
/// Two neighbours with fewer together are joined.
const JOINED_MAX: usize = 40;
/// No page is split further: entries keep no more bits of their hashes.
const DEPTH_MAX: u8 = 28;

/// The number of a leaf.
pub(super) type LeafId = u32;

#[derive(Clone, Debug, Default)]
struct Page {
    /// How many of the hash's highest bits all entries have in common.
    depth: u8,
    tags: Vec<u32>,
    leaves: Vec<LeafId>,
}

impl Page {
    fn memory_bytes(&self) -> usize {
        block_bytes(size_of::<Self>())
            + block_bytes(self.tags.capacity() * 4)
            + block_bytes(self.leaves.capacity() * 4)
    }

    fn push(&mut self, tag: u32, leaf: LeafId) {
        if self.tags.len() == self.tags.capacity() {
            let room = block_bytes((self.tags.len() + 1) * 4) / 4 - self.tags.len();
            self.tags.reserve_exact(room);
            self.leaves.reserve_exact(room);
        }
        self.tags.push(tag);
        self.leaves.push(leaf);
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// Numbers of pages, by the highest bits of the hash.
    slots: Vec<u32>,
    bits: u8,
    #[expect(clippy::vec_box, reason = "the row of pages grows, and must then move pointers only")]
    pages: Vec<Box<Page>>,
    free: Vec<u32>,
    bytes: usize,
}

/// What an entry keeps of a hash.
#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl Index {
    pub(super) fn new() -> Self {
        let page = Box::new(Page::default());
        let bytes = page.memory_bytes();
        Self { slots: vec![0], bits: 0, pages: vec![page], free: Vec::new(), bytes }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes + block_bytes(self.slots.capacity() * 4) + block_bytes(self.pages.capacity() * 8)
    }

    pub(super) fn page_count(&self) -> usize {
        self.pages.len() - self.free.len()
    }

    #[inline]
    fn slot(&self, tag: u32) -> usize {
        (u64::from(tag) >> (32 - self.bits)) as usize
    }

    #[inline]
    fn page(&self, tag: u32) -> &Page {
        &self.pages[self.slots[self.slot(tag)] as usize]
    }

    /// Changes the page for a tag.
    fn edit(&mut self, tag: u32, change: impl FnOnce(&mut Page)) {
        let page = self.slots[self.slot(tag)] as usize;
        let page = &mut self.pages[page];
        self.bytes -= page.memory_bytes();
        change(page);
        self.bytes += page.memory_bytes();
    }

    /// The leaves in which a member with this hash may be.
    #[inline]
    pub(super) fn candidates(&self, hash: u64) -> impl Iterator<Item = LeafId> + '_ {
        let (page, wanted) = (self.page(tag(hash)), tag(hash));
        let leaves = &page.leaves;
        page.tags
            .iter()
            .enumerate()
            .filter(move |(_, tag)| **tag == wanted)
            .map(move |(at, _)| leaves[at])
    }

    /// Begins to load the page for a hash.
    pub(super) fn prefetch_page(&self, hash: u64) {
        stdx::prefetch(self.page(tag(hash)));
    }

    /// Begins to load the entries of the page for a hash, once that is there.
    pub(super) fn prefetch_entries(&self, hash: u64) {
        let Page { tags, leaves, .. } = self.page(tag(hash));
        stdx::prefetch::slice(tags);
        stdx::prefetch::slice(leaves);
    }

    /// Adds an entry.
    pub(super) fn insert(&mut self, hash: u64, leaf: LeafId) {
        let tag = tag(hash);
        while self.page(tag).tags.len() >= COUNT_MAX && self.page(tag).depth < DEPTH_MAX {
            self.split(tag);
        }
        self.edit(tag, |page| page.push(tag, leaf));
    }

    /// Removes an entry.
    pub(super) fn remove(&mut self, hash: u64, leaf: LeafId) {
        let tag = tag(hash);
        self.edit(tag, |page| {
            let entries = page.tags.iter().zip(&page.leaves);
            let at = entries.into_iter().position(|entry| entry == (&tag, &leaf));
            let at = at.expect("each item has an entry");
            page.tags.swap_remove(at);
            page.leaves.swap_remove(at);
            if page.tags.len() * 2 < page.tags.capacity() {
                page.tags.shrink_to_fit();
                page.leaves.shrink_to_fit();
            }
        });
        while self.join(tag) {}
    }

    /// Notes that an item has moved from leaf to leaf.
    pub(super) fn relocate(&mut self, hash: u64, from: LeafId, to: LeafId) {
        let tag = tag(hash);
        let page = self.slots[self.slot(tag)] as usize;
        let page = &mut self.pages[page];
        let mut entries = page.tags.iter().zip(&mut page.leaves);
        let entry = entries.find(|(other, leaf)| **other == tag && **leaf == from);
        *entry.expect("each item has an entry").1 = to;
    }

    fn split(&mut self, tag: u32) {
        let slot = self.slot(tag);
        let number = self.slots[slot];
        let depth = self.pages[number as usize].depth;
        if depth == self.bits {
            self.slots = self.slots.iter().flat_map(|slot| [*slot; 2]).collect();
            self.bits += 1;
        }
        let old = std::mem::take(&mut *self.pages[number as usize]);
        self.bytes -= old.memory_bytes();
        let bit = 1u32 << (31 - depth);
        let mut halves = [(); 2].map(|()| Page { depth: depth + 1, ..Page::default() });
        for (tag, leaf) in old.tags.iter().zip(&old.leaves) {
            halves[usize::from(tag & bit != 0)].push(*tag, *leaf);
        }
        let [low, high] = halves;
        self.bytes += low.memory_bytes() + high.memory_bytes();
        *self.pages[number as usize] = low;
        let other = match self.free.pop() {
            Some(free) => {
                *self.pages[free as usize] = high;
                free
            }
            None => {
                self.pages.push(Box::new(high));
                (self.pages.len() - 1) as u32
            }
        };
        // The upper half of what was the old page's.
        let width = 1usize << (self.bits - depth);
        let first = self.slot(tag) / width * width;
        self.slots[first + width / 2..first + width].fill(other);
    }

    /// Joins the page for a tag with its neighbour, if they have few entries. The slots stay: they
    /// are a small part of what the pages were.
    fn join(&mut self, tag: u32) -> bool {
        let slot = self.slot(tag);
        let number = self.slots[slot];
        let page = &self.pages[number as usize];
        if page.depth == 0 || page.tags.len() > JOINED_MAX / 2 {
            return false;
        }
        let depth = page.depth;
        let width = 1usize << (self.bits - depth);
        let first = slot / width * width;
        let other = self.slots[first ^ width];
        let neighbour = &self.pages[other as usize];
        if neighbour.depth != depth || page.tags.len() + neighbour.tags.len() > JOINED_MAX {
            return false;
        }
        let gone = std::mem::take(&mut *self.pages[other as usize]);
        let empty_bytes = Page::default().memory_bytes();
        self.bytes = self.bytes + empty_bytes - gone.memory_bytes();
        self.bytes -= empty_bytes;
        self.free.push(other);
        self.edit(tag, |page| {
            page.depth -= 1;
            gone.tags.iter().zip(&gone.leaves).for_each(|(tag, leaf)| page.push(*tag, *leaf));
        });
        self.slots[first & !width..(first & !width) + 2 * width].fill(number);
        true
    }

    /// Visits the entries of the page at `cursor` and says where the next one is; 0 at the end.
    /// Cursors are positions in the hashes, so that pages may be split and joined meanwhile.
    pub(super) fn scan(&self, cursor: u64, mut visit: impl FnMut(u32, LeafId)) -> u64 {
        let tag = u32::try_from(cursor).unwrap_or(u32::MAX);
        let page = self.page(tag);
        for (tag, leaf) in page.tags.iter().zip(&page.leaves) {
            visit(*tag, *leaf);
        }
        let span = 1u64 << (32 - page.depth);
        let next = (u64::from(tag) / span + 1) * span;
        if next > u64::from(u32::MAX) { 0 } else { next }
    }

    /// Whether an entry is that of a member with this hash.
    pub(super) fn is_tag_of(entry: u32, hash: u64) -> bool {
        entry == tag(hash)
    }
}
