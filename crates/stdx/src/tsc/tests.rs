//! Ticks advance and scale.

use super::*;

#[test]
fn ticks_do_not_go_back() {
    let first = ticks();
    let second = ticks();
    assert!(second >= first);
    assert_eq!(HAS_TICKS, first > 0);
}

#[test]
fn scales_by_the_calibration() {
    let scale = Scale::measured(2_300_000_000, 1_000_000_000);
    assert_eq!(Scale::measured(1, 1).ns(u64::MAX), u64::MAX);
    let ns = scale.ns(23_000_000_000);
    assert!((9_999_999_900..=10_000_000_000).contains(&ns), "{ns}");
}
