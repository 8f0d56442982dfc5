//! When keys go: setting it, taking it away, asking for it.

use command::{Args, Error, Result, Words};
use engine::Context;
use resp::Writer;

use crate::effect::{PERSIST, expire_logged};
use crate::expiry::Unit;
use crate::options::is;

/// Under which conditions a deadline is set.
#[derive(Clone, Copy, Default)]
struct Conditions {
    /// `NX`: the key has none.
    none: bool,
    /// `XX`: the key has one.
    some: bool,
    /// `GT`: the key's is sooner than the new one.
    later: bool,
    /// `LT`: the key's is later than the new one; to have none is latest.
    sooner: bool,
}

impl Conditions {
    fn parse(mut words: Words<'_>) -> Result<Self> {
        let mut conditions = Self::default();
        while let Some(word) = words.next_word() {
            if is(word, "NX") {
                conditions.none = true;
            } else if is(word, "XX") {
                conditions.some = true;
            } else if is(word, "GT") {
                conditions.later = true;
            } else if is(word, "LT") {
                conditions.sooner = true;
            } else {
                return Err(Error::quoting("Unsupported option ", word, ""));
            }
        }
        let Self { none, some, later, sooner } = conditions;
        if none && (some || later || sooner) {
            let text = "NX and XX, GT or LT options at the same time are not compatible";
            return Err(Error::new(text));
        }
        if later && sooner {
            return Err(Error::new("GT and LT options at the same time are not compatible"));
        }
        Ok(conditions)
    }

    fn allow(self, new_ms: i64, old_ms: Option<i64>) -> bool {
        match old_ms {
            None => !self.some && !self.later,
            Some(old_ms) => {
                !(self.none || self.later && new_ms <= old_ms || self.sooner && new_ms >= old_ms)
            }
        }
    }
}

/// EXPIRE key seconds [NX | XX | GT | LT]
pub(super) fn expire(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    set(context, args, reply, Unit::Seconds, "expire")
}

/// PEXPIRE key milliseconds [NX | XX | GT | LT]
pub(super) fn pexpire(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    set(context, args, reply, Unit::Milliseconds, "pexpire")
}

/// EXPIREAT key unix-time-seconds [NX | XX | GT | LT]
pub(super) fn expireat(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    set(context, args, reply, Unit::UnixSeconds, "expireat")
}

/// PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]
pub(super) fn pexpireat(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    set(context, args, reply, Unit::UnixMilliseconds, "pexpireat")
}

fn set(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    unit: Unit,
    command: &'static str,
) -> Result {
    let conditions = Conditions::parse(args.words_from(3))?;
    let deadline_ms =
        unit.deadline_ms(args.int(2)?, context.now_ms()).ok_or(Error::invalid_expire(command))?;
    let mut edit = context.edit(context.key(args, 1));
    let allowed = edit.exists() && conditions.allow(deadline_ms, edit.expire_at_ms());
    if allowed {
        expire_logged(&mut edit, deadline_ms);
    }
    reply.integer(i64::from(allowed));
    Ok(())
}

/// PERSIST key
pub(super) fn persist(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    let had_deadline = edit.expire_at_ms().is_some();
    if had_deadline {
        edit.set_expiry(None);
        edit.event(PERSIST);
    }
    reply.integer(i64::from(had_deadline));
    Ok(())
}

/// TTL key
pub(super) fn ttl(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    tell(context, args, reply, |deadline_ms, now_ms| to_seconds((deadline_ms - now_ms).max(0)))
}

/// PTTL key
pub(super) fn pttl(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    tell(context, args, reply, |deadline_ms, now_ms| (deadline_ms - now_ms).max(0))
}

/// EXPIRETIME key
pub(super) fn expiretime(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    tell(context, args, reply, |deadline_ms, _| to_seconds(deadline_ms))
}

/// PEXPIRETIME key
pub(super) fn pexpiretime(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    tell(context, args, reply, |deadline_ms, _| deadline_ms)
}

fn tell(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    of_deadline: fn(i64, i64) -> i64,
) -> Result {
    let (now_ms, key) = (context.now_ms(), context.key(args, 1));
    reply.integer(match context.keyspace.look(context.db, key) {
        None => -2,
        Some(entry) => entry.expire_at_ms().map_or(-1, |at_ms| of_deadline(at_ms, now_ms)),
    });
    Ok(())
}

/// Rounded, as Redis does, so that TTL right after `EXPIRE k 10` says 10.
fn to_seconds(ms: i64) -> i64 {
    ms.saturating_add(500) / 1000
}

#[cfg(test)]
mod tests;
