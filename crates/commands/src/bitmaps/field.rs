//! BITFIELD: integers of any width at any bit.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Event;
use resp::Writer;
use stdx::number::{Decimal, parse_i64};
use value::bitmap::{Field, Overflow};

use super::bit_offset;
use crate::options::is;

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64),
    Add(i64),
}

/// One operation of a call.
#[derive(Clone, Copy)]
struct Step {
    action: Action,
    field: Field,
    at: usize,
    overflow: Overflow,
}

impl Step {
    fn is_change(&self) -> bool {
        !matches!(self.action, Action::Get)
    }

    /// How long the string must be.
    fn bytes(&self) -> usize {
        (self.at + self.field.bits() as usize).div_ceil(8)
    }

    /// Does it, and answers. Returns whether the number is another one now; none if it did not fit
    /// and that was to fail.
    fn apply(&self, bytes: &mut [u8], reply: &mut Writer<'_>) -> Option<bool> {
        let old = self.field.read(bytes, self.at);
        let (new, answer) = match self.action {
            Action::Get => (Some(old), Some(old)),
            Action::Set(number) => {
                let new = self.field.add(number, 0, self.overflow);
                (new, new.map(|_| old))
            }
            Action::Add(increment) => {
                let new = self.field.add(old, increment, self.overflow);
                (new, new)
            }
        };
        match answer {
            Some(number) => reply.integer(number),
            None => reply.null(),
        }
        let new = new?;
        if self.is_change() {
            self.field.write(bytes, self.at, new);
        }
        Some(new != old)
    }
}

fn parse(args: Args<'_>, bytes_max: usize) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut overflow = Overflow::default();
    let mut words = args.words_from(2);
    while let Some(word) = words.next_word() {
        if is(word, "OVERFLOW") && words.remaining() > 0 {
            overflow = overflow_named(words.value()?)?;
            continue;
        }
        let values = words.remaining();
        let takes_number = if is(word, "GET") && values >= 2 {
            false
        } else if (is(word, "SET") || is(word, "INCRBY")) && values >= 3 {
            true
        } else {
            return Err(Error::Syntax);
        };
        let field = field_named(words.value()?)?;
        let at = bit_offset(words.value()?, Some(field.bits()), bytes_max)?;
        let action = match takes_number {
            false => Action::Get,
            true if is(word, "SET") => Action::Set(words.int()?),
            true => Action::Add(words.int()?),
        };
        steps.push(Step { action, field, at, overflow });
    }
    Ok(steps)
}

fn overflow_named(word: &[u8]) -> Result<Overflow> {
    if is(word, "WRAP") {
        Ok(Overflow::Wrap)
    } else if is(word, "SAT") {
        Ok(Overflow::Saturate)
    } else if is(word, "FAIL") {
        Ok(Overflow::Fail)
    } else {
        Err(Error::new("Invalid OVERFLOW type specified"))
    }
}

fn field_named(word: &[u8]) -> Result<Field> {
    let named = match word {
        [b'i', bits @ ..] => parse_i64(bits).and_then(|bits| Field::new(true, bits)),
        [b'u', bits @ ..] => parse_i64(bits).and_then(|bits| Field::new(false, bits)),
        _ => None,
    };
    named.ok_or(Error::new(
        "Invalid bitfield type. Use something like i16 u8. \
         Note that u64 is not supported but i64 is.",
    ))
}

/// BITFIELD key [GET type offset | [OVERFLOW how] SET type offset value | INCRBY ...] ...
pub(super) fn bitfield(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let steps = parse(args, context.limits.string_bytes_max)?;
    let Some(len) = steps.iter().filter(|step| step.is_change()).map(Step::bytes).max() else {
        return read_fields(context, args, &steps, reply);
    };
    let mut edit = context.edit(context.key(args, 1));
    let is_new = !edit.exists();
    let mut buffer = edit.string_buffer()?;
    let grows = buffer.len() < len;
    if grows {
        buffer.resize(len);
    }
    let grows = grows || is_new;
    reply.array(steps.len());
    let mut changes = 0;
    for step in &steps {
        let changed = step.apply(buffer.bytes_mut(), reply);
        if step.is_change() && changed.is_some_and(|changed| changed || grows) {
            changes += 1;
        }
    }
    // A string may grow although none of the numbers fits.
    edit.count_as(changes.max(usize::from(grows)), Event::string("setbit"));
    Ok(())
}

/// BITFIELD_RO key [GET type offset] ...
pub(super) fn bitfield_ro(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let steps = parse(args, context.limits.string_bytes_max)?;
    if steps.iter().any(Step::is_change) {
        return Err(Error::new("BITFIELD_RO only supports the GET subcommand"));
    }
    read_fields(context, args, &steps, reply)
}

fn read_fields(
    context: &mut Context<'_>,
    args: Args<'_>,
    steps: &[Step],
    reply: &mut Writer<'_>,
) -> Result {
    let mut text = Decimal::new();
    let bytes = match context.read(context.key(args, 1)) {
        None => b"",
        Some(entry) => entry.string()?.bytes(&mut text),
    };
    reply.array(steps.len());
    for step in steps {
        reply.integer(step.field.read(bytes, step.at));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
