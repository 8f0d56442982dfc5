//! A few fields of which some have deadlines: triples in a listpack.
//!
//! Invariants:
//! - elements come in threes: field, value, deadline in ms since the epoch (0: none);
//! - `timed` is the number of deadlines;
//! - `due_ms` is not later than any of them, and `i64::MAX` if there is none.

use super::Field;
use crate::listpack::{At, Item, Listpack};

const NO_DEADLINE: i64 = 0;
/// How many elements stand between two fields.
const SKIP: usize = 2;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Expiring {
    triples: Listpack,
    timed: usize,
    due_ms: i64,
}

fn deadline_item(deadline_ms: Option<i64>) -> Item<'static> {
    Item::Int(deadline_ms.unwrap_or(NO_DEADLINE))
}

impl Expiring {
    /// With fields and values that alternate in a listpack, without deadlines.
    pub(super) fn new(pairs: &Listpack) -> Self {
        let mut triples = Listpack::new();
        for (index, item) in pairs.iter().enumerate() {
            triples.push_item(item);
            if index % 2 == 1 {
                triples.push_item(deadline_item(None));
            }
        }
        Self { triples, timed: 0, due_ms: i64::MAX }
    }

    pub(super) fn listpack(&self) -> &Listpack {
        &self.triples
    }

    pub(super) fn len(&self) -> usize {
        self.triples.len() / 3
    }

    pub(super) fn is_empty(&self) -> bool {
        self.triples.is_empty()
    }

    pub(super) fn byte_len(&self) -> usize {
        self.triples.byte_len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        stdx::alloc::block_bytes(size_of::<Self>()) + self.triples.memory_bytes()
    }

    /// Not later than any deadline.
    pub(super) fn due_ms(&self) -> Option<i64> {
        Some(self.due_ms).filter(|due_ms| *due_ms != i64::MAX)
    }

    /// Follows a change of a field's deadline.
    fn count_deadline(&mut self, old_ms: Option<i64>, new_ms: Option<i64>) {
        self.timed -= usize::from(old_ms.is_some());
        self.timed += usize::from(new_ms.is_some());
        self.due_ms = match self.timed {
            0 => i64::MAX,
            _ => self.due_ms.min(new_ms.unwrap_or(i64::MAX)),
        };
    }

    fn find(&self, field: &[u8]) -> Option<At> {
        self.triples.find(self.triples.first()?, field, SKIP)
    }

    fn behind(&self, at: At) -> At {
        self.triples.next(at).expect("elements come in threes")
    }

    fn field_at(&self, at: At) -> Field<'_> {
        let value = self.behind(at);
        let deadline_ms = match self.triples.get(self.behind(value)) {
            Item::Int(NO_DEADLINE) | Item::Bytes(_) => None,
            Item::Int(deadline_ms) => Some(deadline_ms),
        };
        Field { name: self.triples.get(at), value: self.triples.get(value), deadline_ms }
    }

    pub(super) fn get(&self, field: &[u8]) -> Option<Field<'_>> {
        self.find(field).map(|at| self.field_at(at))
    }

    pub(super) fn set(&mut self, field: &[u8], value: &[u8], deadline_ms: Option<i64>) -> bool {
        let found = self.find(field);
        let old_ms = found.and_then(|at| self.field_at(at).deadline_ms);
        self.count_deadline(old_ms, deadline_ms);
        match found {
            Some(at) => {
                let at = self.behind(at);
                self.triples.replace(at, value);
                let at = self.behind(at);
                self.triples.replace_item(at, deadline_item(deadline_ms));
            }
            None => {
                self.triples.push(field);
                self.triples.push(value);
                self.triples.push_item(deadline_item(deadline_ms));
            }
        }
        found.is_none()
    }

    pub(super) fn set_deadline(&mut self, field: &[u8], deadline_ms: Option<i64>) -> bool {
        let Some(at) = self.find(field) else { return false };
        self.count_deadline(self.field_at(at).deadline_ms, deadline_ms);
        let at = self.behind(self.behind(at));
        self.triples.replace_item(at, deadline_item(deadline_ms));
        true
    }

    pub(super) fn remove(&mut self, field: &[u8]) -> bool {
        let found = self.find(field);
        if let Some(at) = found {
            self.count_deadline(self.field_at(at).deadline_ms, None);
            self.triples.remove_range(at, 3);
        }
        found.is_some()
    }

    pub(super) fn remove_expired(
        &mut self,
        now_ms: i64,
        max: usize,
        mut visit: impl FnMut(&[u8]),
    ) -> usize {
        let (mut removed, mut due_ms) = (0, i64::MAX);
        let mut next = self.triples.first();
        while let Some(at) = next {
            let field = self.field_at(at);
            if field.has_expired(now_ms) {
                if removed == max {
                    return removed;
                }
                visit(&field.name.to_vec());
                self.count_deadline(field.deadline_ms, None);
                next = self.triples.remove_range(at, 3);
                removed += 1;
            } else {
                due_ms = due_ms.min(field.deadline_ms.unwrap_or(i64::MAX));
                next = self.triples.next(self.behind(self.behind(at)));
            }
        }
        self.due_ms = due_ms;
        removed
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        Iter { fields: self, next: self.triples.first() }
    }
}

/// The fields, those whose time has come too.
#[derive(Clone, Debug)]
pub(super) struct Iter<'a> {
    fields: &'a Expiring,
    next: Option<At>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (at, fields) = (self.next?, self.fields);
        self.next = fields.triples.next(fields.behind(fields.behind(at)));
        Some(fields.field_at(at))
    }
}
