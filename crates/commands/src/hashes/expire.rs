//! When fields go: setting it, taking it away, asking for it.

use command::{Args, Result};
use engine::Context;
use keyspace::Edit;
use resp::Writer;
use stdx::number::Decimal;
use value::Hash;

use super::deadline::{BAD_NUMBER, deadline_ms, names};
use super::{HDEL, HEXPIRE, HPERSIST, lapse_names, read};
use crate::elements::wrong_type;
use crate::expiry::Unit;
use crate::options::is;

/// What is answered of a field that is not there.
const NO_FIELD: i64 = -2;
/// What is answered of a field without a deadline.
const NO_DEADLINE: i64 = -1;

/// Under which condition a deadline is set.
#[derive(Clone, Copy)]
enum Condition {
    /// `NX`: the field has none.
    None,
    /// `XX`: the field has one.
    Some,
    /// `GT`: the field's is sooner than the new one.
    Later,
    /// `LT`: the field's is later than the new one; to have none is latest.
    Sooner,
}

impl Condition {
    fn parse(word: &[u8]) -> Option<Self> {
        let words =
            [("NX", Self::None), ("XX", Self::Some), ("GT", Self::Later), ("LT", Self::Sooner)];
        words.into_iter().find(|(name, _)| is(word, name)).map(|(_, condition)| condition)
    }

    fn allows(self, new_ms: i64, old_ms: Option<i64>) -> bool {
        match (self, old_ms) {
            (Self::None, old_ms) => old_ms.is_none(),
            (Self::Some, old_ms) => old_ms.is_some(),
            (Self::Later, old_ms) => old_ms.is_some_and(|old_ms| new_ms > old_ms),
            (Self::Sooner, old_ms) => old_ms.is_none_or(|old_ms| new_ms < old_ms),
        }
    }
}

/// What happened to a field, by the number that answers it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    NotThere = NO_FIELD as isize,
    Refused = 0,
    Set = 1,
    Removed = 2,
}

/// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub(super) fn hexpire(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    set(context, args, reply, Unit::Seconds, "hexpire")
}

/// HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub(super) fn hpexpire(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    set(context, args, reply, Unit::Milliseconds, "hpexpire")
}

/// HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub(super) fn hexpireat(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    set(context, args, reply, Unit::UnixSeconds, "hexpireat")
}

/// HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
pub(super) fn hpexpireat(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    set(context, args, reply, Unit::UnixMilliseconds, "hpexpireat")
}

fn set(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    unit: Unit,
    command: &'static str,
) -> Result {
    let (now_ms, key) = (context.now_ms(), context.key(args, 1));
    let mut edit = context.edit(key);
    edit.get::<Hash>().map_err(wrong_type)?;
    let new_ms = deadline_ms(args.at(2), unit, now_ms, command)?;
    let condition = Condition::parse(args.at(3));
    let fields_at = if condition.is_some() { 4 } else { 3 };
    let names = names(args, fields_at, "Parameter `numFields` should be greater than 0")?;
    edit.expire_fields(names.clone());
    reply.array(names.len());
    let mut changes = Changes::default();
    for name in names {
        let allows = |old_ms| condition.is_none_or(|condition| condition.allows(new_ms, old_ms));
        let outcome = expire(&mut edit, name, new_ms, allows)?;
        changes.note(name, outcome);
        reply.integer(outcome as i64);
    }
    changes.log(&mut edit, new_ms);
    Ok(())
}

/// Sets the deadline of a field if allowed; a moment that has passed removes it at once.
pub(super) fn expire(
    edit: &mut Edit<'_>,
    name: &[u8],
    new_ms: i64,
    allows: impl FnOnce(Option<i64>) -> bool,
) -> Result<Outcome> {
    let now_ms = edit.expiry_now_ms();
    let hash = edit.get::<Hash>().map_err(wrong_type)?;
    let Some(field) = hash.and_then(|hash| hash.field(name, i64::MIN)) else {
        return Ok(Outcome::NotThere);
    };
    if !allows(field.deadline_ms) {
        return Ok(Outcome::Refused);
    }
    let hash = edit.get_mut::<Hash>().map_err(wrong_type)?.expect("it has the field");
    if new_ms <= now_ms {
        hash.remove(name);
        return Ok(Outcome::Removed);
    }
    hash.set_deadline(name, Some(new_ms));
    Ok(Outcome::Set)
}

