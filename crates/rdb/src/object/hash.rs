//! Hashes: fields with values and, some, with deadlines; a ziplist, a zipmap, or a listpack.

use stdx::number::Decimal;
use value::hash::{Field, Item};
use value::{Hash, Limits};

use super::{DUPLICATE, ODD, form, listpack, pairs};
use crate::error::{Error, Result};
use crate::legacy;
use crate::payload::Dialect;
use crate::read::Reader;
use crate::write::{self, Output};

/// Earlier than any deadline: all fields are there.
const NEVER_DUE: i64 = i64::MIN;
/// Redis's last deadline of a field.
const DEADLINE_MS_MAX: i64 = (1 << 48) - 1;
/// What Valkey writes for no deadline.
const NO_DEADLINE: i64 = -1;

pub(super) fn write(hash: &Hash, out: &mut Output) -> u16 {
    let (first_ms, version_min) = write_head(hash, out);
    hash.iter(NEVER_DUE).for_each(|field| write_field(field, first_ms, out));
    version_min
}

/// Answers the deadline to which others are relative, if there are any.
pub(super) fn write_head(hash: &Hash, out: &mut Output) -> (Option<i64>, u16) {
    let first_ms = hash.first_deadline_ms();
    match first_ms {
        None => out.form(form::HASH),
        Some(first_ms) => {
            out.form(form::HASH_WITH_DEADLINES);
            out.extend_from_slice(&first_ms.to_le_bytes());
        }
    }
    write::length(out, hash.len() as u64);
    (first_ms, if first_ms.is_some() { 12 } else { 0 })
}

pub(super) fn write_field(field: Field<'_>, first_ms: Option<i64>, out: &mut Output) {
    if let Some(first_ms) = first_ms {
        // Relative to the first one, and one more, as zero means none.
        let ttl = field.deadline_ms.map_or(0, |at_ms| at_ms.wrapping_sub(first_ms) as u64 + 1);
        write::length(out, ttl);
    }
    super::write_item(out, field.name);
    super::write_item(out, field.value);
}

/// A hash that is being read.
struct Building<'a> {
    hash: Hash,
    limits: &'a Limits,
}

impl Building<'_> {
    fn add(&mut self, field: &[u8], value: &[u8], deadline_ms: Option<i64>) -> Result<()> {
        if deadline_ms.is_some_and(|at_ms| !(0..=DEADLINE_MS_MAX).contains(&at_ms)) {
            return Err(Error::BadData("there is no such deadline"));
        }
        let is_new = self.hash.set(field, value, deadline_ms, self.limits);
        if is_new { Ok(()) } else { Err(DUPLICATE) }
    }

    fn add_pairs(&mut self, elements: &legacy::Elements<'_>) -> Result<()> {
        pairs(elements)?.try_for_each(|pair| self.add(&pair[0], &pair[1], None))
    }

    fn add_triples(&mut self, bytes: &[u8]) -> Result<()> {
        let pack = listpack(bytes)?;
        let (mut field_text, mut value_text) = (Decimal::new(), Decimal::new());
        let mut items = pack.iter();
        // They are in the order of their deadlines, and those without one come last.
        let mut earlier_ms = i64::MIN;
        while let Some(field) = items.next() {
            let (Some(value), Some(Item::Int(at_ms))) = (items.next(), items.next()) else {
                return Err(ODD);
            };
            let deadline_ms = (at_ms != 0).then_some(at_ms);
            let order_ms = deadline_ms.unwrap_or(i64::MAX);
            if order_ms < earlier_ms {
                return Err(Error::BadData("deadlines are not in order"));
            }
            earlier_ms = order_ms;
            let field = field.bytes(&mut field_text);
            self.add(field, value.bytes(&mut value_text), deadline_ms)?;
        }
        Ok(())
    }
}

pub(super) fn read(
    dialect: Dialect,
    form: u8,
    reader: &mut Reader<'_>,
    limits: &Limits,
) -> Result<Hash> {
    let mut building = Building { hash: Hash::new(), limits };
    match form {
        form::HASH => {
            for _ in 0..reader.count(2)? {
                let (field, value) = (reader.string()?, reader.string()?);
                building.add(&field, &value, None)?;
            }
        }
        form::HASH_ZIPLIST => building.add_pairs(&legacy::ziplist(&reader.string()?)?)?,
        form::HASH_ZIPMAP => building.add_pairs(&legacy::zipmap(&reader.string()?)?)?,
        form::HASH_LISTPACK => {
            let pack = listpack(&reader.string()?)?;
            let items = pack.iter().map(|item| item.to_vec().into()).collect();
            building.add_pairs(&items)?;
        }
        form::HASH_OTHER if dialect == Dialect::Valkey => {
            for _ in 0..reader.count(10)? {
                let (field, value) = (reader.string()?, reader.string()?);
                let at_ms = reader.milliseconds()?;
                building.add(&field, &value, (at_ms != NO_DEADLINE).then_some(at_ms))?;
            }
        }
        form::HASH_WITH_DEADLINES | form::HASH_OTHER => {
            // The first release candidates wrote times as they are.
            let first_ms = match form {
                form::HASH_WITH_DEADLINES => reader.milliseconds()?.wrapping_sub(1),
                _ => 0,
            };
            for _ in 0..reader.count(3)? {
                let ttl = reader.length()?;
                let (field, value) = (reader.string()?, reader.string()?);
                let at_ms = (ttl != 0).then(|| first_ms.wrapping_add_unsigned(ttl));
                building.add(&field, &value, at_ms)?;
            }
        }
        form::HASH_TRIPLES => {
            reader.milliseconds()?;
            building.add_triples(&reader.string()?)?;
        }
        _ => building.add_triples(&reader.string()?)?,
    }
    Ok(building.hash)
}
