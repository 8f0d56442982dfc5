//! Writing records into a shard's buffer.

use stdx::alloc::{Doomed, block_bytes};

use super::{EFFECT, GROUP, GROUP_BYTES, NO_SLOT};

/// Where a group begins in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its stamp.
    pub stamp_ns: u64,
    /// Its offset.
    pub at: usize,
}

/// What one shard has recorded and not handed over yet.
///
/// Records come in the order in which things happened on the shard, which is that of their stamps
/// but for parts of transactions: those may be stamped a little earlier than what ran meanwhile on
/// other keys.
#[derive(Debug, Default)]
pub struct Buffer {
    open: Handover,
    last: Option<(u64, u64)>,
}

/// What a shard hands over for a round, and what a round does not take yet.
#[derive(Debug, Default)]
pub struct Handover {
    /// Groups of records.
    pub data: Vec<u8>,
    /// Where they begin.
    pub marks: Vec<Mark>,
    /// What both take. Evicting a key is recorded: were these counted, it would make evicting more
    /// necessary rather than less.
    doomed: Doomed,
}

impl Buffer {
    /// Appends an effect: the command that replays it, name and arguments.
    #[inline]
    pub fn push<'a>(
        &mut self,
        stamp_ns: u64,
        transaction: u64,
        db: u16,
        slot: Option<u16>,
        args: impl ExactSizeIterator<Item = &'a [u8]>,
    ) {
        if self.last != Some((stamp_ns, transaction)) {
            self.begin_group(stamp_ns, transaction);
        }
        let slot = slot.unwrap_or(NO_SLOT).to_le_bytes();
        let db = db.to_le_bytes();
        let data = &mut self.open.data;
        let room = data.capacity();
        data.extend_from_slice(&[EFFECT, db[0], db[1], slot[0], slot[1]]);
        push_varint(data, args.len() as u64);
        for arg in args {
            push_varint(data, arg.len() as u64);
            data.extend_from_slice(arg);
        }
        if data.capacity() != room {
            self.open.note_size();
        }
    }

    #[inline]
    fn begin_group(&mut self, stamp_ns: u64, transaction: u64) {
        self.last = Some((stamp_ns, transaction));
        self.open.marks.push(Mark { stamp_ns, at: self.open.data.len() });
        let mut head = [0; GROUP_BYTES];
        head[0] = GROUP;
        head[1..9].copy_from_slice(&stamp_ns.to_le_bytes());
        head[9..].copy_from_slice(&transaction.to_le_bytes());
        self.open.data.extend_from_slice(&head);
        self.open.note_size();
    }

    /// How much there is.
    #[inline]
    pub fn len(&self) -> usize {
        self.open.data.len()
    }

    /// Whether there is nothing.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.open.data.is_empty()
    }

    /// Hands everything over and goes on in `spare`, which is emptied.
    pub fn hand_over(&mut self, mut spare: Handover) -> Handover {
        spare.clear();
        self.last = None;
        std::mem::replace(&mut self.open, spare)
    }
}

impl Handover {
    pub(crate) fn clear(&mut self) {
        self.data.clear();
        self.marks.clear();
    }

    /// Takes out what is stamped at most `stamp_ns`, in order; the rest stays.
    pub(crate) fn take_until(&mut self, stamp_ns: u64) -> Self {
        let is_taken = |mark: &Mark| mark.stamp_ns <= stamp_ns;
        let kept = self.marks.iter().position(|mark| !is_taken(mark)).unwrap_or(self.marks.len());
        // Nearly always only the end stays, and that is short.
        if !self.marks[kept..].iter().any(is_taken) {
            return self.split_off_front(kept);
        }
        let (mut taken, mut rest) = (Self::default(), Self::default());
        for (index, mark) in self.marks.iter().enumerate() {
            let end = self.marks.get(index + 1).map_or(self.data.len(), |next| next.at);
            let part = if mark.stamp_ns <= stamp_ns { &mut taken } else { &mut rest };
            part.marks.push(Mark { at: part.data.len(), ..*mark });
            part.data.extend_from_slice(&self.data[mark.at..end]);
        }
        taken.note_size();
        rest.note_size();
        *self = rest;
        taken
    }

    /// Takes out the groups before the number `kept`.
    fn split_off_front(&mut self, kept: usize) -> Self {
        let Some(first) = self.marks.get(kept) else { return std::mem::take(self) };
        let at = first.at;
        let mut rest = Self::default();
        rest.data.extend_from_slice(&self.data[at..]);
        rest.marks.extend(self.marks[kept..].iter().map(|m| Mark { at: m.at - at, ..*m }));
        rest.note_size();
        self.data.truncate(at);
        self.marks.truncate(kept);
        std::mem::replace(self, rest)
    }

    /// Appends what was handed over later.
    pub(crate) fn append(&mut self, later: Self) {
        if self.data.is_empty() {
            *self = later;
            return;
        }
        let offset = self.data.len();
        self.marks.extend(later.marks.iter().map(|m| Mark { at: m.at + offset, ..*m }));
        self.data.extend_from_slice(&later.data);
        self.note_size();
    }

    #[inline]
    fn note_size(&mut self) {
        let marks_bytes = self.marks.capacity() * size_of::<Mark>();
        self.doomed.resize(block_bytes(self.data.capacity()) + block_bytes(marks_bytes));
    }
}

#[inline]
fn push_varint(data: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        data.push(number as u8 | 0x80);
        number >>= 7;
    }
    data.push(number as u8);
}
