//! Against an ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;
type Model = BTreeMap<StreamId, Fields>;

fn id(ms: u64, seq: u64) -> StreamId {
    StreamId { ms, seq }
}

fn collect(
    stream: &Stream,
    start: StreamId,
    end: StreamId,
    is_reverse: bool,
) -> Vec<(StreamId, Fields)> {
    let mut found = Vec::new();
    stream.range(start, end, is_reverse, |entry| {
        let mut fields = Vec::new();
        entry.each(|field, value| fields.push((field.to_vec(), value.to_vec())));
        assert_eq!(fields.len(), entry.len);
        found.push((entry.id, fields));
        true
    });
    found
}

fn append(stream: &mut Stream, id: StreamId, fields: &Fields, limits: &Limits) -> bool {
    let pairs = fields.iter().map(|(field, value)| (field.as_slice(), value.as_slice()));
    stream.append(id, pairs, limits).is_ok()
}

fn check(stream: &Stream, model: &Model) {
    let all: Vec<_> = model.iter().map(|(id, fields)| (*id, fields.clone())).collect();
    assert_eq!(stream.len(), model.len());
    assert_eq!(collect(stream, StreamId::MIN, StreamId::MAX, false), all);
    let mut backwards = collect(stream, StreamId::MIN, StreamId::MAX, true);
    backwards.reverse();
    assert_eq!(backwards, all);
    assert_eq!(stream.first_id(), model.keys().next().copied().unwrap_or_default());
    assert_eq!(stream.last_entry_id(), model.keys().next_back().copied().unwrap_or_default());
    let bytes: usize =
        stream.blocks.values().map(|pack| pack.memory_bytes() + BLOCK_SHARE_BYTES).sum();
    assert_eq!(stream.block_bytes, bytes);
    let blocks = stream.blocks().map(|(id, pack)| (id, pack.clone()));
    let again =
        Stream::from_parts(blocks, stream.last_id, stream.max_deleted_id, stream.entries_added);
    assert_eq!(again.expect("sound").len(), stream.len());
}

