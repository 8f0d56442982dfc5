//! The hash: a few fields in a listpack, with deadlines in one of triples, others in a table.
//!
//! Nothing here knows the time: who reads says what time it is, and does not see fields whose time
//! has come; who writes removes them first ([`Hash::is_due`], [`Hash::remove_expired`]). A hash
//! without deadlines pays nothing for this.
//!
//! Invariant: the encodings are chosen as Redis chooses them, and never go back to a smaller one.

mod expiring;
mod sample;

use stdx::number::Decimal;

use self::expiring::Expiring;
use crate::Part;
use crate::limits::Limits;
pub use crate::listpack::Item;
use crate::listpack::{self, Listpack};
use crate::table::{self, MapTable};

/// See the module.
#[derive(Clone, Debug)]
pub struct Hash {
    fields: Fields,
}

#[derive(Clone, Debug)]
enum Fields {
    Pack(Listpack),
    Expiring(Box<Expiring>),
    Table(Box<MapTable>),
}

const _: () = assert!(size_of::<Hash>() <= 24);

/// A field of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: Item<'a>,
    /// Its value.
    pub value: Item<'a>,
    /// When it goes, in ms since the epoch.
    pub deadline_ms: Option<i64>,
}

impl Field<'_> {
    /// Whether its time has come.
    pub fn has_expired(&self, now_ms: i64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| deadline_ms < now_ms)
    }
}

