//! A leaf of the tree: members with their scores, in order.

use std::cmp::Ordering;

use stdx::alloc::block_bytes;

/// Items in one leaf. Their members lie one behind the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaf {
    scores: Vec<f64>,
    /// Where each member ends.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

/// The order of sorted sets: by score, then by member.
pub(super) fn compare(a: (f64, &[u8]), b: (f64, &[u8])) -> Ordering {
    // No score is NaN.
    a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then_with(|| a.1.cmp(b.1))
}

/// Makes room for `more` items, and for not many beyond: up to the allocator's next size of block.
fn reserve<T>(vector: &mut Vec<T>, more: usize) {
    let needed = vector.len() + more;
    if needed > vector.capacity() {
        let room = block_bytes(needed * size_of::<T>()) / size_of::<T>();
        vector.reserve_exact(room - vector.len());
    }
}

/// Gives room back that has become more than a quarter.
fn trim<T>(vector: &mut Vec<T>) {
    if vector.capacity() > 16 && vector.len() < vector.capacity() / 4 * 3 {
        let room = block_bytes(vector.len() * size_of::<T>()) / size_of::<T>();
        vector.shrink_to(room);
    }
}

impl Leaf {
    pub(super) fn len(&self) -> usize {
        self.scores.len()
    }

    /// Bytes of all members.
    pub(super) fn data_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        block_bytes(size_of::<Self>())
            + block_bytes(self.scores.capacity() * 8)
            + block_bytes(self.ends.capacity() * 4)
            + block_bytes(self.bytes.capacity())
    }

    /// Begins to load the leaf itself.
    pub(super) fn prefetch(&self) {
        stdx::prefetch::slice(std::slice::from_ref(self));
    }

    /// Begins to load its items, once the leaf itself is there.
    pub(super) fn prefetch_items(&self) {
        stdx::prefetch::slice(&self.scores);
        stdx::prefetch::slice(&self.ends);
        stdx::prefetch::slice(&self.bytes);
    }

    pub(super) fn score(&self, at: usize) -> f64 {
        self.scores[at]
    }

    pub(super) fn member(&self, at: usize) -> &[u8] {
        &self.bytes[self.start(at)..self.ends[at] as usize]
    }

    pub(super) fn item(&self, at: usize) -> (f64, &[u8]) {
        (self.scores[at], self.member(at))
    }

    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] as usize }
    }

    /// Where an item is, or would be.
    pub(super) fn search(&self, score: f64, member: &[u8]) -> Result<usize, usize> {
        // First by the scores alone, which lie side by side.
        let mut low = self.scores.partition_point(|other| *other < score);
        let mut high = low + self.scores[low..].partition_point(|other| *other <= score);
        while low < high {
            let middle = (low + high) / 2;
            match self.member(middle).cmp(member) {
                Ordering::Equal => return Ok(middle),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// Where a member is, whatever its score. O(items).
    pub(super) fn find(&self, member: &[u8]) -> Option<usize> {
        let mut start = 0;
        self.ends.iter().position(|end| {
            let end = *end as usize;
            let is_it = end - start == member.len()
                // Names that count differ at their ends.
                && self.bytes[start..end].last() == member.last()
                && self.bytes[start..end] == *member;
            start = end;
            is_it
        })
    }

    pub(super) fn insert(&mut self, at: usize, score: f64, member: &[u8]) {
        let start = self.start(at);
        reserve(&mut self.scores, 1);
        reserve(&mut self.ends, 1);
        reserve(&mut self.bytes, member.len());
        self.scores.insert(at, score);
        self.ends.insert(at, start as u32);
        let len = self.bytes.len();
        self.bytes.resize(len + member.len(), 0);
        self.bytes.copy_within(start..len, start + member.len());
        self.bytes[start..start + member.len()].copy_from_slice(member);
        self.ends[at..].iter_mut().for_each(|end| *end += member.len() as u32);
    }

    pub(super) fn remove(&mut self, at: usize) {
        let (start, end) = (self.start(at), self.ends[at] as usize);
        self.scores.remove(at);
        self.ends.remove(at);
        self.bytes.drain(start..end);
        self.ends[at..].iter_mut().for_each(|other| *other -= (end - start) as u32);
        trim(&mut self.scores);
        trim(&mut self.ends);
        trim(&mut self.bytes);
    }

    /// Gives an item another score, with which it stays at its place.
    pub(super) fn set_score(&mut self, at: usize, score: f64) {
        self.scores[at] = score;
    }

    /// Moves the items from `at` on to a leaf of their own.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let start = self.start(at);
        let mut rest = Self::default();
        reserve(&mut rest.scores, self.len() - at);
        reserve(&mut rest.ends, self.len() - at);
        reserve(&mut rest.bytes, self.bytes.len() - start);
        rest.scores.extend_from_slice(&self.scores[at..]);
        rest.ends.extend(self.ends[at..].iter().map(|end| end - start as u32));
        rest.bytes.extend_from_slice(&self.bytes[start..]);
        self.scores.truncate(at);
        self.ends.truncate(at);
        self.bytes.truncate(start);
        trim(&mut self.scores);
        trim(&mut self.ends);
        trim(&mut self.bytes);
        rest
    }

    /// Adds the items of the next leaf behind its own.
    pub(super) fn append(&mut self, next: &Self) {
        let start = self.bytes.len() as u32;
        reserve(&mut self.scores, next.len());
        reserve(&mut self.ends, next.len());
        reserve(&mut self.bytes, next.bytes.len());
        self.scores.extend_from_slice(&next.scores);
        self.ends.extend(next.ends.iter().map(|end| end + start));
        self.bytes.extend_from_slice(&next.bytes);
    }
}
