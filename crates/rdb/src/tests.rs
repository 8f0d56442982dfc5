//! Lengths and strings, there and back.

use super::*;

#[test]
fn lengths_come_back() {
    for len in [0, 63, 64, 16_383, 16_384, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        let mut out = write::Output::new();
        write::length(&mut out, len);
        let mut reader = Reader::new(&out.bytes);
        assert_eq!(reader.length(), Ok(len));
        assert_eq!(reader.remaining(), 0);
    }
}

#[test]
fn strings_come_back_and_integers_are_short() {
    let long = vec![b'x'; 20_000];
    for (text, bytes) in [
        (&b""[..], 1),
        (b"abc", 4),
        (b"127", 2),
        (b"-128", 2),
        (b"128", 3),
        (b"32768", 5),
        (b"-2147483648", 5),
        (b"2147483648", 11),
        (b"007", 4),
        (&long, 20_005),
    ] {
        let mut out = write::Output::new();
        write::string(&mut out, text);
        assert_eq!(out.bytes.len(), bytes, "{}", text.escape_ascii());
        assert_eq!(&*Reader::new(&out.bytes).string().unwrap(), text);
    }
    let mut out = write::Output::new();
    write::integer(&mut out, 1 << 40);
    assert_eq!(&*Reader::new(&out.bytes).string().unwrap(), b"1099511627776");
}

#[test]
fn counts_are_held_to_what_is_there() {
    assert_eq!(
        Reader::new(b"\x81\xff\xff\xff\xff\xff\xff\xff\xff").count(1),
        Err(Error::Truncated)
    );
    assert_eq!(Reader::new(b"\x03abc").count(1), Ok(3));
    assert_eq!(Reader::new(b"\x03abc").count(2), Err(Error::Truncated));
    assert_eq!(Reader::new(b"\xc0\x01").length(), Err(Error::BadData("a length is no number")));
}

#[test]
fn doubles_as_text() {
    assert_eq!(Reader::new(b"\x033.5").text_double(), Ok(3.5));
    assert_eq!(Reader::new(b"\xfe").text_double(), Ok(f64::INFINITY));
    assert_eq!(Reader::new(b"\xff").text_double(), Ok(f64::NEG_INFINITY));
    assert!(Reader::new(b"\xfd").text_double().unwrap().is_nan());
    assert!(Reader::new(b"\x01x").text_double().is_err());
}
