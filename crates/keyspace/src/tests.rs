//! The keyspace through its public face.

mod model;
mod timed;

use super::*;

fn keyspace() -> Keyspace {
    let mut keyspace = Keyspace::new(Options::default());
    keyspace.begin(1_700_000_000_000);
    keyspace
}

fn read(keyspace: &mut Keyspace, key: &[u8]) -> Option<Vec<u8>> {
    keyspace.read(0, Key::new(key)).map(|entry| entry.string().unwrap().to_vec())
}

#[test]
fn sets_reads_and_removes() {
    let mut keyspace = keyspace();
    for value in [&b""[..], b"v", b"12345", b"-1", b"007", &[b'x'; 300], &[b'y'; 100_000]] {
        keyspace.edit(0, Key::new(b"k")).set_string(value);
        assert_eq!(read(&mut keyspace, b"k").as_deref(), Some(value));
        assert_eq!(keyspace.len(0), 1);
    }
    assert!(keyspace.edit(0, Key::new(b"k")).remove());
    assert!(!keyspace.edit(0, Key::new(b"k")).remove());
    assert_eq!(read(&mut keyspace, b"k"), None);
    assert_eq!((keyspace.stats().hits, keyspace.stats().misses), (7, 1));
    assert_eq!(keyspace.changes().dirty(), 8);
    assert_eq!(keyspace.take_garbage().len(), 0, "100 kB is quickly freed");
}

#[test]
fn encodings_are_redis_ones() {
    let mut keyspace = keyspace();
    for (value, encoding) in
        [(&b"12"[..], "int"), (&[b'x'; 44], "embstr"), (&[b'x'; 45], "raw"), (&[b'x'; 999], "raw")]
    {
        keyspace.edit(0, Key::new(b"k")).set_string(value);
        assert_eq!(keyspace.peek(0, Key::new(b"k")).unwrap().encoding(), encoding);
    }
    keyspace.edit(0, Key::new(b"k")).set_string(b"5");
    keyspace.edit(0, Key::new(b"k")).string_buffer().unwrap().append(b"1");
    let entry = keyspace.peek(0, Key::new(b"k")).unwrap();
    assert_eq!((entry.encoding(), entry.string()), ("raw", Ok(StringRef::Bytes(b"51"))));
}

#[test]
fn deadlines_are_kept_counted_and_met() {
    let mut keyspace = keyspace();
    let now_ms = keyspace.now_ms();
    for (n, value) in [&b"1"[..], b"short", &[b'x'; 1000]].iter().enumerate() {
        let key = [b'k', n as u8];
        let mut edit = keyspace.edit(0, Key::new(&key));
        edit.set_string(value);
        edit.set_expiry(Some(now_ms + 100));
        edit.set_string(value);
        assert_eq!(edit.expire_at_ms(), Some(now_ms + 100));
        drop(edit);
        assert_eq!(read(&mut keyspace, &key).as_deref(), Some(*value));
    }
    assert_eq!((keyspace.expires_len(0), keyspace.average_ttl_ms(0)), (3, 100));
    keyspace.edit(0, Key::new(b"k\0")).set_expiry(None);
    assert_eq!(keyspace.expires_len(0), 2);

    keyspace.begin(now_ms + 100);
    assert!(keyspace.peek(0, Key::new(b"k\x01")).is_some(), "the deadline itself is alive");
    keyspace.changes().set_recording(true);
    keyspace.begin(now_ms + 101);
    assert!(keyspace.peek(0, Key::new(b"k\x01")).is_none());
    assert_eq!(keyspace.len(0), 3, "peek removes nothing");
    assert_eq!(read(&mut keyspace, b"k\x01"), None);
    let effect = keyspace.changes().effects().next().unwrap();
    assert_eq!(effect.args().collect::<Vec<_>>(), [&b"DEL"[..], b"k\x01"]);
    assert_eq!(effect.cause, Cause::Expired);
    let done = keyspace.expire_some(1000, &|_, _| false);
    assert_eq!(done.removed, 1);
    assert_eq!((keyspace.len(0), keyspace.expires_len(0)), (1, 0));
    assert_eq!(keyspace.stats().expired, 2);
}

