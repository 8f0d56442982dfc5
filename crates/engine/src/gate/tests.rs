//! Who waits, and in which order they go on.

use super::*;

const HERE: Address = Address { thread: 0, flight: 0, part: 0 };

/// Calls, told apart by the number of their queued arguments.
fn calls(number: usize) -> Behind {
    let mut parcel = Box::<Parcel>::default();
    parcel.data = vec![0; number];
    Behind::Calls(parcel, HERE)
}

fn next(gate: &mut Gate) -> Option<usize> {
    match gate.next()? {
        Behind::Calls(parcel, _) => Some(parcel.data.len()),
        Behind::Locks(..) => panic!("only calls wait"),
    }
}

#[test]
fn those_who_wait_go_on_in_order_once_nobody_is_offered_it() {
    let mut gate = Gate::default();
    assert!(gate.is_idle());
    gate.close(3);
    gate.close(3);
    assert!(gate.is_closed(3) && !gate.is_closed(4));
    gate.wait(3, calls(1));
    gate.wait(3, calls(2));
    assert_eq!(gate.parcels().count(), 2);
    gate.open(vec![3]);
    assert_eq!(next(&mut gate), None);
    gate.open(vec![3]);
    assert_eq!((next(&mut gate), next(&mut gate), next(&mut gate)), (Some(1), Some(2), None));
    assert!(gate.is_idle());
}

#[test]
fn who_goes_on_may_have_others_wait_again() {
    let mut gate = Gate::default();
    gate.close(3);
    gate.close(5);
    for number in 1..4 {
        gate.wait(3, calls(number));
    }
    gate.wait(5, calls(4));
    gate.open(vec![3, 5]);
    assert_eq!(next(&mut gate), Some(4));
    assert_eq!(next(&mut gate), Some(1));
    gate.close(3);
    assert_eq!(next(&mut gate), None);
    gate.open(vec![3]);
    assert_eq!((next(&mut gate), next(&mut gate), next(&mut gate)), (Some(2), Some(3), None));
    assert!(gate.is_idle());
}

#[test]
fn a_lifted_gate_lets_everybody_pass() {
    let mut gate = Gate::default();
    gate.close(3);
    gate.wait(3, calls(1));
    gate.lift(true);
    assert!(!gate.is_closed(3));
    assert_eq!((next(&mut gate), next(&mut gate)), (Some(1), None));
    gate.close(4);
    assert!(!gate.is_closed(4));
    gate.lift(false);
    assert!(gate.is_closed(3) && gate.is_closed(4));
    gate.open(vec![3, 4]);
    assert_eq!(next(&mut gate), None);
    assert!(gate.is_idle());
}

#[test]
fn locks_wait_for_any_of_their_slots() {
    let mut gate = Gate::default();
    let mut locks = Locks::new();
    locks.add(2, txn::Mode::Shared);
    locks.add(3, txn::Mode::Shared);
    assert_eq!(gate.in_way_of_locks(&locks), None);
    gate.close(3);
    assert_eq!(gate.in_way_of_locks(&locks), Some(3));
    gate.close(7);
    gate.open(vec![3]);
    assert_eq!(next(&mut gate), None);
    assert_eq!(gate.in_way_of_locks(&locks), None);
}

#[test]
fn what_is_kept_for_a_waiter_is_closed_to_others_but_not_tried() {
    let mut gate = Gate::default();
    gate.keep(3);
    assert!(gate.is_closed(3) && !gate.is_tried(3));
    gate.close(3);
    assert!(gate.is_tried(3));
    gate.wait(3, calls(1));
    gate.open(vec![3]);
    assert_eq!(next(&mut gate), None);
    // Tried again, and kept from it again.
    gate.keep(3);
    gate.let_go(3);
    assert_eq!(next(&mut gate), None);
    gate.let_go(3);
    assert_eq!((next(&mut gate), next(&mut gate)), (Some(1), None));
    assert!(gate.is_idle());
}
