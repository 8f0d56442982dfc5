//! Hints of when deadlines come: per bucket and per segment, so that the walk of the active expiry
//! passes by what cannot have expired without a look at any entry.

use super::bucket::{Bucket, NEVER, SLOTS, due_units};
use super::{Place, Table};
use crate::raw::RawEntry;

/// The entries of one bucket whose time has come.
pub(crate) type Overdue = [Option<RawEntry>; SLOTS];

impl Bucket {
    /// Sets `due` to what the entries say, without those whose time has come, which it answers.
    fn take_overdue(&self, now_ms: i64) -> Overdue {
        let mut overdue = [None; SLOTS];
        let mut due = NEVER;
        for (entry, place) in self.entries().zip(&mut overdue) {
            match entry.due_ms() {
                Some(at_ms) if at_ms < now_ms => *place = Some(entry),
                Some(at_ms) => due = due.min(due_units(at_ms)),
                None => {}
            }
        }
        self.due.set(due);
        overdue
    }
}

impl Table {
    /// Notes that the entry at `place` has a deadline.
    pub(crate) fn note_deadline(&mut self, place: Place, at_ms: i64) {
        let due = due_units(at_ms);
        let bucket = place.segment.bucket(place.bucket_and_slot().0);
        if due < bucket.due.get() {
            bucket.due.set(due);
            let header = place.segment.header();
            header.due.set(header.due.get().min(due));
        }
    }

    /// Goes on from `position`, which it moves, to the next bucket with entries whose time has
    /// come, and answers those: the caller removes them, or notes their deadlines again. Looks at
    /// no more than `visits` segments and buckets, and counts them down. None when these are used
    /// up or `position` has come around to 0.
    pub(crate) fn next_overdue(
        &mut self,
        position: &mut u64,
        now_ms: i64,
        visits: &mut usize,
    ) -> Option<Overdue> {
        let segments = self.segments.as_ref()?;
        let now = due_units(now_ms);
        while *visits > 0 {
            *visits -= 1;
            let segment = segments.directory.segment(*position);
            let mut index = segment.home(segment.x(*position));
            let header = segment.header();
            if header.due.get() > now {
                index = segment.count();
            }
            let mut overdue = None;
            while index < segment.count() && overdue.is_none() {
                let bucket = segment.bucket(index);
                if bucket.due.get() <= now {
                    overdue = Some(bucket.take_overdue(now_ms))
                        .filter(|overdue| overdue.iter().any(Option::is_some));
                    *visits = visits.saturating_sub(1);
                }
                index += 1;
            }
            if index == segment.count() && header.due.get() <= now {
                let due = segment.buckets().map(|bucket| bucket.due.get()).min();
                header.due.set(due.unwrap_or(NEVER));
            }
            *position = segment.position(index);
            if overdue.is_some() || *position == 0 {
                return overdue;
            }
        }
        None
    }
}
