use super::format_number;

fn text(number: f64, precision: usize) -> String {
    let mut out = Vec::new();
    format_number(number, precision, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn numbers_look_as_in_c() {
    let texts = [
        (0.0, 17, "0"),
        (-0.0, 17, "-0"),
        (0.1, 17, "0.10000000000000001"),
        (0.1, 14, "0.1"),
        (1.0 / 3.0, 14, "0.33333333333333"),
        (1e17, 17, "1e+17"),
        (1e16, 17, "10000000000000000"),
        (123_456.75, 14, "123456.75"),
        (1e-5, 14, "1e-05"),
        (0.00012, 14, "0.00012"),
        (1.5e300, 14, "1.5e+300"),
        (-2.5, 3, "-2.5"),
        (999.9, 3, "1e+03"),
        (f64::INFINITY, 17, "inf"),
        (f64::NEG_INFINITY, 17, "-inf"),
    ];
    for (number, precision, expected) in texts {
        assert_eq!(text(number, precision), expected);
    }
}
