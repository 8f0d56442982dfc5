//! Files there and back, damaged at every place, and the samples that Redis wrote.

use value::{Hash, Limits, List, Part, Set, Value, Zset};

use super::*;
use crate::write::Output;
use crate::{Dialect, Object, dump_string, dump_value, load_value};

fn limits() -> Limits {
    Limits::default()
}

/// Values of each type, small and with so many elements.
fn values(many: u32) -> Vec<(&'static str, Value)> {
    let limits = limits();
    let mut values = Vec::new();
    for (count, names) in
        [(3, ["list", "set", "hash", "zset"]), (many, ["LIST", "SET", "HASH", "ZSET"])]
    {
        let (mut list, mut set) = (List::new(), Set::new());
        let (mut hash, mut zset) = (Hash::new(), Zset::new());
        for number in 0..count {
            let text = format!("element {number}");
            list.push(value::list::End::Right, text.as_bytes(), &limits);
            set.add(text.as_bytes(), &limits);
            hash.set(text.as_bytes(), b"12345678901", None, &limits);
            zset.insert(text.as_bytes(), f64::from(number) / 8.0, &limits);
        }
        values.push((names[0], Value::List(list)));
        values.push((names[1], Value::Set(set)));
        values.push((names[2], Value::Hash(hash)));
        values.push((names[3], Value::Zset(zset)));
    }
    let mut ints = Set::new();
    (0..5).for_each(|number| assert!(ints.add(format!("{}", number * 70_000).as_bytes(), &limits)));
    values.push(("ints", Value::Set(ints)));
    values
}

/// A file with the samples, in this version.
fn sample(version: Option<u16>, compresses: bool, with_deadlines: bool, many: u32) -> Vec<u8> {
    let mut writer = FileWriter::new(Vec::new(), version, true).unwrap();
    writer.aux(b"redis-ver", b"7.0.15").unwrap();
    if version.is_none_or(|version| version >= 10) {
        writer.function(b"#!lua name=a\n return 1", compresses).unwrap();
    }
    writer.sizes(3, 10, 2).unwrap();
    let mut out = Output::new();
    out.compresses = compresses;
    out.version_max = version.unwrap_or(u16::MAX);
    let mut chunk = Chunk { db_first: 3, db_last: 5, ..Chunk::default() };
    for (name, value) in &values(many) {
        let head =
            EntryHead { key: name.as_bytes(), expire_at_ms: None, clock: Clock::Frequency(7) };
        chunk.version_min = chunk.version_min.max(put_entry(&mut out, head, Content::Value(value)));
    }
    put_select_db(&mut out, 5);
    let head = EntryHead { key: b"-12", expire_at_ms: Some(1 << 40), clock: Clock::Idle(100) };
    put_entry(&mut out, head, Content::Bytes(&b"compress me! ".repeat(20)));
    let head = EntryHead { key: b"number", expire_at_ms: None, clock: Clock::None };
    put_entry(&mut out, head, Content::Int(-7));
    if with_deadlines {
        let mut hash = Hash::new();
        hash.set(b"field", b"value", Some(5000), &limits());
        let head = EntryHead { key: b"timed", expire_at_ms: None, clock: Clock::None };
        let version = put_entry(&mut out, head, Content::Value(&Value::Hash(hash)));
        (chunk.version_min, chunk.newest_key) = (version, b"timed".to_vec());
    }
    chunk.bytes = out.bytes;
    writer.chunk(&chunk).unwrap();
    let (mut bytes, finished) = writer.finish().unwrap();
    assert_eq!(finished.bytes, bytes.len() as u64);
    if let Some(head) = finished.head {
        bytes[..9].copy_from_slice(&head);
    }
    bytes
}

/// Gives few bytes at a time.
struct Slowly<'a>(&'a [u8], usize);

impl std::io::Read for Slowly<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let len = self.1.min(to.len()).min(self.0.len());
        to[..len].copy_from_slice(&self.0[..len]);
        self.0 = &self.0[len..];
        Ok(len)
    }
}

/// Everything in a file, as text; sets and hashes by their sizes, as they have no order.
fn read(bytes: &[u8], step: usize) -> Result<Vec<String>, FileError> {
    let mut reader = FileReader::new(Slowly(bytes, step))?;
    let mut found = Vec::new();
    while let Some(item) = reader.next_item()? {
        found.push(match item {
            Item::Record(record) => {
                let loaded = record.load(&limits())?;
                let (payload, ordered) = match &loaded {
                    Object::String(bytes) => (dump_string(bytes), true),
                    Object::Value(value) => {
                        (dump_value(value), matches!(value, Value::List(_) | Value::Zset(_)))
                    }
                };
                let content = match ordered {
                    true => format!("{:x}", crate::checksum(&payload[..payload.len() - 8])),
                    false => payload.len().to_string(),
                };
                let Record { db, key, expire_at_ms, idle_seconds, frequency, .. } = record;
                let key = key.escape_ascii();
                format!("{db} {key} {expire_at_ms:?} {idle_seconds:?} {frequency:?} {content}")
            }
            other => format!("{other:?}"),
        });
    }
    reader.expect_end()?;
    Ok(found)
}

