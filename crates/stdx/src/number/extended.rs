//! The x87 extended double: what `long double` is where Redis runs, in software.
//!
//! INCRBYFLOAT and HINCRBYFLOAT compute in it, and its 64 bits of precision show in their replies
//! (3 + 1.1 gives 4.1, which 53 bits and the 17 decimals that Redis prints would not). Conversion
//! and addition round to nearest, ties to even, as the processor and the C library do. Subnormal
//! numbers are kept in full precision; they are far below the decimals that are printed.

use std::cmp::Ordering;
use std::ops::Neg;

use super::big::Big;

/// Redis takes no longer text for a number, and prints none.
const TEXT_BYTES_MAX: usize = 5 * 1024;

/// 2 to this power is the first that is too large.
const EXPONENT_END: i64 = 16_384;

/// What is below 2 to this power is zero.
const EXPONENT_MIN: i64 = -16_445;

/// How many decimals are printed, and that power of ten.
const DECIMALS: usize = 17;
const DECIMALS_SCALE: u128 = 10u128.pow(DECIMALS as u32);

/// A floating-point number with a mantissa of 64 bits. Never NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    negative: bool,
    magnitude: Magnitude,
}

/// Ordered by size, which the order of variants and fields gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Magnitude {
    Zero,
    /// `mantissa * 2^exponent`, the mantissa's highest bit set.
    Finite {
        exponent: i64,
        mantissa: u64,
    },
    Infinite,
}