fn fields() -> impl Strategy<Value = Fields> {
    let field = prop_oneof![Just(b"a".to_vec()), Just(b"b".to_vec()), Just(b"12".to_vec())];
    let value = prop_oneof![
        (0..300u32).prop_map(|number| number.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..90),
    ];
    prop::collection::vec((field, value), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn does_what_a_map_does(
        entries_max in prop_oneof![Just(0usize), Just(3), Just(100)],
        bytes_max in prop_oneof![Just(0usize), Just(300), Just(4096)],
        steps in prop::collection::vec((0..10u8, 0..400u64, 0..3u64, fields()), 0..200),
    ) {
        let limits = Limits {
            stream_node_max_entries: entries_max,
            stream_node_max_bytes: bytes_max,
            ..Limits::default()
        };
        let (mut stream, mut model) = (Stream::new(), Model::new());
        let mut now = 0;
        for (step, at, seq, fields) in steps {
            match step {
                0..=5 => {
                    now += at / 20;
                    let new = id(now, seq + 1);
                    let is_new = append(&mut stream, new, &fields, &limits);
                    let expected = model.keys().next_back().is_none_or(|last| new > *last);
                    // What was deleted at the end counts, too.
                    prop_assert!(expected || !is_new);
                    if is_new {
                        model.insert(new, fields);
                    }
                }
                6 => {
                    let gone = id(at % (now + 1), seq + 1);
                    prop_assert_eq!(stream.contains(gone), model.contains_key(&gone));
                    prop_assert_eq!(stream.delete(gone), model.remove(&gone).is_some());
                }
                7 => {
                    let most = at as usize % 50;
                    let excess = model.len().saturating_sub(most);
                    prop_assert_eq!(stream.trim(Trim::MaxLen(most), false, 0), excess);
                    (0..excess).for_each(|_| drop(model.pop_first()));
                }
                8 => {
                    let min = id(at % (now + 1), seq);
                    let before = model.len();
                    model.retain(|id, _| *id >= min);
                    let removed = stream.trim(Trim::MinId(min), false, 0);
                    prop_assert_eq!(removed, before - model.len());
                }
                _ => {
                    let (start, end) = (id(at % (now + 1), seq), id(now / 2 + seq * 20, 2));
                    for is_reverse in [false, true] {
                        let mut expected: Vec<_> = match start <= end {
                            true => model.range(start..=end).map(|(id, f)| (*id, f.clone())).collect(),
                            false => Vec::new(),
                        };
                        if is_reverse {
                            expected.reverse();
                        }
                        prop_assert_eq!(collect(&stream, start, end, is_reverse), expected);
                    }
                }
            }
        }
        check(&stream, &model);
        check(&stream.clone(), &model);
    }

    #[test]
    fn damaged_blocks_are_refused_or_sound(at in any::<usize>(), flip in 1..=255u8) {
        let limits = Limits::default();
        let mut stream = Stream::new();
        for number in 1..20 {
            let fields = vec![(b"field".to_vec(), number.to_string().into_bytes())];
            append(&mut stream, id(number, 1), &fields, &limits);
        }
        let (base, pack) = stream.blocks().next().unwrap();
        let mut bytes = pack.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Some(pack) = Listpack::from_untrusted(&bytes)
            && let Some(stream) = Stream::from_parts([(base, pack)], id(1000, 0), StreamId::MIN, 9)
        {
            collect(&stream, StreamId::MIN, StreamId::MAX, true);
        }
    }
}

#[test]
fn two_short_fields_take_little() {
    let limits = Limits::default();
    let mut stream = Stream::new();
    let fields =
        vec![(b"temperature".to_vec(), b"21".to_vec()), (b"humidity".to_vec(), b"47".to_vec())];
    for number in 0..100_000u64 {
        append(
            &mut stream,
            id(1_700_000_000_000 + number / 300, number % 300 + 1),
            &fields,
            &limits,
        );
    }
    let each = stream.memory_bytes() as f64 / 100_000.0;
    assert!(each < 16.0, "{each}");
}

#[test]
fn a_group_keeps_both_lists_in_step() {
    let mut group = Group::new(StreamId::MIN, Some(0));
    assert!(
        group.add_consumer(b"a", 1) && !group.add_consumer(b"a", 2) && group.add_consumer(b"b", 3)
    );
    group.deliver(id(1, 1), b"a", 10, 1);
    group.deliver(id(2, 1), b"a", 10, 1);
    group.deliver(id(1, 1), b"b", 20, 2);
    assert_eq!(group.consumer(b"a").unwrap().pending.len(), 1);
    assert_eq!(group.owner(&group.pending()[&id(1, 1)]), b"b");
    assert!(group.acknowledge(id(2, 1)).is_some() && group.acknowledge(id(2, 1)).is_none());
    assert_eq!(group.remove_consumer(b"b"), Some(1));
    assert!(group.pending().is_empty());
    assert_eq!(group.remove_consumer(b"b"), None);
}

#[test]
fn far_ids_are_sound() {
    let mut stream = Stream::new();
    let fields = vec![(b"a".to_vec(), b"1".to_vec())];
    for new in [id(1, 1), id(u64::MAX, 5)] {
        assert!(append(&mut stream, new, &fields, &Limits::default()));
    }
    let blocks = stream.blocks().map(|(id, pack)| (id, pack.clone()));
    let again = Stream::from_parts(blocks, stream.last_id, StreamId::MIN, 2).expect("sound");
    assert_eq!(again.last_entry_id(), id(u64::MAX, 5));
}

#[test]
fn approximate_trimming_minds_a_deleted_end() {
    let mut stream = Stream::new();
    let fields = vec![(b"a".to_vec(), b"1".to_vec())];
    for number in 1..=3 {
        append(&mut stream, id(number, 0), &fields, &Limits::default());
    }
    assert!(stream.delete(id(3, 0)));
    assert_eq!(stream.trim(Trim::MinId(id(3, 0)), true, 0), 0);
    assert_eq!(stream.trim(Trim::MinId(id(4, 0)), true, 0), 2);
}

#[test]
fn a_group_lags_behind_by_what_is_left() {
    let mut stream = Stream::new();
    let fields = vec![(b"a".to_vec(), b"1".to_vec())];
    for number in 1..=4 {
        append(&mut stream, id(number, 0), &fields, &Limits::default());
    }
    let group = Group::new(StreamId::MIN, Some(0));
    stream.delete(id(1, 0));
    assert_eq!(stream.lag(&group), Some(3));
    stream.trim(Trim::MaxLen(0), false, 0);
    assert_eq!(stream.lag(&group), Some(0));
}

#[test]
fn a_deleted_entry_may_be_above_those_behind_it() {
    let mut stream = Stream::new();
    let fields = vec![(b"a".to_vec(), b"1".to_vec())];
    append(&mut stream, id(5, 1), &fields, &Limits::default());
    append(&mut stream, id(6, 1), &fields, &Limits::default());
    assert!(stream.delete(id(6, 1)));
    stream.last_id = id(5, 1);
    assert!(append(&mut stream, id(5, 2), &fields, &Limits::default()));
    let blocks = stream.blocks().map(|(id, pack)| (id, pack.clone()));
    let mut again = Stream::from_parts(blocks, stream.last_id, stream.max_deleted_id, 3).unwrap();
    assert!(again.contains(id(5, 2)) && !again.contains(id(6, 1)));
    assert_eq!(again.trim(Trim::MinId(id(5, 2)), false, 0), 1);
    assert_eq!(again.first_id(), id(5, 2));
}

#[test]
fn trimming_passes_over_what_may_not_go() {
    let limits = Limits { stream_node_max_entries: 3, ..Limits::default() };
    let mut stream = Stream::new();
    let fields = vec![(b"a".to_vec(), b"1".to_vec())];
    for number in 1..=9 {
        append(&mut stream, id(number, 0), &fields, &limits);
    }
    let odd = |_: &mut Groups, id: StreamId| id.ms % 2 == 1;
    assert_eq!(stream.trim_if(Trim::MaxLen(6), false, 0, odd), 3);
    let left = |stream: &Stream| -> Vec<u64> {
        let all = collect(stream, StreamId::MIN, StreamId::MAX, false);
        all.into_iter().map(|(id, _)| id.ms).collect()
    };
    assert_eq!(left(&stream), [2, 4, 6, 7, 8, 9]);
    // Blocks that could not go whole are not touched.
    assert_eq!(stream.trim_if(Trim::MaxLen(5), true, 0, odd), 0);
    assert_eq!(stream.trim_if(Trim::MinId(id(9, 0)), false, 0, odd), 1);
    assert_eq!(left(&stream), [2, 4, 6, 8, 9]);
    assert_eq!(stream.trim_if(Trim::MaxLen(0), true, 3, |_, _| true), 3);
    assert_eq!(left(&stream), [8, 9]);
}

#[test]
fn released_entries_are_first_and_nobodys() {
    let mut group = Group::new(StreamId::MIN, Some(0));
    assert!(group.add_consumer(b"a", 1));
    for number in 1..=4 {
        group.deliver(id(number, 0), b"a", 100 - number as i64, 1);
    }
    group.release(id(3, 0), 1);
    group.release(id(1, 0), 7);
    let order = |group: &Group| -> Vec<u64> { group.by_time().map(|(id, _)| id.ms).collect() };
    assert_eq!(order(&group), [3, 1, 4, 2]);
    assert_eq!((group.released(), group.consumer(b"a").unwrap().pending.len()), (2, 2));
    group.release(id(3, 0), 1);
    assert_eq!(order(&group), [1, 3, 4, 2]);
    assert_eq!(group.owner(&group.pending()[&id(1, 0)]), b"");
    group.deliver(id(1, 0), b"a", 200, 8);
    assert_eq!((order(&group), group.released()), (vec![3, 4, 2, 1], 1));
    assert_eq!(group.remove_consumer(b"a"), Some(3));
    assert_eq!(order(&group), [3]);
    assert!(group.acknowledge(id(3, 0)).is_some());
    assert_eq!((group.released(), group.by_time().count()), (0, 0));
}

#[test]
fn groups_are_weighed_as_they_change() {
    let mut stream = Stream::new();
    let empty = (stream.memory_bytes(), stream.free_effort());
    assert!(stream.add_group(b"a long name of a group", Group::new(StreamId::MIN, None)));
    let one = stream.memory_bytes();
    let mut group = stream.group_mut(b"a long name of a group").unwrap();
    group.add_consumer(&[b'c'; 1000], 1);
    group.deliver(id(1, 0), &[b'c'; 1000], 1, 1);
    drop(group);
    assert!(stream.memory_bytes() > one + 1000);
    stream.for_each_group(|group| assert!(group.acknowledge(id(1, 0)).is_some()));
    stream.group_mut(b"a long name of a group").unwrap().remove_consumer(&[b'c'; 1000]);
    assert_eq!(stream.memory_bytes(), one);
    assert!(stream.remove_group(b"a long name of a group"));
    assert_eq!((stream.memory_bytes(), stream.free_effort()), empty);
}

#[test]
fn names_of_entries_are_known_for_a_time_and_up_to_a_number() {
    let mut names = Producers::new(10, 2);
    let empty = names.memory_bytes();
    names.insert(b"p", b"1", id(1000, 0), 1000);
    names.insert(b"p", b"2", id(2000, 0), 2000);
    names.insert(b"q", b"1", id(3000, 0), 3000);
    assert_eq!(names.find(b"p", b"1", 3000), Some(id(1000, 0)));
    assert_eq!(names.counts(3000), (2, 3));
    names.insert(b"p", b"3", id(4000, 0), 4000);
    assert_eq!(names.find(b"p", b"1", 4000), None);
    assert_eq!(names.find(b"p", b"2", 11_999), Some(id(2000, 0)));
    assert_eq!(names.find(b"p", b"2", 12_000), None);
    assert_eq!(names.counts(13_000), (1, 1));
    names.insert(b"p", b"2", id(14_000, 0), 14_000);
    assert_eq!(names.counts(14_000), (1, 1));
    names.configure(10, 2);
    assert_eq!(names.counts(14_000), (1, 1));
    names.configure(10, 3);
    assert_eq!((names.counts(14_000), names.memory_bytes()), ((0, 0), empty));
}
