//! The table of targets: every load, on every server, in turns.

use crate::arguments::Settings;
use crate::contestants::{self, Contestant, Running, Shape};
use crate::load::{Command, Generator, Load, Sample};
use crate::numbers::{large, median, short};
use crate::report::{Align, Report};
use crate::{collections, durability, memory, one_connection, subscribers};

/// One load of the table.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: &'static str,
    title: &'static str,
    load: Load,
    target: Target,
}

/// What Merops is held to, relative to redis-server.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// The most CPU per command.
    Cpu(f64),
    /// The least throughput.
    Rate(f64),
}

/// Loads that share the servers they run on.
struct Group {
    title: &'static str,
    shape: Shape,
    /// What is there before a load begins.
    fill: fn(&Running, &Generator),
    /// Whether all is as it was, once the loads are over.
    is_intact: fn(&Running) -> bool,
    rows: &'static [Row],
}

const fn load(command: Command, pipeline: usize, connections: usize) -> Load {
    Load { command, pipeline, connections }
}

const fn row(name: &'static str, title: &'static str, load: Load, cpu_target: f64) -> Row {
    Row { name, title, load, target: Target::Cpu(cpu_target) }
}

const fn words(words: &'static str) -> Load {
    load(Command::Words { words, most: usize::MAX }, 16, 50)
}

/// A command that takes one of [`collections::POPPED`] elements away.
const fn taking(words: &'static str) -> Load {
    load(Command::Words { words, most: collections::POPPED / 8 }, 16, 50)
}

use Command::{Get, Mget, Mset, Set};

const GROUPS: &[Group] = &[
    Group {
        title: "One thread on one core, the load generator on the other",
        shape: Shape::PINNED,
        fill: fill_keys,
        is_intact: |_| true,
        rows: &[
            row("pinned-get-16", "GET, pipeline 16", load(Get, 16, 50), 0.40),
            row("pinned-set-16", "SET, pipeline 16", load(Set, 16, 50), 0.45),
            row("pinned-get-64", "GET, pipeline 64", load(Get, 64, 50), 0.35),
            row("pinned-get-1", "GET, pipeline 1", load(Get, 1, 50), 0.85),
            row("pinned-set-1", "SET, pipeline 1", load(Set, 1, 50), 0.90),
        ],
    },
    Group {
        title: "Two threads, two shards, pipelines in order",
        shape: Shape::threads(2),
        fill: fill_keys,
        is_intact: |_| true,
        rows: &[
            row("ordered-get-16", "GET, pipeline 16", load(Get, 16, 50), 0.85),
            row("ordered-set-16", "SET, pipeline 16", load(Set, 16, 50), 1.0),
            row("mset-8", "MSET of 10 keys, pipeline 8", load(Mset, 8, 50), 1.0),
            row("mget-8", "MGET of 10 keys, pipeline 8", load(Mget, 8, 50), 1.0),
            row("thousand-get-1", "GET, pipeline 1, 1,000 connections", load(Get, 1, 1000), 0.9),
            row("thousand-set-1", "SET, pipeline 1, 1,000 connections", load(Set, 1, 1000), 0.9),
        ],
    },
    Group {
        title: "Two threads, two shards, relaxed pipelines",
        shape: Shape { is_relaxed: true, ..Shape::threads(2) },
        fill: fill_keys,
        is_intact: |_| true,
        rows: &[
            row("relaxed-get-16", "GET, pipeline 16", load(Get, 16, 50), 0.70),
            row("relaxed-set-16", "SET, pipeline 16", load(Set, 16, 50), 0.80),
        ],
    },
    Group {
        title: "Collections: one thread on one core, the load generator on the other, pipeline 16",
        shape: Shape::PINNED,
        fill: collections::fill,
        is_intact: |_| true,
        rows: &[
            row("lpush", "LPUSH", words("LPUSH pushed xxxxxxxx"), 0.5),
            row("rpop", "RPOP", taking("RPOP popped"), 0.5),
            row("lrange", "LRANGE of 100", words("LRANGE range 450 549"), 0.7),
            row("sadd", "SADD", words("SADD set member:__rand_int__"), 0.5),
            row("sinter", "SINTER of two of 1,000", words("SINTER some others"), 0.7),
            row("hset", "HSET", words("HSET hash field:__rand_int__ value"), 0.5),
            row("hget", "HGET", words("HGET hash field:__rand_int__"), 0.5),
            row("hgetall", "HGETALL of 50", words("HGETALL small"), 0.7),
            row("zadd", "ZADD", words("ZADD zset __rand_int__ member:__rand_int__"), 0.5),
            row("zrange", "ZRANGE of 10 by rank", words("ZRANGE zset 500000 500009"), 0.5),
            row("xadd", "XADD", words("XADD stream * field value"), 0.5),
        ],
    },
    Group {
        title: "Scripts and transactions: one thread on one core, the load generator on the other",
        shape: Shape::PINNED,
        fill: fill_keys,
        is_intact: |_| true,
        rows: &[
            row("eval-16", "EVAL of a GET, pipeline 16", words(EVAL), 0.8),
            row("multi-one", "MULTI of 5 SETs on one key, pipeline 16", multi(true), 0.6),
        ],
    },
    Group {
        title: "Scripts and transactions: two threads, two shards",
        shape: Shape::threads(2),
        fill: fill_keys,
        is_intact: |_| true,
        rows: &[
            Row {
                name: "eval-16-two",
                title: "EVAL of a GET, pipeline 16",
                load: words(EVAL),
                target: Target::Rate(1.3),
            },
            row("multi-five", "MULTI of 5 SETs on 5 keys, pipeline 16", multi(false), 1.2),
        ],
    },
    Group {
        title: "Publishing to 50 subscribers: one thread on one core, all clients on the other",
        shape: Shape::PINNED,
        fill: subscribers::begin,
        is_intact: subscribers::are_there,
        rows: &[row("publish", "PUBLISH of 64 bytes, pipeline 16", words(PUBLISH), 0.7)],
    },
];

