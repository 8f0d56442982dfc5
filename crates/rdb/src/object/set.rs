//! Sets: members, integers, or a listpack.

use stdx::number::Decimal;
use value::listpack::Item;
use value::{Limits, Listpack, Set};

use super::{DUPLICATE, form, listpack};
use crate::error::Result;
use crate::legacy;
use crate::read::Reader;
use crate::write::{self, Output};

pub(super) fn write(set: &Set, out: &mut Output) -> u16 {
    if set.is_ints() {
        write_integers(set, out);
        return 0;
    }
    let version_min = write_head(set, out);
    set.iter().for_each(|member| super::write_item(out, member));
    version_min
}

/// Of a set that is not kept as integers.
pub(super) fn write_head(set: &Set, out: &mut Output) -> u16 {
    out.form(form::SET);
    write::length(out, set.len() as u64);
    0
}

/// Bytes per integer, their number, and the integers, which ascend.
fn write_integers(set: &Set, out: &mut Output) {
    let members = set.iter().filter_map(|member| match member {
        Item::Int(number) => Some(number),
        Item::Bytes(_) => None,
    });
    let members: Vec<i64> = members.collect();
    let fits = |bits: u32| members.iter().all(|number| number >> (bits - 1) == number >> 63);
    let width = if fits(16) {
        2
    } else if fits(32) {
        4
    } else {
        8
    };
    let mut packed = Vec::with_capacity(8 + width * members.len());
    packed.extend_from_slice(&(width as u32).to_le_bytes());
    packed.extend_from_slice(&(members.len() as u32).to_le_bytes());
    for number in members {
        packed.extend_from_slice(&number.to_le_bytes()[..width]);
    }
    out.form(form::SET_OF_INTEGERS);
    write::bytes(out, &packed);
}

pub(super) fn read(form: u8, reader: &mut Reader<'_>, limits: &Limits) -> Result<Set> {
    let mut set = Set::new();
    let add = |set: &mut Set, member: &[u8]| {
        if set.add(member, limits) { Ok(()) } else { Err(DUPLICATE) }
    };
    let mut text = Decimal::new();
    match form {
        form::SET => {
            let count = reader.count(1)?;
            for at in 0..count {
                let member = reader.string()?;
                if at == 0 {
                    set.prepare(&member, count, limits);
                }
                add(&mut set, &member)?;
            }
        }
        form::SET_OF_INTEGERS => {
            for number in legacy::intset(&reader.string()?)? {
                add(&mut set, text.format(number))?;
            }
        }
        _ => {
            let pack: Listpack = listpack(&reader.string()?)?;
            set.begin_as_listpack();
            for member in pack.iter() {
                add(&mut set, member.bytes(&mut text))?;
            }
        }
    }
    Ok(set)
}
