//! Replies: what the parser takes, it takes as a whole; what the writer wrote reads back the same.

use resp::{Protocol, Reply, Writer, parse_reply, skip_reply};

use crate::Target;

pub(crate) const TARGET: Target = Target { name: "reply", run, words };

fn words() -> Vec<&'static [u8]> {
    vec![
        b"+OK\r\n",
        b"-ERR x\r\n",
        b":1\r\n",
        b"$-1\r\n",
        b"$0\r\n\r\n",
        b"*-1\r\n",
        b"*2\r\n",
        b"%1\r\n",
        b"~1\r\n",
        b">2\r\n",
        b"_\r\n",
        b"#t\r\n",
        b",1.5\r\n",
        b",inf\r\n",
        b",nan\r\n",
        b"(123\r\n",
        b"=5\r\ntxt:x\r\n",
        b"*9223372036854775807\r\n",
        b"$9223372036854775807\r\n",
    ]
}

/// Prefixes of longer replies are only sampled.
const PREFIXES_MAX: usize = 64;

fn run(data: &[u8]) {
    let Ok(Some((reply, len))) = parse_reply(data) else { return };
    assert!(len <= data.len(), "a reply within the data");
    for cut in (0..len).step_by(len / PREFIXES_MAX + 1) {
        assert_eq!(parse_reply(&data[..cut]), Ok(None), "cut at {cut} of {len}");
    }
    let mut text = Vec::new();
    write(&reply, &mut Writer::new(&mut text, Protocol::Resp3));
    assert_eq!(skip_reply(&text), text.len(), "{}", text.escape_ascii());
    let (again, len) = parse_reply(&text).expect("a reply").expect("a whole one");
    assert_eq!(len, text.len());
    // NaN is unlike itself, so the second text is compared instead.
    let mut text_again = Vec::new();
    write(&again, &mut Writer::new(&mut text_again, Protocol::Resp3));
    assert_eq!(text_again.escape_ascii().to_string(), text.escape_ascii().to_string());
}

fn write(reply: &Reply, out: &mut Writer<'_>) {
    match reply {
        Reply::Simple(text) => out.simple(&line(text)),
        Reply::Error(text) => out.error(line(text)),
        Reply::Integer(number) => out.integer(*number),
        Reply::Bulk(bytes) => out.bulk(bytes),
        Reply::Null => out.null(),
        Reply::NullArray => out.null_array(),
        Reply::Double(number) => out.double(*number),
        Reply::Boolean(value) => out.boolean(*value),
        Reply::Verbatim(text) => out.verbatim("txt", text),
        // The server has none to write.
        Reply::BigNumber(digits) => out.bulk(digits),
        Reply::Array(items) => {
            out.array(items.len());
            items.iter().for_each(|item| write(item, out));
        }
        Reply::Set(items) => {
            out.set(items.len());
            items.iter().for_each(|item| write(item, out));
        }
        Reply::Push(items) => {
            out.push(items.len());
            items.iter().for_each(|item| write(item, out));
        }
        Reply::Map(pairs) => {
            out.map(pairs.len());
            for (key, value) in pairs {
                write(key, out);
                write(value, out);
            }
        }
    }
}

/// A line without line ends, which the parser lets through and the writer rightly refuses.
fn line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace('\r', " ")
}
