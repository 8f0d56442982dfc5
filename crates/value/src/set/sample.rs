//! Several random members at once.

use std::collections::HashSet;

use stdx::rng::Rng;

use super::{Item, Members, Set};

/// A table is drawn from, and not gone through, for fewer than one in so many of its members.
const DRAW_ONE_IN: usize = 3;

impl Set {
    /// Visits `count` different random members, or all there are; each choice of them is as
    /// likely. O(n), but O(`count`) for few members of a table.
    pub fn sample(&self, count: usize, rng: &mut Rng, mut visit: impl FnMut(Item<'_>)) {
        match &self.members {
            Members::Table(table) if count < table.len() / DRAW_ONE_IN => {
                let mut drawn = HashSet::with_capacity(count);
                while drawn.len() < count {
                    let item = table.random(rng).expect("a table of so many is not empty");
                    if drawn.insert(item.key) {
                        visit(Item::Bytes(item.key));
                    }
                }
            }
            _ => choose(self.iter(), self.len(), count, rng, visit),
        }
    }

    /// Visits random members, each of all as likely every time, `count` times or until told to
    /// stop. O(`count`), and O(n) but for tables.
    pub fn draw(&self, count: u64, rng: &mut Rng, mut visit: impl FnMut(Item<'_>) -> bool) {
        if let Members::Table(table) = &self.members {
            let mut draws = (0..count).map_while(|_| table.random(rng));
            draws.all(|item| visit(Item::Bytes(item.key)));
            return;
        }
        let members: Vec<Item<'_>> = self.iter().collect();
        if !members.is_empty() {
            let len = members.len() as u64;
            (0..count).all(|_| visit(members[rng.below(len) as usize]));
        }
    }

    /// Removes `count` different random members, or all there are, and visits each. As
    /// [`Self::sample`].
    pub fn pop_many(&mut self, count: usize, rng: &mut Rng) -> Vec<Vec<u8>> {
        let mut popped = Vec::with_capacity(count.min(self.len()));
        self.sample(count, rng, |member| popped.push(member.to_vec()));
        popped.iter().for_each(|member| {
            self.remove(member);
        });
        popped
    }
}

/// Visits `count` of `len` items, each choice as likely: every item is taken with the chance that
/// those still wanted have among those still to come.
pub(crate) fn choose<T>(
    items: impl Iterator<Item = T>,
    len: usize,
    count: usize,
    rng: &mut Rng,
    mut visit: impl FnMut(T),
) {
    let mut wanted = count.min(len);
    for (item, left) in items.zip((1..=len).rev()) {
        if wanted == 0 {
            return;
        }
        if rng.below(left as u64) < wanted as u64 {
            visit(item);
            wanted -= 1;
        }
    }
}
