//! From a long stream that shows a difference to a short one.

use std::fmt::Write;
use std::time::{Duration, Instant};

use resp::Reply;
use testkit::show;

use crate::runner::{Difference, Pair};
use crate::stream::{Step, Streams, To};

#[cfg(test)]
mod tests;

/// Time for one difference. What is left then is longer than it could be, and as true.
const SHRINK_LIMIT: Duration = Duration::from_secs(20);

/// How many characters of a word or a reply are shown.
const SHOWN_MAX: usize = 300;

/// How many steps are shown, the last ones.
const STEPS_SHOWN_MAX: usize = 40;

/// Leaves out steps, in ever smaller runs, as long as `still_fails` says yes (Zeller's delta
/// debugging, without the complements).
pub fn shrink(mut steps: Vec<Step>, mut still_fails: impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let begin = Instant::now();
    let mut size = steps.len().div_ceil(2);
    loop {
        let mut start = 0;
        let before = steps.len();
        while start < steps.len() && begin.elapsed() < SHRINK_LIMIT {
            let end = (start + size).min(steps.len());
            let without = [&steps[..start], &steps[end..]].concat();
            if !without.is_empty() && still_fails(&without) {
                steps = without;
            } else {
                start = end;
            }
        }
        if begin.elapsed() >= SHRINK_LIMIT || (size == 1 && steps.len() == before) {
            return steps;
        }
        size = size.div_ceil(2);
    }
}

/// Runs a stream to its end, over differences: each is shrunk and told once, then both servers start
/// anew behind it. Stops after `limit` of them.
pub fn hunt(pair: &Pair, streams: &Streams, seed: u64, length: usize, limit: usize) -> Vec<String> {
    let mut reports = Vec::new();
    let mut known: Vec<String> = Vec::new();
    let steps = streams.stream(seed, length);
    let mut rest = steps.as_slice();
    while reports.len() < limit {
        let Err(difference) = pair.run(rest) else { break };
        let end = (difference.at + 1).min(rest.len());
        if !known.contains(&difference.signature) {
            let is_same = |found: &Difference| found.signature == difference.signature;
            let fails = |steps: &[Step]| pair.run(steps).is_err_and(|found| is_same(&found));
            let short = shrink(rest[..end].to_vec(), fails);
            // Something that needs luck may not show again.
            let found = pair.run(&short).err().unwrap_or_else(|| difference.clone());
            reports.push(report(seed, &short, &found));
            known.push(difference.signature);
        }
        rest = &rest[end..];
    }
    reports
}

/// A difference as a transcript.
fn report(seed: u64, steps: &[Step], difference: &Difference) -> String {
    let mut text = format!("seed {seed}: {}\n", difference.signature);
    let shown = &steps[..(difference.at + 1).min(steps.len())];
    let first = shown.len().saturating_sub(STEPS_SHOWN_MAX);
    if first > 0 {
        writeln!(text, "    … {first} steps that did not show it again when some were left out")
            .expect("strings take all");
    }
    for step in &shown[first..] {
        match step {
            Step::Pause(pause_ms) => writeln!(text, "    ~ {pause_ms}"),
            Step::Command { words, to, .. } => {
                let word = |word: &Vec<u8>| match word.iter().all(u8::is_ascii_alphanumeric) {
                    true if !word.is_empty() => String::from_utf8_lossy(word).into_owned(),
                    _ => show(&Reply::Bulk(word.clone())),
                };
                let words: Vec<String> = words.iter().map(word).map(|word| brief(&word)).collect();
                let mark = if *to == To::Listener { "listener" } else { "" };
                writeln!(text, "    {mark}> {}", words.join(" "))
            }
        }
        .expect("strings take all");
    }
    let (redis, merops) = (brief(&difference.redis), brief(&difference.merops));
    writeln!(text, "    redis:  {redis}\n    merops: {merops}").expect("strings take all");
    text
}

/// Its beginning.
fn brief(text: &str) -> String {
    if text.chars().count() <= SHOWN_MAX {
        return text.to_owned();
    }
    format!("{} …", text.chars().take(SHOWN_MAX).collect::<String>())
}
