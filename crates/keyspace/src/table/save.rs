//! Which buckets the snapshot under way has seen: those with the table's version.

use super::Place;
use super::Table;
use super::bucket::Bucket;
use crate::raw::RawEntry;

impl Bucket {
    /// Hands the entries over, unless that has been done.
    fn save(&self, version: u16, save: &mut impl FnMut(RawEntry)) {
        if self.version.replace(version) != version {
            self.entries().for_each(save);
        }
    }
}

impl Table {
    /// Makes all buckets unseen. A bucket of an ended snapshot has one of the versions before,
    /// and none is 65,536 snapshots old, as each walk renews all.
    pub(crate) fn arm(&mut self) {
        self.version = self.version.wrapping_add(1);
        self.armed = true;
    }

    /// Ends a snapshot.
    pub(crate) fn disarm(&mut self) {
        self.armed = false;
    }

    /// Goes on from `position`, which it moves, by one bucket; 0 is the begin and the end.
    pub(crate) fn save_next(&mut self, position: &mut u64, mut save: impl FnMut(RawEntry)) {
        let Some(segments) = &self.segments else {
            *position = 0;
            return;
        };
        let segment = segments.directory.segment(*position);
        let index = segment.home(segment.x(*position));
        segment.bucket(index).save(self.version, &mut save);
        *position = segment.position(index + 1);
    }

    /// Saves the bucket of an entry that is to be changed or removed.
    pub(crate) fn save_at(&mut self, place: Place, mut save: impl FnMut(RawEntry)) {
        place.segment.bucket(place.bucket_and_slot().0).save(self.version, &mut save);
    }

    /// Saves what the insertion of an entry with `hash` may touch: all of a segment that grows,
    /// else the buckets from its home to the first with room.
    pub(crate) fn save_before_insert(&mut self, hash: u64, mut save: impl FnMut(RawEntry)) {
        let Some(segments) = &self.segments else { return };
        let segment = segments.directory.segment(hash);
        let home = segment.home(segment.x(hash));
        let mut index = home;
        loop {
            let bucket = segment.bucket(index);
            bucket.save(self.version, &mut save);
            let is_last = bucket.has_room() && !segment.must_grow();
            index = segment.next(index);
            if is_last || index == home {
                return;
            }
        }
    }
}