#[test]
fn buffers_grow_out_of_their_entry_and_back_to_nothing() {
    let mut keyspace = keyspace();
    let mut model = Vec::new();
    for n in 0..200u32 {
        let mut edit = keyspace.edit(0, Key::new(b"k"));
        let mut buffer = edit.string_buffer().unwrap();
        let more = vec![n as u8; n as usize % 7];
        buffer.append(&more);
        model.extend_from_slice(&more);
        if n % 10 == 0 {
            buffer.resize(model.len() + 3);
            model.resize(model.len() + 3, 0);
        }
        assert_eq!(buffer.bytes(), model);
    }
    assert!(model.len() > 512);
    assert_eq!(read(&mut keyspace, b"k"), Some(model));
}

#[test]
fn detached_values_move_and_copy() {
    let mut keyspace = keyspace();
    for value in [&b"17"[..], b"short", &[b'x'; 1000]] {
        keyspace.edit(0, Key::new(b"a")).set(value, Some(i64::MAX));
        let taken = keyspace.edit(0, Key::new(b"a")).take().unwrap();
        keyspace.edit(3, Key::new(b"b")).put(taken);
        assert!(keyspace.is_empty(0));
        let copy = keyspace.edit(3, Key::new(b"b")).copy().unwrap();
        keyspace.edit(0, Key::new(b"a")).put(copy);
        assert_eq!(read(&mut keyspace, b"a").as_deref(), Some(value));
        assert_eq!(keyspace.expires_len(3), 1);
    }
}

#[test]
fn flush_and_swap_exchange_whole_databases() {
    let mut keyspace = keyspace();
    keyspace.edit(0, Key::new(b"a")).set_string(b"1");
    keyspace.swap(0, 5);
    assert_eq!((keyspace.len(0), keyspace.len(5)), (0, 1));
    drop(keyspace.flush(5));
    assert_eq!(keyspace.len(5), 0);
}

#[test]
fn scan_visits_every_key_once_while_nothing_changes() {
    let mut keyspace = keyspace();
    for n in 0..1000 {
        keyspace.edit(0, Key::new(format!("key:{n}").as_bytes())).set_int(n);
    }
    let (mut cursor, mut seen) = (0, Vec::new());
    loop {
        cursor = keyspace.scan(0, cursor, 10, |key, _| seen.push(key.to_vec()));
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen.len(), 1000);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 1000);
    assert!(keyspace.random_key(0).is_some());
}

#[test]
fn evicts_the_best_and_never_what_is_locked() {
    let mut keyspace = keyspace();
    let now_ms = keyspace.now_ms();
    for n in 0..100 {
        keyspace.begin(now_ms + n * 1000);
        keyspace.edit(0, Key::new(format!("key:{n}").as_bytes())).set_int(n);
    }
    let evicted = keyspace.evict(Policy::AllKeysLru, 1000, &|_, _| false).unwrap();
    assert_eq!(evicted.key, b"key:0");
    assert_eq!(keyspace.evict(Policy::VolatileTtl, 10, &|_, _| false), None);
    assert_eq!(keyspace.evict(Policy::AllKeysRandom, 10, &|_, _| true), None);
    assert_eq!(keyspace.stats().evicted, 1);
}

#[test]
fn looking_counts_but_does_not_touch() {
    let mut keyspace = keyspace();
    keyspace.edit(0, Key::new(b"k")).set_string(b"v");
    keyspace.begin(keyspace.now_ms() + 7_000);
    assert_eq!(keyspace.look(0, Key::new(b"k")).map(|entry| entry.idle_seconds()), Some(7));
    assert!(keyspace.look(0, Key::new(b"absent")).is_none());
    assert_eq!((keyspace.stats().hits, keyspace.stats().misses), (1, 1));
    assert_eq!(keyspace.read(0, Key::new(b"k")).map(|entry| entry.idle_seconds()), Some(0));
}

#[test]
fn a_discarded_database_is_garbage() {
    let mut keyspace = keyspace();
    keyspace.edit(3, Key::new(b"k")).set_string(b"v");
    keyspace.discard_database(3);
    assert_eq!((keyspace.len(3), keyspace.take_garbage().len()), (0, 1));
}
