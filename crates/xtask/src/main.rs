//! `cargo xtask test` and `cargo xtask tidy`: what every change must pass, with cargo alone.

mod suite;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask test [CARGO TEST ARGUMENTS]   builds the server, runs all tests
       cargo xtask tidy                          checks the rules that no compiler knows
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let passed = match arguments[..] {
        ["test", ref rest @ ..] => suite::run(root(), rest),
        ["tidy"] => {
            let faults = tidy::faults(root());
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            faults.is_empty()
        }
        _ => {
            eprint!("{HELP}");
            false
        }
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The workspace's folder.
fn root() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate has a parent");
    crates.parent().expect("and that has one")
}
