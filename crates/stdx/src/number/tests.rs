//! Integers; floats have a file of their own.

use super::*;
use crate::rng::Rng;

#[test]
fn integers_round_trip() {
    let mut rng = Rng::new(3);
    let mut text = Decimal::new();
    let edges = [0, 1, -1, 9, 10, -10, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1];
    let random = (0..10_000).map(|_| (rng.next_u64() >> rng.below(64)) as i64);
    for number in random.chain(edges) {
        assert_eq!(parse_i64(text.format(number)), Some(number));
        assert_eq!(decimal_len(number), text.format(number).len());
    }
}

#[test]
fn refuses_what_is_not_canonical() {
    for text in [
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "01",
        "-0",
        "-01",
        "00",
        "1a",
        "0x1",
        "1.0",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999",
    ] {
        assert_eq!(parse_i64(text.as_bytes()), None, "{text:?}");
    }
}
