//! What it costs to keep data: append files, snapshots, loading. Only servers that have Redis's
//! directives take part.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use testkit::{Client, Random, Reply, encode, show};

use crate::arguments::Settings;
use crate::contestants::{Contestant, Running, Shape};
use crate::load::{Command, Generator, Load, Sample};
use crate::numbers::{large, median, percentile, short};
use crate::report::{Align, Report};
use crate::rows::fill_keys;

const EVERYSEC: &[&str] =
    &["--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"];
const ALWAYS: &[&str] =
    &["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"];
const RELOADABLE: &[&str] = &["--enable-debug-command", "yes"];

/// The paced load: so many commands at once, so often.
const PACED_BURST: usize = 20;
const PACED_TICK: Duration = Duration::from_millis(1);
/// For how long its tails are taken before a save.
const CALM: Duration = Duration::from_secs(5);

/// Runs all rows.
pub(crate) fn run(
    settings: &Settings,
    contestants: &[Contestant],
    generator: &Generator,
    report: &mut Report,
) {
    let contestants: Vec<&Contestant> =
        contestants.iter().filter(|contestant| contestant.is_redis_like()).collect();
    let wants = |name| settings.wants_row(name);
    if ["everysec", "everysec-two", "always-50", "always-500"].into_iter().any(wants) {
        let disk = median(&sync_times_us());
        report.heading("The append file");
        report.line(&format!("Median of fdatasync after 100 bytes: {} µs.\n", short(disk)));
        for (name, shape) in [("everysec", Shape::PINNED), ("everysec-two", Shape::threads(2))] {
            if wants(name) {
                every_second(settings, &contestants, generator, (name, shape), report);
            }
        }
        let of_redis = if disk <= 200.0 { 1.2 } else { 1.0 };
        for (name, connections, target) in
            [("always-50", 50, Some(of_redis)), ("always-500", 500, None)]
        {
            if wants(name) {
                always(settings, &contestants, generator, (name, connections, target), report);
            }
        }
    }
    if wants("save") {
        save_and_load(&contestants, generator, report);
    }
    if wants("bgsave") {
        background_save(&contestants, generator, report);
    }
}

/// How long the disk takes, in microseconds.
fn sync_times_us() -> Vec<f64> {
    let path = std::env::temp_dir().join(format!("compare-sync-{}", std::process::id()));
    let mut file = File::create(&path).expect("the folder for temporary files is writable");
    let mut sync = |_| {
        file.write_all(&[b'x'; 100]).expect("the disk has room");
        let begin = Instant::now();
        file.sync_data().expect("the disk works");
        begin.elapsed().as_secs_f64() * 1e6
    };
    let times = (0..300).map(&mut sync).collect();
    std::fs::remove_file(&path).ok();
    times
}

fn started(contestant: &Contestant, shape: Shape, generator: &Generator) -> Running {
    let running = contestant.start(shape);
    fill_keys(&running, generator);
    running
}

/// Runs a load on two servers in turns; both samples of each round.
fn in_turns(
    settings: &Settings,
    generator: &Generator,
    load: Load,
    servers: &[&Running],
    core: Option<u16>,
) -> Vec<Vec<Sample>> {
    let counts: Vec<usize> = servers
        .iter()
        .map(|running| generator.commands_for(settings.seconds, load, running))
        .collect();
    let mut samples = vec![Vec::new(); servers.len()];
    for round in 0..settings.rounds {
        for turn in 0..servers.len() {
            let index = if round % 2 == 0 { turn } else { servers.len() - 1 - turn };
            samples[index].push(generator.run(counts[index], load, servers[index], core));
        }
    }
    samples
}

fn median_of(samples: &[Sample], field: impl Fn(&Sample) -> f64) -> f64 {
    median(&samples.iter().map(field).collect::<Vec<_>>())
}

