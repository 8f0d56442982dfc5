//! Blocks against a model: none overlaps another, pages come and go.

use std::collections::HashMap;

use stdx::rng::Rng;

use super::*;

impl Arena {
    /// Counts pages and blocks, and checks the lists.
    fn count(&self) -> (usize, usize) {
        let (mut pages, mut blocks) = (0, 0);
        for (size, Pages { open, full }) in self.sizes.iter().enumerate() {
            for (list, is_open) in [(open, true), (full, false)] {
                let (mut page, mut previous) = (list.0, ptr::null_mut());
                while !page.is_null() {
                    // SAFETY: pages in lists are live.
                    let at = unsafe { &*page };
                    assert_eq!(size_class(at.size as usize), size);
                    assert_eq!(at.has_room(), is_open);
                    assert_eq!(at.previous, previous);
                    pages += 1;
                    blocks += at.used as usize;
                    (previous, page) = (page, at.next);
                }
            }
        }
        (pages, blocks)
    }
}

#[test]
fn blocks_never_overlap() {
    let mut arena = Arena::default();
    let mut rng = Rng::new(1);
    let mut live: Vec<(NonNull<u8>, usize, u8)> = Vec::new();
    for round in 0..60_000u32 {
        // Grows, then shrinks.
        if live.is_empty() || rng.below(60_000) > u64::from(round) {
            let bytes = rounded(rng.below(600) as usize + 1);
            let block = arena.allocate(bytes);
            let align = if bytes.is_multiple_of(8) { 8 } else { 4 };
            assert!((block.as_ptr() as usize).is_multiple_of(align));
            let mark = rng.next_u64() as u8;
            // SAFETY: the block has that many bytes.
            unsafe { block.write_bytes(mark, bytes) };
            live.push((block, bytes, mark));
        } else {
            let (block, bytes, mark) = live.swap_remove(rng.below(live.len() as u64) as usize);
            // SAFETY: the block is live, and freed once.
            unsafe {
                let content = std::slice::from_raw_parts(block.as_ptr(), bytes);
                assert!(content.iter().all(|byte| *byte == mark));
                arena.free(block, bytes);
            }
        }
    }
    let pooled = live.iter().filter(|(_, bytes, _)| *bytes <= POOLED_BYTES_MAX).count();
    assert_eq!(arena.count().1, pooled);
    assert_eq!(arena.bytes(), live.iter().map(|(_, bytes, _)| bytes).sum::<usize>());
    for (block, bytes, _) in live {
        // SAFETY: the block is live, and freed once.
        unsafe { arena.free(block, bytes) };
    }
    let (pages, blocks) = arena.count();
    assert_eq!(blocks, 0);
    assert!(pages < SIZES, "at most one empty page per size stays");
}

#[test]
fn sizes_are_told_apart_and_waste_little() {
    let mut sizes: Vec<usize> = (1..=POOLED_BYTES_MAX).map(rounded).collect();
    for (bytes, size) in (1..).zip(&sizes) {
        assert!(*size >= bytes && *size - bytes < 16 && size - bytes <= bytes.max(16) / 4);
    }
    sizes.dedup();
    let mut classes: Vec<usize> = sizes.iter().map(|size| size_class(*size)).collect();
    classes.dedup();
    assert_eq!(classes.len(), sizes.len());
    assert!(classes.last() < Some(&SIZES));
}

#[test]
fn pages_hold_as_many_blocks_as_fit() {
    let mut arena = Arena::default();
    let per_page = (PAGE_BYTES - FIRST_BLOCK) / 40;
    let blocks: HashMap<usize, usize> = (0..per_page * 3)
        .map(|_| arena.allocate(40).as_ptr() as usize / PAGE_BYTES)
        .fold(HashMap::new(), |mut counts, page| {
            *counts.entry(page).or_default() += 1;
            counts
        });
    assert!(blocks.values().all(|count| *count == per_page));
    assert_eq!(arena.count(), (3, 3 * per_page));
}
