//! Entries in one listpack, as Redis has them.
//!
//! ```text
//! master entry: entries, deleted entries, number of fields, fields, 0
//! entry:        flags, ms and seq relative to the block's id,
//!               values | number of fields, fields and values in turns,
//!               number of elements in the entry before this one
//! ```
//!
//! The fields of the block's first entry are the master fields; entries with the same ones have
//! only values. Deleted entries stay, and are marked.

use super::StreamId;
use crate::listpack::{At, Item, Listpack};

const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;

/// An entry, where it lies.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Its name.
    pub id: StreamId,
    /// How many fields it has.
    pub len: usize,
    pack: &'a Listpack,
    /// Its flags.
    flags: At,
    /// Its first value, or its first field if it has its own.
    data: At,
    master_fields: Option<At>,
}

fn integer(pack: &Listpack, at: At) -> i64 {
    match pack.get(at) {
        Item::Int(number) => number,
        Item::Bytes(_) => 0,
    }
}

fn after(pack: &Listpack, at: At) -> At {
    pack.next(at).expect("a block is whole")
}

impl<'a> Entry<'a> {
    /// Visits fields and values.
    pub fn each(&self, mut visit: impl FnMut(Item<'a>, Item<'a>)) {
        let (pack, mut at, mut master) = (self.pack, self.data, self.master_fields);
        for _ in 0..self.len {
            let field = match master {
                Some(field) => {
                    master = pack.next(field);
                    pack.get(field)
                }
                None => {
                    let field = pack.get(at);
                    at = after(pack, at);
                    field
                }
            };
            visit(field, pack.get(at));
            at = after(pack, at);
        }
    }
}

/// The master entry.
#[derive(Clone, Copy)]
struct Master {
    count: i64,
    deleted: i64,
    fields_len: usize,
    fields: At,
    /// The first entry.
    entries: Option<At>,
}

impl Master {
    fn read(pack: &Listpack) -> Self {
        let first = pack.first().expect("a block has a master entry");
        let deleted_at = after(pack, first);
        let len_at = after(pack, deleted_at);
        let fields_len = integer(pack, len_at).max(0) as usize;
        let fields = after(pack, len_at);
        let mut end = fields;
        for _ in 0..fields_len {
            end = after(pack, end);
        }
        Self {
            count: integer(pack, first),
            deleted: integer(pack, deleted_at),
            fields_len,
            fields,
            entries: pack.next(end),
        }
    }
}

/// A block with a first entry, whose id is the block's.
pub(super) fn begin<'a>(fields: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Listpack {
    let mut pack = Listpack::new();
    pack.push_item(Item::Int(0));
    pack.push_item(Item::Int(0));
    pack.push_item(Item::Int(fields.clone().count() as i64));
    fields.for_each(|(field, _)| pack.push(field));
    pack.push_item(Item::Int(0));
    pack
}

/// Entries and deleted ones.
pub(super) fn counts(pack: &Listpack) -> (usize, usize) {
    let master = Master::read(pack);
    (master.count.max(0) as usize, master.deleted.max(0) as usize)
}

fn set_counts(pack: &mut Listpack, count: i64, deleted: i64) {
    let first = pack.first().expect("a block has a master entry");
    pack.replace_item(first, Item::Int(count));
    let second = after(pack, first);
    pack.replace_item(second, Item::Int(deleted));
}

/// Adds an entry behind all others.
pub(super) fn push<'a>(
    pack: &mut Listpack,
    base: StreamId,
    id: StreamId,
    fields: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
) {
    let master = Master::read(pack);
    let same = has_same_fields(pack, &master, fields.clone());
    let len = fields.clone().count() as i64;
    pack.push_item(Item::Int(if same { SAME_FIELDS } else { 0 }));
    pack.push_item(Item::Int(id.ms.wrapping_sub(base.ms) as i64));
    pack.push_item(Item::Int(id.seq.wrapping_sub(base.seq) as i64));
    if same {
        fields.for_each(|(_, value)| pack.push(value));
        pack.push_item(Item::Int(len + 3));
    } else {
        pack.push_item(Item::Int(len));
        fields.for_each(|(field, value)| {
            pack.push(field);
            pack.push(value);
        });
        pack.push_item(Item::Int(len * 2 + 4));
    }
    let first = pack.first().expect("a block has a master entry");
    pack.replace_item(first, Item::Int(master.count + 1));
}

fn has_same_fields<'a>(
    pack: &Listpack,
    master: &Master,
    mut fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> bool {
    let mut at = master.fields;
    for _ in 0..master.fields_len {
        match fields.next() {
            Some((field, _)) if pack.get(at) == Item::of(field) => at = after(pack, at),
            _ => return false,
        }
    }
    fields.next().is_none()
}

/// Visits all entries that are not deleted, while the visitor wants more.
pub(super) fn each<'a>(
    pack: &'a Listpack,
    base: StreamId,
    mut visit: impl FnMut(Entry<'a>) -> bool,
) -> bool {
    each_ever(pack, base, |entry, is_deleted| is_deleted || visit(entry))
}

