//! One connection alone: how long a command takes, and how many a pipeline of 100 brings.
//!
//! No load generator knows on which shard a key lives, so this is a closed loop of our own. The
//! shard of a key is its slot modulo the shards, shard *n* lives on thread *n*, and the server says
//! which thread serves a connection (`thread=` in CLIENT INFO).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};
use testkit::{Client, Random, encode, show, slots};

use crate::arguments::Settings;
use crate::contestants::{Contestant, Item, Running, Shape};
use crate::load::VALUE_BYTES;
use crate::numbers::{large, median, percentile, short};
use crate::report::{Align, Report};

const SHARDS: u16 = 2;
/// Keys that the loop picks from, per shard.
const KEYS: usize = 10_000;
const PIPELINE: usize = 100;

/// Times of one run of the loop, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Times {
    mean_us: f64,
    p50_us: f64,
    p99_us: f64,
}

/// Whose keys are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    /// Of the shard on the thread that serves the connection.
    Own,
    /// Of the other one.
    Other,
}

/// Runs both rows.
pub(crate) fn run(settings: &Settings, contestants: &[Contestant], report: &mut Report) {
    let contestants: Vec<&Contestant> =
        contestants.iter().filter(|contestant| contestant.speaks_resp()).collect();
    if settings.wants_row("one-latency") {
        latency(settings, &contestants, report);
    }
    if settings.wants_row("one-pipeline") {
        throughput(settings, &contestants, report);
    }
}

fn names() -> Vec<String> {
    (0..KEYS * usize::from(SHARDS)).map(|number| format!("one:{number:08}")).collect()
}

fn start(contestant: &Contestant, shape: Shape) -> Running {
    let running = contestant.start(shape);
    let value = "x".repeat(VALUE_BYTES);
    running.fill(names().into_iter().map(|key| Item { key, value: value.clone(), ttl_s: None }));
    running
}

fn latency(settings: &Settings, contestants: &[&Contestant], report: &mut Report) {
    report.heading("One connection, pipeline 1, two threads: GET");
    let running: Vec<Running> =
        contestants.iter().map(|contestant| start(contestant, Shape::threads(2))).collect();
    let mut cases: Vec<Case> = Vec::new();
    for running in &running {
        cases.push(Case { running, keys: Keys::Own, times: Vec::new() });
        // Only with Merops is it known who serves whom.
        if running.contestant.name == "merops" {
            cases.push(Case { running, keys: Keys::Other, times: Vec::new() });
        }
    }
    let duration = Duration::from_secs_f64(settings.seconds);
    let mut wakes_us = Vec::new();
    for _ in 0..settings.rounds {
        wakes_us.push(wake_up_us(duration / 4));
        for case in &mut cases {
            case.times.push(closed_loop(case.running, case.keys, duration));
        }
    }
    let wake_us = median(&wakes_us);
    let redis = cases.iter().find(|case| case.running.contestant.name == "redis");
    let lines: Vec<_> = cases.iter().map(|case| case.cells(redis)).collect();
    let right = |title| (title, Align::Right);
    let head = [
        ("server", Align::Left),
        ("keys", Align::Left),
        right("mean µs"),
        right("× redis"),
        right("p50 µs"),
        right("× redis"),
        right("p99 µs"),
        right("× redis"),
    ];
    report.table(&head, &lines);
    report.line(&format!("\nOne wake-up of another thread, as measured here: {wake_us:.1} µs."));
    if let [own, other, ..] = cases.as_slice()
        && own.running.contestant.name == "merops"
    {
        judge(own, other, redis, wake_us, report);
    }
}