const EVAL: &str = "EVAL return(redis.call('GET',KEYS[1])) 1 key:__rand_int__";
const PUBLISH: &str =
    "PUBLISH channel xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

const fn multi(is_one_key: bool) -> Load {
    load(Command::Transaction { is_one_key }, 16, 50)
}

/// Runs everything that is wanted.
pub(crate) fn run(settings: &Settings, report: &mut Report) {
    let contestants = contestants::all(settings);
    let generator = Generator::find(settings.keys);
    for group in GROUPS {
        let rows: Vec<&Row> =
            group.rows.iter().filter(|row| settings.wants_row(row.name)).collect();
        if rows.is_empty() {
            continue;
        }
        report.heading(group.title);
        let running = start_all(&contestants, group.shape, &generator, group.fill);
        let mut lines = Vec::new();
        for row in rows {
            measure(settings, row, group, &running, &generator, report, &mut lines);
        }
        report.table(&HEAD, &lines);
        for running in running.iter().filter(|running| !(group.is_intact)(running)) {
            let name = running.contestant.name;
            report.line(&format!("\n{name}: a subscriber was cut off: these figures say nothing."));
        }
    }
    durability::run(settings, &contestants, &generator, report);
    one_connection::run(settings, &contestants, report);
    memory::run(settings, &contestants, report);
    collections::weigh_all(settings, &contestants, report);
}

/// Starts and fills all of them.
pub(crate) fn start_all(
    contestants: &[Contestant],
    shape: Shape,
    generator: &Generator,
    fill: fn(&Running, &Generator),
) -> Vec<Running> {
    let start = |contestant: &Contestant| {
        let running = contestant.start(shape);
        fill(&running, generator);
        running
    };
    contestants.iter().map(start).collect()
}

/// Sets all keys that strings' loads use.
pub(crate) fn fill_keys(running: &Running, generator: &Generator) {
    running.fill(generator.items());
}

