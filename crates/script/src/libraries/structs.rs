//! `struct`: values in fixed binary layouts.

use mlua::{Lua, MultiValue, Table, Value};

use crate::native::{Params, function, truncated};

const INTEGER_BYTES_MAX: usize = 32;
const ALIGN_MAX: usize = 8;

pub(crate) fn create(lua: &Lua) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.set("pack", function(lua, pack)?)?;
    table.set("unpack", function(lua, unpack)?)?;
    table.set("size", function(lua, size)?)?;
    Ok(table)
}

/// A format as it is read, with what it has set.
struct Format<'a> {
    params: &'a Params<'a>,
    rest: Vec<u8>,
    at: usize,
    big_endian: bool,
    align: usize,
}

/// One letter of a format with its size.
struct Item {
    letter: u8,
    size: usize,
}

impl<'a> Format<'a> {
    fn new(params: &'a Params<'a>) -> mlua::Result<Self> {
        let format = params.string(0)?;
        let bytes = format.as_bytes();
        // It ends at a NUL.
        let rest = bytes.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        Ok(Format { params, rest, at: 0, big_endian: cfg!(target_endian = "big"), align: 1 })
    }

    fn number(&mut self, default: usize) -> mlua::Result<usize> {
        let digits = self.rest[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(default);
        }
        let text = std::str::from_utf8(&self.rest[self.at..self.at + digits]).unwrap_or_default();
        self.at += digits;
        match text.parse::<i32>() {
            Ok(number) => Ok(number as usize),
            Err(_) => Err(self.params.fail("integral size overflow")),
        }
    }

    fn next(&mut self) -> mlua::Result<Option<Item>> {
        let Some(&letter) = self.rest.get(self.at) else { return Ok(None) };
        self.at += 1;
        let size = match letter {
            b'B' | b'b' | b'x' => 1,
            b'H' | b'h' => 2,
            b'L' | b'l' | b'T' | b'd' => 8,
            b'f' => 4,
            b'c' => self.number(1)?,
            b'i' | b'I' => {
                let size = self.number(4)?;
                if size > INTEGER_BYTES_MAX {
                    let text =
                        format!("integral size {size} is larger than limit of {INTEGER_BYTES_MAX}");
                    return Err(self.params.fail(text));
                }
                size
            }
            _ => 0,
        };
        Ok(Some(Item { letter, size }))
    }

    /// How many bytes align an item at a position.
    fn padding(&self, position: usize, item: &Item) -> usize {
        if item.size == 0 || item.letter == b'c' {
            return 0;
        }
        let size = item.size.min(self.align);
        // Sizes that are no powers of two align as in the C library, by these bits.
        size.wrapping_sub(position & (size - 1)) & (size - 1)
    }

    fn control(&mut self, letter: u8) -> mlua::Result<()> {
        match letter {
            b' ' => {}
            b'>' => self.big_endian = true,
            b'<' => self.big_endian = false,
            b'!' => {
                let align = self.number(ALIGN_MAX)?;
                if !align.is_power_of_two() {
                    let text = format!("alignment {align} is not a power of 2");
                    return Err(self.params.fail(text));
                }
                self.align = align;
            }
            other => {
                let shown = char::from(other);
                return Err(self.params.refuse(0, &format!("invalid format option '{shown}'")));
            }
        }
        Ok(())
    }

    /// Little endian bytes in the order that was set.
    fn ordered(&self, bytes: &mut [u8]) {
        if self.big_endian {
            bytes.reverse();
        }
    }
}

fn pack(params: &Params<'_>) -> mlua::Result<Value> {
    let mut format = Format::new(params)?;
    let mut out = Vec::new();
    let mut argument = 1;
    while let Some(item) = format.next()? {
        out.resize(out.len() + format.padding(out.len(), &item), 0);
        let start = out.len();
        match item.letter {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let bits = integer_bits(params.number(argument)?).to_le_bytes();
                out.extend_from_slice(&bits[..item.size.min(8)]);
                out.resize(start + item.size, 0);
                format.ordered(&mut out[start..]);
                argument += 1;
            }
            b'x' => out.push(0),
            b'f' => {
                out.extend_from_slice(&(params.number(argument)? as f32).to_le_bytes());
                format.ordered(&mut out[start..]);
                argument += 1;
            }
            b'd' => {
                out.extend_from_slice(&params.number(argument)?.to_le_bytes());
                format.ordered(&mut out[start..]);
                argument += 1;
            }
            b'c' | b's' => {
                let string = params.string(argument)?;
                let string = string.as_bytes();
                argument += 1;
                let size = if item.size == 0 { string.len() } else { item.size };
                let Some(bytes) = string.get(..size) else {
                    return Err(params.refuse(argument, "string too short"));
                };
                out.extend_from_slice(bytes);
                if item.letter == b's' {
                    out.push(0);
                }
            }
            letter => format.control(letter)?,
        }
    }
    params.lua.create_string(&out).map(Value::String)
}

