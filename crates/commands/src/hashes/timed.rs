//! HGETEX, HSETEX and HGETDEL: fields whose values and deadlines change in one step.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Edit;
use resp::Writer;
use stdx::number::{Decimal, parse_i64};
use value::{Hash, Limits};

use super::deadline::{BAD_NUMBER, deadline_ms, names, unit};
use super::expire::{Changes, Outcome, expire, persist};
use super::{HDEL, HEXPIRE, HPERSIST, HSET};
use crate::elements::{self, wrong_type};
use crate::expiry::Unit;
use crate::options::is;

/// HGETDEL key FIELDS numfields field [field ...]
pub(super) fn hgetdel(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    edit.get::<Hash>().map_err(wrong_type)?;
    let names = names(args, 2, BAD_NUMBER)?;
    edit.expire_fields(names.clone());
    reply.array(names.len());
    let mut removed: Vec<&[u8]> = Vec::new();
    for name in names {
        if write_value(&edit, name, reply)? {
            let hash = edit.get_mut::<Hash>().map_err(wrong_type)?.expect("it has the field");
            hash.remove(name);
            removed.push(name);
        }
    }
    edit.count(removed.len());
    if !removed.is_empty() {
        let key = edit.key().bytes;
        edit.log(&[&[b"HDEL", key][..], &removed[..]].concat());
        edit.event_of(HDEL, removed.into_iter());
    }
    Ok(())
}

/// Writes the value of a field or null. Answers whether it is there.
fn write_value(edit: &Edit<'_>, name: &[u8], reply: &mut Writer<'_>) -> Result<bool> {
    let hash = edit.get::<Hash>().map_err(wrong_type)?;
    // Those whose time has come were removed.
    let value = hash.and_then(|hash| hash.get(name, i64::MIN));
    elements::write_option(reply, value);
    Ok(value.is_some())
}

/// HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS numfields field [field ...]
pub(super) fn hgetex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let (now_ms, key) = (context.now_ms(), context.key(args, 1));
    let mut edit = context.edit(key);
    edit.get::<Hash>().map_err(wrong_type)?;
    let unit = unit(args.at(2));
    let persists = is(args.at(2), "PERSIST");
    let new_ms = unit.map(|unit| deadline_ms(args.at(3), unit, now_ms, "hgetex")).transpose()?;
    let fields_at = 2 + if unit.is_some() { 2 } else { usize::from(persists) };
    let names = names(args, fields_at, BAD_NUMBER)?;
    edit.expire_fields(names.clone());
    reply.array(names.len());
    let (mut changes, mut persisted) = (Changes::default(), Vec::new());
    for name in names {
        if !write_value(&edit, name, reply)? {
            continue;
        }
        if let Some(new_ms) = new_ms {
            changes.note(name, expire(&mut edit, name, new_ms, |_| true)?);
        } else if persists {
            let hash = edit.get::<Hash>().map_err(wrong_type)?;
            let field = hash.and_then(|hash| hash.field(name, i64::MIN));
            if field.is_some_and(|field| field.deadline_ms.is_some()) {
                persist(&mut edit, name)?;
                persisted.push(name);
            }
        }
    }
    changes.log(&mut edit, new_ms.unwrap_or_default());
    if !persisted.is_empty() {
        let (key, mut count) = (edit.key().bytes, Decimal::new());
        let head: [&[u8]; 4] = [b"HPERSIST", key, b"FIELDS", count.format(persisted.len() as i64)];
        edit.log(&[&head[..], &persisted[..]].concat());
        edit.count(persisted.len());
        edit.event_of(HPERSIST, persisted.into_iter());
    }
    Ok(())
}

/// What HSETEX is told before the fields.
#[derive(Clone, Copy, Default)]
struct SetOptions {
    /// `NX` or `XX`: whether the key must exist.
    key_exists: Option<bool>,
    /// `FNX` or `FXX`: whether all of the fields must exist, or none.
    fields_exist: Option<bool>,
    expire: Option<Expire>,
    first_field: usize,
}

#[derive(Clone, Copy)]
enum Expire {
    At(i64),
    Keep,
}

