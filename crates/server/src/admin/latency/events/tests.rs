//! Histories of one thread and of several.

use super::*;

fn samples(history: &History) -> Vec<(i64, u64)> {
    history.samples.iter().map(|sample| (sample.at_seconds, sample.took_ms)).collect()
}

fn history(samples: &[(i64, u64)]) -> History {
    let mut history = History::default();
    for &(at_seconds, took_ms) in samples {
        history.push(Sample { at_seconds, took_ms });
    }
    history
}

#[test]
fn a_second_keeps_its_worst() {
    let history = history(&[(1, 30), (1, 50), (1, 40), (2, 10)]);
    assert_eq!(samples(&history), [(1, 50), (2, 10)]);
    assert_eq!(history.max_ms, 50);
}

#[test]
fn old_samples_go_but_the_worst_stays_known() {
    let mut worst_first = history(&[(0, 1000)]);
    for at_seconds in 1..=SAMPLES_MAX as i64 {
        worst_first.push(Sample { at_seconds, took_ms: 1 });
    }
    assert_eq!(worst_first.samples.len(), SAMPLES_MAX);
    assert_eq!(worst_first.samples[0].at_seconds, 1);
    assert_eq!(worst_first.max_ms, 1000);
}

#[test]
fn threads_become_one() {
    let merged =
        History::merge([history(&[(1, 5), (3, 7)]), history(&[(2, 6), (3, 9)])].into_iter());
    assert_eq!(samples(&merged), [(1, 5), (2, 6), (3, 9)]);
    assert_eq!(merged.max_ms, 9);
}

#[test]
fn only_what_reaches_the_threshold_is_an_event() {
    let events = Events::default();
    events.consider(Event::Command, 1, 1000);
    assert!(events.histories().is_empty(), "a threshold of 0 is off");
    events.threshold_ms.set(10);
    events.consider(Event::Command, 1, 9);
    events.consider(Event::FastCommand, 1, 10);
    assert_eq!(events.histories().into_keys().collect::<Vec<_>>(), [Event::FastCommand]);
    assert_eq!(events.reset(&Event::ALL), [Event::FastCommand]);
    assert!(events.histories().is_empty());
}