/// Holds Merops's times against their targets.
fn judge(own: &Case, other: &Case, redis: Option<&Case>, wake_us: f64, report: &mut Report) {
    for (name, field) in FIELDS {
        if let Some(ratio) = redis.map(|redis| own.ratio(redis, field)) {
            let what = format!("one-latency, own shard: {name}, × redis");
            report.verdict(what, "≤ 1.05".into(), format!("{ratio:.2}"), ratio <= 1.05);
        }
        let (own_us, other_us) = (own.middle(field), other.middle(field));
        report.verdict(
            format!("one-latency, other shard: {name}, µs"),
            format!("≤ {own_us:.1} + {wake_us:.1}"),
            format!("{other_us:.1}"),
            other_us <= own_us + wake_us,
        );
    }
}

/// A server, the keys that it is asked for, and what every round showed.
struct Case<'a> {
    running: &'a Running,
    keys: Keys,
    times: Vec<Times>,
}

impl Case<'_> {
    fn middle(&self, field: Field) -> f64 {
        median(&self.times.iter().map(field).collect::<Vec<_>>())
    }

    /// The median of the ratios of the same rounds.
    fn ratio(&self, redis: &Case, field: Field) -> f64 {
        let pairs = self.times.iter().zip(&redis.times);
        median(&pairs.map(|(own, redis)| field(own) / field(redis)).collect::<Vec<_>>())
    }

    /// A line of the table.
    fn cells(&self, redis: Option<&Case>) -> Vec<String> {
        let name = self.running.contestant.name;
        let keys = match (name, self.keys) {
            ("merops", Keys::Own) => "own shard",
            ("merops", Keys::Other) => "other shard",
            _ => "any",
        };
        let mut cells = vec![name.to_owned(), keys.to_owned()];
        for (_, field) in FIELDS {
            cells.push(short(self.middle(field)));
            let ratio = redis.map(|redis| self.ratio(redis, field));
            cells.push(ratio.map_or("–".into(), |ratio| format!("{ratio:.2}")));
        }
        cells
    }
}

type Field = fn(&Times) -> f64;

const FIELDS: [(&str, Field); 3] =
    [("mean", |times| times.mean_us), ("p50", |times| times.p50_us), ("p99", |times| times.p99_us)];

/// GETs of random keys, one after the other.
fn closed_loop(running: &Running, keys: Keys, duration: Duration) -> Times {
    let mut client = Client::connect(running.address()).expect("the server listens");
    let mut names = names();
    if running.contestant.name == "merops" {
        let thread = serving_thread(&mut client);
        let is_own = |name: &String| slots::shard(name.as_bytes(), SHARDS) == thread;
        names.retain(|name| is_own(name) == (keys == Keys::Own));
    }
    let requests: Vec<Vec<u8>> = names
        .iter()
        .map(|name| {
            let mut bytes = Vec::new();
            encode(&["GET", name], &mut bytes);
            bytes
        })
        .collect();
    let mut stream = client.stream().try_clone().expect("a second handle");
    let mut random = Random::new(1);
    let mut reply = vec![0; reply_bytes()];
    let mut times_us = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < duration {
        let request = &requests[random.below(requests.len())];
        let sent = Instant::now();
        stream.write_all(request).expect("the server takes commands");
        stream.read_exact(&mut reply).expect("every command is answered");
        times_us.push(sent.elapsed().as_nanos() as f64 / 1000.0);
    }
    Times {
        mean_us: times_us.iter().sum::<f64>() / times_us.len() as f64,
        p50_us: percentile(&mut times_us, 0.5),
        p99_us: percentile(&mut times_us, 0.99),
    }
}

/// The thread of this connection, as Merops tells it.
fn serving_thread(client: &mut Client) -> u16 {
    let info = show(&client.ask("CLIENT INFO"));
    let field = info.split_whitespace().find_map(|field| field.strip_prefix("thread="));
    let number = field.and_then(|field| field.trim_end_matches(['"', '\\', 'n']).parse().ok());
    number.unwrap_or_else(|| panic!("CLIENT INFO has no thread=: {info}"))
}

/// `$64`, the value, and two line ends.
fn reply_bytes() -> usize {
    format!("${VALUE_BYTES}\r\n").len() + VALUE_BYTES + 2
}

