//! Every target on its saved inputs, and on seeded mutations of them.

use std::fs;
use std::path::Path;

use super::*;

/// Inputs are cut here; longer ones only take longer.
const BYTES_MAX: usize = 1024;

/// Mutations per target; `FUZZ_ROUNDS` asks for more.
fn rounds() -> u64 {
    std::env::var("FUZZ_ROUNDS").map_or(5000, |rounds| rounds.parse().expect("a number"))
}

fn seeds(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target.name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut seeds: Vec<_> = files
        .map(|file| file.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{folder:?} is empty");
    seeds
}

/// Says what it was about when the target panics.
struct Report<'a>(&'a str, &'a [u8]);

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}: \"{}\"", self.0, self.1.escape_ascii());
        }
    }
}

fn fuzz(name: &str) {
    let target = target(name);
    let run = |what: &str, data: &[u8]| {
        let _report = Report(what, data);
        (target.run)(data);
    };
    let seeds = seeds(target);
    for (path, data) in &seeds {
        run(path, data);
    }
    let words = (target.words)();
    for round in 0..rounds() {
        let mut rng = Rng::new(round);
        let (_, mut data) = seeds[rng.below(seeds.len() as u64) as usize].clone();
        mutate(&mut data, &words, &mut rng, BYTES_MAX);
        run(&format!("round {round}"), &data);
    }
}

#[test]
fn rdb_file() {
    fuzz("rdb_file");
}

#[test]
fn calls() {
    fuzz("calls");
}

#[test]
fn config() {
    fuzz("config");
}

#[test]
fn functions() {
    fuzz("functions");
}

#[test]
fn glob() {
    fuzz("glob");
}

#[test]
fn inline() {
    fuzz("inline");
}

#[test]
fn journal() {
    fuzz("journal");
}

#[test]
fn keys() {
    fuzz("keys");
}

#[test]
fn listpack() {
    fuzz("listpack");
}

#[test]
fn payload() {
    fuzz("payload");
}

#[test]
fn numbers() {
    fuzz("numbers");
}

#[test]
fn reply() {
    fuzz("reply");
}

#[test]
fn request() {
    fuzz("request");
}

#[test]
fn script() {
    fuzz("script");
}

#[test]
fn every_target_has_a_shell() {
    let shells = Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer/fuzz_targets");
    for target in TARGETS {
        assert!(shells.join(target.name).with_extension("rs").is_file(), "{}", target.name);
    }
}
