//! How segments grow, split, shrink and merge.
//!
//! A change of size moves slots and never looks at an entry. Only a split does, as a child needs
//! one more bit of each hash than its slots have: once per doubling of the table.

use stdx::{hash, prefetch};

use super::Segments;
use super::bucket::{NEVER, SLOTS, slot, slot_entry, slot_x};
use super::directory::{DEPTH_MAX, Depths, Directory};
use super::pool::Pool;
use super::segment::{
    BUCKETS_MAX, LOAD_FRESH_PERCENT, Segment, buckets_at_least, buckets_for, is_sparse,
};

/// Segments with more buckets are not tried for merging, so that a merged one has room to grow.
const MERGE_BUCKETS_MAX: usize = BUCKETS_MAX / 2;

/// How many entries a new segment of the largest size is for.
const SEGMENT_LEN_FRESH: usize = BUCKETS_MAX * SLOTS * LOAD_FRESH_PERCENT / 100;

/// How many entries ahead of the one in hand are fetched.
const PREFETCH_DISTANCE: usize = 16;

impl Segments {
    /// One segment of one bucket.
    pub(super) fn new(version: u16) -> Self {
        let mut pool = Pool::default();
        let segment = pool.allocate(1, 0, 0, version);
        Self { directory: Directory::new(segment), pool, buckets: 1, depths: Depths::new() }
    }

    /// As many segments as make room for so many entries.
    pub(super) fn with_room_for(len: usize, version: u16) -> Self {
        let mut segments = Self::new(version);
        let depth = (0..DEPTH_MAX).find(|depth| len >> depth <= SEGMENT_LEN_FRESH);
        let depth = depth.unwrap_or(DEPTH_MAX);
        let first = segments.directory.segment(0);
        for prefix in 0..1_u64 << depth {
            let prefix = (prefix << 1) << (63 - depth);
            let segment = segments.allocate(buckets_for(len >> depth), prefix, depth, version);
            segments.directory.set(prefix, segment);
        }
        segments.free(first);
        segments
    }

    /// The segment of `hash`, after one step of growth if there is no room.
    #[inline]
    pub(super) fn with_room(&mut self, hash: u64, version: u16) -> Segment {
        let mut segment = self.directory.segment(hash);
        // After a split all entries may be in the same child: once more then.
        while segment.must_grow() {
            self.grow(segment, version);
            segment = self.directory.segment(hash);
        }
        segment
    }

    #[cold]
    fn grow(&mut self, segment: Segment, version: u16) {
        if segment.count() < BUCKETS_MAX {
            self.resize(segment, buckets_at_least(segment.count() + 1), version);
        } else {
            self.split(segment, version);
        }
    }

    /// Gives a segment another number of buckets.
    fn resize(&mut self, old: Segment, count: usize, version: u16) {
        let prefix = old.header().prefix;
        let new = self.allocate(count, prefix, old.depth(), version);
        let mut filling = Filling::new(new);
        for bucket in old.buckets() {
            for slot in bucket.used() {
                filling.add(slot, bucket.due.get());
            }
        }
        filling.finish();
        self.directory.set(prefix, new);
        self.free(old);
    }

    /// Splits a segment by the next bit of its hashes.
    fn split(&mut self, old: Segment, version: u16) {
        let (prefix, depth) = (old.header().prefix, old.depth() + 1);
        assert!(depth <= DEPTH_MAX, "keyed hashes differ in their first bits");
        let slots: Vec<(u64, u32)> = old
            .buckets()
            .flat_map(|bucket| bucket.used().map(|slot| (slot, bucket.due.get())))
            .collect();
        let upper_len = slots.iter().filter(|(slot, _)| slot_x(*slot) >> 15 == 1).count();
        let lengths = [slots.len() - upper_len, upper_len];
        let children = [0, 1].map(|child: usize| {
            let prefix = prefix | (child as u64) << (64 - depth);
            self.allocate(buckets_for(lengths[child]), prefix, depth, version)
        });
        let mut filling = children.map(Filling::new);
        for (index, &(old_slot, due)) in slots.iter().enumerate() {
            if let Some((ahead, _)) = slots.get(index + PREFETCH_DISTANCE) {
                prefetch(slot_entry(*ahead).address() as *const u8);
            }
            let entry = slot_entry(old_slot);
            let child = &mut filling[usize::from(slot_x(old_slot) >> 15)];
            let x = child.segment.x(hash::hash(entry.key()));
            child.add(slot(x, entry), due);
        }
        filling.into_iter().for_each(Filling::finish);
        for child in children {
            self.directory.set(child.header().prefix, child);
        }
        self.free(old);
    }

