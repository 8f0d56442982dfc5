//! Against ordered maps, small and large.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// Scores as they sort: -0 and 0 are one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Score(f64);

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.partial_cmp(&other.0).unwrap()
    }
}

#[derive(Clone, Default)]
struct Model {
    scores: BTreeMap<Vec<u8>, f64>,
    order: BTreeSet<(Score, Vec<u8>)>,
}

impl Model {
    fn insert(&mut self, member: &[u8], score: f64) -> Option<f64> {
        let old = self.scores.insert(member.to_vec(), score);
        if let Some(old) = old {
            self.order.remove(&(Score(old), member.to_vec()));
        }
        self.order.insert((Score(score), member.to_vec()));
        old
    }

    fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let old = self.scores.remove(member)?;
        self.order.remove(&(Score(old), member.to_vec()));
        Some(old)
    }

    fn items(&self) -> Vec<(Vec<u8>, u64)> {
        let score = |member: &Vec<u8>| bits(self.scores[member]);
        self.order.iter().map(|(_, member)| (member.clone(), score(member))).collect()
    }
}

/// A score but for the sign of zero, which depends on the encoding.
fn bits(score: f64) -> u64 {
    (score + 0.0).to_bits()
}

fn items(zset: &Zset) -> Vec<(Vec<u8>, u64)> {
    let mut items = Vec::new();
    zset.for_each(|member, score| items.push((member.to_vec(), bits(score))));
    items
}

#[track_caller]
fn check(zset: &Zset, model: &Model) {
    let expected = model.items();
    assert_eq!(zset.len(), expected.len());
    assert_eq!(items(zset), expected);
    let mut backwards = Vec::new();
    zset.range(zset.len().wrapping_sub(1), usize::MAX, true, |member, score| {
        backwards.push((member.to_vec(), bits(score)));
    });
    backwards.reverse();
    assert_eq!(backwards, expected);
    for (rank, (member, score)) in expected.iter().enumerate().step_by(7) {
        assert_eq!(zset.rank(member), Some((rank, f64::from_bits(*score))));
        assert_eq!(zset.score(member).map(bits), Some(*score));
        assert_eq!(zset.at(rank).map(|(member, _)| member).as_ref(), Some(member));
    }
    let (mut seen, mut cursor) = (BTreeSet::new(), 0);
    loop {
        cursor = zset.scan(cursor, 10, |member, score| {
            assert_eq!(bits(model.scores[&member.to_vec()]), bits(score));
            seen.insert(member.to_vec());
        });
        if cursor == 0 {
            break;
        }
    }
    assert!(seen.iter().eq(model.scores.keys()));
}

#[test]
fn minus_zero_is_zero_while_small() {
    for (entries, shown) in [(0, -0.0_f64), (128, 0.0)] {
        let limits = Limits { zset_max_listpack_entries: entries, ..Limits::default() };
        let mut zset = Zset::new();
        zset.insert(b"a", -0.0, &limits);
        assert_eq!(zset.score(b"a").map(f64::to_bits), Some(shown.to_bits()));
        // Equal scores change nothing.
        zset.insert(b"a", 0.0, &limits);
        assert_eq!(zset.score(b"a").map(f64::to_bits), Some(shown.to_bits()));
    }
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..300u32).prop_map(|number| number.to_string().into_bytes()),
        (0..2000u32).prop_map(|number| format!("same beginning {number}").into_bytes()),
        prop::collection::vec(0..3u8, 0..12),
        (100..102usize).prop_map(|len| vec![b'x'; len * 50]),
    ]
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(-0.0),
        (-5..5i32).prop_map(f64::from),
        any::<f64>().prop_filter("no score is NaN", |score| !score.is_nan()),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn does_what_maps_do(
        entries_max in prop_oneof![Just(0usize), Just(20), Just(128)],
        steps in prop::collection::vec((0..9u8, member(), score(), any::<usize>()), 0..900),
    ) {
        let limits = Limits { zset_max_listpack_entries: entries_max, ..Limits::default() };
        let (mut zset, mut model) = (Zset::new(), Model::default());
        for (number, (step, member, score, at)) in steps.into_iter().enumerate() {
            match step {
                0..=5 => {
                    let old = zset.insert(&member, score, &limits).map(bits);
                    prop_assert_eq!(old, model.insert(&member, score).map(bits));
                }
                6 => {
                    let removed = zset.remove(&member).map(bits);
                    prop_assert_eq!(removed, model.remove(&member).map(bits));
                }
                7 if number % 4 == 0 => {
                    let rank = at % (model.scores.len() + 1);
                    let gone: Vec<_> =
                        model.items().into_iter().skip(rank).take(at / 7 % 30).collect();
                    prop_assert_eq!(zset.remove_range(rank, at / 7 % 30), gone.len());
                    for (member, _) in &gone {
                        model.remove(member);
                    }
                }
                _ => {
                    let before = model.order.iter().filter(|item| item.0 < Score(score)).count();
                    prop_assert_eq!(zset.partition_point(|_, other| other < score), before);
                    zset.settle(&limits);
                }
            }
            if number % 50 == 0 {
                check(&zset, &model);
            }
        }
        check(&zset, &model);
        check(&zset.clone(), &model);
    }
}

#[test]
fn a_large_one_comes_and_goes() {
    let limits = Limits::default();
    let (mut zset, mut model) = (Zset::new(), Model::default());
    let mut rng = stdx::rng::Rng::new(3);
    for number in 0..30_000u64 {
        let member = format!("member:{number:09}");
        let score = rng.below(1000) as f64 / 8.0;
        zset.insert(member.as_bytes(), score, &limits);
        model.insert(member.as_bytes(), score);
    }
    check(&zset, &model);
    assert_eq!(zset.encoding(), "skiplist");
    for number in 0..30_000u64 {
        if number % 10 != 0 {
            let member = format!("member:{number:09}");
            assert_eq!(zset.remove(member.as_bytes()), model.remove(member.as_bytes()));
        }
    }
    check(&zset, &model);
    assert!(zset.memory_bytes() < 3000 * 80, "{}", zset.memory_bytes());
    zset.remove_range(0, 3000);
    assert!(zset.is_empty());
}

#[test]
fn sixteen_bytes_take_little_more_than_their_score() {
    let limits = Limits::default();
    let mut rng = stdx::rng::Rng::new(3);
    let mut zset = Zset::new();
    for number in 0..200_000u32 {
        let score = f64::from_bits(0x3ff0_0000_0000_0000 | rng.next_u64() >> 12);
        zset.insert(format!("member:{number:09}").as_bytes(), score, &limits);
    }
    let each = zset.memory_bytes() as f64 / 200_000.0;
    assert!(each < 46.0, "{each}");
}
