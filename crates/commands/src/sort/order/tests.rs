use super::*;

#[test]
fn numbers_are_read_as_strtod_reads_them() {
    for (text, number) in [
        ("", 0.0),
        (" 1", 1.0),
        ("\t\n2.5", 2.5),
        ("0x10", 16.0),
        ("1e3", 1000.0),
        ("-inf", f64::NEG_INFINITY),
        ("7\08", 7.0),
        ("9223372036854775807", 9_223_372_036_854_775_807.0),
    ] {
        assert_eq!(score(text.as_bytes()), Some(number), "{text:?}");
    }
    for text in ["a", "1 ", " ", "1a", "nan", "1e999"] {
        assert_eq!(score(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn a_part_of_the_order_is_that_of_the_whole() {
    let items: Vec<u32> = (0..200).map(|number| number * 7919 % 211).collect();
    let mut whole = items.clone();
    whole.sort_unstable();
    for (start, end) in [(0, 200), (0, 0), (0, 1), (199, 200), (50, 60), (120, 200), (3, 3)] {
        assert_eq!(sorted(items.clone(), start..end, u32::cmp), whole[start..end]);
    }
}
