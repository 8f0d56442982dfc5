//! Sorted sets: members with scores as text or as doubles, a ziplist, or a listpack.

use stdx::number::{Decimal, parse_f64};
use value::listpack::Item;
use value::{Limits, Zset};

use super::{DUPLICATE, form, listpack};
use crate::error::{Error, Result};
use crate::legacy;
use crate::read::Reader;
use crate::write::{self, Output};

pub(super) fn write(zset: &Zset, out: &mut Output) -> u16 {
    let version_min = write_head(zset, out);
    zset.for_each(|member, score| write_member(member, score, out));
    version_min
}

pub(super) fn write_head(zset: &Zset, out: &mut Output) -> u16 {
    out.form(if is_binary(out) { form::ZSET_OF_DOUBLES } else { form::ZSET });
    write::length(out, zset.len() as u64);
    0
}

pub(super) fn write_member(member: Item<'_>, score: f64, out: &mut Output) {
    super::write_item(out, member);
    write_score(score, out);
}

fn write_score(score: f64, out: &mut Output) {
    if is_binary(out) {
        out.extend_from_slice(&score.to_le_bytes());
    } else {
        write::text_double(out, score);
    }
}

/// Whether scores are doubles, and not text.
fn is_binary(out: &Output) -> bool {
    out.version_max >= 8
}

pub(super) fn read(form: u8, reader: &mut Reader<'_>, limits: &Limits) -> Result<Zset> {
    let mut zset = Zset::new();
    let mut add = |member: &[u8], score: f64| {
        if score.is_nan() {
            return Err(Error::BadData("a score is no number"));
        }
        if zset.insert(member, score, limits).is_some() { Err(DUPLICATE) } else { Ok(()) }
    };
    match form {
        form::ZSET => {
            for _ in 0..reader.count(2)? {
                let member = reader.string()?;
                add(&member, reader.text_double()?)?;
            }
        }
        form::ZSET_OF_DOUBLES => {
            for _ in 0..reader.count(9)? {
                let member = reader.string()?;
                add(&member, reader.double()?)?;
            }
        }
        form::ZSET_ZIPLIST => {
            let bytes = reader.string()?;
            let elements = legacy::ziplist(&bytes)?;
            for pair in super::pairs(&elements)? {
                add(&pair[0], score(&pair[1])?)?;
            }
        }
        _ => {
            let pack = listpack(&reader.string()?)?;
            let (mut member_text, mut score_text) = (Decimal::new(), Decimal::new());
            let mut items = pack.iter();
            while let Some(member) = items.next() {
                let item = items.next().ok_or(super::ODD)?;
                add(member.bytes(&mut member_text), score(item.bytes(&mut score_text))?)?;
            }
        }
    }
    Ok(zset)
}

fn score(text: &[u8]) -> Result<f64> {
    match text {
        b"-0" => Ok(-0.0),
        _ => parse_f64(text).ok_or(Error::BadData("a score is no number")),
    }
}
