//! What is written in either protocol.

use super::{Protocol, Writer};

fn written(protocol: Protocol, write: impl FnOnce(&mut Writer<'_>)) -> String {
    let mut out = Vec::new();
    write(&mut Writer::new(&mut out, protocol));
    String::from_utf8(out).unwrap()
}

#[test]
fn each_kind_in_both_protocols() {
    type Case = (fn(&mut Writer<'_>), &'static str, &'static str);
    let cases: &[Case] = &[
        (|w| w.ok(), "+OK\r\n", "+OK\r\n"),
        (|w| w.null(), "$-1\r\n", "_\r\n"),
        (|w| w.null_array(), "*-1\r\n", "_\r\n"),
        (|w| w.integer(-42), ":-42\r\n", ":-42\r\n"),
        (|w| w.bulk(b"a\r\nb"), "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"),
        (|w| w.bulk_integer(1234), "$4\r\n1234\r\n", "$4\r\n1234\r\n"),
        (|w| w.map(3), "*6\r\n", "%3\r\n"),
        (|w| w.set(12), "*12\r\n", "~12\r\n"),
        (|w| w.push(2), "*2\r\n", ">2\r\n"),
        (|w| w.boolean(true), ":1\r\n", "#t\r\n"),
        (|w| w.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
        (|w| w.double(3.0), "$1\r\n3\r\n", ",3\r\n"),
        (|w| w.double(f64::NEG_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n"),
        (|w| w.verbatim("txt", b"hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"),
    ];
    for (write, resp2, resp3) in cases {
        assert_eq!(written(Protocol::Resp2, write), *resp2);
        assert_eq!(written(Protocol::Resp3, write), *resp3);
    }
}

#[test]
fn an_error_cannot_forge_a_second_reply() {
    assert_eq!(written(Protocol::Resp2, |w| w.error("ERR a\r\n+OK")), "-ERR a  +OK\r\n");
}