/// The id of the last entry, deleted or not; not below that of any entry that is left.
pub(super) fn last_id(pack: &Listpack, base: StreamId) -> StreamId {
    let (mut last, mut live) = (base, base);
    each_ever(pack, base, |entry, is_deleted| {
        if !is_deleted {
            live = entry.id;
        }
        last = entry.id.max(live);
        true
    });
    last
}

/// Visits all entries, saying whether they are deleted, while the visitor wants more.
fn each_ever<'a>(
    pack: &'a Listpack,
    base: StreamId,
    mut visit: impl FnMut(Entry<'a>, bool) -> bool,
) -> bool {
    let master = Master::read(pack);
    let mut at = master.entries;
    while let Some(flags_at) = at {
        let flags = integer(pack, flags_at);
        let ms_at = after(pack, flags_at);
        let seq_at = after(pack, ms_at);
        let id = StreamId {
            ms: base.ms.wrapping_add(integer(pack, ms_at) as u64),
            seq: base.seq.wrapping_add(integer(pack, seq_at) as u64),
        };
        let (len, data, elements, master_fields) = if flags & SAME_FIELDS != 0 {
            (master.fields_len, after(pack, seq_at), master.fields_len, Some(master.fields))
        } else {
            let len_at = after(pack, seq_at);
            let len = integer(pack, len_at).max(0) as usize;
            (len, after(pack, len_at), 2 * len, None)
        };
        let mut end = data;
        for _ in 0..elements {
            end = after(pack, end);
        }
        // Behind the data is the count of elements, for reading backwards.
        at = pack.next(end);
        let entry = Entry { id, len, pack, flags: flags_at, data, master_fields };
        if !visit(entry, flags & DELETED != 0) {
            return false;
        }
    }
    true
}

/// The entries that are not deleted, in order.
pub(super) fn entries(pack: &Listpack, base: StreamId) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    each(pack, base, |entry| {
        entries.push(entry);
        true
    });
    entries
}

/// Marks entries as deleted that are chosen; answers their ids.
pub(super) fn delete(
    pack: &mut Listpack,
    base: StreamId,
    mut is_chosen: impl FnMut(StreamId) -> Choice,
) -> Vec<StreamId> {
    let mut chosen: Vec<(StreamId, At, i64)> = Vec::new();
    each(pack, base, |entry| match is_chosen(entry.id) {
        Choice::Delete => {
            chosen.push((entry.id, entry.flags, integer(pack, entry.flags)));
            true
        }
        Choice::Keep => true,
        Choice::Stop => false,
    });
    for (_, at, flags) in &chosen {
        // A mark does not change an element's size, so places stay.
        pack.replace_item(*at, Item::Int(flags | DELETED));
    }
    if !chosen.is_empty() {
        let (count, deleted) = counts(pack);
        let gone = chosen.len() as i64;
        set_counts(pack, count as i64 - gone, deleted as i64 + gone);
    }
    chosen.into_iter().map(|(id, ..)| id).collect()
}

/// What is to become of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Delete,
    Keep,
    /// Neither this one nor those behind it are to go.
    Stop,
}

/// Whether a listpack from outside is a block: every entry is whole, those not deleted are in order
/// and not before the block's id, and the counts are right. A deleted entry may have a higher id
/// than those behind it: XSETID takes the last id back. O(elements).
pub(super) fn is_sound(pack: &Listpack, base: StreamId) -> bool {
    checked(pack, base).is_some()
}

fn checked(pack: &Listpack, base: StreamId) -> Option<()> {
    let mut items = pack.iter();
    let mut number = || match items.next()? {
        Item::Int(number) => Some(number),
        Item::Bytes(_) => None,
    };
    let (count, deleted, fields) = (number()?, number()?, number()?);
    let most = pack.len() as i64;
    if count < 0 || deleted < 0 || !(1..=most).contains(&fields) {
        return None;
    }
    let mut items = pack.iter().skip(3 + fields as usize);
    if items.next()? != Item::Int(0) {
        return None;
    }
    let (mut live, mut dead, mut last) = (0, 0, None);
    while let Some(flags) = items.next() {
        let number = |item: Option<Item<'_>>| match item? {
            Item::Int(number) => Some(number),
            Item::Bytes(_) => None,
        };
        let flags = number(Some(flags))?;
        let (ms, seq) = (number(items.next())?, number(items.next())?);
        let id = StreamId {
            // Far ids wrap around, as they do when they are written; the order is checked below.
            ms: base.ms.wrapping_add(ms as u64),
            seq: base.seq.wrapping_add(seq as u64),
        };
        let is_live = flags & DELETED == 0;
        let is_misplaced = id < base || last.is_some_and(|last| id <= last);
        if !(0..=3).contains(&flags) || is_live && is_misplaced {
            return None;
        }
        if is_live {
            last = Some(id);
        }
        let (elements, expected) = if flags & SAME_FIELDS != 0 {
            (fields, fields + 3)
        } else {
            let len = number(items.next())?;
            if !(1..=most).contains(&len) {
                return None;
            }
            (len * 2, len * 2 + 4)
        };
        for _ in 0..elements {
            items.next()?;
        }
        if number(items.next())? != expected {
            return None;
        }
        if is_live { live += 1 } else { dead += 1 }
    }
    (live == count && dead == deleted && live > 0).then_some(())
}
