//! Whole strings: SET and its older relatives, and the GETs.

use command::{Args, Error, Result, Words};
use engine::Context;
use keyspace::{Edit, Event};
use resp::Writer;

use super::conditional::Comparison;
use super::{old_string, write_string};
use crate::effect::{EXPIRE, PERSIST, expire_logged, remove_logged, set_until_logged};
use crate::expiry::{Expire, Unit};
use crate::options::{choose, is};

/// A string was set.
pub(super) const SET: Event = Event::string("set");

/// GET key
#[inline]
pub(super) fn get(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    match context.read(context.key(args, 1)) {
        None => reply.null(),
        Some(entry) => {
            write_string(reply, Some(entry.string()?));
        }
    }
    Ok(())
}

/// When SET sets the key at all.
#[derive(Clone, Copy)]
enum Condition<'a> {
    IfAbsent,
    IfPresent,
    If(Comparison<'a>),
}

#[derive(Default)]
struct SetOptions<'a> {
    condition: Option<Condition<'a>>,
    expire: Option<Expire<'a>>,
    get: bool,
}

impl<'a> SetOptions<'a> {
    fn parse(mut words: Words<'a>) -> Result<Self> {
        let mut options = Self::default();
        while let Some(word) = words.next_word() {
            if is(word, "NX") {
                options.require(Condition::IfAbsent)?;
            } else if is(word, "XX") {
                options.require(Condition::IfPresent)?;
            } else if is(word, "GET") {
                options.get = true;
            } else if is(word, "KEEPTTL") {
                choose(&mut options.expire, Expire::Keep)?;
            } else if let Some(moment) = Expire::moment(word, &mut words)? {
                choose(&mut options.expire, moment)?;
            } else if let Some(comparison) = Comparison::parse(word, &mut words)? {
                options.require(Condition::If(comparison))?;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// Takes a condition; there can be one.
    fn require(&mut self, condition: Condition<'a>) -> Result {
        if let (Some(Condition::If(old)), Condition::If(new)) = (self.condition, condition) {
            choose(&mut Some(old), new)?;
        }
        choose(&mut self.condition, condition)
    }
}

impl Condition<'_> {
    fn allows(self, edit: &Edit<'_>) -> Result<bool> {
        Ok(match self {
            Self::IfAbsent => !edit.exists(),
            Self::IfPresent => edit.exists(),
            Self::If(comparison) => match old_string(edit)? {
                Some(string) => comparison.holds(string)?,
                None => comparison.holds_without_key(),
            },
        })
    }
}

/// SET key value [NX | XX | IFEQ v | IFNE v | IFDEQ d | IFDNE d] [GET]
/// [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
#[inline]
pub(super) fn set(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    if args.len() == 3 {
        let mut edit = context.edit(context.key(args, 1));
        edit.set(args.at(2), None);
        edit.event(SET);
        reply.ok();
        return Ok(());
    }
    set_with_options(context, args, reply)
}

fn set_with_options(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let options = SetOptions::parse(args.words_from(3))?;
    let after = After::of(options.expire, context.now_ms(), "set")?;
    let key = context.key(args, 1);
    let mut edit = if options.get { context.read_to_edit(key) } else { context.edit(key) };
    if options.get {
        write_string(reply, old_string(&edit)?);
    }
    let allowed = match options.condition {
        Some(condition) => condition.allows(&edit)?,
        None => true,
    };
    if allowed {
        store(&mut edit, args.at(2), after);
    }
    match (options.get, allowed) {
        (true, _) => {}
        (false, true) => reply.ok(),
        (false, false) => reply.null(),
    }
    Ok(())
}

/// The deadline of a key after its string was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// None.
    Never,
    /// What it was.
    Same,
    /// In milliseconds since 1970.
    At(i64),
}

impl After {
    /// What an option makes of it; without one there is none.
    pub(super) fn of(
        expire: Option<Expire<'_>>,
        now_ms: i64,
        command: &'static str,
    ) -> Result<Self> {
        let Some(expire) = expire else { return Ok(Self::Never) };
        Ok(expire.deadline_ms(now_ms, command)?.map_or(Self::Same, Self::At))
    }
}

/// Sets string and deadline; a deadline that has passed removes the key.
pub(super) fn store(edit: &mut Edit<'_>, value: &[u8], after: After) {
    match after {
        After::Never => edit.set(value, None),
        After::Same => edit.set(value, edit.expire_at_ms()),
        After::At(deadline_ms) => return set_until(edit, value, deadline_ms),
    }
    edit.event(SET);
}

/// Sets a string and when it goes.
fn set_until(edit: &mut Edit<'_>, value: &[u8], deadline_ms: i64) {
    let is_left = set_until_logged(edit, value, deadline_ms);
    edit.event(SET);
    edit.event(EXPIRE);
    if !is_left {
        edit.event(Event::EXPIRED);
    }
}

/// [`store`], with the outcome as the effect, where the call itself is not to be replayed.
pub(super) fn store_logged(edit: &mut Edit<'_>, value: &[u8], after: After) {
    store(edit, value, after);
    let key = edit.key().bytes;
    match after {
        After::Never => edit.log(&[b"SET", key, value]),
        After::Same => edit.log(&[b"SET", key, value, b"KEEPTTL"]),
        After::At(_) => {} // `store` did.
    }
}

/// SETNX key value
pub(super) fn setnx(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    let absent = !edit.exists();
    if absent {
        edit.set(args.at(2), None);
        edit.event(SET);
    }
    reply.integer(i64::from(absent));
    Ok(())
}

/// SETEX key seconds value
pub(super) fn setex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    set_for(context, args, reply, Unit::Seconds, "setex")
}