impl Extended {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, magnitude: Magnitude::Zero };

    /// The largest finite number.
    pub const MAX: Self = Self {
        negative: false,
        magnitude: Magnitude::Finite { exponent: EXPONENT_END - 64, mantissa: u64::MAX },
    };

    /// The least finite number.
    pub const MIN: Self = Self { negative: true, ..Self::MAX };

    /// `text` as a number, by the rules of `strtold` where all of the text must be the number:
    /// decimal or hexadecimal, with an exponent or without, or an infinity. None for NaN, for
    /// what is out of range, and for anything else.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() >= TEXT_BYTES_MAX {
            return None;
        }
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let magnitude = match text {
            _ if text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity") => {
                Magnitude::Infinite
            }
            [b'0', b'x' | b'X', rest @ ..] => parse_hexadecimal(rest)?,
            _ => parse_decimal(text)?,
        };
        Some(Self { negative, magnitude })
    }

    /// The number as a double, rounded once more.
    pub fn to_f64(self) -> f64 {
        let magnitude = match self.magnitude {
            Magnitude::Zero => 0.0,
            // Two steps, as the power alone may be out of a double's range.
            Magnitude::Finite { mantissa, exponent } => {
                let half = (exponent / 2).clamp(-1074, 1023);
                let rest = (exponent - half).clamp(-1074, 1023);
                mantissa as f64 * 2f64.powi(half as i32) * 2f64.powi(rest as i32)
            }
            Magnitude::Infinite => f64::INFINITY,
        };
        if self.negative { -magnitude } else { magnitude }
    }

    /// Which number is the greater; the zeros are equal.
    pub fn compare(self, other: Self) -> Ordering {
        match (self.is_below_zero(), other.is_below_zero()) {
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
            (negative, other_negative) => other_negative.cmp(&negative),
        }
    }

    fn is_below_zero(self) -> bool {
        self.negative && self.magnitude != Magnitude::Zero
    }

    /// Whether the number is an infinity.
    pub fn is_infinite(self) -> bool {
        self.magnitude == Magnitude::Infinite
    }

    /// The sum; None where it is not a number (infinities of both signs).
    pub fn checked_add(self, other: Self) -> Option<Self> {
        match (self.magnitude, other.magnitude) {
            (Magnitude::Infinite, Magnitude::Infinite) if self.negative != other.negative => None,
            (Magnitude::Infinite, _) | (_, Magnitude::Zero) => Some(self),
            (_, Magnitude::Infinite) | (Magnitude::Zero, _) => Some(other),
            (
                Magnitude::Finite { mantissa: a, exponent: a_exponent },
                Magnitude::Finite { mantissa: b, exponent: b_exponent },
            ) => Some(if (a_exponent, a) >= (b_exponent, b) {
                Self::add_smaller(self.negative, (a, a_exponent), other.negative, (b, b_exponent))
            } else {
                Self::add_smaller(other.negative, (b, b_exponent), self.negative, (a, a_exponent))
            }),
        }
    }

    /// Adds `b`, not larger in magnitude, to `a`.
    fn add_smaller(
        a_negative: bool,
        (a, a_exponent): (u64, i64),
        b_negative: bool,
        (b, b_exponent): (u64, i64),
    ) -> Self {
        // One bit above for the carry, 63 below; what is shifted out of those sets the lowest,
        // which rounds as all of it would (at least two bits stand between).
        const GUARD_BITS: i64 = 63;
        let distance = (a_exponent - b_exponent).min(127) as u32;
        let a_wide = u128::from(a) << GUARD_BITS;
        let b_wide = u128::from(b) << GUARD_BITS;
        let lost = b_wide & ((1 << distance) - 1) != 0;
        let b_wide = b_wide >> distance | u128::from(lost);
        let wide = if a_negative == b_negative { a_wide + b_wide } else { a_wide - b_wide };
        if wide == 0 {
            return Self { negative: false, magnitude: Magnitude::Zero };
        }
        let bits_below = 64 - i64::from(wide.leading_zeros());
        let exponent = a_exponent - GUARD_BITS + bits_below;
        let magnitude = if bits_below <= 0 {
            Magnitude::Finite { mantissa: (wide << -bits_below) as u64, exponent }
        } else {
            let half = wide >> (bits_below - 1) & 1 == 1;
            let sticky = wide & ((1 << (bits_below - 1)) - 1) != 0;
            rounded((wide >> bits_below) as u64, exponent, half, sticky)
        };
        Self { negative: a_negative, magnitude }
    }

    /// The text that Redis replies: 17 decimals, without the zeros at their end, never in
    /// exponent form.
    pub fn to_text(self) -> String {
        let (whole, decimals) = match self.magnitude {
            Magnitude::Zero => (String::from("0"), 0),
            Magnitude::Infinite => (String::from("inf"), 0),
            Magnitude::Finite { mantissa, exponent } if exponent >= 0 => {
                let mut whole = Big::new(mantissa);
                whole.shift_left(exponent as usize);
                (whole.into_decimal(), 0)
            }
            Magnitude::Finite { mantissa, exponent } => fixed(mantissa, -exponent),
        };
        let mut text = String::new();
        if self.negative && (whole != "0" || decimals != 0) {
            text.push('-');
        }
        text.push_str(&whole);
        if decimals != 0 {
            let digits = format!("{decimals:0DECIMALS$}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        text
    }
}

impl Neg for Extended {
    type Output = Self;

    fn neg(self) -> Self {
        Self { negative: !self.negative, ..self }
    }
}

/// `text` as a double by the rules of `strtod`, where all of the text must be the number: the
/// nearest double; None for NaN, for what is out of range, and for anything else.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    // What nearly all numbers are made of; what is too small or too large is looked at below.
    let is_plain = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    if text.iter().all(is_plain)
        && let Some(number) = crate::ascii::parse::<f64>(text)
        && number.is_normal()
    {
        return Some(number);
    }
    match Extended::parse(text)? {
        // By way of 64 bits a decimal could be rounded twice: the standard library rounds once.
        // It takes no hexadecimals.
        Extended { magnitude: Magnitude::Finite { .. }, .. }
            if !text.iter().any(|byte| matches!(byte, b'x' | b'X')) =>
        {
            let number: f64 = crate::ascii::parse(text)?;
            (number.is_finite() && number != 0.0).then_some(number)
        }
        number => {
            let double = number.to_f64();
            let out_of_range = double.is_infinite() != number.is_infinite()
                || double == 0.0 && number.magnitude != Magnitude::Zero;
            (!out_of_range).then_some(double)
        }
    }
}

/// Whole and decimals of `mantissa / 2^shift`, rounded to the decimals that are printed.
fn fixed(mantissa: u64, shift: i64) -> (String, u128) {
    // 64 and 57 bits: the product fits. What is shifted by more than 127 bits rounds to zero.
    let scaled = u128::from(mantissa) * DECIMALS_SCALE;
    if shift > 127 {
        return (String::from("0"), 0);
    }
    let (quotient, rest) = (scaled >> shift, scaled & ((1 << shift) - 1));
    let half = 1 << (shift - 1);
    let up = rest > half || rest == half && quotient & 1 == 1;
    let rounded = quotient + u128::from(up);
    ((rounded / DECIMALS_SCALE).to_string(), rounded % DECIMALS_SCALE)
}

