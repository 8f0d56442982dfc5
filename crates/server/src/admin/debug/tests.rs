//! Finding subcommands; what is said of an entry.

use keyspace::{Keyspace, Options};
use resp::Span;

use super::*;

fn found(line: &str) -> Option<&'static str> {
    let mut start = 0;
    let spans: Vec<Span> = line
        .split(' ')
        .map(|word| {
            let span = Span { start, len: word.len() as u32 };
            start += span.len + 1;
            span
        })
        .collect();
    find(Args::new(line.as_bytes(), &spans)).map(|subcommand| subcommand.name)
}

#[test]
fn subcommands_go_by_name_and_number_of_arguments() {
    assert_eq!(found("debug sleep 1"), Some("SLEEP"));
    assert_eq!(found("debug Reload nosave noflush"), Some("RELOAD"));
    for unknown in ["debug sleep", "debug sleep 1 2", "debug nosuch", "debug populate"] {
        assert_eq!(found(unknown), None, "{unknown}");
    }
}

#[test]
fn an_entry_is_described_by_redis_fields() {
    let mut keyspace = Keyspace::new(Options::default());
    keyspace.begin(1_000_000);
    let key = Key::new(b"k");
    keyspace.edit(0, key).set(b"abc", None);
    let shown = describe(&keyspace.peek(0, key).unwrap(), ClockKind::Lru, 1_000);
    assert!(shown.starts_with("Value at:0x"), "{shown}");
    assert!(shown.ends_with(" refcount:1 encoding:embstr lru:1000 lru_seconds_idle:0"), "{shown}");
}
