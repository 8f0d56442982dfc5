//! What is written to an entry is read back, whatever the shape.

use proptest::prelude::*;
use value::{ByteString, Value};

use super::*;
use crate::slab::Arena;

#[derive(Clone, Debug)]
enum Wanted {
    Int(i64),
    Bytes(Vec<u8>),
    Value(Vec<u8>),
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        (any::<i64>(), 0..64u32).prop_map(|(number, shift)| Wanted::Int(number >> shift)),
        prop::collection::vec(any::<u8>(), 0..480).prop_map(Wanted::Bytes),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Wanted::Value),
    ]
}

fn content(wanted: &Wanted) -> Content<'_> {
    match wanted {
        Wanted::Int(number) => Content::Int(*number),
        Wanted::Bytes(bytes) => Content::Inline(bytes),
        Wanted::Value(bytes) => Content::Value(Value::Bytes(ByteString::from(&bytes[..]))),
    }
}

fn assert_holds(entry: RawEntry, key: &[u8], clock: u32, deadline: Option<i64>, wanted: &Wanted) {
    assert_eq!(entry.key(), key);
    assert_eq!(entry.clock(), clock);
    assert_eq!(entry.expire_at_ms(), deadline);
    match (entry.content(), wanted) {
        (ContentRef::Int(is), Wanted::Int(number)) => assert_eq!(is, *number),
        (ContentRef::Inline(is), Wanted::Bytes(bytes)) => assert_eq!(is, bytes),
        (ContentRef::Value(is), Wanted::Value(bytes)) => {
            assert!(std::ptr::from_ref(is).is_aligned());
            assert_eq!(is.as_string().map(ByteString::as_slice), Some(&bytes[..]));
        }
        _ => panic!("holds another form than {wanted:?}"),
    }
}

proptest! {
    #[test]
    fn round_trips_and_is_overwritten_in_place(
        key in prop::collection::vec(any::<u8>(), 0..600),
        deadline in any::<Option<i64>>(),
        first in wanted(),
        second in wanted(),
        clock in 0..1u32 << 24,
    ) {
        let mut arena = Arena::default();
        let (shape, next) = {
            let of = |wanted| Shape::of(key.len(), deadline.is_some(), &content(wanted));
            (of(&first), of(&second))
        };
        // A block that fits both.
        let bytes = shape.block_bytes().max(next.block_bytes());
        let block = arena.allocate(crate::slab::rounded(bytes.next_multiple_of(8)));
        // SAFETY: the block is large enough and the shapes are those of the parts; values are
        // taken before they are overwritten or freed.
        unsafe {
            let entry = RawEntry::write(block, shape, &key, clock, deadline, content(&first));
            assert_holds(entry, &key, clock, deadline, &first);
            prop_assert_eq!(entry.block_bytes(), shape.block_bytes());
            entry.mark_changed_in_place();
            entry.set_clock(clock ^ 1);
            assert_holds(entry, &key, clock ^ 1, deadline, &first);
            drop(entry.take_value());

            entry.overwrite(next, content(&second));
            prop_assert!(!entry.is_changed_in_place());
            if deadline.is_some() {
                entry.set_expire_at_ms(7);
            }
            assert_holds(entry, &key, clock ^ 1, deadline.map(|_| 7), &second);
            prop_assert_eq!(entry.block_bytes(), next.block_bytes());
            drop(entry.take_value());
            arena.free(block, crate::slab::rounded(bytes.next_multiple_of(8)));
        }
    }

    #[test]
    fn inline_strings_are_resized_within_their_block(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        len in 0..300usize,
    ) {
        let mut arena = Arena::default();
        let shape = Shape::of(3, false, &Content::Inline(&bytes));
        let block = arena.allocate(shape.block_bytes());
        // SAFETY: the block has the shape's size, the shape is that of the parts.
        let entry =
            unsafe { RawEntry::write(block, shape, b"key", 0, None, Content::Inline(&bytes)) };
        if entry.resize_inline(len) {
            prop_assert_eq!(entry.block_bytes(), shape.block_bytes());
        }
        let mut expected = bytes;
        if entry.inline_mut().len() == len {
            expected.resize(len, 0);
        }
        prop_assert_eq!(entry.inline_mut(), &expected[..]);
    }
}

#[test]
fn integers_take_the_narrowest_width() {
    for (number, width) in [
        (0, 1),
        (127, 1),
        (-128, 1),
        (128, 2),
        (-129, 2),
        (32_768, 3),
        (-8_388_608, 3),
        (8_388_608, 4),
        (1 << 31, 6),
        (-(1 << 47), 6),
        (1 << 47, 8),
        (i64::MAX, 8),
        (i64::MIN, 8),
    ] {
        assert_eq!(INT_BYTES[usize::from(int_form(number))], width, "{number}");
    }
}

#[test]
fn small_entries_are_small() {
    let bytes = |deadline, content| Shape::of(16, deadline, &content).block_bytes();
    assert_eq!(bytes(false, Content::Inline(&[b'v'; 16])), 40);
    assert_eq!(bytes(true, Content::Inline(&[b'v'; 16])), 48);
    assert_eq!(bytes(false, Content::Inline(&[b'v'; 64])), 88);
    assert_eq!(bytes(false, Content::Int(1_000_000)), 24);
    assert_eq!(bytes(false, Content::Int(1_000_000_000)), 28);
}

#[test]
fn strings_find_their_form() {
    assert!(matches!(string_content(16, false, b"-17"), Content::Int(-17)));
    assert!(matches!(string_content(16, false, b"017"), Content::Inline(b"017")));
    let long = [b'v'; 600];
    assert!(matches!(string_content(16, false, &long[..480]), Content::Inline(_)));
    assert!(matches!(string_content(16, false, &long[..500]), Content::Value(_)));
    assert!(matches!(string_content(1000, false, &long[..64]), Content::Inline(_)));
    assert!(matches!(string_content(1000, false, &long[..65]), Content::Value(_)));
}
