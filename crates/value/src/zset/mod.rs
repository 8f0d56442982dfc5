//! The sorted set: members with scores, in the order of both.
//!
//! A few members are in a listpack: member, score, member, score. More are in a tree that knows the
//! rank of each, beside an index from members to its leaves.

mod big;
mod index;
mod leaf;
mod tree;
mod unhurried;

use stdx::number::{Decimal, DoubleText, parse_f64};

use self::big::Big;
use self::leaf::compare;
use crate::listpack::{At, Item, Listpack};
use crate::{Limits, Part};

/// See the module. No score is NaN.
#[derive(Clone, Debug)]
pub struct Zset {
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Packed(Listpack),
    Big(Box<Big>),
}

impl Default for Zset {
    fn default() -> Self {
        Self::new()
    }
}

/// The score that a listpack has.
fn unpack(item: Item<'_>) -> f64 {
    match item {
        Item::Int(number) => number as f64,
        Item::Bytes(b"-0") => -0.0,
        Item::Bytes(text) => parse_f64(text).unwrap_or(0.0),
    }
}

impl Zset {
    /// An empty one.
    pub fn new() -> Self {
        Self { form: Form::Packed(Listpack::new()) }
    }

    /// How many members there are. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Packed(pack) => pack.len() / 2,
            Form::Big(big) => big.tree.len(),
        }
    }

    /// Whether it has no members.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match &self.form {
            Form::Packed(pack) => pack.is_empty(),
            Form::Big(big) => big.tree.len() == 0,
        }
    }

    /// The name of the encoding, as `OBJECT ENCODING` answers it.
    pub fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Packed(_) => "listpack",
            Form::Big(_) => "skiplist",
        }
    }

    /// Heap bytes behind it. O(1).
    pub fn memory_bytes(&self) -> usize {
        match &self.form {
            Form::Packed(pack) => pack.memory_bytes(),
            Form::Big(big) => big.memory_bytes(),
        }
    }

    /// What freeing it costs, about in allocations. O(1).
    pub fn free_effort(&self) -> usize {
        match &self.form {
            Form::Packed(_) => 1,
            Form::Big(big) => big.free_effort(),
        }
    }

    /// The listpack of a small one.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.form {
            Form::Packed(pack) => Some(pack),
            Form::Big(_) => None,
        }
    }

    /// See [`Value::prefetch`](crate::Value::prefetch).
    #[inline]
    pub(crate) fn prefetch(&self, member: &[u8], score: &[u8], level: usize) {
        if let Form::Big(big) = &self.form {
            big.prefetch(member, score, level);
        }
    }

    /// The score of a member. O(members) while small, else O(1).
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.form {
            Form::Packed(pack) => find(pack, member).map(|(_, score)| score),
            Form::Big(big) => big.score(member),
        }
    }

    /// Gives a member a score; answers the old one, if it was there. O(log members).
    pub fn insert(&mut self, member: &[u8], score: f64, limits: &Limits) -> Option<f64> {
        debug_assert!(!score.is_nan());
        match &mut self.form {
            Form::Packed(pack) => {
                let found = find(pack, member);
                if let Some((at, old)) = found {
                    if old != score {
                        pack.remove_range(at, 2);
                        insert_packed(pack, member, score);
                    }
                    return Some(old);
                }
                if pack.len() / 2 >= limits.zset_max_listpack_entries
                    || member.len() > limits.zset_max_listpack_value_bytes
                {
                    self.grow().insert(member, score);
                } else {
                    insert_packed(pack, member, score);
                }
                None
            }
            Form::Big(big) => big.insert(member, score),
        }
    }

    /// Removes a member; answers its score, if it was there. O(log members).
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.form {
            Form::Packed(pack) => {
                let (at, score) = find(pack, member)?;
                pack.remove_range(at, 2);
                Some(score)
            }
            Form::Big(big) => big.remove(member),
        }
    }

    fn grow(&mut self) -> &mut Big {
        if let Form::Packed(pack) = &self.form {
            let mut big = Box::new(Big::new());
            let mut text = Decimal::new();
            each_packed(pack, |member, score| {
                big.insert(member.bytes(&mut text), score);
                true
            });
            self.form = Form::Big(big);
        }
        match &mut self.form {
            Form::Big(big) => big,
            Form::Packed(_) => unreachable!("made big above"),
        }
    }

    /// Chooses the encoding for what a store command has made: small if it may be.
    pub fn settle(&mut self, limits: &Limits) {
        let Form::Big(big) = &self.form else { return };
        if big.tree.len() > limits.zset_max_listpack_entries {
            return;
        }
        let mut pack = Listpack::new();
        let mut fits = true;
        self.walk(0, false, |member, score| {
            fits &= member.len() <= limits.zset_max_listpack_value_bytes;
            push_packed(&mut pack, member, score);
            fits
        });
        if fits {
            self.form = Form::Packed(pack);
        }
    }

    /// How many members are before one, and its score. O(log members).
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match &self.form {
            Form::Packed(pack) => {
                let wanted = Item::of(member);
                let (mut rank, mut found) = (0, None);
                each_packed(pack, |member, score| {
                    if member == wanted {
                        found = Some((rank, score));
                    }
                    rank += 1;
                    found.is_none()
                });
                found
            }
            Form::Big(big) => {
                let score = big.score(member)?;
                Some((big.tree.rank(score, member), score))
            }
        }
    }

    /// How many members at the beginning fulfil a condition that holds for them and for no others.
    /// O(log members).
    pub fn partition_point(&self, holds: impl Fn(Item<'_>, f64) -> bool) -> usize {
        match &self.form {
            Form::Packed(pack) => {
                let mut rank = 0;
                each_packed(pack, |member, score| {
                    let is_before = holds(member, score);
                    rank += usize::from(is_before);
                    is_before
                });
                rank
            }
            Form::Big(big) => {
                big.tree.partition_point(|score, member| holds(Item::Bytes(member), score))
            }
        }
    }

    /// Visits members and scores from a rank on, forwards or backwards, while the visitor wants
    /// more. O(log members + visited).
    pub fn walk(
        &self,
        rank: usize,
        is_reverse: bool,
        mut visit: impl FnMut(Item<'_>, f64) -> bool,
    ) {
        match &self.form {
            Form::Packed(pack) => {
                let Some(mut at) = pack.seek(rank as isize * 2) else { return };
                loop {
                    let Some(score_at) = pack.next(at) else { return };
                    if !visit(pack.get(at), unpack(pack.get(score_at))) {
                        return;
                    }
                    let next = match is_reverse {
                        false => pack.next(score_at),
                        true => pack.prev(at).and_then(|score_at| pack.prev(score_at)),
                    };
                    match next {
                        Some(next) => at = next,
                        None => return,
                    }
                }
            }
            Form::Big(big) => big.tree.walk(rank, is_reverse, &mut |leaf, at| {
                visit(Item::Bytes(leaf.member(at)), leaf.score(at))
            }),
        }
    }

    /// Visits up to `count` members and scores from a rank on, forwards or backwards.
    pub fn range(
        &self,
        rank: usize,
        count: usize,
        is_reverse: bool,
        mut visit: impl FnMut(Item<'_>, f64),
    ) {
        let mut left = count;
        if left > 0 {
            self.walk(rank, is_reverse, |member, score| {
                visit(member, score);
                left -= 1;
                left > 0
            });
        }
    }

    /// Visits all members and scores in order.
    pub fn for_each(&self, visit: impl FnMut(Item<'_>, f64)) {
        self.range(0, usize::MAX, false, visit);
    }

    /// The member of a rank, and its score. O(log members).
    pub fn at(&self, rank: usize) -> Option<(Vec<u8>, f64)> {
        let mut found = None;
        self.range(rank, 1, false, |member, score| found = Some((member.to_vec(), score)));
        found
    }

    /// Removes up to `count` members from a rank on; answers how many. O(count · log members).
    pub fn remove_range(&mut self, rank: usize, count: usize) -> usize {
        let count = count.min(self.len().saturating_sub(rank));
        match &mut self.form {
            Form::Packed(pack) => {
                if let Some(at) = pack.seek(rank as isize * 2) {
                    pack.remove_range(at, count * 2);
                }
            }
            Form::Big(big) => {
                for _ in 0..count {
                    let (leaf, at) = big.tree.at(rank);
                    let member = big.tree.leaf(leaf).member(at).to_vec();
                    big.remove(&member);
                }
            }
        }
        count
    }

    pub(crate) fn begin_walk(&mut self, id: u64) -> bool {
        match &mut self.form {
            Form::Packed(_) => false,
            Form::Big(big) => {
                big.walk.begin(id);
                true
            }
        }
    }

    #[inline]
    pub(crate) fn walk_id(&self) -> Option<u64> {
        match &self.form {
            Form::Packed(_) => None,
            Form::Big(big) => big.walk.id(),
        }
    }

    pub(crate) fn walk_on(&mut self, parts: usize, visit: impl FnMut(Part<'_>)) -> bool {
        match &mut self.form {
            Form::Packed(_) => false,
            Form::Big(big) => big.walk_on(parts, visit),
        }
    }

    pub(crate) fn end_walk(&mut self) {
        if let Form::Big(big) = &mut self.form {
            big.walk.end();
        }
    }

    /// Visits members and scores from `cursor` on, about `count` of them, and answers the cursor to
    /// go on from; 0 is where to begin and means the end. Who is a member from the first call to
    /// the last is visited at least once. A small one is visited whole.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Item<'_>, f64)) -> u64 {
        match &self.form {
            Form::Packed(pack) => {
                each_packed(pack, |member, score| {
                    visit(member, score);
                    true
                });
                0
            }
            Form::Big(big) => {
                big.scan(cursor, count, |member, score| visit(Item::Bytes(member), score))
            }
        }
    }
}

/// Where a member is in a listpack, and its score.
fn find(pack: &Listpack, member: &[u8]) -> Option<(At, f64)> {
    let at = pack.find(pack.first()?, member, 1)?;
    Some((at, unpack(pack.get(pack.next(at)?))))
}

/// Visits members and scores while the visitor wants more.
fn each_packed(pack: &Listpack, mut visit: impl FnMut(Item<'_>, f64) -> bool) {
    let mut items = pack.iter();
    while let (Some(member), Some(score)) = (items.next(), items.next()) {
        if !visit(member, unpack(score)) {
            return;
        }
    }
}

fn push_packed(pack: &mut Listpack, member: Item<'_>, score: f64) {
    pack.push(member.bytes(&mut Decimal::new()));
    pack.push(DoubleText::new().format(packed(score)));
}

/// A score as a listpack has it: whole numbers are integers there, and minus zero is just zero.
fn packed(score: f64) -> f64 {
    score + 0.0
}

/// Adds a member that is not there at its place.
fn insert_packed(pack: &mut Listpack, member: &[u8], score: f64) {
    let mut text = Decimal::new();
    let mut at = pack.first();
    while let Some(here) = at {
        let score_at = pack.next(here).expect("a score follows each member");
        let other = (unpack(pack.get(score_at)), pack.get(here).bytes(&mut text));
        if compare(other, (score, member)).is_gt() {
            // The score first, as what is inserted goes before.
            let here = pack.insert(here, DoubleText::new().format(packed(score)));
            pack.insert(here, member);
            return;
        }
        at = pack.next(score_at);
    }
    pack.push(member);
    pack.push(DoubleText::new().format(packed(score)));
}

#[cfg(test)]
mod tests;
