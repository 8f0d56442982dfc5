//! Against a plain map, through all encodings.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stdx::rng::Rng;

use super::*;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

fn contents(hash: &Hash, now_ms: i64) -> Model {
    let pair = |field: Field<'_>| (field.name.to_vec(), (field.value.to_vec(), field.deadline_ms));
    hash.iter(now_ms).map(pair).collect()
}

fn live(model: &Model, now_ms: i64) -> Model {
    let is_live = |at: &Option<i64>| at.is_none_or(|at_ms| at_ms >= now_ms);
    let pairs = model.iter().filter(|(_, (_, at))| is_live(at));
    pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0i64..12).prop_map(|number| number.to_string().into_bytes()),
        3 => "[a-c]{0,2}".prop_map(String::into_bytes),
        1 => "[a-c]{9}".prop_map(String::into_bytes),
    ]
}

fn deadline() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![2 => Just(None), 1 => (1i64..1 << 16).prop_map(Some)]
}

proptest! {
    #[test]
    fn does_what_a_map_does(
        steps in prop::collection::vec((0..10u8, text(), text(), deadline()), 0..50),
        small in any::<bool>(),
        timed in any::<bool>(),
    ) {
        let mut limits = Limits::default();
        if small {
            limits.hash_max_listpack_entries = 8;
            limits.hash_max_listpack_value_bytes = 8;
        }
        let (mut hash, mut model, mut rng) = (Hash::new(), Model::new(), Rng::new(1));
        for (step, name, value, deadline_ms) in steps {
            let deadline_ms = deadline_ms.filter(|_| timed);
            let now_ms = deadline_ms.unwrap_or(500);
            match step {
                0..=4 => {
                    let is_new = hash.set(&name, &value, deadline_ms, &limits);
                    let old = model.insert(name.clone(), (value, deadline_ms));
                    assert_eq!(is_new, old.is_none());
                }
                5 | 6 => assert_eq!(hash.remove(&name), model.remove(&name).is_some()),
                7 => {
                    let found = model.get_mut(&name).map(|(_, at)| *at = deadline_ms);
                    assert_eq!(hash.set_deadline(&name, deadline_ms), found.is_some());
                }
                8 => {
                    let count = model.len() - live(&model, now_ms).len();
                    let mut gone = Vec::new();
                    let removed = hash.remove_expired(now_ms, 3, |name| gone.push(name.to_vec()));
                    assert_eq!((removed, gone.len()), (count.min(3), count.min(3)));
                    for name in gone {
                        assert!(model.remove(&name).unwrap().1.unwrap() < now_ms);
                    }
                }
                _ => hash = hash.clone(),
            }
            assert_eq!(contents(&hash, i64::MIN), model);
            assert_eq!(contents(&hash, now_ms), live(&model, now_ms));
            assert_eq!(hash.live_len(now_ms), live(&model, now_ms).len());
            assert_eq!((hash.len(), hash.is_empty()), (model.len(), model.is_empty()));
            let first = model.values().filter_map(|(_, at)| *at).min();
            assert_eq!(hash.next_expiry_ms().is_some(), first.is_some());
            assert!(first.is_none_or(|at_ms| hash.next_expiry_ms().unwrap() <= at_ms));
            let expected = live(&model, now_ms).get(&name).map(|(value, _)| value.clone());
            assert_eq!(hash.get(&name, now_ms).map(Item::to_vec), expected);
            let random = hash.random(now_ms, &mut rng).map(|field| field.name.to_vec());
            assert_eq!(random.is_none(), live(&model, now_ms).is_empty());
            assert!(random.is_none_or(|name| live(&model, now_ms).contains_key(&name)));
            let mut sampled = Vec::new();
            hash.sample(2, now_ms, &mut rng, |field| sampled.push(field.name.to_vec()));
            assert_eq!(sampled.len(), 2.min(live(&model, now_ms).len()));
            let mut scanned = Model::new();
            let next = hash.scan(0, 1000, now_ms, |field| {
                scanned.insert(field.name.to_vec(), (field.value.to_vec(), field.deadline_ms));
            });
            assert_eq!((next, scanned), (0, live(&model, now_ms)));
        }
    }
}

#[test]
fn ten_short_fields_are_small() {
    let mut hash = Hash::new();
    for number in 0..10 {
        let name = format!("field:{number}");
        hash.set(name.as_bytes(), b"value:1234", None, &Limits::default());
    }
    assert!(hash.memory_bytes() <= 224, "{}", hash.memory_bytes());
}
