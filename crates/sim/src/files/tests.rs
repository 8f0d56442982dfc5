//! Thousands of seeds pass, and every planted bug is found.

use super::*;

/// `SIM_SEEDS` asks for more, for a long night.
fn seeds() -> u64 {
    std::env::var("SIM_SEEDS").map_or(3_000, |seeds| seeds.parse().expect("a number of seeds"))
}

#[test]
fn no_seed_loses_anything() {
    let mut total = FileSummary::default();
    for seed in 0..seeds() {
        match run_files(seed, FileBug::None) {
            Ok(summary) => total.add(summary),
            Err(failure) => panic!("seed {seed}: {failure}"),
        }
    }
    println!("{total:?}");
    let many = seeds() as usize;
    assert!(total.steps > 20 * many && total.rounds > 4 * many, "{total:?}");
    assert!(total.rewrites > many / 10 && total.cuts > many / 20, "{total:?}");
    assert!(total.repairs > many / 10, "{total:?}");
}

#[test]
fn every_planted_bug_is_found() {
    for bug in FileBug::ALL {
        let found = (0..1_000).find_map(|seed| Some((seed, run_files(seed, bug).err()?)));
        match found {
            Some((seed, failure)) => println!("{bug:?}: seed {seed}: {failure}"),
            None => panic!("{bug:?} goes unnoticed"),
        }
    }
}
