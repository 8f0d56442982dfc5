//! Against a plain map, through splits and joins.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use stdx::rng::Rng;

use super::*;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

impl<const MAP: bool> Table<MAP> {
    /// Checks the invariants, and the counts against what is there.
    fn check(&self) {
        let (mut len, mut pages, mut long, mut timed, mut bytes) = (0, 0, 0, 0, 0);
        for segment in self.segments.items() {
            // SAFETY: the segment is the borrowed table's.
            let segment = unsafe { segment.as_ref() };
            bytes += segment.heap_bytes();
            let depths: Vec<u8> = segment.pages.items().map(Page::depth).collect();
            let covered: f64 =
                depths.iter().map(|depth| 0.5f64.powi(i32::from(depth - segment.depth))).sum();
            assert!((covered - 1.0).abs() < 1e-9);
            let deepest = depths.iter().filter(|depth| **depth == segment.depth_max()).count();
            assert_eq!(deepest, segment.pages.deepest);
            for page in segment.pages.items() {
                (pages, len) = (pages + 1, len + page.count());
                bytes += page.block_bytes();
                assert!(page.due() >= segment.due && segment.due >= self.due);
                for index in 0..page.count() {
                    let item = self.read(page, index);
                    timed += usize::from(item.deadline_ms.is_some());
                    assert_eq!(self.page(hash(item.key)), page);
                    assert!(item.deadline_ms.is_none_or(|at| page::due_units(at) >= page.due()));
                    // SAFETY: the item is written.
                    if unsafe { item::is_long(page.item(index)) } {
                        long += 1;
                        bytes += block_bytes(24 + item.key.len() + item.value.len());
                    }
                }
            }
        }
        assert_eq!((self.len, self.pages, self.long), (len, pages, long));
        assert_eq!(self.expiring, timed);
        assert_eq!(self.heap_bytes, bytes);
    }
}

