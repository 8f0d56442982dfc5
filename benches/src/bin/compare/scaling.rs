//! Throughput and tails over the number of threads.

use crate::arguments::Settings;
use crate::contestants::{self, Contestant, Shape};
use crate::load::{Command, Generator, Load, Sample};
use crate::report::Report;
use crate::rows::{HEAD, Summary, fill_keys, start_all};

/// Measures every server with each number of threads. Servers that have one thread are there once
/// per number all the same: the generator has the same cores to share with them.
pub(crate) fn run(settings: &Settings, threads: &[u16], report: &mut Report) {
    let contestants: Vec<Contestant> = contestants::all(settings);
    let generator = Generator::find(settings.keys);
    for &threads in threads {
        report.heading(&format!("{threads} thread(s)"));
        let running = start_all(&contestants, Shape::threads(threads), &generator, fill_keys);
        let connections = 50 * usize::from(threads);
        let loads = [
            ("get-1", "GET, pipeline 1", Command::Get, 1),
            ("set-1", "SET, pipeline 1", Command::Set, 1),
            ("get-16", "GET, pipeline 16", Command::Get, 16),
            ("set-16", "SET, pipeline 16", Command::Set, 16),
        ];
        let mut lines = Vec::new();
        for (name, title, command, pipeline) in loads {
            if !settings.wants_row(name) {
                continue;
            }
            let load = Load { command, pipeline, connections };
            let running: Vec<_> =
                running.iter().filter(|running| generator.can(load, running)).collect();
            let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); running.len()];
            let counts: Vec<usize> = running
                .iter()
                .map(|running| generator.commands_for(settings.seconds, load, running))
                .collect();
            for _ in 0..settings.rounds {
                for (index, running) in running.iter().enumerate() {
                    samples[index].push(generator.run(counts[index], load, running, None));
                }
            }
            let redis = running.iter().position(|running| running.contestant.name == "redis");
            let redis = redis.map(|index| samples[index].clone());
            for (running, own) in running.iter().zip(&samples) {
                let summary = Summary::new(own, redis.as_deref());
                lines.push(summary.cells(name, title, running.contestant.name));
            }
        }
        report.table(&HEAD, &lines);
    }
}
