//! Random fields.

use std::collections::HashSet;

use stdx::rng::Rng;

use super::{Field, Fields, Hash};
use crate::set::choose;

/// A table is drawn from, and not gone through, for fewer than one in so many of its fields.
const DRAW_ONE_IN: usize = 3;
/// So many draws may give fields whose time has come, before those that are left are counted.
const EXPIRED_DRAWS_MAX: usize = 100;

impl Hash {
    /// A random field whose time has not come; each is as likely. O(1) for tables in which few
    /// fields' time has come, else O(n).
    pub fn random(&self, now_ms: i64, rng: &mut Rng) -> Option<Field<'_>> {
        if let Fields::Table(table) = &self.fields {
            for _ in 0..EXPIRED_DRAWS_MAX {
                let field = Field::from(table.random(rng)?);
                if !field.has_expired(now_ms) {
                    return Some(field);
                }
            }
        }
        let len = self.live_len(now_ms);
        let index = if len > 0 { rng.below(len as u64) as usize } else { 0 };
        self.iter(now_ms).nth(index)
    }

    /// Visits random fields whose time has not come, each of all as likely every time, `count`
    /// times or until told to stop. O(`count`), and O(n) but for tables.
    pub fn draw(
        &self,
        count: u64,
        now_ms: i64,
        rng: &mut Rng,
        mut visit: impl FnMut(Field<'_>) -> bool,
    ) {
        if matches!(self.fields, Fields::Table(_)) {
            (0..count).map_while(|_| self.random(now_ms, rng)).all(visit);
            return;
        }
        let fields: Vec<Field<'_>> = self.iter(now_ms).collect();
        if !fields.is_empty() {
            let len = fields.len() as u64;
            (0..count).all(|_| visit(fields[rng.below(len) as usize]));
        }
    }

    /// Visits `count` different random fields whose time has not come, or all there are; each
    /// choice of them is as likely. O(n), but O(`count`) for few fields of a table.
    pub fn sample(
        &self,
        count: usize,
        now_ms: i64,
        rng: &mut Rng,
        mut visit: impl FnMut(Field<'_>),
    ) {
        match &self.fields {
            Fields::Table(table) if count < table.len() / DRAW_ONE_IN && !self.is_due(now_ms) => {
                let mut drawn = HashSet::with_capacity(count);
                while drawn.len() < count {
                    let item = table.random(rng).expect("a table of so many is not empty");
                    if drawn.insert(item.key) {
                        visit(item.into());
                    }
                }
            }
            _ => choose(self.iter(now_ms), self.live_len(now_ms), count, rng, visit),
        }
    }
}