    /// Makes a segment from which an entry has been removed smaller, if it has become sparse.
    #[inline]
    pub(super) fn shrink(&mut self, segment: Segment, version: u16) {
        let len = usize::from(segment.header().len.get());
        if segment.count() > 1 && is_sparse(len, segment.count()) {
            self.shrink_sparse(segment, len, version);
        }
    }

    #[cold]
    fn shrink_sparse(&mut self, segment: Segment, len: usize, version: u16) {
        let (prefix, depth) = (segment.header().prefix, segment.depth());
        if segment.count() <= MERGE_BUCKETS_MAX && depth > self.directory.depth_min(prefix) {
            let buddy = self.directory.segment(prefix ^ 1 << (64 - depth));
            if buddy.depth() == depth && buddy.count() <= MERGE_BUCKETS_MAX {
                self.merge(segment, buddy, version);
                return;
            }
        }
        let count = buckets_for(len);
        if count < segment.count() {
            self.resize(segment, count, version);
        }
    }

    /// Makes one segment of two that differ in the last bit of their prefixes.
    fn merge(&mut self, one: Segment, other: Segment, version: u16) {
        let len = usize::from(one.header().len.get()) + usize::from(other.header().len.get());
        let depth = one.depth() - 1;
        let prefix = one.header().prefix & other.header().prefix;
        let new = self.allocate(buckets_for(len), prefix, depth, version);
        let mut filling = Filling::new(new);
        for old in [one, other] {
            let bit = u16::from(old.header().prefix != prefix) << 15;
            for bucket in old.buckets() {
                for old_slot in bucket.used() {
                    let x = slot_x(old_slot) >> 1 | bit;
                    filling.add(slot(x, slot_entry(old_slot)), bucket.due.get());
                }
            }
        }
        filling.finish();
        self.directory.set(prefix, new);
        // The one with the higher index first: what moves into its place is not the other then.
        let one_first = one.header().index.get() > other.header().index.get();
        let (first, second) = if one_first { (one, other) } else { (other, one) };
        self.free(first);
        self.free(second);
    }

    fn allocate(&mut self, count: usize, prefix: u64, depth: u32, version: u16) -> Segment {
        self.buckets += count;
        self.depths.add(depth);
        self.pool.allocate(count, prefix, depth, version)
    }

    fn free(&mut self, segment: Segment) {
        self.buckets -= segment.count();
        self.depths.remove(segment.depth());
        if let Some(moved) = self.pool.free(segment) {
            self.directory.set(moved.header().prefix, moved);
        }
    }
}

/// A new segment that is being filled: it knows how full its buckets are without counting.
struct Filling {
    segment: Segment,
    lengths: [u8; BUCKETS_MAX],
    due: u32,
}

impl Filling {
    fn new(segment: Segment) -> Self {
        Self { segment, lengths: [0; BUCKETS_MAX], due: NEVER }
    }

    /// As [`Segment::add`].
    #[inline]
    fn add(&mut self, slot: u64, due: u32) {
        let home = self.segment.home(slot_x(slot));
        let mut index = home;
        while usize::from(self.lengths[index]) == SLOTS {
            index = self.segment.next(index);
        }
        if index != home {
            self.segment.bucket(home).count_displaced(1);
        }
        let bucket = self.segment.bucket(index);
        bucket.slots[usize::from(self.lengths[index])].set(slot);
        self.lengths[index] += 1;
        if due != NEVER {
            bucket.lower_due(due);
            self.due = self.due.min(due);
        }
    }

    fn finish(self) {
        let header = self.segment.header();
        header.len.set(self.lengths.iter().map(|length| u16::from(*length)).sum());
        header.due.set(self.due);
    }
}
