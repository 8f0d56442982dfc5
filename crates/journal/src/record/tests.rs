use proptest::prelude::*;

use super::{Buffer, Groups, Handover};

fn words(args: &[&'static [u8]]) -> Vec<&'static [u8]> {
    args.to_vec()
}

fn stamps(handover: &Handover) -> Vec<u64> {
    Groups::new(&handover.data).map(|group| group.unwrap().stamp_ns).collect()
}

#[test]
fn what_is_written_is_read() {
    let mut buffer = Buffer::default();
    let long = [7; 300];
    buffer.push(5, 0, 3, Some(9), words(&[b"SET", b"k", b""]).into_iter());
    buffer.push(5, 0, 0, None, [b"DEL".as_slice(), &long].into_iter());
    buffer.push(6, 8, 0, None, words(&[b"INCR", b"n"]).into_iter());
    let handover = buffer.hand_over(Handover::default());
    let groups: Vec<_> = Groups::new(&handover.data).map(Result::unwrap).collect();
    assert_eq!(groups.len(), 2);
    assert_eq!((groups[0].stamp_ns, groups[0].transaction), (5, 0));
    assert_eq!((groups[0].effects[0].db, groups[0].effects[0].slot), (3, Some(9)));
    assert_eq!(groups[0].effects[0].args, words(&[b"SET", b"k", b""]));
    assert_eq!(groups[0].effects[1].args[1], long);
    assert_eq!((groups[1].stamp_ns, groups[1].transaction), (6, 8));
    assert!(buffer.is_empty());
}

#[test]
fn a_round_takes_what_is_stamped_before_it_and_leaves_the_rest_in_order() {
    let mut buffer = Buffer::default();
    for stamp in [1, 5, 2, 6, 3] {
        buffer.push(stamp, stamp, 0, None, words(&[b"X"]).into_iter());
    }
    let mut handover = buffer.hand_over(Handover::default());
    let taken = handover.take_until(3);
    assert_eq!(stamps(&taken), [1, 2, 3]);
    buffer.push(7, 0, 0, None, words(&[b"X"]).into_iter());
    handover.append(buffer.hand_over(Handover::default()));
    assert_eq!(stamps(&handover), [5, 6, 7]);
    assert_eq!(stamps(&handover.take_until(6)), [5, 6]);
    assert_eq!(stamps(&handover.take_until(9)), [7]);
    assert!(handover.data.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for group in Groups::new(&bytes) {
            prop_assert!(group.is_err() || !bytes.is_empty());
        }
    }
}
