//! DEBUG PROTOCOL: a reply of each type, for those who test a client's parser.

use command::{Error, Result};
use resp::Writer;

use crate::command::Request;

pub(super) const DOC: &str = "Answers a value of a type: string, integer, double, bignum, null, \
                              array, set, map, attrib, push, verbatim, true or false.";

/// PROTOCOL type
pub(super) fn protocol(request: &mut Request) -> Result {
    let kind = request.args().at(2).to_ascii_lowercase();
    write(&mut request.reply(), &kind)
}

/// The values are Redis's, which clients' tests know.
#[expect(clippy::approx_constant, reason = "it is not pi")]
fn write(reply: &mut Writer<'_>, kind: &[u8]) -> Result {
    match kind {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.integer(12345),
        b"double" => reply.double(3.141),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.integer(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            if reply.is_resp3() {
                reply.raw(b"|1\r\n");
                reply.bulk(b"key-popularity");
                reply.array(2);
                reply.bulk(b"key:123");
                reply.integer(90);
            }
            reply.bulk(b"Some real reply following the attribute");
        }
        b"push" if reply.is_resp3() => {
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.integer(42);
        }
        b"push" => return Err(Error::new("RESP2 is not supported by this command")),
        b"bignum" => {
            let digits = b"1234567999999999999999999999999999999";
            if reply.is_resp3() {
                reply.raw(&[b"(", &digits[..], b"\r\n"].concat());
            } else {
                reply.bulk(digits);
            }
        }
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        _ => {
            return Err(Error::new(
                "Wrong protocol type name. Please use one of the following: string|integer|double|\
                 bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use resp::Protocol;

    use super::*;

    fn written(kind: &str, protocol: Protocol) -> String {
        let mut out = Vec::new();
        write(&mut Writer::new(&mut out, protocol), kind.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn types_are_those_of_the_protocol() {
        assert_eq!(written("map", Protocol::Resp2), "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n");
        assert_eq!(written("map", Protocol::Resp3), "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n");
        assert!(written("attrib", Protocol::Resp2).starts_with("$39\r\nSome"));
        assert!(written("attrib", Protocol::Resp3).starts_with("|1\r\n$14\r\n"));
        assert!(written("bignum", Protocol::Resp3).starts_with("(1234567"));
        assert!(written("bignum", Protocol::Resp2).starts_with("$37\r\n1234567"));
    }

    #[test]
    fn other_names_are_refused() {
        let mut out = Vec::new();
        assert!(write(&mut Writer::new(&mut out, Protocol::Resp3), b"bool").is_err());
        assert!(write(&mut Writer::new(&mut out, Protocol::Resp2), b"push").is_err());
    }
}