/// The bits that C makes of a number.
fn integer_bits(number: f64) -> u64 {
    if number < 0.0 || number < i64::MAX as f64 {
        truncated(number).cast_unsigned()
    } else if number < u64::MAX as f64 {
        number as u64
    } else if number.is_nan() {
        i64::MIN.cast_unsigned()
    } else {
        0
    }
}

fn integer_value(bytes: &[u8], big_endian: bool, signed: bool) -> f64 {
    let shift = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let value =
        if big_endian { bytes.iter().fold(0, shift) } else { bytes.iter().rev().fold(0, shift) };
    if !signed {
        return value as f64;
    }
    // Of integers wider than 64 bits, the low bits are what is left.
    let unused = 64 - 8 * bytes.len().clamp(1, 8);
    (value << unused).cast_signed().wrapping_shr(unused as u32) as f64
}

fn unpack(params: &Params<'_>) -> mlua::Result<MultiValue> {
    let mut format = Format::new(params)?;
    let data = params.string(1)?;
    let data = data.as_bytes();
    let position = params.integer_or(2, 1)?;
    if position == 0 {
        return Err(params.refuse(2, "offset must be 1 or greater"));
    }
    let mut at = (position - 1).cast_unsigned() as usize;
    let mut values = Vec::new();
    let too_short = || params.refuse(1, "data string too short");
    while let Some(item) = format.next()? {
        at = at.saturating_add(format.padding(at, &item));
        let end = at.checked_add(item.size).ok_or_else(too_short)?;
        let bytes = data.get(at..end).ok_or_else(too_short)?;
        if values.len() >= 7000 {
            return Err(params.fail("stack overflow (too many results)"));
        }
        at = end;
        match item.letter {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let signed = item.letter.is_ascii_lowercase();
                let number = integer_value(bytes, format.big_endian, signed);
                values.push(Value::Number(number));
            }
            b'x' => {}
            b'f' | b'd' => {
                let mut bytes = bytes.to_vec();
                format.ordered(&mut bytes);
                let number = match *bytes.as_slice() {
                    [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
                    _ => f64::from_le_bytes(bytes.try_into().unwrap_or_default()),
                };
                values.push(Value::Number(number));
            }
            b'c' => {
                let mut bytes = bytes;
                if item.size == 0 {
                    let Some(Value::Number(size)) = values.pop() else {
                        return Err(params.fail("format 'c0' needs a previous size"));
                    };
                    let end = at.checked_add(size as usize).ok_or_else(too_short)?;
                    bytes = data.get(at..end).ok_or_else(too_short)?;
                    at = end;
                }
                values.push(Value::String(params.lua.create_string(bytes)?));
            }
            b's' => {
                let Some(len) = data[at..].iter().position(|&byte| byte == 0) else {
                    return Err(params.fail("unfinished string in data"));
                };
                values.push(Value::String(params.lua.create_string(&data[at..at + len])?));
                at += len + 1;
            }
            letter => format.control(letter)?,
        }
    }
    values.push(Value::Number((at + 1) as f64));
    Ok(MultiValue::from_vec(values))
}

fn size(params: &Params<'_>) -> mlua::Result<f64> {
    let mut format = Format::new(params)?;
    let mut total = 0_usize;
    while let Some(item) = format.next()? {
        total = total.saturating_add(format.padding(total, &item));
        match item.letter {
            b's' => return Err(params.refuse(0, "option 's' has no fixed size")),
            b'c' if item.size == 0 => {
                return Err(params.refuse(0, "option 'c0' has no fixed size"));
            }
            letter if letter.is_ascii_alphanumeric() => {}
            letter => format.control(letter)?,
        }
        total = total.saturating_add(item.size);
    }
    Ok(total as f64)
}
