//! The set: integers as a sorted array, a few members as a listpack, others in a table.
//!
//! Invariant: the encodings are chosen as Redis chooses them, and never go back to a smaller one
//! but by [`Set::compact`].

mod ints;
mod sample;

use stdx::number::{self, Decimal};
use stdx::rng::Rng;

use self::ints::Ints;
pub(crate) use self::sample::choose;
use crate::Part;
use crate::limits::Limits;
pub use crate::listpack::Item;
use crate::listpack::{self, Listpack};
use crate::table::{self, SetTable};

/// See the module.
#[derive(Clone, Debug)]
pub struct Set {
    members: Members,
}

#[derive(Clone, Debug)]
enum Members {
    Ints(Ints),
    Pack(Listpack),
    Table(Box<SetTable>),
}

const _: () = assert!(size_of::<Set>() <= 24);

impl Default for Set {
    fn default() -> Self {
        Self::new()
    }
}

impl Set {
    /// An empty one. O(1), without an allocation.
    pub fn new() -> Self {
        Self { members: Members::Ints(Ints::default()) }
    }

    /// How many members there are. O(1).
    #[inline]
    pub fn len(&self) -> usize {
        match &self.members {
            Members::Ints(ints) => ints.len(),
            Members::Pack(pack) => pack.len(),
            Members::Table(table) => table.len(),
        }
    }

    /// Whether there are none. O(1).
    pub fn is_empty(&self) -> bool {
        match &self.members {
            Members::Ints(ints) => ints.is_empty(),
            Members::Pack(pack) => pack.is_empty(),
            Members::Table(table) => table.len() == 0,
        }
    }

    #[inline]
    pub(crate) fn prefetch(&self, element: &[u8], level: usize) {
        if let Members::Table(table) = &self.members {
            table.prefetch(element, level);
        }
    }

