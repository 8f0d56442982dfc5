//! Lists: elements, a ziplist, or blocks.

use stdx::number::Decimal;
use value::list::{End, Stretch};
use value::{Limits, List};

use super::{form, listpack};
use crate::error::{Error, Result};
use crate::legacy;
use crate::read::Reader;
use crate::write::{self, Output};

/// How a block of [`form::LIST_OF_LISTPACKS`] holds its elements.
const PLAIN: u64 = 1;
const PACKED: u64 = 2;

/// Whether the reader knows blocks.
fn has_blocks(out: &Output) -> bool {
    out.version_max >= 10
}

pub(super) fn write(list: &List, out: &mut Output) -> u16 {
    let version_min = write_head(list, out);
    list.stretches(|stretch| write_stretch(stretch, out));
    version_min
}

pub(super) fn write_head(list: &List, out: &mut Output) -> u16 {
    if !has_blocks(out) {
        out.form(form::LIST);
        write::length(out, list.len() as u64);
        return 0;
    }
    out.form(form::LIST_OF_LISTPACKS);
    write::length(out, list.block_count() as u64);
    10
}

pub(super) fn write_stretch(stretch: Stretch<'_>, out: &mut Output) {
    match stretch {
        Stretch::Pack(pack) if !has_blocks(out) => {
            pack.iter().for_each(|item| super::write_item(out, item));
        }
        Stretch::Plain(item) if !has_blocks(out) => write::string(out, item),
        Stretch::Pack(pack) => {
            write::length(out, PACKED);
            write::bytes(out, pack.as_bytes());
        }
        Stretch::Plain(item) => {
            write::length(out, PLAIN);
            write::bytes(out, item);
        }
    }
}

pub(super) fn read(form: u8, reader: &mut Reader<'_>, limits: &Limits) -> Result<List> {
    let mut list = List::new();
    match form {
        form::LIST => {
            for _ in 0..reader.count(1)? {
                list.push(End::Right, &reader.string()?, limits);
            }
        }
        form::LIST_ZIPLIST => push_ziplist(&mut list, &reader.string()?, limits)?,
        form::LIST_OF_ZIPLISTS => {
            for _ in 0..reader.count(1)? {
                push_ziplist(&mut list, &reader.string()?, limits)?;
            }
        }
        _ => {
            for _ in 0..reader.count(2)? {
                push_block(&mut list, reader, limits)?;
            }
        }
    }
    Ok(list)
}

fn push_ziplist(list: &mut List, bytes: &[u8], limits: &Limits) -> Result<()> {
    for item in legacy::ziplist(bytes)? {
        list.push(End::Right, &item, limits);
    }
    Ok(())
}

fn push_block(list: &mut List, reader: &mut Reader<'_>, limits: &Limits) -> Result<()> {
    let how = reader.length()?;
    let bytes = reader.string()?;
    match how {
        PLAIN if !bytes.is_empty() => list.push(End::Right, &bytes, limits),
        PACKED => {
            let pack = listpack(&bytes)?;
            let mut text = Decimal::new();
            for item in pack.iter() {
                list.push(End::Right, item.bytes(&mut text), limits);
            }
        }
        _ => return Err(Error::BadData("a list's block has an unknown form")),
    }
    Ok(())
}
