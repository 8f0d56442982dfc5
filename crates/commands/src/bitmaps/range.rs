//! Counting and finding bits in a string, or in a part of it.

use std::ops::Range;

use command::{Args, Error, Result};
use engine::Context;
use resp::Writer;
use stdx::number::Decimal;
use value::bitmap;

use crate::options::is;

/// The part of a string that a call is about.
#[derive(Clone, Copy, Default)]
struct Part {
    start: Option<i64>,
    end: Option<i64>,
    in_bits: bool,
}

impl Part {
    /// Whether it ends before it starts, both counted from the end. BITCOUNT finds nothing there;
    /// to BITPOS even that can be the first byte.
    fn is_backwards(self) -> bool {
        matches!((self.start, self.end), (Some(start), Some(end)) if end < start && start < 0)
    }

    /// The bits of a string of so many bytes that are meant.
    fn bits(self, bytes: usize) -> Option<Range<usize>> {
        let unit = if self.in_bits { 1 } else { 8 };
        let range =
            bitmap::clamp(self.start.unwrap_or(0), self.end.unwrap_or(-1), bytes * 8 / unit)?;
        Some(range.start * unit..range.end * unit)
    }
}

/// Whether a range is given in bits and not in bytes.
fn in_bits(unit: Option<&[u8]>) -> Result<bool> {
    match unit {
        None => Ok(false),
        Some(unit) if is(unit, "BIT") => Ok(true),
        Some(unit) if is(unit, "BYTE") => Ok(false),
        Some(_) => Err(Error::Syntax),
    }
}

/// BITCOUNT key [start end [BYTE|BIT]]
pub(super) fn bitcount(
    context: &mut Context<'_>,
    args: Args<'_>,
    reply: &mut Writer<'_>,
) -> Result {
    let part = match args.len() {
        2 => Part::default(),
        4 | 5 => {
            let (start, end) = (args.int(2)?, args.int(3)?);
            Part { start: Some(start), end: Some(end), in_bits: in_bits(args.get(4))? }
        }
        _ => return Err(Error::Syntax),
    };
    let mut text = Decimal::new();
    let bytes = match context.read(context.key(args, 1)) {
        None => b"",
        Some(entry) => entry.string()?.bytes(&mut text),
    };
    let bits = if part.is_backwards() { None } else { part.bits(bytes.len()) };
    let count = bits.map_or(0, |bits| bitmap::count(bytes, bits));
    reply.integer(count as i64);
    Ok(())
}

/// BITPOS key bit [start [end [BYTE|BIT]]]
pub(super) fn bitpos(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let is_set = match args.int(2)? {
        0 => false,
        1 => true,
        _ => return Err(Error::new("The bit argument must be 1 or 0.")),
    };
    if args.len() > 6 {
        return Err(Error::Syntax);
    }
    let given = |index: usize| (args.len() > index).then(|| args.int(index)).transpose();
    let start = given(3)?;
    let in_bits = in_bits(args.get(5))?;
    let part = Part { start, end: given(4)?, in_bits };
    let mut text = Decimal::new();
    let bytes = match context.read(context.key(args, 1)) {
        // Zeros without end.
        None => {
            reply.integer(if is_set { -1 } else { 0 });
            return Ok(());
        }
        Some(entry) => entry.string()?.bytes(&mut text),
    };
    let position = part.bits(bytes.len()).and_then(|bits| {
        // Behind the string there are zeros, unless the call says where to stop.
        let behind = (!is_set && part.end.is_none()).then_some(bits.end);
        bitmap::position(bytes, bits, is_set).or(behind)
    });
    reply.integer(position.map_or(-1, |position| position as i64));
    Ok(())
}

#[cfg(test)]
mod tests;
