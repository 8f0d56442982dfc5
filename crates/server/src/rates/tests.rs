//! Rates over a moving window.

use super::*;

fn counts(commands_processed: u64) -> Counts {
    Counts { commands_processed, ..Counts::default() }
}

#[test]
fn the_rate_is_that_of_the_window() {
    let rates = Rates::default();
    assert_eq!(rates.get(), Rate::default());
    for sample in 0..100 {
        // 10 per interval at first, then 20.
        rates.sample(
            sample * INTERVAL_US,
            counts(sample as u64 * if sample < 50 { 10 } else { 20 }),
        );
    }
    assert_eq!(rates.get().commands.round(), 200.0);
    assert_eq!(rates.samples.borrow().len(), SAMPLES + 1);
}

#[test]
fn samples_keep_their_distance() {
    let rates = Rates::default();
    for at_us in [0, 1000, INTERVAL_US - 5000, INTERVAL_US + 1000] {
        rates.sample(at_us, counts(0));
    }
    assert_eq!(rates.samples.borrow().len(), 2);
}

#[test]
fn a_reset_is_no_negative_rate() {
    let rates = Rates::default();
    rates.sample(0, counts(1000));
    rates.sample(INTERVAL_US, counts(5));
    assert_eq!(rates.get().commands, 0.0);
}
