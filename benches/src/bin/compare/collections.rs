//! What the loads on collections find there, and what collections weigh.

use std::thread;
use std::time::Duration;

use testkit::Random;

use crate::arguments::Settings;
use crate::contestants::{Contestant, Running, Shape};
use crate::load::Generator;
use crate::memory::{COUNTS, QUICK_COUNTS, mean, text, worst};
use crate::report::{Align, Report};

/// Elements of the list that a load takes from: enough for a trial and seven rounds.
pub(crate) const POPPED: usize = 12_000_000;
/// Elements per command while filling.
const CHUNK: usize = 100;

/// Fills the keys of the loads on collections.
pub(crate) fn fill(running: &Running, generator: &Generator) {
    let keys = generator.items().count();
    let elements = |prefix: &'static str, count: usize| {
        (0..count).map(move |number| format!("{prefix}:{number:012}"))
    };
    let fill = |command: &str, key: &str, words: &mut dyn Iterator<Item = String>, per: usize| {
        running.send(chunks(&[command, key], words, per));
    };
    let popped = if keys < 100_000 { POPPED / 100 } else { POPPED };
    fill("RPUSH", "popped", &mut (0..popped).map(|_| "xxxxxxxx".into()), CHUNK);
    fill("RPUSH", "range", &mut elements("element", 1000), CHUNK);
    fill("SADD", "some", &mut elements("member", 1000), CHUNK);
    // Half of them are in the other.
    fill("SADD", "others", &mut elements("member", 1500).skip(500), CHUNK);
    let pair = |field: String| [field, "value".into()];
    fill("HSET", "small", &mut elements("field", 50).flat_map(pair), CHUNK);
    fill("HSET", "hash", &mut elements("field", keys).flat_map(pair), CHUNK);
    let scored = (0..keys).flat_map(|number| {
        // Not in the order of the members.
        let score = (number as u64).wrapping_mul(0x9E37_79B9) % keys as u64;
        [score.to_string(), format!("member:{number:012}")]
    });
    fill("ZADD", "zset", &mut { scored }, CHUNK);
}

/// Commands that begin with `head` and have up to `per` words each.
fn chunks<'a>(
    head: &'a [&'a str],
    words: &'a mut dyn Iterator<Item = String>,
    per: usize,
) -> impl Iterator<Item = Vec<String>> + 'a {
    std::iter::from_fn(move || {
        let chunk: Vec<String> = words.take(per).collect();
        let head = head.iter().map(|word| (*word).to_owned());
        (!chunk.is_empty()).then(|| head.chain(chunk).collect())
    })
}

/// A kind of collection to be weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zset,
    Set,
    Hash,
    List,
    Stream,
    SmallHashes,
    IntegerSets,
}

/// What is stored, and the most bytes that Merops may need per item.
const KINDS: [(&str, &str, Kind, f64); 7] = [
    ("weight-zset", "sorted set, 16-byte members", Kind::Zset, 52.0),
    ("weight-set", "set, 16-byte members", Kind::Set, 29.0),
    ("weight-hash", "hash, 16-byte fields and values", Kind::Hash, 58.0),
    ("weight-list", "list, 16-byte elements", Kind::List, 18.6),
    ("weight-stream", "stream, two short fields", Kind::Stream, 16.0),
    ("weight-small-hash", "keys with a hash of 10 short fields", Kind::SmallHashes, 280.0),
    ("weight-integers", "keys with a set of 500 integers", Kind::IntegerSets, 1170.0),
];

/// Weighs all kinds of collections on all servers.
pub(crate) fn weigh_all(settings: &Settings, contestants: &[Contestant], report: &mut Report) {
    let kinds: Vec<_> = KINDS.iter().filter(|kind| settings.wants_row(kind.0)).collect();
    if kinds.is_empty() {
        return;
    }
    let counts: &[usize] = if settings.quick { &QUICK_COUNTS } else { &COUNTS };
    report.heading("Resident bytes per item of collections, one thread");
    report.line(
        "One collection of 1.0, 1.4, 2.0 and 2.8 million items (or, of small ones, a hundredth as \
         many keys); mean and worst, RSS of the empty server subtracted.\n",
    );
    let mut lines = Vec::new();
    for (name, title, kind, target) in kinds {
        for contestant in contestants.iter().filter(|contestant| contestant.speaks_resp()) {
            let bytes: Vec<f64> =
                counts.iter().map(|count| weigh(contestant, *kind, *count)).collect();
            let (middle, most) = (mean(&bytes), worst(&bytes));
            lines.push(vec![
                (*name).to_owned(),
                (*title).to_owned(),
                contestant.name.to_owned(),
                format!("{middle:.1}"),
                format!("{most:.1}"),
            ]);
            if contestant.name == "merops" {
                let (what, limit) = (format!("{name}: bytes per item"), format!("≤ {target}"));
                report.verdict(what, limit, format!("{middle:.1}"), middle <= *target);
            }
        }
    }
    let right = |title| (title, Align::Right);
    let left = |title| (title, Align::Left);
    let head = [left("row"), left("data"), left("server"), right("bytes/item"), right("worst")];
    report.table(&head, &lines);
}

fn weigh(contestant: &Contestant, kind: Kind, count: usize) -> f64 {
    let count = match kind {
        Kind::SmallHashes | Kind::IntegerSets => count / 100,
        _ => count,
    };
    let running = contestant.start(Shape::threads(1));
    let settle = || thread::sleep(Duration::from_millis(500));
    settle();
    let empty = running.resident_bytes();
    let mut random = Random::new(count as u64);
    let mut item = move || text(&mut random, 16);
    let send = |head: &[&str], words: &mut dyn Iterator<Item = String>| {
        running.send(chunks(head, words, CHUNK));
    };
    match kind {
        Kind::Zset => {
            let mut scores = Random::new(1);
            let mut score = move || (scores.below(1 << 40) as f64 / 1024.0).to_string();
            send(&["ZADD", "key"], &mut (0..count).flat_map(|_| [score(), item()]));
        }
        Kind::Set => send(&["SADD", "key"], &mut (0..count).map(|_| item())),
        Kind::Hash => send(&["HSET", "key"], &mut (0..count).flat_map(|_| [item(), item()])),
        Kind::List => send(&["RPUSH", "key"], &mut (0..count).map(|_| item())),
        Kind::Stream => {
            let entry = ["XADD", "key", "*", "temperature", "21", "humidity", "47"];
            running.send((0..count).map(|_| entry.map(str::to_owned).to_vec()));
        }
        Kind::SmallHashes => running.send((0..count).map(|number| {
            let fields =
                (0..10).flat_map(|field| [format!("field{field}"), item()[..10].to_owned()]);
            ["HSET".to_owned(), format!("hash:{number:011}")].into_iter().chain(fields).collect()
        })),
        Kind::IntegerSets => running.send((0..count).map(|number| {
            let members = (0..500).map(|member| (member * 13).to_string());
            ["SADD".to_owned(), format!("set:{number:012}")].into_iter().chain(members).collect()
        })),
    }
    settle();
    running.resident_bytes().saturating_sub(empty) as f64 / count as f64
}