/// Rounds a mantissa by the bits below it.
fn rounded(mantissa: u64, exponent: i64, half: bool, sticky: bool) -> Magnitude {
    let up = half && (sticky || mantissa & 1 == 1);
    let (mantissa, exponent) = match mantissa.checked_add(u64::from(up)) {
        Some(mantissa) => (mantissa, exponent),
        None => (1 << 63, exponent + 1),
    };
    if exponent + 64 > EXPONENT_END {
        return Magnitude::Infinite;
    }
    Magnitude::Finite { mantissa, exponent }
}

/// `big * 2^exponent`, and a little more if `sticky`, as a number; None if out of range.
fn from_big(big: &Big, exponent: i64, sticky: bool) -> Option<Magnitude> {
    let (mantissa, below, half, rest) = big.top();
    let shift = mantissa.leading_zeros();
    let exponent = exponent + below as i64 - i64::from(shift);
    match rounded(mantissa << shift, exponent, half, rest || sticky) {
        Magnitude::Finite { exponent, .. } if exponent + 64 <= EXPONENT_MIN => None,
        Magnitude::Infinite => None,
        magnitude => Some(magnitude),
    }
}

/// The digits of a number before its exponent, how many stand after the point, and what follows.
fn split_digits(text: &[u8], is_digit: impl Fn(u8) -> bool) -> Option<(Vec<u8>, i64, &[u8])> {
    let mut digits = Vec::with_capacity(text.len());
    let mut after_point = None;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'.' if after_point.is_none() => after_point = Some(0),
            _ if is_digit(byte) => {
                digits.push(byte);
                after_point = after_point.map(|count| count + 1);
            }
            _ => break,
        }
        at += 1;
    }
    (!digits.is_empty()).then(|| (digits, after_point.unwrap_or(0), &text[at..]))
}

/// The exponent that `text` is, marked by `letter`; 0 if there is none, capped where it is out of
/// any range.
fn parse_exponent(text: &[u8], letter: u8) -> Option<i64> {
    const CAP: i64 = 1_000_000;
    let [first, rest @ ..] = text else { return Some(0) };
    if !first.eq_ignore_ascii_case(&letter) {
        return None;
    }
    let (negative, digits) = match rest {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fold = |sum: i64, digit: &u8| (sum * 10 + i64::from(digit - b'0')).min(CAP);
    let exponent = digits.iter().fold(0, fold);
    Some(if negative { -exponent } else { exponent })
}

fn parse_decimal(text: &[u8]) -> Option<Magnitude> {
    let (digits, after_point, rest) = split_digits(text, |byte| byte.is_ascii_digit())?;
    let exponent = parse_exponent(rest, b'e')? - after_point;
    let mut big = Big::new(0);
    for group in digits.chunks(19) {
        let value = group.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        if big.is_zero() {
            big = Big::new(value);
        } else {
            big.multiply_add(10u64.pow(group.len() as u32), value);
        }
    }
    if big.is_zero() {
        return Some(Magnitude::Zero);
    }
    // Far outside the range: spares the arithmetic.
    if exponent.abs() > 2 * TEXT_BYTES_MAX as i64 {
        return None;
    }
    let groups = std::iter::repeat_n(19, exponent.unsigned_abs() as usize / 19)
        .chain([exponent.unsigned_abs() as u32 % 19])
        .map(|power| 10u64.pow(power));
    if exponent >= 0 {
        groups.for_each(|power| big.multiply_add(power, 0));
        return from_big(&big, 0, false);
    }
    // A power of ten has fewer than 10/3 + 1 bits per digit; the quotient must keep more than 64.
    let shift = 66 + exponent.unsigned_abs() as usize * 10 / 3 + 1;
    big.shift_left(shift);
    let sticky = groups.fold(false, |sticky, power| sticky | (big.divide(power) != 0));
    from_big(&big, -(shift as i64), sticky)
}

fn parse_hexadecimal(text: &[u8]) -> Option<Magnitude> {
    let (digits, after_point, rest) = split_digits(text, |byte| byte.is_ascii_hexdigit())?;
    let exponent = parse_exponent(rest, b'p')? - 4 * after_point;
    let mut big = Big::new(0);
    for digit in digits {
        let value = char::from(digit).to_digit(16).expect("only digits are split off");
        if big.is_zero() {
            big = Big::new(u64::from(value));
        } else {
            big.multiply_add(16, u64::from(value));
        }
    }
    if big.is_zero() { Some(Magnitude::Zero) } else { from_big(&big, exponent, false) }
}

#[cfg(test)]
mod tests;
