use resp::Span;

use super::*;
use crate::client::NewClient;

fn client(address: &str, is_unix: bool) -> Client {
    Client::new(NewClient {
        id: 1,
        address: address.into(),
        local_address: "127.0.0.1:6379".into(),
        fd: 8,
        is_local: true,
        is_unix,
        authenticated: true,
        now_ms: 0,
    })
}

fn shown(client: &Client, spec: &Spec, words: &[&[u8]]) -> String {
    let data = words.concat();
    let mut start = 0;
    let spans: Vec<Span> = words
        .iter()
        .map(|word| {
            let span = Span { start, len: word.len() as u32 };
            start += span.len;
            span
        })
        .collect();
    let line = line(client, spec, Args::new(&data, &spans), 1_795_186_222_000_742);
    String::from_utf8(line).unwrap()
}

const GET: Spec = Spec::new(Group::String, "GET", 2, flag::READONLY);

#[test]
fn a_line_reads_as_in_redis() {
    let client = client("127.0.0.1:53032", false);
    client.db.set(5);
    assert_eq!(
        shown(&client, &GET, &[b"get", b"a key"]),
        "+1795186222.000742 [5 127.0.0.1:53032] \"get\" \"a key\"\r\n"
    );
}

#[test]
fn unprintable_bytes_are_escaped() {
    let shown = shown(&client("h:1", false), &GET, &[b"\x00\xffabc\"\\\n\r\t\x07\x08"]);
    assert!(shown.ends_with("] \"\\x00\\xffabc\\\"\\\\\\n\\r\\t\\a\\b\"\r\n"), "{shown}");
}

#[test]
fn a_unix_client_is_named_after_its_socket() {
    let shown = shown(&client("/tmp/s.sock:0", true), &GET, &[b"get"]);
    assert!(shown.contains(" [0 unix:/tmp/s.sock] "), "{shown}");
}

#[test]
fn secrets_are_left_out() {
    let spec = GET.hiding(|_, at| at == 1);
    let shown = shown(&client("h:1", false), &spec, &[b"auth", b"password"]);
    assert!(shown.ends_with("\"auth\" \"(redacted)\"\r\n"), "{shown}");
}
