//! Numbers as text, by Redis's rules.

mod big;
mod double;
mod extended;

pub use double::DoubleText;
pub use extended::{Extended, parse_f64};

/// `text` as an integer, if it is exactly what formatting that integer gives: no spaces, no plus
/// sign, no leading zeros, no minus zero.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [] => return None,
        [b'0'] if !negative => return Some(0),
        // 19 digits hold every i64 and cannot overflow a u64.
        [b'0', ..] | [_, ..] if digits[0] == b'0' || digits.len() > 19 => return None,
        _ => {}
    }
    let mut magnitude = 0u64;
    for &digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(value);
    }
    if negative {
        (magnitude <= i64::MIN.unsigned_abs()).then(|| (magnitude as i64).wrapping_neg())
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// Room for the text of one integer.
#[derive(Clone, Default)]
pub struct Decimal(itoa::Buffer);

impl Decimal {
    /// An empty one.
    pub fn new() -> Self {
        Self(itoa::Buffer::new())
    }

    /// The text of `number`.
    #[inline]
    pub fn format(&mut self, number: i64) -> &[u8] {
        self.0.format(number).as_bytes()
    }
}

/// How many bytes the text of `number` has.
pub fn decimal_len(number: i64) -> usize {
    let digits = number.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
    digits + usize::from(number < 0)
}

#[cfg(test)]
mod tests;