/// What `everysec` adds to a SET.
fn every_second(
    settings: &Settings,
    contestants: &[&Contestant],
    generator: &Generator,
    (name, shape): (&str, Shape),
    report: &mut Report,
) {
    const ADDED_US_MAX: f64 = 0.15;
    let load = Load { command: Command::Set, pipeline: 16, connections: 50 };
    let core = shape.is_pinned.then_some(1);
    let mut lines = Vec::new();
    for contestant in contestants {
        let plain = started(contestant, shape, generator);
        let logged = started(contestant, Shape { options: EVERYSEC, ..shape }, generator);
        let samples = in_turns(settings, generator, load, &[&plain, &logged], core);
        let pairs = samples[0].iter().zip(&samples[1]);
        let added: Vec<f64> = pairs
            .map(|(plain, logged)| logged.cpu_us_per_command - plain.cpu_us_per_command)
            .collect();
        let added = median(&added);
        let cpu = |index: usize| median_of(&samples[index], |sample| sample.cpu_us_per_command);
        lines.push(vec![
            name.to_owned(),
            contestant.name.to_owned(),
            short(cpu(0)),
            short(cpu(1)),
            format!("{added:.3}"),
        ]);
        if contestant.name == "merops" {
            let what = format!("{name}: µs of CPU that a SET costs more");
            let target = format!("≤ {ADDED_US_MAX}");
            report.verdict(what, target, format!("{added:.3}"), added <= ADDED_US_MAX);
        }
    }
    let head = [
        ("row", Align::Left),
        ("server", Align::Left),
        ("CPU µs/SET without", Align::Right),
        ("with everysec", Align::Right),
        ("more", Align::Right),
    ];
    report.table(&head, &lines);
}

/// How many SETs `always` lets through.
fn always(
    settings: &Settings,
    contestants: &[&Contestant],
    generator: &Generator,
    (name, connections, target): (&str, usize, Option<f64>),
    report: &mut Report,
) {
    let load = Load { command: Command::Set, pipeline: 1, connections };
    let shape = Shape::threads(2);
    let servers: Vec<(Running, Running)> = contestants
        .iter()
        .map(|contestant| {
            let plain = started(contestant, shape, generator);
            (plain, started(contestant, Shape { options: ALWAYS, ..shape }, generator))
        })
        .collect();
    let flat: Vec<&Running> = servers.iter().flat_map(|(plain, logged)| [plain, logged]).collect();
    let samples = in_turns(settings, generator, load, &flat, None);
    let rate = |index: usize| median_of(&samples[index], |sample| sample.commands_per_s);
    let redis = contestants.iter().position(|contestant| contestant.name == "redis");
    let mut lines = Vec::new();
    for (index, contestant) in contestants.iter().enumerate() {
        let (plain, logged) = (rate(2 * index), rate(2 * index + 1));
        let of_redis = redis.map(|redis| logged / rate(2 * redis + 1));
        lines.push(vec![
            name.to_owned(),
            contestant.name.to_owned(),
            large(plain),
            large(logged),
            format!("{:.2}", logged / plain),
            of_redis.map_or("–".into(), |ratio| format!("{ratio:.2}")),
        ]);
        if contestant.name != "merops" {
            continue;
        }
        match (target, of_redis) {
            (Some(least), Some(ratio)) => report.verdict(
                format!("{name}: SETs/s, × redis with always"),
                format!("≥ {least:.1}"),
                format!("{ratio:.2}"),
                ratio >= least,
            ),
            _ => report.verdict(
                format!("{name}: SETs/s, × own without"),
                "≥ 0.9".into(),
                format!("{:.2}", logged / plain),
                logged >= 0.9 * plain,
            ),
        }
    }
    let head = [
        ("row", Align::Left),
        ("server", Align::Left),
        ("SETs/s without", Align::Right),
        ("with always", Align::Right),
        ("× without", Align::Right),
        ("× redis", Align::Right),
    ];
    report.table(&head, &lines);
}

/// Keys per second of CPU that SAVE writes, and that loading takes in.
fn save_and_load(contestants: &[&Contestant], generator: &Generator, report: &mut Report) {
    report.heading("Saving and loading");
    let mut lines = Vec::new();
    let mut rates: Vec<[f64; 2]> = Vec::new();
    for contestant in contestants {
        let running =
            started(contestant, Shape { options: RELOADABLE, ..Shape::PINNED }, generator);
        let rate = |line: &str| {
            let mut client = Client::connect(running.address()).expect("the server listens");
            let (cpu_s, begin) = (running.cpu_s(), Instant::now());
            let reply = client.ask(line);
            assert!(!matches!(reply, Reply::Error(_)), "{line}: {}", show(&reply));
            let keys = generator.keys() as f64;
            (keys / (running.cpu_s() - cpu_s).max(0.01), keys / begin.elapsed().as_secs_f64())
        };
        // The first one also pays for the file's first blocks.
        rate("SAVE");
        let (save, load) = (rate("SAVE"), rate("DEBUG RELOAD NOSAVE"));
        rates.push([save.0, load.0]);
        let cells = [save.0, save.1, load.0, load.1].map(large);
        lines.push([vec![contestant.name.to_owned()], cells.to_vec()].concat());
    }
    let head = [
        ("server", Align::Left),
        ("saved keys/CPU s", Align::Right),
        ("per s", Align::Right),
        ("loaded keys/CPU s", Align::Right),
        ("per s", Align::Right),
    ];
    report.table(&head, &lines);
    let rates_of = |name| {
        contestants.iter().position(|contestant| contestant.name == name).map(|at| rates[at])
    };
    if let (Some(own), Some(redis)) = (rates_of("merops"), rates_of("redis")) {
        for (what, at) in [("save", 0), ("load", 1)] {
            let ratio = own[at] / redis[at];
            let what = format!("{what}: keys per second of CPU, × redis");
            report.verdict(what, "≥ 1.5".into(), format!("{ratio:.2}"), ratio >= 1.5);
        }
    }
}

