//! INCREX: a counter with bounds and a deadline, as rate limiters need it.

use std::cmp::Ordering;

use command::{Args, Error, Result, Words};
use engine::Context;
use keyspace::{Edit, Event, StringRef};
use resp::Writer;
use stdx::number::{Extended, parse_i64};

use super::set::After;
use super::{counters, old_string};
use crate::effect::{EXPIRE, PERSIST, set_until_logged};
use crate::expiry::Expire;
use crate::options::{is, once};

#[derive(Default)]
struct Options<'a> {
    by: Option<By<'a>>,
    lower: Option<&'a [u8]>,
    upper: Option<&'a [u8]>,
    saturate: Option<()>,
    expire: Option<Expire<'a>>,
    /// `ENX`: a deadline that the key has stays.
    expire_if_none: Option<()>,
}

#[derive(Clone, Copy)]
enum By<'a> {
    Int(&'a [u8]),
    Float(&'a [u8]),
}

impl<'a> Options<'a> {
    fn parse(mut words: Words<'a>) -> Result<Self> {
        let mut options = Self::default();
        while let Some(word) = words.next_word() {
            if is(word, "BYINT") {
                once(&mut options.by, By::Int(words.value()?))?;
            } else if is(word, "BYFLOAT") {
                once(&mut options.by, By::Float(words.value()?))?;
            } else if is(word, "LBOUND") {
                once(&mut options.lower, words.value()?)?;
            } else if is(word, "UBOUND") {
                once(&mut options.upper, words.value()?)?;
            } else if is(word, "SATURATE") {
                once(&mut options.saturate, ())?;
            } else if is(word, "ENX") {
                once(&mut options.expire_if_none, ())?;
            } else if is(word, "PERSIST") {
                once(&mut options.expire, Expire::Persist)?;
            } else if let Some(moment) = Expire::moment(word, &mut words)? {
                once(&mut options.expire, moment)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        match (options.expire_if_none, options.expire) {
            (Some(()), Some(Expire::Persist)) => Err(Error::Syntax),
            (Some(()), None) => Err(Error::new("ENX flag requires an expiration")),
            _ => Ok(options),
        }
    }
}

/// INCREX key [BYINT i | BYFLOAT f] [LBOUND l] [UBOUND u] [SATURATE]
/// [EX s | PX ms | EXAT s | PXAT ms | PERSIST] [ENX]
pub(super) fn increx(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let options = Options::parse(args.words_from(2))?;
    match options.by {
        None => add::<Integer>(context, args, reply, &options, b"1"),
        Some(By::Int(number)) => add::<Integer>(context, args, reply, &options, number),
        Some(By::Float(number)) => add::<Extended>(context, args, reply, &options, number),
    }
}

fn add<N: Number>(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
    options: &Options<'_>,
    increment: &[u8],
) -> Result {
    let increment = N::increment(increment)?;
    let bounds = Bounds::<N>::parse(options)?;
    let now_ms = context.now_ms();
    let deadline = options.expire.map(|expire| expire.deadline_ms(now_ms, "increx")).transpose()?;

    let mut edit = context.edit(context.key(args, 1));
    let old = old_string(&edit)?.map_or(Ok(N::ZERO), N::current)?;
    let sum = old.plus(increment);
    let (new, applied) = match bounds.overstepped_by(sum) {
        Some(_) if options.saturate.is_none() => (old, N::ZERO),
        bound => {
            let new = bound.unwrap_or(sum);
            let applied = new.since(old)?;
            let keep = options.expire_if_none.is_some() && edit.expire_at_ms().is_some();
            let after = match deadline {
                Some(Some(deadline_ms)) if !keep => After::At(deadline_ms),
                Some(None) => After::Never,
                _ => After::Same,
            };
            // The sum and not the call, so that a replay does no arithmetic of its own.
            store(&mut edit, new.text().as_bytes(), after, N::EVENT);
            (new, applied)
        }
    };
    reply.array(2);
    new.write(reply);
    applied.write(reply);
    Ok(())
}

/// Sets the sum, and when the key goes.
fn store(edit: &mut Edit<'_>, value: &[u8], after: After, event: Event) {
    let key = edit.key().bytes;
    let had_deadline = edit.expire_at_ms().is_some();
    let mut is_left = true;
    match after {
        After::Never => {
            edit.set_string(value);
            edit.set_expiry(None);
            edit.log(&[b"SET", key, value]);
        }
        After::Same => {
            edit.set_string(value);
            edit.log(&[b"SET", key, value, b"KEEPTTL"]);
        }
        After::At(deadline_ms) => is_left = set_until_logged(edit, value, deadline_ms),
    }
    edit.event(event);
    match after {
        After::At(_) => edit.event(if is_left { EXPIRE } else { Event::DEL }),
        After::Never if had_deadline => edit.event(PERSIST),
        After::Never | After::Same => {}
    }
}

/// Between which numbers the sum must be.
struct Bounds<N> {
    lower: N,
    upper: N,
}

impl<N: Number> Bounds<N> {
    fn parse(options: &Options<'_>) -> Result<Self> {
        let lower = options.lower.map_or(Ok(N::MIN), |text| N::parse(text, "LBOUND"))?;
        let upper = options.upper.map_or(Ok(N::MAX), |text| N::parse(text, "UBOUND"))?;
        match lower.compare(upper) {
            Ordering::Greater => Err(Error::new("LBOUND can't be greater than UBOUND")),
            _ => Ok(Self { lower, upper }),
        }
    }

    /// The bound that a number is beyond, if it is.
    fn overstepped_by(&self, number: N) -> Option<N> {
        if number.compare(self.lower).is_lt() {
            return Some(self.lower);
        }
        number.compare(self.upper).is_gt().then_some(self.upper)
    }
}

/// What INCREX counts in.
trait Number: Copy {
    /// What adding is called where it is told.
    const EVENT: Event;
    const ZERO: Self;
    const MIN: Self;
    const MAX: Self;

    /// Reads an argument; an error says its name.
    fn parse(text: &[u8], name: &str) -> Result<Self>;
    /// Reads the increment.
    fn increment(text: &[u8]) -> Result<Self>;
    /// Reads what the key holds.
    fn current(string: StringRef<'_>) -> Result<Self>;
    fn compare(self, other: Self) -> Ordering;
    fn plus(self, other: Self) -> Self;
    /// What was added to `old`, if it can be told.
    fn since(self, old: Self) -> Result<Self>;
    fn text(self) -> String;
    fn write(self, reply: &mut Writer<'_>);
}

/// A 64-bit integer; the spare bits hold a sum before it is brought within the bounds.
#[derive(Clone, Copy)]
struct Integer(i128);

impl Number for Integer {
    const EVENT: Event = counters::INCRBY;
    const ZERO: Self = Self(0);
    const MIN: Self = Self(i64::MIN as i128);
    const MAX: Self = Self(i64::MAX as i128);

    fn parse(text: &[u8], name: &str) -> Result<Self> {
        match parse_i64(text) {
            Some(number) => Ok(Self(number.into())),
            None => Err(Error::made(format!("{name} is not an integer or out of range"))),
        }
    }

    fn increment(text: &[u8]) -> Result<Self> {
        Self::parse(text, "Increment")
    }

    fn current(string: StringRef<'_>) -> Result<Self> {
        counters::integer(string).map(|number| Self(number.into()))
    }

    fn compare(self, other: Self) -> Ordering {
        self.0.cmp(&other.0)
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    fn since(self, old: Self) -> Result<Self> {
        match i64::try_from(self.0 - old.0) {
            Ok(applied) => Ok(Self(applied.into())),
            Err(_) => Err(Error::new("applied increment would overflow")),
        }
    }

    fn text(self) -> String {
        self.0.to_string()
    }

    fn write(self, reply: &mut Writer<'_>) {
        reply.integer(i64::try_from(self.0).expect("what is written is within the bounds"));
    }
}

impl Number for Extended {
    const EVENT: Event = counters::INCRBYFLOAT;
    const ZERO: Self = Extended::ZERO;
    const MIN: Self = Extended::MIN;
    const MAX: Self = Extended::MAX;

    fn parse(text: &[u8], name: &str) -> Result<Self> {
        Extended::parse(text).ok_or_else(|| Error::made(format!("{name} is not a valid float")))
    }

    fn increment(text: &[u8]) -> Result<Self> {
        let increment = <Self as Number>::parse(text, "Increment")?;
        finite(increment, "BYFLOAT increment cannot be Infinity")
    }

    fn current(string: StringRef<'_>) -> Result<Self> {
        finite(counters::float(string)?, "value cannot be Infinity")
    }

    fn compare(self, other: Self) -> Ordering {
        Extended::compare(self, other)
    }

    fn plus(self, other: Self) -> Self {
        self.checked_add(other).expect("both are finite")
    }

    fn since(self, old: Self) -> Result<Self> {
        let applied = self.checked_add(-old).expect("the old number is finite");
        finite(applied, "applied increment would be Infinity")
    }

    fn text(self) -> String {
        self.to_text()
    }

    fn write(self, reply: &mut Writer<'_>) {
        match reply.is_resp3() {
            true => reply.double(self.to_f64()),
            false => reply.bulk(self.to_text().as_bytes()),
        }
    }
}

fn finite(number: Extended, error: &'static str) -> Result<Extended> {
    if number.is_infinite() { Err(Error::new(error)) } else { Ok(number) }
}

#[cfg(test)]
mod tests;
