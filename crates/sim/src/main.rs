//! Tells one seed's story: `cargo run -p sim -- SEED [BUG]`. Or runs many seeds of the append files:
//! `cargo run -p sim -- files COUNT [FIRST]`.

use std::process::ExitCode;

use sim::Bug;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("files").is_some() {
        return files(&mut arguments);
    }
    let seed = arguments.next().and_then(|seed| seed.parse().ok());
    let bug = match arguments.next() {
        None => Some(Bug::None),
        Some(name) => Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == name),
    };
    let (Some(seed), Some(bug)) = (seed, bug) else {
        eprintln!("usage: sim SEED [BUG]\nbugs: {:?}", Bug::ALL);
        return ExitCode::FAILURE;
    };
    match sim::tell(seed, bug) {
        Ok(summary) => {
            println!("sound: {summary:?}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn files(arguments: &mut impl Iterator<Item = String>) -> ExitCode {
    let mut number = |default| arguments.next().map_or(Some(default), |text| text.parse().ok());
    let (Some::<u64>(count), Some::<u64>(first)) = (number(10_000), number(0)) else {
        eprintln!("usage: sim files COUNT [FIRST]");
        return ExitCode::FAILURE;
    };
    let mut total = sim::FileSummary::default();
    for seed in first..first + count {
        match sim::run_files(seed, sim::FileBug::None) {
            Ok(summary) => total.add(summary),
            Err(failure) => {
                println!("seed {seed}: {failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{count} seeds are sound: {total:?}");
    ExitCode::SUCCESS
}
