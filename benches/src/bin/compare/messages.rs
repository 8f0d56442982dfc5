//! Messages between Merops's threads per command, over the number of shards.

use crate::arguments::Settings;
use crate::contestants::{self, Shape};
use crate::load::{Command, Generator, Load};
use crate::numbers::short;
use crate::report::{Align, Report};

/// Measures GET and SET at pipelines 1 and 16, with as many threads as shards.
pub(crate) fn run(settings: &Settings, shards: &[u16], report: &mut Report) {
    let contestants = contestants::all(settings);
    let Some(merops) = contestants.iter().find(|contestant| contestant.name == "merops") else {
        return;
    };
    let generator = Generator::find(settings.keys);
    report.heading("Messages between threads per command, 50 connections");
    let mut lines = Vec::new();
    for &shards in shards {
        let running = merops.start(Shape::threads(shards));
        running.fill(generator.items());
        let mut line = vec![shards.to_string()];
        for (command, pipeline) in
            [(Command::Get, 1), (Command::Set, 1), (Command::Get, 16), (Command::Set, 16)]
        {
            let count = |field: &str| {
                let value = running.info("stats", field);
                value.unwrap_or_else(|| panic!("INFO stats has no {field}")) as f64
            };
            let before = (count("cross_shard_messages"), count("total_commands_processed"));
            let load = Load { command, pipeline, connections: 50 };
            let commands = generator.commands_for(settings.seconds, load, &running);
            generator.run(commands, load, &running, None);
            let messages = count("cross_shard_messages") - before.0;
            let commands = count("total_commands_processed") - before.1;
            line.push(short(messages / commands));
        }
        lines.push(line);
    }
    let right = |title| (title, Align::Right);
    let head = [
        right("shards"),
        right("GET, pipeline 1"),
        right("SET, pipeline 1"),
        right("GET, pipeline 16"),
        right("SET, pipeline 16"),
    ];
    report.table(&head, &lines);
}
