//! Against a plain set, through all encodings.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use stdx::rng::Rng;

use super::*;

fn small_limits() -> Limits {
    Limits {
        set_max_intset_entries: 8,
        set_max_listpack_entries: 12,
        set_max_listpack_value_bytes: 6,
        ..Limits::default()
    }
}

fn contents(set: &Set) -> BTreeSet<Vec<u8>> {
    let all: Vec<_> = set.iter().map(Item::to_vec).collect();
    let contents: BTreeSet<_> = all.iter().cloned().collect();
    assert_eq!(all.len(), contents.len(), "each once");
    contents
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (-20i64..40).prop_map(|number| number.to_string().into_bytes()),
        1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        1 => prop_oneof![Just(-32_768i64), Just(32_768), Just(i64::from(i32::MIN) - 1)]
            .prop_map(|number| number.to_string().into_bytes()),
        3 => "[a-c]{1,3}".prop_map(String::into_bytes),
        1 => "[a-c]{7}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn does_what_a_set_does(
        steps in prop::collection::vec((0..10u8, member()), 0..60),
        small in any::<bool>(),
    ) {
        let limits = &if small { small_limits() } else { Limits::default() };
        let (mut set, mut model) = (Set::new(), BTreeSet::new());
        let mut rng = Rng::new(1);
        for (step, member) in steps {
            match step {
                0..=5 => {
                    if set.is_empty() {
                        set.prepare(&member, 1, limits);
                    }
                    assert_eq!(set.add(&member, limits), model.insert(member.clone()));
                }
                6 | 7 => assert_eq!(set.remove(&member), model.remove(&member)),
                8 => match set.pop(&mut rng) {
                    Some(popped) => assert!(model.remove(&popped)),
                    None => assert!(model.is_empty()),
                },
                _ => {
                    let copy = set.clone();
                    set = copy;
                    let mut compact = set.clone();
                    compact.compact(limits);
                    assert_eq!(contents(&compact), model);
                }
            }
            assert_eq!(set.contains(&member), model.contains(&member));
            assert_eq!(set.contains_item(Item::of(&member)), model.contains(&member));
            assert_eq!(contents(&set), model);
            assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
            let mut sampled = BTreeSet::new();
            set.sample(3, &mut rng, |item| {
                assert!(sampled.insert(item.to_vec()));
            });
            assert_eq!(sampled.len(), 3.min(model.len()));
            assert!(sampled.is_subset(&model));
        }
    }
}

#[test]
fn five_hundred_integers_are_small() {
    let mut set = Set::new();
    for number in 0..500 {
        set.add((number * 60).to_string().as_bytes(), &Limits::default());
    }
    assert_eq!(set.encoding(), "intset");
    assert!(set.memory_bytes() <= 1024, "{}", set.memory_bytes());
}

#[test]
fn every_choice_is_as_likely() {
    let mut rng = Rng::new(3);
    let mut set = Set::new();
    (0..5).for_each(|number| _ = set.add(number.to_string().as_bytes(), &Limits::default()));
    let mut counts: BTreeMap<Vec<Vec<u8>>, u32> = BTreeMap::new();
    for _ in 0..10_000 {
        let mut chosen = Vec::new();
        set.sample(2, &mut rng, |item| chosen.push(item.to_vec()));
        chosen.sort();
        *counts.entry(chosen).or_default() += 1;
    }
    assert_eq!(counts.len(), 10);
    assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
}