impl<'a> From<table::Item<'a>> for Field<'a> {
    #[inline]
    fn from(item: table::Item<'a>) -> Self {
        let (name, value) = (Item::Bytes(item.key), Item::Bytes(item.value));
        Self { name, value, deadline_ms: item.deadline_ms }
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

impl Hash {
    /// An empty one.
    pub fn new() -> Self {
        Self { fields: Fields::Pack(Listpack::new()) }
    }

    /// How many fields there are, with those whose time has come but that are not removed. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        match &self.fields {
            Fields::Pack(pack) => pack.len() / 2,
            Fields::Expiring(fields) => fields.len(),
            Fields::Table(table) => table.len(),
        }
    }

    /// Whether there are none. O(1).
    pub fn is_empty(&self) -> bool {
        match &self.fields {
            Fields::Pack(pack) => pack.is_empty(),
            Fields::Expiring(fields) => fields.is_empty(),
            Fields::Table(table) => table.len() == 0,
        }
    }

    /// How many fields a reader sees. O(1) until the first deadline has come, then O(n).
    pub fn live_len(&self, now_ms: i64) -> usize {
        if self.is_due(now_ms) { self.iter(now_ms).count() } else { self.len() }
    }

    #[inline]
    pub(crate) fn prefetch(&self, element: &[u8], level: usize) {
        if let Fields::Table(table) = &self.fields {
            table.prefetch(element, level);
        }
    }

    /// The name of the encoding, as `OBJECT ENCODING` answers it.
    pub fn encoding(&self) -> &'static str {
        match &self.fields {
            Fields::Pack(_) => "listpack",
            Fields::Expiring(_) => "listpackex",
            Fields::Table(_) => "hashtable",
        }
    }

    /// The listpack of a small hash: names and values, behind each its deadline if any has one.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.fields {
            Fields::Pack(pack) => Some(pack),
            Fields::Expiring(fields) => Some(fields.listpack()),
            Fields::Table(_) => None,
        }
    }

    /// Heap bytes behind it. O(1).
    pub fn memory_bytes(&self) -> usize {
        match &self.fields {
            Fields::Pack(pack) => pack.memory_bytes(),
            Fields::Expiring(fields) => fields.memory_bytes(),
            Fields::Table(table) => table.memory_bytes(),
        }
    }

    /// What freeing it costs, about in allocations. O(1).
    pub fn free_effort(&self) -> usize {
        match &self.fields {
            Fields::Pack(_) | Fields::Expiring(_) => 1,
            Fields::Table(table) => table.free_effort(),
        }
    }

    /// Chooses the encoding for fields and values to come, as Redis does for those of one call.
    #[inline]
    pub fn prepare<'a>(&mut self, pairs: impl ExactSizeIterator<Item = &'a [u8]>, limits: &Limits) {
        let small_bytes = match &self.fields {
            Fields::Table(_) => return,
            Fields::Pack(pack) => pack.byte_len(),
            Fields::Expiring(fields) => fields.byte_len(),
        };
        let mut fits = pairs.len() / 2 <= limits.hash_max_listpack_entries;
        let mut bytes = small_bytes;
        for text in pairs {
            fits &= text.len() <= limits.hash_max_listpack_value_bytes;
            bytes += text.len();
        }
        if !fits || bytes > listpack::BYTES_MAX {
            self.make_table();
        }
    }

    /// Sets a field, with or without a deadline, whatever it had. Answers whether it is new.
    #[inline]
    pub fn set(
        &mut self,
        field: &[u8],
        value: &[u8],
        deadline_ms: Option<i64>,
        limits: &Limits,
    ) -> bool {
        if let Fields::Table(table) = &mut self.fields {
            return table.set(&table::Item { key: field, value, deadline_ms });
        }
        if field.len().max(value.len()) > limits.hash_max_listpack_value_bytes {
            return self.make_table().set(&table::Item { key: field, value, deadline_ms });
        }
        let is_new = match &mut self.fields {
            Fields::Pack(pack) if deadline_ms.is_none() => set_in_pack(pack, field, value),
            _ => self.make_expiring().set(field, value, deadline_ms),
        };
        if is_new && self.len() > limits.hash_max_listpack_entries {
            self.make_table();
        }
        is_new
    }

    /// The field, if it is there and its time has not come.
    #[inline]
    pub fn field(&self, name: &[u8], now_ms: i64) -> Option<Field<'_>> {
        match &self.fields {
            Fields::Pack(pack) => {
                let at = pack.find(pack.first()?, name, 1)?;
                let value = pack.next(at).expect("fields and values come in pairs");
                Some(Field { name: pack.get(at), value: pack.get(value), deadline_ms: None })
            }
            Fields::Expiring(fields) => fields.get(name).filter(|field| !field.has_expired(now_ms)),
            Fields::Table(table) => {
                table.get(name).map(Field::from).filter(|field| !field.has_expired(now_ms))
            }
        }
    }

    /// The value of a field, if it is there and its time has not come.
    #[inline]
    pub fn get(&self, name: &[u8], now_ms: i64) -> Option<Item<'_>> {
        self.field(name, now_ms).map(|field| field.value)
    }

    /// Removes a field. Answers whether it was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        match &mut self.fields {
            Fields::Table(table) => table.remove(name),
            Fields::Expiring(fields) => fields.remove(name),
            Fields::Pack(pack) => {
                let found = pack.first().and_then(|first| pack.find(first, name, 1));
                if let Some(at) = found {
                    pack.remove_range(at, 2);
                }
                found.is_some()
            }
        }
    }

    /// Sets or takes away the deadline of a field. Answers whether the field is there.
    pub fn set_deadline(&mut self, name: &[u8], deadline_ms: Option<i64>) -> bool {
        match &mut self.fields {
            Fields::Table(table) => table.set_deadline(name, deadline_ms),
            Fields::Pack(_) if deadline_ms.is_none() => self.get(name, 0).is_some(),
            _ => self.make_expiring().set_deadline(name, deadline_ms),
        }
    }

    /// A moment before which no field goes, in ms; None if none has a deadline. It may be too
    /// early, by a second or where a deadline is gone that was the first; when
    /// [`Self::remove_expired`] finds nothing more, only by a second. O(1).
    #[inline]
    pub fn next_expiry_ms(&self) -> Option<i64> {
        match &self.fields {
            Fields::Pack(_) => None,
            Fields::Expiring(fields) => fields.due_ms(),
            Fields::Table(table) => table.due_ms(),
        }
    }

    /// Whether the time of a field may have come. O(1).
    #[inline]
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.next_expiry_ms().is_some_and(|due_ms| due_ms < now_ms)
    }

    /// Removes up to `max` fields whose time has come, and visits the name of each before.
    /// Answers how many.
    pub fn remove_expired(&mut self, now_ms: i64, max: usize, visit: impl FnMut(&[u8])) -> usize {
        match &mut self.fields {
            Fields::Pack(_) => 0,
            Fields::Expiring(fields) => fields.remove_expired(now_ms, max, visit),
            Fields::Table(table) => table.remove_expired(now_ms, max, visit),
        }
    }

    /// The fields whose time has not come.
    #[inline]
    pub fn iter(&self, now_ms: i64) -> Iter<'_> {
        let fields = match &self.fields {
            Fields::Pack(pack) => IterOf::Pack(pack.iter()),
            Fields::Expiring(fields) => IterOf::Expiring(fields.iter()),
            Fields::Table(table) => IterOf::Table(table.iter()),
        };
        Iter { fields, now_ms }
    }

    /// Visits about `count` fields from a cursor on, 0 at first; answers the next cursor, 0 at the
    /// end. What is there from the first call to the last is visited, whatever else comes or goes
    /// meanwhile.
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        now_ms: i64,
        mut visit: impl FnMut(Field<'_>),
    ) -> u64 {
        match &self.fields {
            Fields::Table(table) => table.scan(cursor, count, |item| {
                let field = Field::from(item);
                if !field.has_expired(now_ms) {
                    visit(field);
                }
            }),
            Fields::Pack(_) | Fields::Expiring(_) => {
                self.iter(now_ms).for_each(visit);
                0
            }
        }
    }

    /// A moment that is not later than any deadline, if a field has one. O(1) for tables.
    pub fn first_deadline_ms(&self) -> Option<i64> {
        match &self.fields {
            Fields::Table(table) if table.expiring() == 0 => None,
            Fields::Table(table) => table.due_ms(),
            _ => self.iter(i64::MIN).filter_map(|field| field.deadline_ms).min(),
        }
    }

    pub(crate) fn begin_walk(&mut self, id: u64) -> bool {
        let Fields::Table(table) = &mut self.fields else { return false };
        table.walk.begin(id);
        true
    }

    #[inline]
    pub(crate) fn walk_id(&self) -> Option<u64> {
        let Fields::Table(table) = &self.fields else { return None };
        table.walk.id()
    }

    pub(crate) fn walk_on(&mut self, parts: usize, mut visit: impl FnMut(Part<'_>)) -> bool {
        let Fields::Table(table) = &mut self.fields else { return false };
        table.walk_on(parts, |item| visit(Part::Field(item.into())))
    }

    pub(crate) fn end_walk(&mut self) {
        if let Fields::Table(table) = &mut self.fields {
            table.walk.end();
        }
    }

    fn make_expiring(&mut self) -> &mut Expiring {
        if let Fields::Pack(pack) = &self.fields {
            self.fields = Fields::Expiring(Box::new(Expiring::new(pack)));
        }
        let Fields::Expiring(fields) = &mut self.fields else {
            unreachable!("the caller knows that it is no table")
        };
        fields
    }

    #[cold]
    fn make_table(&mut self) -> &mut MapTable {
        if !matches!(self.fields, Fields::Table(_)) {
            let mut table = MapTable::new();
            let (mut name, mut value) = (Decimal::new(), Decimal::new());
            for field in self.iter(i64::MIN) {
                table.set(&table::Item {
                    key: field.name.bytes(&mut name),
                    value: field.value.bytes(&mut value),
                    deadline_ms: field.deadline_ms,
                });
            }
            self.fields = Fields::Table(Box::new(table));
        }
        let Fields::Table(table) = &mut self.fields else { unreachable!("just made one") };
        table
    }
}

#[inline]
fn set_in_pack(pack: &mut Listpack, field: &[u8], value: &[u8]) -> bool {
    let found = pack.first().and_then(|first| pack.find(first, field, 1));
    match found {
        Some(at) => {
            let at = pack.next(at).expect("fields and values come in pairs");
            pack.replace(at, value);
        }
        None => {
            pack.push(field);
            pack.push(value);
        }
    }
    found.is_none()
}

/// The fields of a hash whose time has not come.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    fields: IterOf<'a>,
    now_ms: i64,
}

#[derive(Clone, Debug)]
enum IterOf<'a> {
    Pack(listpack::Iter<'a>),
    Expiring(expiring::Iter<'a>),
    Table(table::Iter<'a, true>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Field<'a>;

    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        let now_ms = self.now_ms;
        match &mut self.fields {
            IterOf::Pack(pack) => {
                let (name, value) = (pack.next()?, pack.next()?);
                Some(Field { name, value, deadline_ms: None })
            }
            IterOf::Expiring(fields) => fields.find(|field| !field.has_expired(now_ms)),
            IterOf::Table(table) => table.map(Field::from).find(|field| !field.has_expired(now_ms)),
        }
    }
}

#[cfg(test)]
mod tests;
