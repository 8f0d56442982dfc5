//! Merops beside every other server on the `PATH`: the same load in turns, ratios to redis-server.
//!
//! `cargo run --release -p benches --bin compare -- --help` says what there is to choose.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod arguments;
mod collections;
mod contestants;
mod durability;
mod load;
mod memory;
mod messages;
mod numbers;
mod one_connection;
mod report;
mod rows;
mod scaling;
mod subscribers;
mod transactions;

use std::process::ExitCode;

use arguments::{Mode, Settings};
use report::Report;

fn main() -> ExitCode {
    let settings = match Settings::parse(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    if !testkit::raise_open_files(20_000) {
        eprintln!("the limit of open files is too low for 1,000 connections");
    }
    let mut report = Report::new(&settings);
    match &settings.mode {
        Mode::Rows => rows::run(&settings, &mut report),
        Mode::Scaling(threads) => scaling::run(&settings, threads, &mut report),
        Mode::Messages(shards) => messages::run(&settings, shards, &mut report),
    }
    match report.save(&settings) {
        Ok(path) => {
            eprintln!("written to {}", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the report could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}
