//! Thousands of seeds pass, and every planted bug is found.

use txn::Fault;

use super::*;

/// `SIM_SEEDS` asks for more, for a long night.
fn seeds() -> u64 {
    std::env::var("SIM_SEEDS").map_or(10_000, |seeds| seeds.parse().expect("a number of seeds"))
}

#[test]
fn no_seed_finds_a_fault() {
    let mut total = Summary::default();
    for seed in 0..seeds() {
        match run(seed, Bug::None) {
            Ok(summary) => total.add(summary),
            Err(failure) => panic!("seed {seed}: {failure}"),
        }
    }
    println!("{total:?}");
    let many = seeds() as usize;
    assert!(total.operations > 10 * many && total.messages > 50 * many, "{total:?}");
    // What is hard to come by must have come.
    assert!(total.waits > many && total.refusals > many && total.ahead > many / 100, "{total:?}");
    assert!(total.grown > many / 2 && total.fenced > many / 10, "{total:?}");
    assert!(total.gave_way > many / 100, "{total:?}");
}

#[test]
fn seeds_repeat_themselves() {
    for seed in 0..20 {
        assert_eq!(run(seed, Bug::None), run(seed, Bug::None));
    }
}

/// How a bug must show itself: those that spoil what clients see, as a cycle.
fn symptom(bug: Bug) -> &'static str {
    match bug {
        Bug::None => "nothing",
        Bug::Table(Fault::ForgetGone | Fault::IgnoreQueue) => "IdBack",
        Bug::Table(Fault::IgnoreReaders | Fault::ForgetWhole | Fault::WholeIgnoresKeys) => "Cycle",
        Bug::Table(_) | Bug::ForgetWithdrawal => "Stuck",
        Bug::ArmEarly | Bug::HeedStale => "Cycle",
        Bug::PlainIgnoresLocks | Bug::PlainLooksOnce => "Cycle",
        Bug::ReleaseBetweenHops | Bug::ShortcutUnlocked => "Cycle",
        Bug::StampEarly | Bug::StampFallsBack => "StampBack",
        Bug::StampTwice => "StampsDiffer",
        Bug::GrowUnseen | Bug::GrowBelow => "IdBack",
        Bug::GrowReleases | Bug::HereBesideWaiters | Bug::HereForgets => "Cycle",
        Bug::GrowUnfenced | Bug::GrowAtOnce | Bug::KeepGiven => "Stuck",
        Bug::FenceOnce | Bug::FenceFirst => "Stuck",
    }
}

#[test]
fn every_planted_bug_is_found() {
    for bug in Bug::ALL {
        let shows = |seed| {
            let failure = run(seed, bug).err()?;
            format!("{failure:?}").starts_with(symptom(bug)).then_some((seed, failure))
        };
        match (0..1_000).find_map(shows) {
            Some((seed, failure)) => println!("{bug:?}: seed {seed}: {failure}"),
            None => panic!("{bug:?} goes unnoticed"),
        }
    }
}
