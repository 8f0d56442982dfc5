//! What holds of every row.

use std::collections::BTreeSet;

use super::*;
use crate::config::Config;
use crate::kind::Kind;

#[test]
fn names_are_unique_and_plain() {
    let mut names = BTreeSet::new();
    for name in rows().flat_map(|row| row.names()) {
        assert!(names.insert(name), "{name} twice");
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(name.bytes().all(is_plain), "{name}");
    }
}

#[test]
fn every_row_has_one_line_on_what_it_does() {
    for row in rows() {
        assert!(row.doc.ends_with('.') && row.doc.len() <= 98, "{}: {}", row.name, row.doc);
        assert!(!row.doc.contains('\n'), "{}", row.name);
    }
}

/// What a row writes, it must read back, on the way of each of CONFIG SET and a file.
#[test]
fn defaults_survive_being_written() {
    let default = Config::default();
    for row in rows().filter(|row| row.is_listed()) {
        let mut config = Config::default();
        row.set_text(&mut config, &row.get(&default)).unwrap();
        assert_eq!(config, default, "{}", row.name);

        let line = resp::split_args(&row.kind.line(&default)).unwrap();
        let words: Vec<&[u8]> = line.iter().map(Vec::as_slice).collect();
        let mut config = Config::default();
        row.set(&mut config, &words).unwrap();
        assert_eq!(config, default, "{}", row.name);
    }
}

#[test]
fn ranges_fit_their_fields() {
    let mut config = Config::default();
    for row in rows() {
        let ends = match row.kind {
            Kind::Integer { min, max, .. } => vec![min.to_string(), max.to_string()],
            Kind::Memory { min, max, .. } => vec![min.to_string(), max.to_string()],
            Kind::Octal { max, .. } => vec![format!("{max:o}")],
            _ => continue,
        };
        for end in ends {
            row.set_text(&mut config, end.as_bytes()).unwrap();
            if row.name != "hz" {
                assert_eq!(row.get(&config), end.as_bytes(), "{}", row.name);
            }
        }
    }
}

#[test]
fn hz_is_brought_into_range() {
    let (row, _) = find(b"hz").unwrap();
    let mut config = Config::default();
    for (text, hz) in [("0", 1), ("100", 100), ("501", 500), ("2147483647", 500)] {
        row.set_text(&mut config, text.as_bytes()).unwrap();
        assert_eq!(config.process.hz, hz);
    }
}

#[test]
fn names_are_found_in_any_case() {
    assert_eq!(find(b"PORT").map(|(row, name)| (row.name, name)), Some(("port", "port")));
    let (row, name) = find(b"SlowLog-Max-Len").unwrap();
    assert_eq!((row.name, name), ("commandlog-slow-execution-max-len", "slowlog-max-len"));
    assert!(find(b"no-such").is_none());
    assert!(find(b"").is_none());
}

#[test]
fn threads_and_shards_fit_the_machine() {
    let mut threads = Config::default().threads;
    assert_eq!(threads.resolve(4), (4, 4));
    assert_eq!(threads.resolve(0), (1, 1));
    assert_eq!(threads.resolve(100_000), (crate::limits::THREADS_MAX, crate::limits::THREADS_MAX));
    threads.threads = 2;
    assert_eq!(threads.resolve(4), (2, 2));
    threads.shards = 1;
    assert_eq!(threads.resolve(4), (2, 1));
    threads.shards = 8;
    assert_eq!(threads.resolve(4), (2, 2));
}