#[test]
fn files_come_back_in_every_version() {
    let newest = read(&sample(None, false, false, 600), usize::MAX).unwrap();
    assert_eq!(newest.len(), 3 + 9 + 2);
    assert!(newest.iter().any(|line| line.starts_with("5 number None None None ")), "{newest:?}");
    for version in WRITTEN_VERSIONS {
        for compresses in [false, true] {
            let bytes = sample(Some(version), compresses, false, 600);
            assert_eq!(&bytes[..9], format!("REDIS{version:04}").as_bytes());
            let found = read(&bytes, 1 + usize::from(version) * 7).unwrap();
            let without_use =
                |line: &String| line.replace("Some(100)", "None").replace("Some(7)", "None");
            match version {
                10.. => assert_eq!(found, newest),
                9 => assert_eq!(found[1..], [&newest[..1], &newest[2..]].concat()[1..]),
                _ => {
                    let expected: Vec<String> = newest.iter().map(without_use).collect();
                    let skipped = if version < 7 { 0 } else { 2 };
                    assert_eq!(found[skipped..], expected[3..], "version {version}");
                }
            }
        }
    }
}

#[test]
fn a_file_gets_the_version_that_it_needs() {
    assert_eq!(&sample(None, false, false, 600)[..9], b"REDIS0010");
    let bytes = sample(None, true, true, 600);
    assert_eq!(&bytes[..9], b"REDIS0012");
    assert_eq!(read(&bytes, 1000).unwrap().len(), 3 + 9 + 3);
    let mut writer = FileWriter::new(Vec::new(), Some(10), true).unwrap();
    let chunk = Chunk { version_min: 12, newest_key: b"k\n".to_vec(), ..Chunk::default() };
    let error = writer.chunk(&chunk).unwrap_err().to_string();
    assert_eq!(error, "key \"k\\n\" cannot be written in RDB version 10: it needs version 12");
}

#[test]
fn every_truncation_and_every_changed_byte_is_seen() {
    let bytes = sample(None, true, true, 12);
    let whole = read(&bytes, usize::MAX).unwrap();
    for len in 0..bytes.len() {
        let error = read(&bytes[..len], usize::MAX).unwrap_err();
        assert!(
            matches!(&error, FileError::Broken { at, .. } if at.offset == len as u64),
            "{len}: {error}"
        );
    }
    for at in 0..bytes.len() {
        for change in [1, 0x40, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= change;
            match read(&damaged, usize::MAX) {
                Err(error) => assert!(!error.to_string().is_empty()),
                // The first versions had no checksum, but nothing behind their end either.
                Ok(found) => panic!("byte {at} ^ {change:x}: {found:?} for {whole:?}"),
            }
        }
    }
}

#[test]
fn nothing_is_allocated_that_the_file_does_not_pay_for() {
    // A string, a list, a compressed string, and a stream that claim to be huge.
    for claim in [
        &b"\x00\x01k\x81\x00\x00\xff\xff\xff\xff\xff\xff"[..],
        b"\x01\x01k\x81\x00\x00\xff\xff\xff\xff\xff\xff",
        b"\x00\x01k\xc3\x05\x81\x00\x00\xff\xff\xff\xff\xff\xff\x00aaaa\xff",
        b"\x0f\x01k\x80\xff\xff\xff\xff",
    ] {
        let bytes = [b"REDIS0003", claim].concat();
        let error = read(&bytes, usize::MAX).unwrap_err().to_string();
        assert!(error.starts_with("byte "), "{error}");
    }
}

#[test]
fn what_modules_wrote_is_named_or_skipped() {
    // The type "ReJSON-RL" in version 3, then its data: a number, a string, a double.
    let name = b"ReJSON-RL";
    let characters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let id = name.iter().fold(0_u64, |id, character| {
        id << 6 | characters.iter().position(|one| one == character).unwrap() as u64
    });
    let mut out = Output::new();
    crate::write::length(&mut out, id << 10 | 3);
    let data = b"\x02\x07\x05\x03abc\x04\0\0\0\0\0\0\0\0\x00";
    let value = [&b"\x07\x03doc"[..], &out.bytes, data].concat();
    let aux = [&b"\xf7"[..], &out.bytes, b"\x02\x02", data].concat();
    for (item, what) in [
        (&value, "byte 14, key \"doc\": a value of the module type 'ReJSON-RL', which is not here"),
        (&aux, "byte 9: data of the module 'ReJSON-RL', which is not here"),
    ] {
        let bytes = [&b"REDIS0004"[..], item, b"\x00\x01k\x01v\xff"].concat();
        let mut reader = FileReader::new(&bytes[..]).unwrap();
        assert_eq!(reader.next_item().unwrap_err().to_string(), what);
        let mut reader = FileReader::new(&bytes[..]).unwrap().skip_unknown(true);
        assert!(matches!(reader.next_item().unwrap(), Some(Item::Skipped(_))));
        assert!(matches!(reader.next_item().unwrap(), Some(Item::Record(_))));
        assert!(reader.next_item().unwrap().is_none());
    }
}

