//! LATENCY DOCTOR: what the histories say, in words.

use std::collections::BTreeMap;

use config::Monitoring;

use super::{Event, History};

/// The report.
pub(super) fn report(
    histories: &BTreeMap<Event, History>,
    monitoring: &Monitoring,
    now_seconds: i64,
) -> String {
    let threshold_ms = monitoring.latency_monitor_threshold_ms;
    if threshold_ms == 0 {
        return "Nothing is measured: latency-monitor-threshold is 0. CONFIG SET \
                latency-monitor-threshold <milliseconds> begins to keep what takes that long.\n"
            .into();
    }
    if histories.is_empty() {
        return format!("Nothing has taken {threshold_ms} ms or more since the last reset.\n");
    }
    let mut text = format!("Events of {threshold_ms} ms or more:\n\n");
    for (event, history) in histories {
        text += &format!("- {}\n", summary(*event, history, now_seconds));
    }
    text.push('\n');
    for event in histories.keys() {
        text += &format!("{}: {}\n", event.name(), advice(*event));
    }
    text
}

fn summary(event: Event, history: &History, now_seconds: i64) -> String {
    let samples = &history.samples;
    let count = samples.len() as u64;
    let mean_ms = samples.iter().map(|sample| sample.took_ms).sum::<u64>() / count.max(1);
    let seconds = |of: Option<&super::events::Sample>| {
        of.map_or(0, |sample| (now_seconds - sample.at_seconds).max(0))
    };
    format!(
        "{}: {count} spikes, {mean_ms} ms on average, {} ms at worst; the first {} s ago, the \
         last {} s ago.",
        event.name(),
        history.max_ms,
        seconds(samples.front()),
        seconds(samples.back()),
    )
}

/// What to look at.
fn advice(event: Event) -> &'static str {
    match event {
        Event::Command => {
            "SLOWLOG GET shows which commands; those over many elements hold their thread and the \
             keys of its shard meanwhile."
        }
        Event::FastCommand => {
            "these do little themselves, so the thread did not get to run: look for more busy \
             processes than cores, swapping, or a machine that is shared."
        }
        Event::ExpireCycle => {
            "many keys expire at once; spread their times, or lower active-expire-effort."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::Sample;
    use super::*;

    #[test]
    fn the_report_says_what_is_known() {
        let mut monitoring = Monitoring::default();
        let mut histories = BTreeMap::new();
        assert!(report(&histories, &monitoring, 0).contains("latency-monitor-threshold is 0"));
        monitoring.latency_monitor_threshold_ms = 50;
        assert!(report(&histories, &monitoring, 0).contains("Nothing has taken 50 ms"));
        let samples =
            [Sample { at_seconds: 10, took_ms: 60 }, Sample { at_seconds: 20, took_ms: 80 }];
        let history = History { samples: samples.into(), max_ms: 90 };
        histories.insert(Event::Command, history);
        let text = report(&histories, &monitoring, 30);
        assert!(text.contains(
            "command: 2 spikes, 70 ms on average, 90 ms at worst; the first 20 s ago, the last 10 s"
        ));
        assert!(text.contains("SLOWLOG GET"));
    }
}
