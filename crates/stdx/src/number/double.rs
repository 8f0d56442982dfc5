//! Doubles as Redis writes them: the shortest digits that read back the same.

use super::Decimal;

/// Beyond this, Redis writes whole numbers like others.
const WHOLE_MAX: f64 = (1u64 << 52) as f64;

/// Room for the text of one double.
#[derive(Clone, Default)]
pub struct DoubleText {
    whole: Decimal,
    digits: ryu::Buffer,
    text: Vec<u8>,
}

impl DoubleText {
    /// An empty one.
    pub fn new() -> Self {
        Self { whole: Decimal::new(), digits: ryu::Buffer::new(), text: Vec::new() }
    }

    /// The text of `number`.
    pub fn format(&mut self, number: f64) -> &[u8] {
        match number {
            _ if number.is_nan() => b"nan",
            f64::INFINITY => b"inf",
            f64::NEG_INFINITY => b"-inf",
            _ if number == 0.0 => {
                if number.is_sign_negative() {
                    b"-0"
                } else {
                    b"0"
                }
            }
            _ if number == number.trunc() && number.abs() <= WHOLE_MAX => {
                self.whole.format(number as i64)
            }
            _ => {
                let shortest = self.digits.format_finite(number);
                self.text.clear();
                write(shortest, &mut self.text);
                &self.text
            }
        }
    }
}

/// Brings a number that ryu wrote (`1.5`, `1e30`, `1.25e-7`) into the form that Redis gives it.
fn write(shortest: &str, out: &mut Vec<u8>) {
    let (sign, unsigned) = match shortest.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", shortest),
    };
    out.extend_from_slice(sign.as_bytes());
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse().expect("ryu writes an integer");
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // `digits * 10^scale`, without zeros at either end.
    let digits = format!("{whole}{decimals}");
    let mut scale = exponent - decimals.len() as i32;
    let digits = digits.trim_start_matches('0');
    let trimmed = digits.trim_end_matches('0');
    scale += (digits.len() - trimmed.len()) as i32;
    let (digits, count) = (trimmed.as_bytes(), trimmed.len() as i32);
    // The decimal exponent of the first digit.
    let first = scale + count - 1;
    let zeros = |count: i32, out: &mut Vec<u8>| out.extend((0..count).map(|_| b'0'));
    if scale >= 0 && first.abs() < count + 7 {
        out.extend_from_slice(digits);
        zeros(scale, out);
    } else if scale < 0 && (scale > -7 || first.abs() < 4) {
        let point = count + scale;
        if point <= 0 {
            out.extend_from_slice(b"0.");
            zeros(-point, out);
            out.extend_from_slice(digits);
        } else {
            let (whole, decimals) = digits.split_at(point as usize);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(decimals);
        }
    } else {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.push(b'e');
        out.push(if first < 0 { b'-' } else { b'+' });
        out.extend_from_slice(first.unsigned_abs().to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_redis_s() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-17.0, "-17"),
            (0.1, "0.1"),
            (1.1, "1.1"),
            (-2.5, "-2.5"),
            (1e16, "1e+16"),
            (1e17, "1e+17"),
            (1.5e300, "1.5e+300"),
            (1e-5, "0.00001"),
            (1e-7, "1e-7"),
            (1.25e-7, "1.25e-7"),
            (123456.789, "123456.789"),
            (4503599627370497.0, "4503599627370497"),
            (9007199254740993.0, "9007199254740992"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(DoubleText::new().format(number), text.as_bytes(), "{number:e}");
        }
    }

    #[test]
    fn texts_read_back() {
        let mut rng = crate::rng::Rng::new(1);
        for _ in 0..20_000 {
            let number = f64::from_bits(rng.next_u64());
            if number.is_finite() {
                let mut text = DoubleText::new();
                let text = std::str::from_utf8(text.format(number)).unwrap();
                assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits(), "{text}");
            }
        }
    }
}