#[test]
fn what_follows_the_end_is_left() {
    let bytes = [&sample(None, false, false, 600)[..], b"*1\r\n"].concat();
    let error = read(&bytes, usize::MAX).unwrap_err().to_string();
    assert!(error.ends_with("expected nothing behind the end"), "{error}");
    let mut reader = FileReader::new(Slowly(&bytes, 1000)).unwrap();
    while reader.next_item().unwrap().is_some() {}
    let (mut rest, mut input) = reader.into_rest();
    std::io::Read::read_to_end(&mut input, &mut rest).unwrap();
    assert_eq!(rest, b"*1\r\n");
}

#[test]
fn valkeys_header_is_known() {
    let hash = b"\x16\x01h\x01\x01f\x01v\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0";
    let bytes = [b"VALKEY080", &hash[..]].concat();
    let mut reader = FileReader::new(Slowly(&bytes, 3)).unwrap();
    assert_eq!((reader.version(), reader.dialect()), (80, Dialect::Valkey));
    let Some(Item::Record(record)) = reader.next_item().unwrap() else { panic!("a record") };
    assert!(load_value(record.dialect, record.form, record.value, &limits()).is_ok());
    assert!(reader.next_item().unwrap().is_none());
    for bad in ["REDIS0000", "REDIS0099", "VALKEY050", "REDIS00x1", "hello you"] {
        assert!(FileReader::new(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn values_in_parts_are_those_in_one_piece() {
    for version in [6, 9, 10, 11, 14] {
        let mut samples = values(700);
        samples.push(("stream", sample_stream()));
        samples.push(("read", read_stream(false)));
        samples.push(("released", read_stream(true)));
        let mut timed = Hash::new();
        for number in 0..700 {
            let (name, at_ms) = (format!("field {number}"), (1 << 40) + number);
            timed.set(name.as_bytes(), b"v", (number % 3 == 0).then_some(at_ms), &limits());
        }
        samples.push(("timed", Value::Hash(timed)));
        for (name, mut value) in samples {
            if !value.begin_walk(1) {
                continue;
            }
            let output = || {
                let mut out = Output::new();
                (out.version_max, out.compresses) = (version, true);
                out
            };
            let (mut whole, mut parts) = (output(), output());
            let head = EntryHead { key: b"key", expire_at_ms: Some(7), clock: Clock::Idle(3) };
            let version_min = put_entry(&mut whole, head, Content::Value(&value));
            let (mut in_parts, in_parts_min) = put_in_parts(&mut parts, head, &value);
            let mut given = Vec::new();
            let mut put = |part: Part<'_>| {
                in_parts.put(part, &mut parts, &mut |bytes| given.extend_from_slice(&bytes));
            };
            while value.walk_on(9, &mut put) {}
            in_parts.end(&mut parts);
            given.extend_from_slice(&parts.bytes);
            assert_eq!(in_parts_min, version_min, "{name}");
            assert!(given == whole.bytes, "{name} in version {version}");
        }
    }
}

/// With more groups, of which one has much pending.
fn read_stream(releases: bool) -> Value {
    use value::stream::{Group, StreamId};
    let Value::Stream(mut stream) = sample_stream() else { unreachable!("it is one") };
    let mut group = Group::new(StreamId { ms: 9, seq: 9 }, None);
    assert!(["busy", "idle", "other"].iter().all(|name| group.add_consumer(name.as_bytes(), 7)));
    for ms in 1..20_000 {
        let name: &[u8] = if ms % 5 == 0 { b"other" } else { b"busy" };
        group.deliver(StreamId { ms, seq: 1 }, name, 4000 + ms as i64, ms % 3);
    }
    if releases {
        (1..40).rev().for_each(|ms| group.release(StreamId { ms, seq: 1 }, 2));
    }
    assert!(stream.add_group(b"a group", group));
    assert!(stream.add_group(b"an idle group", Group::new(StreamId::MIN, Some(0))));
    Value::Stream(stream)
}

fn sample_stream() -> Value {
    use value::stream::{Group, StreamId};
    let mut stream = value::Stream::new();
    for ms in 1..=500 {
        let fields = [(&b"field"[..], &b"value"[..])];
        stream.append(StreamId { ms, seq: 0 }, fields.into_iter(), &limits()).unwrap();
    }
    let mut group = Group::new(StreamId { ms: 3, seq: 0 }, Some(3));
    assert!(group.add_consumer(b"reader", 5000));
    group.deliver(StreamId { ms: 2, seq: 0 }, b"reader", 4000, 1);
    assert!(stream.add_group(b"group", group));
    Value::Stream(Box::new(stream))
}
