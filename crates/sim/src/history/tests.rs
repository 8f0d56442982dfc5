//! The oracle on histories small enough to judge by eye.

use super::*;

/// Each operation: requested, answered, stamp; then the accesses `(operation, key, write)` in
/// order.
fn check(operations: &[(u64, u64, u64)], accesses: &[(usize, Key, bool)]) -> Result<(), Failure> {
    let mut history = History::new(2);
    for &(requested, answered, _) in operations {
        let operation = history.request(requested);
        history.finish(operation, answered, true);
    }
    for &(operation, key, write) in accesses {
        history.run(operation, None, operations[operation].2, &[Access { key, write }]);
    }
    history.check()
}

#[test]
fn a_serial_history_passes() {
    let accesses = [(0, 0, true), (0, 1, true), (1, 0, false), (1, 1, false)];
    assert_eq!(check(&[(1, 2, 5), (3, 4, 5)], &accesses), Ok(()));
}

#[test]
fn half_a_transaction_seen_is_a_cycle() {
    let accesses = [(0, 0, true), (1, 0, false), (1, 1, false), (0, 1, true)];
    assert_eq!(check(&[(1, 9, 5), (2, 8, 5)], &accesses), Err(Failure::Cycle(vec![1, 0])));
}

#[test]
fn a_lost_update_is_a_cycle() {
    let accesses = [(0, 0, false), (1, 0, false), (0, 0, true), (1, 0, true)];
    assert!(matches!(check(&[(1, 9, 5), (2, 8, 5)], &accesses), Err(Failure::Cycle(_))));
}

#[test]
fn a_stale_read_is_a_cycle_through_real_time() {
    // The second asked after the first had its answer, and read what was there before.
    let accesses = [(1, 0, false), (0, 0, true)];
    assert!(matches!(check(&[(1, 2, 5), (3, 4, 5)], &accesses), Err(Failure::Cycle(_))));
    assert_eq!(check(&[(1, 3, 5), (2, 4, 5)], &accesses), Ok(()), "at the same time it may");
}

#[test]
fn stamps_must_follow() {
    let accesses = [(0, 0, true), (1, 0, false)];
    assert_eq!(check(&[(1, 9, 6), (2, 8, 5)], &accesses), Err(Failure::StampBack(0, 1)));
    assert_eq!(
        check(&[(1, 2, 6), (3, 4, 5)], &[(0, 0, true), (1, 1, true)]),
        Err(Failure::StampBack(0, 1)),
        "in real time too"
    );
}

#[test]
fn unfinished_operations_are_told() {
    let mut history = History::new(1);
    history.request(1);
    assert_eq!(history.check(), Err(Failure::Stuck(vec![0])));
}
