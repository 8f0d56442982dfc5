//! Going through the table in hash order, and sampling it.
//!
//! A position is a hash: everything below it has been visited, nothing at or above it. It means
//! the same whatever the sizes of the segments, so that no entry is missed when they change.

use stdx::prefetch;
use stdx::rng::Rng;

use super::bucket::{Bucket, NEVER, SLOTS, slot_entry};
use super::segment::{BUCKETS_MAX, Segment};
use super::{Segments, Table};
use crate::raw::RawEntry;

/// A scan for `count` entries ends after so many times `count` buckets, if most are empty.
const BUCKETS_PER_COUNT: usize = 10;

impl Segment {
    /// The lowest position whose home is bucket `index`; with the number of buckets, the first
    /// position behind the segment, 0 behind the last.
    pub(super) fn position(self, index: usize) -> u64 {
        let prefix = self.header().prefix;
        if index < self.count() {
            return prefix | u64::from(self.x_from(index)) << (48 - self.depth());
        }
        prefix.wrapping_add((1 << (64 - self.depth() - 1)) << 1)
    }
}

impl Table {
    /// Visits entries from `cursor` on, about `count`, and answers the cursor to go on from: a
    /// position without its 16 lowest bits, which are 0. 0 is the begin and the end.
    pub(crate) fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(RawEntry)) -> u64 {
        let Some(segments) = &self.segments else { return 0 };
        let mut position = cursor << 16;
        let (mut entries, mut buckets) = (0, 0);
        loop {
            let segment = segments.directory.segment(position);
            let x_min = segment.x(position);
            let home = segment.home(x_min);
            for entry in segment.bucket(segment.next(home)).entries() {
                prefetch(entry.address() as *const u8);
            }
            segment.visit_home(home, |x, entry| {
                if x >= x_min {
                    entries += 1;
                    visit(entry);
                }
            });
            buckets += 1;
            position = segment.position(home + 1);
            let enough = entries >= count || buckets / BUCKETS_PER_COUNT >= count;
            if position == 0 || enough {
                return position >> 16;
            }
        }
    }

    /// The next `count` entries from position `start` on, around the end; only those with a
    /// deadline, if `volatile`.
    pub(crate) fn next_from(&self, start: u64, count: usize, volatile: bool) -> Vec<RawEntry> {
        let mut found = Vec::new();
        let Some(segments) = &self.segments else { return found };
        let (mut position, mut wrapped) = (start, false);
        while found.len() < count && !(wrapped && position >= start) {
            let segment = segments.directory.segment(position);
            if !volatile || segment.header().due.get() != NEVER {
                let buckets =
                    segment.buckets().filter(|bucket| !volatile || bucket.due.get() != NEVER);
                let entries = buckets.flat_map(|bucket| bucket.entries());
                let fitting = entries.filter(|raw| !volatile || raw.expire_at_ms().is_some());
                found.extend(fitting.take(count - found.len()));
            }
            position = segment.position(segment.count());
            wrapped |= position == 0;
        }
        found
    }

    /// A bucket, each with the same probability. Expected tries: the slots of the largest segment
    /// over those of the mean one.
    fn random_bucket<'a>(&'a self, segments: &Segments, rng: &mut Rng) -> &'a Bucket {
        loop {
            // A random hash finds a segment by the share of the hashes that is its own. For each
            // bucket to have the same chance, it counts by its buckets per share.
            let segment = segments.directory.segment(rng.next_u64());
            let deepest = segments.depths.deepest();
            // The largest that there may be; the only one is it itself.
            let largest = if deepest == 0 { segment.count() } else { BUCKETS_MAX };
            let index = rng.below((largest << (deepest - segment.depth())) as u64) as usize;
            if index < segment.count() {
                return segment.bucket(index);
            }
        }
    }

    /// A uniformly random entry.
    pub(crate) fn random(&self, rng: &mut Rng) -> Option<RawEntry> {
        let segments = self.segments.as_ref().filter(|_| self.len > 0)?;
        loop {
            let slot =
                self.random_bucket(segments, rng).slots[rng.below(SLOTS as u64) as usize].get();
            if slot != 0 {
                return Some(slot_entry(slot));
            }
        }
    }

    /// The entries of a random bucket; each entry of the table with the same probability.
    pub(crate) fn sample(&self, rng: &mut Rng) -> impl Iterator<Item = RawEntry> {
        let segments = self.segments.as_ref().filter(|_| self.len > 0);
        let bucket = segments.map(|segments| self.random_bucket(segments, rng));
        bucket.into_iter().flat_map(|bucket| bucket.entries())
    }
}