impl SetOptions {
    fn parse(args: Args<'_>, now_ms: i64) -> Result<Self> {
        let mut options = Self::default();
        let mut words = args.words_from(2);
        while let Some(word) = words.next_word() {
            if is(word, "FIELDS") {
                options.first_field = words.position() + 1;
                check_fields(args, words.position())?;
                return Ok(options);
            } else if is(word, "KEEPTTL") {
                options.expire(Expire::Keep)?;
            } else if let Some(unit) = unit(word) {
                options.expire(Expire::At(0))?;
                let number = words.next_word().ok_or(Error::new("missing expire time"))?;
                options.expire = Some(Expire::At(expire_at(number, unit, now_ms)?));
            } else if is(word, "FNX") || is(word, "FXX") {
                if options.fields_exist.replace(is(word, "FXX")).is_some() {
                    let text = "Only one of FXX or FNX arguments can be specified";
                    return Err(Error::new(text));
                }
            } else if is(word, "NX") || is(word, "XX") {
                if options.key_exists.replace(is(word, "XX")).is_some() {
                    return Err(Error::new("Only one of NX or XX arguments can be specified"));
                }
            } else {
                return Err(Error::quoting("unknown argument: ", word, ""));
            }
        }
        Err(Error::WrongArity("hsetex".into()))
    }

    fn expire(&mut self, expire: Expire) -> Result {
        match self.expire.replace(expire) {
            None => Ok(()),
            Some(_) => Err(Error::new(
                "Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
            )),
        }
    }
}

fn expire_at(number: &[u8], unit: Unit, now_ms: i64) -> Result<i64> {
    deadline_ms(number, unit, now_ms, "hsetex")
}

/// Whether a number at `index`, and behind it so many pairs, end the call.
fn check_fields(args: Args<'_>, index: usize) -> Result {
    let wrong_arity = || Error::WrongArity("hsetex".into());
    if args.len() < index + 3 {
        return Err(wrong_arity());
    }
    let number = parse_i64(args.at(index)).and_then(|number| i32::try_from(number).ok());
    let number = number.filter(|number| *number > 0);
    let number = number.ok_or(Error::new("invalid number of fields"))? as usize;
    if args.len() - index - 1 != number * 2 {
        return Err(wrong_arity());
    }
    Ok(())
}

/// HSETEX key [NX | XX] [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
/// FIELDS numfields field value [field value ...]
pub(super) fn hsetex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let options = SetOptions::parse(args, context.now_ms())?;
    let limits = &context.limits.values;
    let mut edit = context.edit(context.key(args, 1));
    edit.get::<Hash>().map_err(wrong_type)?;
    let names = (options.first_field..args.len()).step_by(2).map(|at| args.at(at));
    edit.expire_fields(names.clone());
    let hash = edit.get::<Hash>().map_err(wrong_type)?;
    let exists = |name| hash.is_some_and(|hash| hash.get(name, i64::MIN).is_some());
    let allowed = options.key_exists.is_none_or(|wanted| hash.is_some() == wanted)
        && options.fields_exist.is_none_or(|wanted| names.clone().all(|n| exists(n) == wanted));
    if allowed {
        set(&mut edit, args, options, limits)?;
    }
    reply.integer(i64::from(allowed));
    Ok(())
}

fn set(edit: &mut Edit<'_>, args: Args<'_>, options: SetOptions, limits: &Limits) -> Result {
    let pairs = || (options.first_field..args.len()).step_by(2);
    let now_ms = edit.expiry_now_ms();
    match options.expire {
        Some(Expire::At(at_ms)) if at_ms <= now_ms => {
            let mut changes = Changes::default();
            for at in pairs() {
                changes.note(args.at(at), expire(edit, args.at(at), at_ms, |_| true)?);
            }
            changes.log(edit, at_ms);
            return Ok(());
        }
        _ => {}
    }
    let hash: &mut Hash = edit.get_or_create().map_err(wrong_type)?;
    hash.prepare(args.iter_from(options.first_field), limits);
    for at in pairs() {
        let deadline_ms = match options.expire {
            None => None,
            Some(Expire::At(at_ms)) => Some(at_ms),
            Some(Expire::Keep) => {
                hash.field(args.at(at), i64::MIN).and_then(|field| field.deadline_ms)
            }
        };
        hash.set(args.at(at), args.at(at + 1), deadline_ms, limits);
    }
    log_set(edit, args, options);
    edit.event_of(HSET, pairs().map(|at| args.at(at)));
    if let Some(Expire::At(_)) = options.expire {
        edit.event_of(HEXPIRE, pairs().map(|at| args.at(at)));
    }
    edit.count(pairs().len());
    Ok(())
}

fn log_set(edit: &mut Edit<'_>, args: Args<'_>, options: SetOptions) {
    let (mut deadline, key) = (Decimal::new(), edit.key().bytes);
    let mut effect: Vec<&[u8]> = vec![b"HSETEX", key];
    match options.expire {
        None => {}
        Some(Expire::Keep) => effect.push(b"KEEPTTL"),
        Some(Expire::At(at_ms)) => effect.extend([b"PXAT", deadline.format(at_ms)]),
    }
    effect.push(b"FIELDS");
    effect.extend(args.iter_from(options.first_field - 1));
    edit.log(&effect);
}

const _: () = assert!(Outcome::NotThere as i64 == -2);

#[cfg(test)]
mod tests;
