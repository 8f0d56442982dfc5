//! The order of elements: by numbers or texts, their own or others'.

use std::cmp::Ordering;
use std::ops::Range;

use command::{Error, Result};
use stdx::number::{parse_f64, parse_i64};

use super::query::Query;
use super::texts::Texts;

/// The elements to be ordered.
#[derive(Debug, Default)]
pub(super) struct Elements {
    pub(super) texts: Texts,
    /// Those of a set come in no order that means something.
    pub(super) is_set: bool,
    /// Whether only those that the call asks for were taken, in its order.
    pub(super) is_cut: bool,
}

/// The numbers of the elements that a call asks for, in its order. `weights` are what BY found.
pub(super) fn order(
    elements: &Elements,
    weights: Option<&Texts>,
    query: &Query<'_>,
) -> Result<Vec<u32>> {
    let texts = &elements.texts;
    let all = 0..u32::try_from(texts.len()).map_err(|_| Error::OutOfMemory)?;
    if elements.is_cut {
        return Ok(all.collect());
    }
    let window = query.window;
    let range = window.range(texts.len());
    let by = Direction(window.is_descending);
    // A set that is stored in its own order, or that a script sees, would be another list each time.
    let is_kept = query.store_at.is_some() || query.in_script;
    let kept_set = window.is_native && elements.is_set && is_kept;
    if window.is_native && !kept_set {
        return Ok(all.skip(range.start).take(range.len()).collect());
    }
    if query.is_alpha || kept_set {
        let collation = Collation { whole: query.store_at.is_some() };
        let compare = |a: &u32, b: &u32| {
            let (left, right) = (*a as usize, *b as usize);
            let weighed = match weights {
                None => collation.compare(texts.at(left), texts.at(right)),
                Some(weights) => match (weights.get(left), weights.get(right)) {
                    (Some(left), Some(right)) => collation.compare(left, right),
                    (left, right) => left.is_some().cmp(&right.is_some()),
                },
            };
            // Equal ones stay as they came, but those of a set come in no order.
            by.of(weighed).then_with(|| match elements.is_set {
                true => texts.at(left).cmp(texts.at(right)),
                false => a.cmp(b),
            })
        };
        return Ok(sorted(all.collect(), range, compare));
    }
    let scores = scores(weights.unwrap_or(texts)).ok_or(NO_NUMBERS)?;
    let compare = |a: &(f64, u32), b: &(f64, u32)| {
        let scores = a.0.partial_cmp(&b.0).expect("no score is NaN");
        by.of(scores.then_with(|| texts.at(a.1 as usize).cmp(texts.at(b.1 as usize))))
    };
    let ordered = sorted(scores.into_iter().zip(all).collect(), range, compare);
    Ok(ordered.into_iter().map(|(_, index)| index).collect())
}

const NO_NUMBERS: Error = Error::new("One or more scores can't be converted into double");

/// Whether from the last to the first.
#[derive(Clone, Copy)]
struct Direction(bool);

impl Direction {
    fn of(self, ordering: Ordering) -> Ordering {
        if self.0 { ordering.reverse() } else { ordering }
    }
}

/// How texts compare.
#[derive(Clone, Copy)]
struct Collation {
    /// Whether zero bytes are like any other. In Redis they are where the result is stored; else a
    /// text ends there for `strcoll`.
    whole: bool,
}

impl Collation {
    fn compare(self, left: &[u8], right: &[u8]) -> Ordering {
        if self.whole { left.cmp(right) } else { until_zero(left).cmp(until_zero(right)) }
    }
}

fn until_zero(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == 0);
    &text[..end.unwrap_or(text.len())]
}

/// What stands in `range` once all is in order. O(n + m log m) for m of n.
fn sorted<T>(
    mut items: Vec<T>,
    range: Range<usize>,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    if range.is_empty() {
        return Vec::new();
    }
    if range.end < items.len() {
        items.select_nth_unstable_by(range.end, &compare);
        items.truncate(range.end);
    }
    if range.start > 0 {
        items.select_nth_unstable_by(range.start, &compare);
        items.drain(..range.start);
    }
    items.sort_unstable_by(compare);
    items
}

/// Texts as numbers; what is absent is zero. None if one is no number.
fn scores(texts: &Texts) -> Option<Vec<f64>> {
    texts.indexes().map(|index| texts.get(index).map_or(Some(0.0), score)).collect()
}

/// A text as a number, as `strtod` reads it: behind blanks, up to a zero byte, and nothing is zero.
fn score(text: &[u8]) -> Option<f64> {
    if let Some(number) = parse_i64(text) {
        return Some(number as f64);
    }
    let text = until_zero(text);
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(0);
    if text.is_empty() { Some(0.0) } else { parse_f64(&text[start..]) }
}

#[cfg(test)]
mod tests;
