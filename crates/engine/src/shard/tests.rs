//! The clock that shards are given.

use super::{Clock, Moment};

#[test]
fn a_counter_that_goes_back_tells_of_no_time() {
    let moment = || Moment { now_ms: 0, stamp_ns: 0 };
    let clock = Clock { moment, ticks: || 5 };
    assert_eq!((clock.ticks_since(3), clock.ticks_since(7)), (2, 0));
}
