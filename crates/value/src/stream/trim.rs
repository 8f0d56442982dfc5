//! Removing the oldest entries.

use std::ops::Bound;

use super::block::{self, Choice};
use super::{Groups, Stream, StreamId};

/// What of a stream is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// All but so many.
    MaxLen(usize),
    /// Those before this.
    MinId(StreamId),
}

impl Stream {
    /// Removes entries from the beginning: only whole blocks if `is_approximate`, and about
    /// `limit` entries at most, if that is not 0. Answers how many. O(removed).
    pub fn trim(&mut self, what: Trim, is_approximate: bool, limit: usize) -> usize {
        let mut removed = 0;
        while let Some((base, pack)) = self.blocks.first_key_value() {
            let (base, entries) = (*base, block::counts(pack).0);
            if limit > 0 && removed + entries > limit {
                break;
            }
            let goes_whole = match what {
                Trim::MaxLen(most) => self.len >= most + entries,
                Trim::MinId(min) => block::last_id(pack, base) < min,
            };
            if goes_whole {
                self.remove_block(base);
                self.len -= entries;
                removed += entries;
                continue;
            }
            if !is_approximate {
                let mut left = match what {
                    Trim::MaxLen(most) => self.len.saturating_sub(most),
                    Trim::MinId(_) => usize::MAX,
                };
                removed += self.delete_in(base, |id| {
                    let goes = left > 0 && !matches!(what, Trim::MinId(min) if id >= min);
                    left = left.saturating_sub(1);
                    if goes { Choice::Delete } else { Choice::Stop }
                });
            }
            break;
        }
        if removed > 0 {
            self.find_first();
        }
        removed
    }

    /// The same, passing over entries that may not go. `goes` is asked for each in turn, and may
    /// change groups on the way. Answers how many went. O(entries looked at).
    pub fn trim_if(
        &mut self,
        what: Trim,
        is_approximate: bool,
        limit: usize,
        mut goes: impl FnMut(&mut Groups, StreamId) -> bool,
    ) -> usize {
        let mut groups = std::mem::take(&mut self.groups);
        let (mut removed, mut from) = (0, Bound::Unbounded);
        while let Some((base, pack)) = self.blocks.range((from, Bound::Unbounded)).next() {
            let (base, entries) = (*base, block::counts(pack).0);
            from = Bound::Excluded(base);
            let is_done = match what {
                Trim::MaxLen(most) => self.len <= most,
                Trim::MinId(min) => base >= min,
            };
            let goes_whole = match what {
                Trim::MaxLen(most) => self.len >= most.saturating_add(entries),
                Trim::MinId(min) => block::last_id(pack, base) < min,
            };
            let is_limit = limit > 0 && removed + entries > limit;
            if is_done || is_limit || is_approximate && !goes_whole {
                break;
            }
            let mut left = match what {
                Trim::MaxLen(most) => self.len.saturating_sub(most),
                Trim::MinId(_) => usize::MAX,
            };
            removed += self.delete_in(base, |id| {
                if left == 0 || matches!(what, Trim::MinId(min) if id >= min) {
                    return Choice::Stop;
                }
                if !goes(&mut groups, id) {
                    return Choice::Keep;
                }
                left -= 1;
                Choice::Delete
            });
        }
        self.groups = groups;
        if removed > 0 {
            self.find_first();
        }
        removed
    }
}