/// Columns of a table of loads.
pub(crate) const HEAD: [(&str, Align); 10] = [
    ("row", Align::Left),
    ("load", Align::Left),
    ("server", Align::Left),
    ("commands/s", Align::Right),
    ("× redis", Align::Right),
    ("p50 ms", Align::Right),
    ("p99 ms", Align::Right),
    ("p99.9 ms", Align::Right),
    ("CPU µs/command", Align::Right),
    ("CPU × redis", Align::Right),
];

/// All rounds of one load on all servers.
fn measure(
    settings: &Settings,
    row: &Row,
    group: &Group,
    running: &[Running],
    generator: &Generator,
    report: &mut Report,
    lines: &mut Vec<Vec<String>>,
) {
    let core = group.shape.is_pinned.then_some(1);
    let running: Vec<&Running> =
        running.iter().filter(|running| generator.can(row.load, running)).collect();
    let counts: Vec<usize> = running
        .iter()
        .map(|running| generator.commands_for(settings.seconds, row.load, running))
        .collect();
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); running.len()];
    for round in 0..settings.rounds {
        // Every other round backwards, so that nobody always follows the same one.
        for turn in 0..running.len() {
            let index = if round % 2 == 0 { turn } else { running.len() - 1 - turn };
            samples[index].push(generator.run(counts[index], row.load, running[index], core));
        }
    }
    let redis = running.iter().position(|running| running.contestant.name == "redis");
    for (running, own) in running.iter().zip(&samples) {
        let summary = Summary::new(own, redis.map(|index| samples[index].as_slice()));
        let name = running.contestant.name;
        lines.push(summary.cells(row.name, row.title, name));
        let judged = match row.target {
            Target::Cpu(most) => summary.cpu_ratio.map(|ratio| {
                let what = format!("{}: CPU per command, × redis", row.name);
                (what, format!("≤ {most:.2}"), ratio, ratio <= most)
            }),
            Target::Rate(least) => summary.rate_ratio.map(|ratio| {
                let what = format!("{}: commands/s, × redis", row.name);
                (what, format!("≥ {least:.2}"), ratio, ratio >= least)
            }),
        };
        if let ("merops", Some((what, target, ratio, is_met))) = (name, judged) {
            report.verdict(what, target, format!("{ratio:.2}"), is_met);
        }
    }
}

/// The medians of all rounds.
pub(crate) struct Summary {
    middle: Sample,
    rate_ratio: Option<f64>,
    cpu_ratio: Option<f64>,
}

impl Summary {
    /// Of one server's samples, with those of redis-server from the same rounds.
    pub(crate) fn new(own: &[Sample], redis: Option<&[Sample]>) -> Summary {
        let middle = |field: fn(&Sample) -> f64| median(&own.iter().map(field).collect::<Vec<_>>());
        let ratio = |field: fn(&Sample) -> f64| {
            let pairs = own.iter().zip(redis?);
            Some(median(&pairs.map(|(own, redis)| field(own) / field(redis)).collect::<Vec<_>>()))
        };
        let tails: Option<Vec<f64>> = own.iter().map(|sample| sample.p999_ms).collect();
        Summary {
            middle: Sample {
                commands_per_s: middle(|sample| sample.commands_per_s),
                p50_ms: middle(|sample| sample.p50_ms),
                p99_ms: middle(|sample| sample.p99_ms),
                p999_ms: tails.map(|tails| median(&tails)),
                cpu_us_per_command: middle(|sample| sample.cpu_us_per_command),
            },
            rate_ratio: ratio(|sample| sample.commands_per_s),
            cpu_ratio: ratio(|sample| sample.cpu_us_per_command),
        }
    }

    /// A line of a table under [`HEAD`].
    pub(crate) fn cells(&self, row: &str, title: &str, server: &str) -> Vec<String> {
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".into());
        let ratio = |value: Option<f64>| or_dash(value.map(|value| format!("{value:.2}")));
        vec![
            row.to_owned(),
            title.to_owned(),
            server.to_owned(),
            large(self.middle.commands_per_s),
            ratio(self.rate_ratio),
            short(self.middle.p50_ms),
            short(self.middle.p99_ms),
            or_dash(self.middle.p999_ms.map(short)),
            short(self.middle.cpu_us_per_command),
            ratio(self.cpu_ratio),
        ]
    }
}