/// How long it takes until a thread on another core, which waits on a socket, runs: half a round
/// trip.
fn wake_up_us(duration: Duration) -> f64 {
    let (mut here, mut there) = UnixStream::pair().expect("a pair of sockets");
    let echo = thread::spawn(move || {
        stay_on_core(1);
        let mut byte = [0];
        while there.read_exact(&mut byte).is_ok() {
            there.write_all(&byte).expect("the other side waits for it");
        }
    });
    let measure = thread::spawn(move || {
        stay_on_core(0);
        let mut times_us = Vec::new();
        let begin = Instant::now();
        while begin.elapsed() < duration {
            let sent = Instant::now();
            here.write_all(&[1]).expect("the other side is there");
            here.read_exact(&mut [0]).expect("the other side is there");
            times_us.push(sent.elapsed().as_nanos() as f64 / 2000.0);
        }
        times_us
    });
    let times_us = measure.join().expect("it ends with its time");
    echo.join().expect("it ends with its socket");
    median(&times_us)
}

/// Keeps this thread on one core; where there is only one, it is there already.
fn stay_on_core(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).ok();
}

fn throughput(settings: &Settings, contestants: &[&Contestant], report: &mut Report) {
    report.heading("One connection, pipeline 100: GET");
    let duration = Duration::from_secs_f64(settings.seconds);
    let mut lines = Vec::new();
    for (threads, target) in [(1, 1.5), (2, 1.0)] {
        let running: Vec<Running> = contestants
            .iter()
            .map(|contestant| start(contestant, Shape::threads(threads)))
            .collect();
        let mut rates: Vec<Vec<f64>> = vec![Vec::new(); running.len()];
        for _ in 0..settings.rounds {
            for (running, rates) in running.iter().zip(&mut rates) {
                rates.push(pipelined(running, duration));
            }
        }
        let redis = running.iter().position(|running| running.contestant.name == "redis");
        for (running, own) in running.iter().zip(&rates) {
            let ratio = redis.map(|index| {
                median(&own.iter().zip(&rates[index]).map(|(a, b)| a / b).collect::<Vec<_>>())
            });
            let name = running.contestant.name;
            lines.push(vec![
                threads.to_string(),
                name.to_owned(),
                large(median(own)),
                ratio.map_or("–".into(), |ratio| format!("{ratio:.2}")),
            ]);
            if let ("merops", Some(ratio)) = (name, ratio) {
                let what = format!("one-pipeline, {threads} thread(s): commands/s, × redis");
                let target = (format!("≥ {target:.1}"), ratio >= target);
                report.verdict(what, target.0, format!("{ratio:.2}"), target.1);
            }
        }
    }
    let head = [
        ("threads", Align::Right),
        ("server", Align::Left),
        ("commands/s", Align::Right),
        ("× redis", Align::Right),
    ];
    report.table(&head, &lines);
}

/// Commands per second of one connection that sends a hundred at a time.
fn pipelined(running: &Running, duration: Duration) -> f64 {
    let mut stream = TcpStream::connect(running.address()).expect("the server listens");
    stream.set_nodelay(true).expect("a TCP stream");
    let names = names();
    let mut random = Random::new(2);
    let batches: Vec<Vec<u8>> = (0..200)
        .map(|_| {
            let mut bytes = Vec::new();
            for _ in 0..PIPELINE {
                encode(&["GET", &names[random.below(names.len())]], &mut bytes);
            }
            bytes
        })
        .collect();
    let mut replies = vec![0; PIPELINE * reply_bytes()];
    let mut count = 0;
    let begin = Instant::now();
    while begin.elapsed() < duration {
        stream.write_all(&batches[random.below(batches.len())]).expect("the server takes commands");
        stream.read_exact(&mut replies).expect("every command is answered");
        count += PIPELINE;
    }
    count as f64 / begin.elapsed().as_secs_f64()
}
