//! Forms as Redis wrote them, and broken ones.

use proptest::prelude::*;

use super::*;

/// "a", 5, -1, 300, 70,000, a string of 70.
fn sample() -> Vec<u8> {
    let mut entries: Vec<Vec<u8>> = vec![
        b"\x01a".to_vec(),
        vec![0xf6],
        vec![0xfe, 0xff],
        vec![0xc0, 0x2c, 1],
        vec![0xf0, 0x70, 0x11, 1],
    ];
    entries.push([&[0x40, 70][..], &[b'x'; 70]].concat());
    let mut bytes = vec![0; 10];
    let (mut previous, mut tail) = (0, 10);
    for entry in &entries {
        tail = bytes.len();
        bytes.push(previous);
        bytes.extend_from_slice(entry);
        previous = entry.len() as u8 + 1;
    }
    bytes.push(0xff);
    let len = bytes.len() as u32;
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    bytes[4..8].copy_from_slice(&(tail as u32).to_le_bytes());
    bytes[8..10].copy_from_slice(&(entries.len() as u16).to_le_bytes());
    bytes
}

#[test]
fn a_ziplist_is_read() {
    let bytes = sample();
    let elements = ziplist(&bytes).unwrap();
    let texts: Vec<&[u8]> = elements.iter().map(|element| &**element).collect();
    assert_eq!(texts[..5], [&b"a"[..], b"5", b"-1", b"300", b"70000"]);
    assert_eq!(texts[5], [b'x'; 70]);
}

#[test]
fn a_zipmap_is_read() {
    let elements = zipmap(b"\x02\x01a\x02\x00bc\x01d\x01\x02e..\xff").unwrap();
    let texts: Vec<&[u8]> = elements.iter().map(|element| &**element).collect();
    assert_eq!(texts, [&b"a"[..], b"bc", b"d", b"e"]);
    for broken in [&b""[..], b"\x00\xff", b"\x01\x01a\x02\x00bc", b"\x02\x01a\x01\x00b\xff"] {
        assert!(zipmap(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn integers_must_ascend() {
    assert_eq!(intset(b"\x02\0\0\0\x02\0\0\0\xff\xff\x01\0"), Ok(vec![-1, 1]));
    assert_eq!(intset(b"\x04\0\0\0\x01\0\0\0\x00\x00\x01\0"), Ok(vec![65_536]));
    for broken in [
        &b"\x02\0\0\0\x02\0\0\0\x01\0\x01\0"[..],
        b"\x02\0\0\0\x02\0\0\0\x01\0",
        b"\x03\0\0\0\x01\0\0\0\x01\0\0",
        b"\x02\0\0\0\0\0\0\0",
        b"\x02\0\0\0\xff\xff\xff\xff\x01\0",
    ] {
        assert!(intset(broken).is_err(), "{broken:?}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = (ziplist(&bytes).is_ok(), zipmap(&bytes).is_ok(), intset(&bytes).is_ok());
    }

    #[test]
    fn damage_is_seen_or_harmless(at in any::<usize>(), flip in 1..=255u8) {
        let mut bytes = sample();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        let _ = ziplist(&bytes);
        bytes.truncate(at);
        prop_assert!(ziplist(&bytes).is_err());
    }
}