fn contents(table: &MapTable) -> Model {
    table.iter().map(|item| (item.key.to_vec(), (item.value.to_vec(), item.deadline_ms))).collect()
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (0u32..3000).prop_map(|number| number.to_string().into_bytes()),
        1 => (0u32..50, 100usize..300).prop_map(|(n, len)| format!("{n:0len$}").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Set(Vec<u8>, Vec<u8>, Option<i64>),
    Remove(Vec<u8>),
    Fill(u16),
    Empty(u16),
    Expire(i64, usize),
    Clone,
}

fn step() -> impl Strategy<Value = Step> {
    let deadline = prop_oneof![Just(None), (0i64..1 << 20).prop_map(Some)];
    prop_oneof![
        6 => (bytes(), bytes(), deadline).prop_map(|(key, value, at)| Step::Set(key, value, at)),
        4 => bytes().prop_map(Step::Remove),
        1 => any::<u16>().prop_map(Step::Fill),
        1 => any::<u16>().prop_map(Step::Empty),
        1 => (0i64..1 << 20, 1usize..100).prop_map(|(now, max)| Step::Expire(now, max)),
        1 => Just(Step::Clone),
    ]
}

fn run(table: &mut MapTable, model: &mut Model, step: Step) {
    match step {
        Step::Set(key, value, deadline_ms) => {
            let is_new = table.set(&Item { key: &key, value: &value, deadline_ms });
            assert_eq!(is_new, model.insert(key, (value, deadline_ms)).is_none());
        }
        Step::Remove(key) => assert_eq!(table.remove(&key), model.remove(&key).is_some()),
        Step::Fill(seed) => {
            for number in 0..seed % 700 {
                let key = (u32::from(seed) * 7 + u32::from(number)).to_string().into_bytes();
                let value = vec![b'v'; usize::from(number % 70)];
                let deadline_ms = (number % 3 == 0).then_some(i64::from(seed) * 16);
                table.set(&Item { key: &key, value: &value, deadline_ms });
                model.insert(key, (value, deadline_ms));
            }
        }
        Step::Empty(seed) => {
            let keys: Vec<_> = model.keys().skip(usize::from(seed % 50)).cloned().collect();
            for key in keys {
                assert!(table.remove(&key));
                model.remove(&key);
            }
        }
        Step::Expire(now_ms, max) => {
            let has_come = |at: &Option<i64>| at.is_some_and(|at_ms| at_ms < now_ms);
            let count = model.values().filter(|(_, at)| has_come(at)).count();
            let mut gone = Vec::new();
            let removed = table.remove_expired(now_ms, max, |key| gone.push(key.to_vec()));
            assert_eq!((removed, gone.len()), (count.min(max), count.min(max)));
            gone.iter().for_each(|key| assert!(has_come(&model.remove(key).unwrap().1)));
            let first = model.values().filter_map(|(_, at)| *at).min();
            assert!(first.is_none_or(|at_ms| table.due_ms().unwrap() <= at_ms));
            if removed == 0 {
                assert!(table.due_ms().is_none_or(|due_ms| due_ms >> 10 >= now_ms >> 10));
            }
        }
        Step::Clone => {
            let copy = table.clone();
            copy.check();
            *table = copy;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn does_what_a_map_does(steps in prop::collection::vec(step(), 0..60)) {
        let (mut table, mut model) = (MapTable::new(), Model::new());
        for step in steps {
            run(&mut table, &mut model, step);
            table.check();
            assert_eq!(contents(&table), model);
            assert_eq!(table.len(), model.len());
            for (key, (value, deadline_ms)) in model.iter().take(20) {
                let item = Item { key, value, deadline_ms: *deadline_ms };
                assert_eq!(table.get(key), Some(item));
            }
        }
    }

    #[test]
    fn a_scan_misses_nothing_that_stays(
        stays in 1u32..400,
        others in prop::collection::vec((0u32..4000, any::<bool>()), 0..60),
        count in 1usize..50,
    ) {
        let name = |number: u32| format!("m{number}").into_bytes();
        let mut table = SetTable::new();
        (0..stays).for_each(|number| assert!(table.add(&name(number))));
        let mut seen = BTreeSet::new();
        let (mut cursor, mut others) = (0, others.iter().cycle());
        for _ in 0..10_000 {
            cursor = table.scan(cursor, count, |item| _ = seen.insert(item.key.to_vec()));
            if cursor == 0 {
                break;
            }
            // Grows or shrinks much between two calls.
            let Some((first, grows)) = others.next() else { continue };
            for number in 1000 + first..1000 + first + 700 {
                if *grows { table.add(&name(number)) } else { table.remove(&name(number)) };
            }
        }
        assert_eq!(cursor, 0);
        (0..stays).for_each(|number| assert!(seen.contains(&name(number))));
    }
}

#[test]
fn grows_to_many_segments_and_back() {
    let mut table = SetTable::new();
    let count = if cfg!(debug_assertions) { 100_000u32 } else { 1_000_000 };
    for number in 0..count {
        assert!(table.add(&number.to_le_bytes()));
    }
    table.check();
    assert!(table.segments.bits() >= 2);
    let full_bytes = table.memory_bytes();
    for number in 10..count {
        assert!(table.remove(&number.to_le_bytes()));
    }
    table.check();
    assert_eq!(table.len(), 10);
    assert!(table.memory_bytes() < full_bytes / 500, "{} of {full_bytes}", table.memory_bytes());
}

#[test]
fn fields_expire_from_many_segments() {
    let mut table = MapTable::new();
    for number in 0..60_000i64 {
        // Some stay, and the ranges of hashes empty unevenly.
        let key = number.to_le_bytes();
        let deadline_ms = (number % 7 != 0 || hash(&key) >> 62 == 1).then_some(number * 100);
        table.set(&Item { key: &key, value: b"v", deadline_ms });
    }
    assert!(table.segments.bits() >= 1);
    let timed = table.iter().filter(|item| item.deadline_ms.is_some()).count();
    let mut removed = 0;
    for now_ms in (0..=6_000_000).step_by(100_000) {
        for max in [10, 700, usize::MAX, usize::MAX] {
            removed += table.remove_expired(now_ms, max, |_| {});
            table.check();
        }
        let has_come = |item: &Item<'_>| item.deadline_ms.is_some_and(|at_ms| at_ms < now_ms);
        assert!(!table.iter().any(|item| has_come(&item)));
    }
    assert_eq!(removed, timed);
    assert_eq!(table.due_ms(), None);
}

#[test]
fn each_item_is_as_likely() {
    for len in [5u32, 100, 5000] {
        let mut table = SetTable::new();
        (0..len).for_each(|number| _ = table.add(&number.to_le_bytes()));
        let mut rng = Rng::new(7);
        let mut drawn: HashMap<&[u8], f64> = HashMap::new();
        let draws = len * 100;
        for _ in 0..draws {
            *drawn.entry(table.random(&mut rng).unwrap().key).or_default() += 1.0;
        }
        // Chi-square, whose mean is `len` and whose deviation sqrt(2 len).
        let missed = (len as usize - drawn.len()) as f64 * 100.0;
        let sum: f64 = drawn.values().map(|count| (count - 100.0).powi(2) / 100.0).sum();
        let limit = f64::from(len) + 5.0 * (2.0 * f64::from(len)).sqrt();
        assert!(sum + missed < limit, "{len}: {sum} + {missed} of {limit}");
    }
}
