//! Writing the parts that values are made of.

use stdx::number;

/// Appends an unsigned integer in the form of a length.
pub fn length(out: &mut Vec<u8>, len: u64) {
    match len {
        0..0x40 => out.push(len as u8),
        0x40..0x4000 => out.extend_from_slice(&[0x40 | (len >> 8) as u8, len as u8]),
        0x4000..=0xffff_ffff => {
            out.push(0x80);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
}

/// Appends a string; the text of a small integer in its short form.
pub fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    // No i32 has a longer text than 11 bytes.
    if bytes.len() <= 11
        && let Some(value) = number::parse_i64(bytes)
        && short_integer(out, value)
    {
        return;
    }
    self::bytes(out, bytes);
}

/// Appends a string as it is.
pub fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends the text of an integer as a string.
pub fn integer(out: &mut Vec<u8>, value: i64) {
    if !short_integer(out, value) {
        let mut text = number::Decimal::new();
        let text = text.format(value);
        length(out, text.len() as u64);
        out.extend_from_slice(text);
    }
}

/// Appends an integer that fits into 32 bits in its short form.
fn short_integer(out: &mut Vec<u8>, value: i64) -> bool {
    if let Ok(value) = i8::try_from(value) {
        out.extend_from_slice(&[0xc0, value as u8]);
    } else if let Ok(value) = i16::try_from(value) {
        out.push(0xc1);
        out.extend_from_slice(&value.to_le_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        out.push(0xc2);
        out.extend_from_slice(&value.to_le_bytes());
    } else {
        return false;
    }
    true
}
