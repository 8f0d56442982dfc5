//! LRU wraps, LFU counts and decays.

use super::*;

#[test]
fn idle_time_survives_the_wrap() {
    let mut clock = AccessClock::new(ClockKind::Lru, 10, 1);
    clock.set_now(i64::from(LRU_MASK) * 1000);
    let before = clock.fresh();
    clock.set_now((i64::from(LRU_MASK) + 11) * 1000);
    assert_eq!(clock.idle_seconds(before), 11);
    assert_eq!(clock.idle_seconds(clock.idle_since(500)), 500);
}

#[test]
fn the_counter_grows_slower_and_slower_and_decays() {
    let mut clock = AccessClock::new(ClockKind::Lfu, 10, 1);
    clock.set_now(1_000_000_000_000);
    let mut rng = Rng::new(1);
    let mut word = clock.fresh();
    assert_eq!(clock.frequency(word), LFU_INITIAL);
    for _ in 0..1000 {
        word = clock.touched(word, &mut rng);
    }
    // Redis documents about 18 after 1,000 hits with factor 10.
    assert!((12..26).contains(&clock.frequency(word)), "{}", clock.frequency(word));
    let peak = clock.frequency(word);
    clock.set_now(1_000_000_000_000 + 3 * 60_000);
    assert_eq!(clock.frequency(word), peak - 3);
    clock.lfu_decay_minutes = 0;
    assert_eq!(clock.frequency(word), peak, "0 means never");
}
