//! Tells one seed's story: `cargo run -p sim -- SEED [BUG]`.

use std::process::ExitCode;

use sim::Bug;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
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
