//! Numbers, sizes and quoting.

use proptest::prelude::*;

use super::*;

#[test]
fn sizes() {
    let cases: &[(&str, Option<u64>)] = &[
        ("0", Some(0)),
        ("1024", Some(1024)),
        ("1b", Some(1)),
        ("1k", Some(1000)),
        ("1KB", Some(1024)),
        ("2m", Some(2_000_000)),
        ("2mb", Some(2 << 20)),
        ("3g", Some(3_000_000_000)),
        ("3Gb", Some(3 << 30)),
        ("007", Some(7)),
        ("18446744073709551615", Some(u64::MAX)),
        // Redis clamps or wraps these around.
        ("18446744073709551616", None),
        ("99999999999gb", None),
        // Redis reads these as 0.
        ("", None),
        ("kb", None),
        ("-1", None),
        ("+1", None),
        ("1.5gb", None),
        ("1 gb", None),
        ("1tb", None),
        ("0x10", None),
    ];
    for (text, bytes) in cases {
        assert_eq!(memory(text.as_bytes()), *bytes, "{text:?}");
    }
}

#[test]
fn sizes_are_written_with_the_largest_unit_that_divides_them() {
    let cases = [(0, "0"), (1000, "1000"), (1024, "1kb"), (3 << 20, "3mb"), (5 << 30, "5gb")];
    for (bytes, text) in cases {
        assert_eq!(format_memory(bytes), text);
    }
}

#[test]
fn permission_bits() {
    let cases: &[(&str, Option<u64>)] = &[
        ("777", Some(0o777)),
        ("0", Some(0)),
        ("", None),
        ("8", None),
        ("-7", None),
        ("+7", None),
    ];
    for (text, bits) in cases {
        assert_eq!(octal(text.as_bytes()), *bits, "{text:?}");
    }
}

#[test]
fn floats_have_up_to_six_decimals() {
    let cases = [(50.0, "50"), (99.9, "99.9"), (99.123_456_789, "99.123457"), (0.0, "0")];
    for (value, text) in cases {
        assert_eq!(format_float(value), text);
    }
}

#[test]
fn words_are_quoted_only_where_they_must_be() {
    let cases: &[(&[u8], &str)] = &[
        (b"plain-1.2/x#", "plain-1.2/x#"),
        (b"", r#""""#),
        (b"#no comment", r##""#no comment""##),
        (b"#x", r##""#x""##),
        (b"a\"b\\c'd", r#""a\"b\\c'd""#),
        (b"\n\r\t\x00\xff", r#""\n\r\t\x00\xff""#),
    ];
    for (word, quoted) in cases {
        assert_eq!(String::from_utf8_lossy(&quote(word)), *quoted);
    }
}

proptest! {
    #[test]
    fn a_quoted_word_reads_back(word: Vec<u8>) {
        prop_assert_eq!(resp::split_args(&quote(&word)).ok(), Some(vec![word]));
    }

    #[test]
    fn a_written_size_reads_back(bytes: u64) {
        prop_assert_eq!(memory(format_memory(bytes).as_bytes()), Some(bytes));
    }
}