/// The fields that a call changed.
#[derive(Default)]
pub(super) struct Changes<'a> {
    set: Vec<&'a [u8]>,
    removed: Vec<&'a [u8]>,
}

impl<'a> Changes<'a> {
    pub(super) fn note(&mut self, name: &'a [u8], outcome: Outcome) {
        match outcome {
            Outcome::Set => self.set.push(name),
            Outcome::Removed => self.removed.push(name),
            Outcome::NotThere | Outcome::Refused => {}
        }
    }

    /// Logs, tells and counts the changes: a replay comes at another time.
    pub(super) fn log(&self, edit: &mut Edit<'_>, deadline_ms: i64) {
        let key = edit.key().bytes;
        if !self.set.is_empty() {
            let (mut deadline, mut count) = (Decimal::new(), Decimal::new());
            let head: [&[u8]; 5] = [
                b"HPEXPIREAT",
                key,
                deadline.format(deadline_ms),
                b"FIELDS",
                count.format(self.set.len() as i64),
            ];
            edit.log(&[&head[..], &self.set[..]].concat());
            edit.event_of(HEXPIRE, self.set.iter().copied());
        }
        if !self.removed.is_empty() {
            edit.log(&[&[b"HDEL", key][..], &self.removed[..]].concat());
            edit.event_of(HDEL, self.removed.iter().copied());
        }
        edit.count(self.set.len() + self.removed.len());
    }
}

/// HPERSIST key FIELDS numfields field [field ...]
pub(super) fn hpersist(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    edit.get::<Hash>().map_err(wrong_type)?;
    let names = names(args, 2, BAD_NUMBER)?;
    edit.expire_fields(names.clone());
    reply.array(names.len());
    let mut persisted = Vec::new();
    for name in names {
        let hash = edit.get::<Hash>().map_err(wrong_type)?;
        let field = hash.and_then(|hash| hash.field(name, i64::MIN));
        reply.integer(match field.map(|field| field.deadline_ms) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(_)) => {
                persist(&mut edit, name)?;
                persisted.push(name);
                1
            }
        });
    }
    edit.count(persisted.len());
    if !persisted.is_empty() {
        edit.event_of(HPERSIST, persisted.into_iter());
    }
    Ok(())
}

/// Takes a field's deadline away.
pub(super) fn persist(edit: &mut Edit<'_>, name: &[u8]) -> Result {
    let hash = edit.get_mut::<Hash>().map_err(wrong_type)?.expect("it has the field");
    hash.set_deadline(name, None);
    Ok(())
}

/// HTTL key FIELDS numfields field [field ...]
pub(super) fn httl(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    tell(context, args, reply, |at_ms, now_ms| (at_ms - now_ms + 999) / 1000)
}

/// HPTTL key FIELDS numfields field [field ...]
pub(super) fn hpttl(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    tell(context, args, reply, |at_ms, now_ms| at_ms - now_ms)
}

/// HEXPIRETIME key FIELDS numfields field [field ...]
pub(super) fn hexpiretime(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    tell(context, args, reply, |at_ms, _| (at_ms + 999) / 1000)
}

/// HPEXPIRETIME key FIELDS numfields field [field ...]
pub(super) fn hpexpiretime(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    tell(context, args, reply, |at_ms, _| at_ms)
}

fn tell(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    of_deadline: fn(i64, i64) -> i64,
) -> Result {
    let (now_ms, clock_ms) = (context.keyspace.expiry_now_ms(), context.now_ms());
    let hash = read(context, context.key(args, 1))?;
    let names = names(args, 2, BAD_NUMBER)?;
    reply.array(names.len());
    for name in names.clone() {
        let field = hash.and_then(|hash| hash.field(name, now_ms));
        reply.integer(match field.map(|field| field.deadline_ms) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(at_ms)) => of_deadline(at_ms, clock_ms),
        });
    }
    if hash.is_some_and(|hash| hash.is_due(now_ms)) {
        lapse_names(context, args, names);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