/// PSETEX key milliseconds value
pub(super) fn psetex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    set_for(context, args, reply, Unit::Milliseconds, "psetex")
}

fn set_for(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    unit: Unit,
    command: &'static str,
) -> Result {
    let deadline_ms = unit.positive_deadline_ms(args.at(2), context.now_ms(), command)?;
    set_until(&mut context.edit(context.key(args, 1)), args.at(3), deadline_ms);
    reply.ok();
    Ok(())
}

/// GETSET key value
pub(super) fn getset(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.read_to_edit(context.key(args, 1));
    write_string(reply, old_string(&edit)?);
    edit.set(args.at(2), None);
    edit.event(SET);
    Ok(())
}

/// GETDEL key
pub(super) fn getdel(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.read_to_edit(context.key(args, 1));
    write_string(reply, old_string(&edit)?);
    remove_logged(&mut edit);
    Ok(())
}

/// GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]
pub(super) fn getex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let expire = parse_getex(args.words_from(2))?;
    let now_ms = context.now_ms();
    let mut edit = context.read_to_edit(context.key(args, 1));
    let Some(string) = old_string(&edit)? else {
        reply.null();
        return Ok(());
    };
    // Read only here: where there is no key, Redis does not look at the number.
    let deadline_ms = expire.map(|expire| expire.deadline_ms(now_ms, "getex")).transpose()?;
    write_string(reply, Some(string));
    match deadline_ms {
        Some(Some(deadline_ms)) => expire_logged(&mut edit, deadline_ms),
        Some(None) if edit.expire_at_ms().is_some() => {
            edit.set_expiry(None);
            edit.event(PERSIST);
            edit.log(&[b"PERSIST", edit.key().bytes]);
        }
        _ => {}
    }
    Ok(())
}

fn parse_getex<'a>(mut words: Words<'a>) -> Result<Option<Expire<'a>>> {
    let mut expire = None;
    while let Some(word) = words.next_word() {
        if is(word, "PERSIST") {
            choose(&mut expire, Expire::Persist)?;
        } else if let Some(moment) = Expire::moment(word, &mut words)? {
            choose(&mut expire, moment)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(expire)
}

#[cfg(test)]
mod tests;