/// Tails of a paced load before and during BGSAVE, and the memory that it takes.
fn background_save(contestants: &[&Contestant], generator: &Generator, report: &mut Report) {
    let rate = PACED_BURST as f64 / PACED_TICK.as_secs_f64();
    report.heading(&format!("BGSAVE of {} keys under {rate} SETs/s", generator.keys()));
    let mut lines = Vec::new();
    for contestant in contestants {
        let running = started(contestant, Shape::threads(2), generator);
        let mut paced = Paced::new(&running, generator.keys());
        paced.run(|begin| begin.elapsed() < Duration::from_secs(1));
        let mut calm = paced.run(|begin| begin.elapsed() < CALM);
        let before = running.resident_bytes();
        let mut client = Client::connect(running.address()).expect("the server listens");
        let reply = client.ask("BGSAVE");
        assert!(!matches!(reply, Reply::Error(_)), "BGSAVE: {}", show(&reply));
        let (mut highest, mut looked) = (before, Instant::now());
        let mut busy = paced.run(|_| {
            if looked.elapsed() < Duration::from_millis(100) {
                return true;
            }
            looked = Instant::now();
            highest = highest.max(running.resident_bytes());
            running.info("persistence", "rdb_bgsave_in_progress") == Some(1)
        });
        let tails = [&mut calm, &mut busy].map(|times| percentile(times, 0.999));
        let worst = busy.last().copied().unwrap_or_default();
        let more = (highest - before) as f64 / before as f64;
        let seconds = busy.len() as f64 / rate;
        lines.push(vec![
            contestant.name.to_owned(),
            short(tails[0]),
            short(tails[1]),
            short(worst),
            short(seconds),
            format!("{:.1} %", more * 100.0),
        ]);
        if contestant.name == "merops" {
            let ratio = tails[1] / tails[0];
            let what = "bgsave: p99.9, × before".to_owned();
            report.verdict(what, "≤ 1.5".into(), format!("{ratio:.2}"), ratio <= 1.5);
            let what = "bgsave: more resident memory".to_owned();
            report.verdict(what, "≤ 10 %".into(), format!("{:.1} %", more * 100.0), more <= 0.1);
        }
    }
    let head = [
        ("server", Align::Left),
        ("p99.9 ms before", Align::Right),
        ("during", Align::Right),
        ("worst", Align::Right),
        ("took s", Align::Right),
        ("more memory", Align::Right),
    ];
    report.table(&head, &lines);
}

/// SETs of random keys at a steady pace, whatever the server does meanwhile.
struct Paced {
    streams: Vec<TcpStream>,
    random: Random,
    keys: usize,
}

impl Paced {
    fn new(running: &Running, keys: usize) -> Paced {
        let connect = |_| {
            let stream = TcpStream::connect(running.address()).expect("the server listens");
            stream.set_nodelay(true).expect("a TCP stream");
            stream
        };
        let streams = (0..PACED_BURST).map(connect).collect();
        Paced { streams, random: Random::new(5), keys }
    }

    /// Goes on while `more` says so; the milliseconds from when each command was due to its reply.
    fn run(&mut self, mut more: impl FnMut(Instant) -> bool) -> Vec<f64> {
        let (begin, mut times_ms) = (Instant::now(), Vec::new());
        let (mut due, mut reply) = (begin, [0; 5]);
        let value = "x".repeat(crate::load::VALUE_BYTES);
        while more(begin) {
            due += PACED_TICK;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            for stream in &mut self.streams {
                let key = format!("key:{:012}", self.random.below(self.keys));
                let mut bytes = Vec::new();
                encode(&["SET", &key, &value], &mut bytes);
                stream.write_all(&bytes).expect("the server takes commands");
            }
            for stream in &mut self.streams {
                stream.read_exact(&mut reply).expect("every command is answered");
                assert_eq!(&reply, b"+OK\r\n");
                times_ms.push(due.elapsed().as_secs_f64() * 1e3);
            }
        }
        times_ms
    }
}
