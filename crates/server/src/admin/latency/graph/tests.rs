//! The chart of a known history.

use std::collections::VecDeque;

use super::super::events::Sample;
use super::*;

#[test]
fn a_column_per_sample() {
    let samples: VecDeque<Sample> = [(10, 100), (40, 300), (98, 200)]
        .map(|(at_seconds, took_ms)| Sample { at_seconds, took_ms })
        .into();
    let text = render(Event::Command, &History { samples, max_ms: 999 }, 100);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "command - high 300 ms, low 100 ms (all time high 999 ms)");
    assert_eq!(lines[1].len(), 80);
    assert_eq!(lines[2..6], [" █ ", " █▁", " ██", "▁██"]);
    assert_eq!(lines[7..], ["112", "mms"]);
}

#[test]
fn ages_have_one_unit() {
    for (seconds, text) in [(-5, "0s"), (59, "59s"), (60, "1m"), (7200, "2h"), (200_000, "2d")] {
        assert_eq!(age(seconds), text);
    }
}
