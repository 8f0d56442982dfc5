//! Resident bytes per key, for four kinds of data and several numbers of keys.

use std::thread;
use std::time::Duration;

use testkit::Random;

use crate::arguments::Settings;
use crate::contestants::{Contestant, Item, Shape};
use crate::numbers::short;
use crate::report::{Align, Report};

/// Between 1 and 2.8 million a table doubles at least once, so both its best and its worst is there.
pub(crate) const COUNTS: [usize; 4] = [1_000_000, 1_400_000, 2_000_000, 2_800_000];
pub(crate) const QUICK_COUNTS: [usize; 2] = [20_000, 30_000];
const TTL_S: u32 = 100_000;

/// A kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    TextWithTtl,
    Integers,
    Long,
}

/// What is stored, and the most that Merops may need relative to redis-server.
const KINDS: [(&str, &str, Kind, f64); 4] = [
    ("memory-text", "16-byte values", Kind::Text, 0.48),
    ("memory-ttl", "16-byte values with a TTL", Kind::TextWithTtl, 0.42),
    ("memory-integers", "integers", Kind::Integers, 0.48),
    ("memory-long", "64-byte values", Kind::Long, 0.62),
];

/// Bytes per key of one server and one kind of data, for each number of keys.
struct Weights {
    /// Without what the empty server needs.
    net: Vec<f64>,
    /// With it.
    gross: Vec<f64>,
}

/// Runs all kinds of data.
pub(crate) fn run(settings: &Settings, contestants: &[Contestant], report: &mut Report) {
    let kinds = KINDS.iter().filter(|kind| settings.wants_row(kind.0)).collect::<Vec<_>>();
    if kinds.is_empty() {
        return;
    }
    let counts: &[usize] = if settings.quick { &QUICK_COUNTS } else { &COUNTS };
    report.heading("Resident bytes per key, 16-byte keys, one thread");
    let millions: Vec<String> = counts.iter().map(|count| short(*count as f64 / 1e6)).collect();
    report.line(&format!(
        "Mean over {} million keys and, after it, the worst; RSS of the empty server subtracted, and \
         (last columns) not.\n",
        millions.join(", ")
    ));
    let mut lines = Vec::new();
    for (name, title, kind, target) in kinds {
        let weights: Vec<Weights> =
            contestants.iter().map(|contestant| weigh(contestant, *kind, counts)).collect();
        let redis = contestants.iter().position(|contestant| contestant.name == "redis");
        for (contestant, own) in contestants.iter().zip(&weights) {
            let ratio = redis.map(|index| mean(&own.net) / mean(&weights[index].net));
            let gross_ratio = redis.map(|index| mean(&own.gross) / mean(&weights[index].gross));
            let shown =
                |ratio: Option<f64>| ratio.map_or("–".into(), |ratio| format!("{ratio:.2}"));
            lines.push(vec![
                (*name).to_owned(),
                (*title).to_owned(),
                contestant.name.to_owned(),
                format!("{:.1}", mean(&own.net)),
                format!("{:.1}", worst(&own.net)),
                shown(ratio),
                format!("{:.1}", mean(&own.gross)),
                shown(gross_ratio),
            ]);
            if let ("merops", Some(ratio)) = (contestant.name, ratio) {
                let (what, limit) =
                    (format!("{name}: bytes per key, × redis"), format!("≤ {target:.2}"));
                report.verdict(what, limit, format!("{ratio:.2}"), ratio <= *target);
            }
        }
    }
    let right = |title| (title, Align::Right);
    let head = [
        ("row", Align::Left),
        ("data", Align::Left),
        ("server", Align::Left),
        right("bytes/key"),
        right("worst"),
        right("× redis"),
        right("with empty server"),
        right("× redis"),
    ];
    report.table(&head, &lines);
}

fn weigh(contestant: &Contestant, kind: Kind, counts: &[usize]) -> Weights {
    let mut weights = Weights { net: Vec::new(), gross: Vec::new() };
    for &count in counts {
        let running = contestant.start(Shape::threads(1));
        let settle = || thread::sleep(Duration::from_millis(500));
        settle();
        let empty = running.resident_bytes();
        running.fill(items(kind, count));
        settle();
        let full = running.resident_bytes();
        weights.net.push(full.saturating_sub(empty) as f64 / count as f64);
        weights.gross.push(full as f64 / count as f64);
    }
    weights
}

/// Keys of 16 bytes, in an order that is not theirs.
fn items(kind: Kind, count: usize) -> impl Iterator<Item = Item> {
    let mut random = Random::new(count as u64);
    (0..count).map(move |number| {
        // An odd multiplier visits every number below a power of two once; 2^44 < 10^14.
        let scattered = (number as u64).wrapping_mul(0x9E37_79B9_7F4B) % (1 << 44);
        let value = match kind {
            Kind::Text | Kind::TextWithTtl => text(&mut random, 16),
            Kind::Long => text(&mut random, 64),
            Kind::Integers => (10_000 + random.below(2_000_000_000)).to_string(),
        };
        let ttl_s = (kind == Kind::TextWithTtl).then_some(TTL_S);
        Item { key: format!("k:{scattered:014}"), value, ttl_s }
    })
}

pub(crate) fn text(random: &mut Random, length: usize) -> String {
    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (0..length).map(|_| char::from(*random.pick(ALPHABET))).collect()
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(crate) fn worst(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
