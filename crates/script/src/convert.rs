//! Replies to Lua values and Lua values to replies.

mod read;
mod write;

use mlua::{Lua, LuaString};

pub(crate) use read::read_reply;
pub(crate) use write::{write_error, write_value};

/// Names of fields, as Lua strings, so that looking one up makes none.
#[derive(Debug)]
pub(crate) struct Names {
    err: LuaString,
    ok: LuaString,
    double: LuaString,
    big_number: LuaString,
    verbatim: LuaString,
    map: LuaString,
    set: LuaString,
}

impl Names {
    pub(crate) fn new(lua: &Lua) -> mlua::Result<Names> {
        Ok(Names {
            err: lua.create_string("err")?,
            ok: lua.create_string("ok")?,
            double: lua.create_string("double")?,
            big_number: lua.create_string("big_number")?,
            verbatim: lua.create_string("verbatim_string")?,
            map: lua.create_string("map")?,
            set: lua.create_string("set")?,
        })
    }
}

/// Appends a number as C's `%.{precision}g` does.
pub(crate) fn format_number(number: f64, precision: usize, out: &mut Vec<u8>) {
    if !number.is_finite() {
        let sign = if number.is_sign_negative() { "-" } else { "" };
        let name = if number.is_nan() { "nan" } else { "inf" };
        out.extend_from_slice(sign.as_bytes());
        out.extend_from_slice(name.as_bytes());
        return;
    }
    // As a sign, digits and an exponent; trailing zeros are not shown.
    let scientific = format!("{number:.*e}", precision - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits: Vec<u8> = mantissa.bytes().filter(|byte| *byte != b'.').collect();
    let kept = digits.iter().rposition(|digit| *digit != b'0').map_or(1, |at| at + 1);
    let digits = &digits[..kept];
    out.extend_from_slice(sign.as_bytes());
    if exponent < -4 || exponent >= precision as i32 {
        out.push(digits[0]);
        push_fraction(&digits[1..], out);
        let sign = if exponent < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-exponent - 1) as usize, b'0');
        out.extend_from_slice(digits);
    } else {
        let whole = exponent as usize + 1;
        out.extend_from_slice(&digits[..whole.min(kept)]);
        out.resize(out.len() + whole.saturating_sub(kept), b'0');
        push_fraction(digits.get(whole..).unwrap_or_default(), out);
    }
}

fn push_fraction(digits: &[u8], out: &mut Vec<u8>) {
    if !digits.is_empty() {
        out.push(b'.');
        out.extend_from_slice(digits);
    }
}

#[cfg(test)]
mod tests;
