use resp::Span;

use super::*;
use crate::client::NewClient;

fn client(id: u64) -> Client {
    Client::new(NewClient {
        id,
        address: format!("127.0.0.1:{}", 4000 + id),
        local_address: "127.0.0.1:6379".into(),
        fd: 8,
        is_local: true,
        is_unix: false,
        authenticated: true,
        now_ms: 10_000,
    })
}

fn parse(line: &str, purpose: Purpose) -> Result<Filter> {
    let words: Vec<&str> = line.split(' ').collect();
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
    Filter::parse(Args::new(data.as_bytes(), &spans), purpose, 16)
}

fn passing(line: &str) -> Vec<u64> {
    let filter = parse(line, Purpose::List).unwrap();
    let mut clients: Vec<Client> = (1..=4).map(client).collect();
    clients[1].name.borrow_mut().extend_from_slice(b"two");
    clients[2].db.set(7);
    clients[3].no_touch.set(true);
    clients[3].address = "[::1]:9".into();
    let passing = clients.iter().filter(|client| filter.passes(client, 1, 15_000));
    passing.map(|client| client.id).collect()
}

#[test]
fn every_condition_can_be_negated() {
    assert_eq!(passing("client list id 1 3 99"), [1, 3]);
    assert_eq!(passing("client list not-id 1 3"), [2, 4]);
    assert_eq!(passing("client list name two"), [2]);
    assert_eq!(passing("client list NOT-NAME two"), [1, 3, 4]);
    assert_eq!(passing("client list db 7"), [3]);
    assert_eq!(passing("client list flags T"), [4]);
    assert_eq!(passing("client list ip ::1"), [4]);
    assert_eq!(passing("client list ip 127.0.0.1"), [1, 2, 3]);
    assert_eq!(passing("client list addr 127.0.0.1:4002"), [2]);
    assert_eq!(passing("client list type pubsub"), [0; 0]);
    assert_eq!(passing("client list user default"), [1, 2, 3, 4]);
    assert_eq!(passing("client list maxage 5"), [1, 2, 3, 4]);
    assert_eq!(passing("client list maxage 6"), [0; 0]);
}

#[test]
fn conditions_add_up() {
    assert_eq!(passing("client list id 1 2 3 skipme yes"), [2, 3]);
    assert_eq!(passing("client list id 1 2 3 not-db 7 skipme no"), [1, 2]);
}

#[test]
fn killing_leaves_out_who_asks() {
    assert!(parse("client kill id 1", Purpose::Kill).unwrap().skip_me);
    assert!(!parse("client kill id 1 skipme no", Purpose::Kill).unwrap().skip_me);
    assert!(!parse("client list id 1", Purpose::List).unwrap().skip_me);
}

#[test]
fn errors_are_redis_s() {
    let error = |line, purpose| parse(line, purpose).unwrap_err().to_string();
    assert_eq!(error("client list id abc", Purpose::List), "ERR Invalid client ID");
    assert_eq!(error("client list id 1 x", Purpose::List), "ERR Invalid client ID");
    let range = "ERR client-id should be greater than 0";
    assert_eq!(error("client kill id 0", Purpose::Kill), range);
    assert_eq!(error("client kill id abc", Purpose::Kill), range);
    assert_eq!(error("client kill id 10 x", Purpose::Kill), "ERR syntax error");
    assert_eq!(error("client kill type x", Purpose::Kill), "ERR Unknown client type 'x'");
    assert_eq!(error("client kill user x", Purpose::Kill), "ERR No such user 'x'");
    assert_eq!(error("client kill id 1 skipme", Purpose::Kill), "ERR syntax error");
    assert_eq!(error("client kill skipme maybe", Purpose::Kill), "ERR syntax error");
    assert_eq!(error("client kill not-skipme yes", Purpose::Kill), "ERR syntax error");
    let age = "ERR maxage should be greater than 0";
    assert_eq!(error("client kill maxage 0", Purpose::Kill), age);
}
