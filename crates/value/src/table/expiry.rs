//! Deadlines of fields: hints say where the next ones are.

use std::ptr::NonNull;

use super::page::{NEVER, Page, due_units};
use super::walk::{behind, mask};
use super::{Item, MapTable, Segment, Table};

impl<const MAP: bool> Table<MAP> {
    /// Lets the hints know of an item's deadline.
    #[inline]
    pub(super) fn note_deadline(
        &mut self,
        mut segment: NonNull<Segment>,
        page: Page,
        deadline_ms: Option<i64>,
    ) {
        let Some(deadline_ms) = deadline_ms else { return };
        let due = due_units(deadline_ms);
        page.set_due(page.due().min(due));
        // SAFETY: the segment is the table's, which is borrowed mutably.
        let segment = unsafe { segment.as_mut() };
        segment.due = segment.due.min(due);
        self.due = self.due.min(due);
    }
}

impl MapTable {
    /// Sets or takes away the deadline of a field. Answers whether the field is there.
    pub(crate) fn set_deadline(&mut self, key: &[u8], deadline_ms: Option<i64>) -> bool {
        let Some(item) = self.get(key) else { return false };
        if item.deadline_ms != deadline_ms {
            let value = item.value.to_vec();
            self.set(&Item { key, value: &value, deadline_ms });
        }
        true
    }

    /// A moment in ms before which no field goes; None if none has a deadline. Not later than the
    /// first deadline, and about a second earlier at most once [`Self::remove_expired`] has found
    /// nothing more; else it may be the deadline of a field that is gone. O(1).
    pub(crate) fn due_ms(&self) -> Option<i64> {
        (self.expiring > 0).then(|| i64::from(self.due) << 10)
    }

    /// Removes up to `max` fields whose time has come, and visits each before. O(removed), and
    /// the segments and pages in whose hints are deadlines that have come.
    pub(crate) fn remove_expired(
        &mut self,
        now_ms: i64,
        max: usize,
        mut visit: impl FnMut(&[u8]),
    ) -> usize {
        let now = due_units(now_ms);
        let (mut removed, mut start, mut due) = (0, 0, NEVER);
        if self.expiring == 0 || self.due > now {
            return 0;
        }
        loop {
            let Segment { depth, due: segment_due, .. } = *self.segment(start);
            let end = start | mask(depth);
            if segment_due <= now {
                removed += self.expire_range(start, end, now_ms, max - removed, &mut visit);
                if removed == max {
                    return removed;
                }
            }
            due = due.min(self.segment(start).due);
            match end.checked_add(1) {
                Some(next) => start = next,
                None => break,
            }
        }
        self.due = due;
        removed
    }

    /// [`Self::remove_expired`] in the range of a segment.
    fn expire_range(
        &mut self,
        start: u64,
        end: u64,
        now_ms: i64,
        max: usize,
        visit: &mut impl FnMut(&[u8]),
    ) -> usize {
        let now = due_units(now_ms);
        let depth = self.segment(start).depth;
        let (mut removed, mut position, mut due) = (0, start, NEVER);
        loop {
            let page = self.page(position);
            if page.due() <= now {
                let here = self.expire_page(page, now_ms, max - removed, visit);
                self.after_removal(position);
                removed += here;
                if removed == max {
                    return removed;
                }
                if here > 0 {
                    // It may have been joined with one that was still to come.
                    continue;
                }
            }
            let page = self.page(position);
            due = due.min(page.due());
            match behind(position, page) {
                Some(next) if next <= end => position = next,
                _ => break,
            }
        }
        // One that was joined with its neighbour has more pages than these.
        if self.segment(start).depth == depth && start & mask(depth) == 0 {
            self.segment_mut(start).due = due;
        }
        removed
    }

    /// [`Self::remove_expired`] in one page, which stays as large as it is.
    fn expire_page(
        &mut self,
        page: Page,
        now_ms: i64,
        max: usize,
        visit: &mut impl FnMut(&[u8]),
    ) -> usize {
        let (mut removed, mut index, mut due) = (0, 0, NEVER);
        while index < page.count() {
            let Item { key, deadline_ms, .. } = self.read(page, index);
            match deadline_ms {
                Some(deadline_ms) if deadline_ms < now_ms => {
                    if removed == max {
                        return removed;
                    }
                    visit(key);
                    self.remove_at(page, index);
                    removed += 1;
                    continue;
                }
                Some(deadline_ms) => due = due.min(due_units(deadline_ms)),
                None => {}
            }
            index += 1;
        }
        page.set_due(due);
        removed
    }
}
