//! Single bits.

use command::{Args, Error, Result};
use engine::Context;
use keyspace::Event;
use resp::Writer;
use stdx::number::{Decimal, parse_i64};

use super::bit_offset;

/// SETBIT key offset value
pub(super) fn setbit(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let offset = bit_offset(args.at(2), None, context.limits.string_bytes_max)?;
    let bit = match parse_i64(args.at(3)) {
        Some(bit @ (0 | 1)) => bit as u8,
        _ => return Err(Error::new("bit is not an integer or out of range")),
    };
    let (byte, shift) = (offset / 8, 7 - offset % 8);
    let mut edit = context.edit(context.key(args, 1));
    let existed = edit.exists();
    let mut buffer = edit.string_buffer()?;
    let grows = buffer.len() <= byte;
    if grows {
        buffer.resize(byte + 1);
    }
    let place = &mut buffer.bytes_mut()[byte];
    let old = *place >> shift & 1;
    *place = *place & !(1 << shift) | bit << shift;
    if existed && !grows && old == bit {
        edit.unchanged();
    } else {
        edit.event(Event::string("setbit"));
    }
    reply.integer(i64::from(old));
    Ok(())
}

/// GETBIT key offset
pub(super) fn getbit(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let offset = bit_offset(args.at(2), None, context.limits.string_bytes_max)?;
    let bit = match context.read(context.key(args, 1)) {
        None => 0,
        Some(entry) => {
            let mut text = Decimal::new();
            let bytes = entry.string()?.bytes(&mut text);
            bytes.get(offset / 8).map_or(0, |byte| byte >> (7 - offset % 8) & 1)
        }
    };
    reply.integer(i64::from(bit));
    Ok(())
}

#[cfg(test)]
mod tests;
