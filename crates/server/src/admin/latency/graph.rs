//! A history as a bar chart of characters.

use super::{Event, History};

/// Lines of the bars.
const HEIGHT: usize = 4;
/// Between heading and bars.
const RULE: &str =
    "--------------------------------------------------------------------------------";
/// How full a cell is, in eighths.
const CELLS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The chart: a heading, a column per sample (the oldest first), and how long ago each was.
pub(super) fn render(event: Event, history: &History, now_seconds: i64) -> String {
    let values = history.samples.iter().map(|sample| sample.took_ms);
    let (high, low) = (values.clone().max().unwrap_or(0), values.clone().min().unwrap_or(0));
    let mut text = format!(
        "{} - high {high} ms, low {low} ms (all time high {} ms)\n{RULE}\n",
        event.name(),
        history.max_ms,
    );
    for line in (0..HEIGHT).rev() {
        text.extend(values.clone().map(|value| cell(value, low, high, line)));
        text.push('\n');
    }
    text.push('\n');
    let ages: Vec<String> =
        history.samples.iter().map(|sample| age(now_seconds - sample.at_seconds)).collect();
    let height = ages.iter().map(String::len).max().unwrap_or(0);
    for line in 0..height {
        // Read downwards.
        text.extend(ages.iter().map(|age| age.as_bytes().get(line).map_or(' ', |b| *b as char)));
        text.push('\n');
    }
    text
}

/// The cell of a value's bar on a line, counted from below; the lowest value is not nothing.
fn cell(value: u64, low: u64, high: u64, line: usize) -> char {
    let full = HEIGHT * (CELLS.len() - 1);
    let share = (value - low) as f64 / (high - low).max(1) as f64;
    let eighths = 1 + (share * (full - 1) as f64).round() as usize;
    CELLS[eighths.saturating_sub(line * (CELLS.len() - 1)).min(CELLS.len() - 1)]
}

/// How long ago: `12s`, `3m`, `5h`, `2d`.
fn age(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm')];
    match units.iter().find(|(length, _)| seconds >= *length) {
        Some((length, unit)) => format!("{}{unit}", seconds / length),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests;