    /// The name of the encoding, as `OBJECT ENCODING` answers it.
    pub fn encoding(&self) -> &'static str {
        match &self.members {
            Members::Ints(_) => "intset",
            Members::Pack(_) => "listpack",
            Members::Table(_) => "hashtable",
        }
    }

    /// The listpack of a small set.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.members {
            Members::Pack(pack) => Some(pack),
            Members::Ints(_) | Members::Table(_) => None,
        }
    }

    /// Heap bytes behind it. O(1).
    pub fn memory_bytes(&self) -> usize {
        match &self.members {
            Members::Ints(ints) => ints.memory_bytes(),
            Members::Pack(pack) => pack.memory_bytes(),
            Members::Table(table) => table.memory_bytes(),
        }
    }

    /// What freeing it costs, about in allocations. O(1).
    pub fn free_effort(&self) -> usize {
        match &self.members {
            Members::Ints(_) | Members::Pack(_) => 1,
            Members::Table(table) => table.free_effort(),
        }
    }

    /// Chooses the encoding for so many members to come, of which the first is known: as Redis
    /// does when one call adds them.
    #[inline]
    pub fn prepare(&mut self, first: &[u8], count: usize, limits: &Limits) {
        let is_small = match &self.members {
            Members::Ints(ints) if ints.is_empty() => {
                if count <= limits.set_max_intset_entries && is_int(first) {
                    return;
                }
                if count <= limits.set_max_listpack_entries {
                    self.members = Members::Pack(Listpack::new());
                    return;
                }
                false
            }
            Members::Ints(_) => count <= limits.set_max_intset_entries,
            Members::Pack(_) => count <= limits.set_max_listpack_entries,
            Members::Table(_) => true,
        };
        if !is_small {
            self.make_table();
        }
    }

    /// Adds a member. Answers whether it is new.
    #[inline]
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        match &mut self.members {
            Members::Table(table) => table.add(member),
            Members::Ints(_) => self.add_to_ints(member, limits),
            Members::Pack(pack) => {
                if pack.first().is_some_and(|first| pack.find(first, member, 0).is_some()) {
                    return false;
                }
                let fits = pack.len() < limits.set_max_listpack_entries
                    && member.len() <= limits.set_max_listpack_value_bytes
                    && pack.byte_len() + member.len() <= listpack::BYTES_MAX;
                if fits {
                    pack.push(member);
                    true
                } else {
                    self.make_table().add(member)
                }
            }
        }
    }

    /// [`Self::add`] of a member of another set.
    pub fn add_item(&mut self, member: Item<'_>, limits: &Limits) -> bool {
        self.add(member.bytes(&mut Decimal::new()), limits)
    }

    fn add_to_ints(&mut self, member: &[u8], limits: &Limits) -> bool {
        let Members::Ints(ints) = &mut self.members else { unreachable!("the caller looked") };
        if let Some(number) = number::parse_i64(member) {
            let is_new = ints.add(number);
            if is_new && ints.len() > limits.set_max_intset_entries {
                self.make_table();
            }
            return is_new;
        }
        let (len_max, bytes_max) = match ints.bounds() {
            None => (0, 0),
            Some((least, greatest)) => {
                let len = number::decimal_len(least).max(number::decimal_len(greatest));
                (len, ints.len() * listpack_bytes(least).max(listpack_bytes(greatest)))
            }
        };
        let fits = ints.len() < limits.set_max_listpack_entries
            && member.len().max(len_max) <= limits.set_max_listpack_value_bytes
            && bytes_max + member.len() <= listpack::BYTES_MAX;
        if !fits {
            return self.make_table().add(member);
        }
        let mut pack = Listpack::new();
        ints.iter().for_each(|number| pack.push_item(Item::Int(number)));
        pack.push(member);
        self.members = Members::Pack(pack);
        true
    }

    #[cold]
    fn make_table(&mut self) -> &mut SetTable {
        if !matches!(self.members, Members::Table(_)) {
            let mut table = SetTable::new();
            self.iter().for_each(|member| {
                table.add(member.bytes(&mut Decimal::new()));
            });
            self.members = Members::Table(Box::new(table));
        }
        let Members::Table(table) = &mut self.members else { unreachable!("just made one") };
        table
    }

    /// Chooses the smallest encoding anew, as Redis does for what SINTERSTORE stores.
    pub fn compact(&mut self, limits: &Limits) {
        if matches!(self.members, Members::Ints(_)) || self.len() > limits.set_max_intset_entries {
            return;
        }
        let mut ints = Ints::default();
        for member in self.iter() {
            let number = match member {
                Item::Int(number) => Some(number),
                Item::Bytes(text) => number::parse_i64(text),
            };
            match number {
                Some(number) => ints.add(number),
                None => return,
            };
        }
        self.members = Members::Ints(ints);
    }

    /// Makes an empty set begin as a listpack.
    pub fn begin_as_listpack(&mut self) {
        debug_assert!(self.is_empty());
        self.members = Members::Pack(Listpack::new());
    }

    /// Whether all members are kept as integers.
    pub fn is_ints(&self) -> bool {
        matches!(self.members, Members::Ints(_))
    }

    /// Removes a member. Answers whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.members {
            Members::Table(table) => table.remove(member),
            Members::Ints(ints) => {
                number::parse_i64(member).is_some_and(|number| ints.remove(number))
            }
            Members::Pack(pack) => {
                let found = pack.first().and_then(|first| pack.find(first, member, 0));
                if let Some(at) = found {
                    pack.remove(at);
                }
                found.is_some()
            }
        }
    }

    /// Whether it has this member.
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.members {
            Members::Table(table) => table.contains(member),
            Members::Ints(ints) => {
                number::parse_i64(member).is_some_and(|number| ints.contains(number))
            }
            Members::Pack(pack) => {
                pack.first().is_some_and(|first| pack.find(first, member, 0).is_some())
            }
        }
    }

    /// [`Self::contains`] of a member of another set.
    #[inline]
    pub fn contains_item(&self, member: Item<'_>) -> bool {
        match (&self.members, member) {
            (Members::Ints(ints), Item::Int(number)) => ints.contains(number),
            (_, member) => self.contains(member.bytes(&mut Decimal::new())),
        }
    }

    /// The members, in no order that means anything.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        match &self.members {
            Members::Ints(ints) => Iter(IterOf::Ints { ints, next: 0 }),
            Members::Pack(pack) => Iter(IterOf::Pack(pack.iter())),
            Members::Table(table) => Iter(IterOf::Table(table.iter())),
        }
    }

    /// Visits about `count` members from a cursor on, 0 at first; answers the next cursor, 0 at
    /// the end. What is a member from the first call to the last is visited, whatever else comes
    /// or goes meanwhile.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Item<'_>)) -> u64 {
        match &self.members {
            Members::Table(table) => table.scan(cursor, count, |item| visit(Item::Bytes(item.key))),
            Members::Ints(_) | Members::Pack(_) => {
                self.iter().for_each(visit);
                0
            }
        }
    }

    pub(crate) fn begin_walk(&mut self, id: u64) -> bool {
        let Members::Table(table) = &mut self.members else { return false };
        table.walk.begin(id);
        true
    }

    #[inline]
    pub(crate) fn walk_id(&self) -> Option<u64> {
        let Members::Table(table) = &self.members else { return None };
        table.walk.id()
    }

    pub(crate) fn walk_on(&mut self, parts: usize, mut visit: impl FnMut(Part<'_>)) -> bool {
        let Members::Table(table) = &mut self.members else { return false };
        table.walk_on(parts, |item| visit(Part::Member(Item::Bytes(item.key))))
    }

    pub(crate) fn end_walk(&mut self) {
        if let Members::Table(table) = &mut self.members {
            table.walk.end();
        }
    }

    /// A random member; each is as likely. O(1) for tables, else O(n).
    pub fn random(&self, rng: &mut Rng) -> Option<Item<'_>> {
        if self.is_empty() {
            return None;
        }
        Some(match &self.members {
            Members::Ints(ints) => Item::Int(ints.at(rng.below(ints.len() as u64) as usize)),
            Members::Pack(pack) => {
                let index = rng.below(pack.len() as u64) as isize;
                pack.get(pack.seek(index).expect("the index is below the length"))
            }
            Members::Table(table) => Item::Bytes(table.random(rng)?.key),
        })
    }

    /// Removes a random member.
    pub fn pop(&mut self, rng: &mut Rng) -> Option<Vec<u8>> {
        let member = self.random(rng)?.to_vec();
        self.remove(&member);
        Some(member)
    }
}

fn is_int(text: &[u8]) -> bool {
    matches!(Item::of(text), Item::Int(_))
}

/// Bytes of an integer in a listpack.
fn listpack_bytes(number: i64) -> usize {
    Listpack::bytes_for(Decimal::new().format(number))
}

/// The members of a set.
#[derive(Clone, Debug)]
pub struct Iter<'a>(IterOf<'a>);

#[derive(Clone, Debug)]
enum IterOf<'a> {
    Ints { ints: &'a Ints, next: usize },
    Pack(listpack::Iter<'a>),
    Table(table::Iter<'a, false>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        match &mut self.0 {
            IterOf::Pack(pack) => pack.next(),
            IterOf::Table(table) => table.next().map(|item| Item::Bytes(item.key)),
            IterOf::Ints { ints, next } => {
                let index = *next;
                *next += 1;
                (index < ints.len()).then(|| Item::Int(ints.at(index)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
