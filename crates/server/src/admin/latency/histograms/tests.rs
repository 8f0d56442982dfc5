//! Bounds as Redis answers them.

use super::*;

#[test]
fn bounds_are_redis_bounds() {
    let bounds: Vec<u64> = (0..11).map(|number| bound_ns(number) / 1000).collect();
    assert_eq!(bounds, [1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056]);
}

#[test]
fn counts_add_up_and_repeat_no_bound() {
    let steps = cumulative([(500, 1), (900, 2), (3000, 4), (5_000_000_000, 8)].into_iter());
    assert_eq!(steps, [(1, 3), (4, 7), (bound_ns(BOUNDS - 1) / 1000, 15)]);
    assert!(cumulative(std::iter::empty()).is_empty());
}
