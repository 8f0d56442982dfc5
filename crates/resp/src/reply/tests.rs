//! Replies and every prefix of them; nonsense.

use super::{Reply, parse_reply, skip_reply};

fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}

#[test]
fn nested_replies_and_every_prefix_of_them() {
    let data = b"*3\r\n$1\r\na\r\n%1\r\n+k\r\n:5\r\n~2\r\n,1.5\r\n#f\r\n";
    let (reply, used) = parse_reply(data).unwrap().unwrap();
    let map = Reply::Map(vec![(Reply::Simple(b"k".to_vec()), Reply::Integer(5))]);
    let set = Reply::Set(vec![Reply::Double(1.5), Reply::Boolean(false)]);
    assert_eq!(reply, Reply::Array(vec![bulk("a"), map, set]));
    assert_eq!((used, skip_reply(data)), (data.len(), data.len()));
    for cut in 0..data.len() {
        assert_eq!(parse_reply(&data[..cut]), Ok(None), "cut at {cut}");
    }
}

#[test]
fn nulls_and_verbatim() {
    assert_eq!(parse_reply(b"$-1\r\n").unwrap().unwrap().0, Reply::Null);
    assert_eq!(parse_reply(b"*-1\r\n").unwrap().unwrap().0, Reply::NullArray);
    assert_eq!(
        parse_reply(b"=6\r\ntxt:hi\r\n").unwrap().unwrap().0,
        Reply::Verbatim(b"hi".to_vec())
    );
}

#[test]
fn nonsense_and_bombs_are_refused() {
    assert!(parse_reply(b"?\r\n").is_err());
    assert!(parse_reply(b":x\r\n").is_err());
    assert!(parse_reply(b"\n").is_err());
    assert!(parse_reply(b"*1\r\n\n").is_err());
    assert!(parse_reply(&b"*1\r\n".repeat(100)).is_err());
}
