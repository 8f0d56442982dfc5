//! Numbers as text: what is read is what was written.

use stdx::number::{Decimal, Extended, decimal_len, parse_f64, parse_i64};

use crate::{Target, targets};

pub(crate) const TARGET: Target = Target { name: "numbers", run, words: targets::no_words };

/// Two numbers, one per line.
fn run(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    integer(first);
    double(first);
    let (Some(first), Some(second)) = (Extended::parse(first), Extended::parse(second)) else {
        return;
    };
    let sum = first.checked_add(second);
    // The zeros differ in their signs, which no text shows.
    let text = |sum: Option<Extended>| sum.map(Extended::to_text);
    assert_eq!(text(sum), text(second.checked_add(first)), "addition commutes");
    if let Some(sum) = sum {
        let (grown, sign) = (sum.compare(first), second.compare(Extended::ZERO));
        assert!(grown == sign || grown.is_eq(), "a summand moves it its way, if at all");
    }
}

fn integer(text: &[u8]) {
    let Some(number) = parse_i64(text) else {
        let formatted = stdx::ascii::parse::<i64>(text).map(|number| number.to_string());
        assert_ne!(formatted.as_deref().map(str::as_bytes), Some(text), "it is what is written");
        return;
    };
    assert_eq!(Decimal::new().format(number), text);
    assert_eq!(decimal_len(number), text.len());
}

/// Agrees with the standard library on all that both take for a number.
fn double(text: &[u8]) {
    let Some(number) = parse_f64(text) else { return };
    assert!(!number.is_nan());
    if let Some(known) = stdx::ascii::parse::<f64>(text) {
        assert_eq!(number, known, "{}", text.escape_ascii());
    }
}
