//! Against a plain vector, in every size of block and depth of compression.

use proptest::prelude::*;

use super::*;

fn all(list: &List) -> Vec<Vec<u8>> {
    let mut items = Vec::new();
    list.for_each(|item| items.push(item.to_vec()));
    items
}

fn check(list: &List, model: &[Vec<u8>]) {
    assert_eq!(list.len(), model.len());
    assert_eq!(list.is_empty(), model.is_empty());
    assert_eq!(all(list), model);
    let mut backwards = Vec::new();
    if !model.is_empty() {
        let _ = list.walk_back(model.len() - 1, |position, item| {
            backwards.push((position, item.to_vec()));
            ControlFlow::Continue(())
        });
    }
    backwards.reverse();
    assert!(backwards.into_iter().eq(model.iter().cloned().enumerate()));
    assert_eq!(list.peek(End::Left).map(Item::to_vec).as_ref(), model.first());
    assert_eq!(list.peek(End::Right).map(Item::to_vec).as_ref(), model.last());
    if let Form::Blocks(blocks) = &list.form {
        blocks.check();
    }
}

impl Blocks {
    /// The invariants.
    pub(super) fn check(&self) {
        self.nodes().check();
        for node in self.nodes().iter_from(0) {
            assert!(node.len > 0);
            node.with(|stretch| {
                let count = match stretch {
                    Stretch::Pack(pack) => pack.len(),
                    Stretch::Plain(_) => 1,
                };
                assert_eq!(count, node.len);
            });
        }
    }
}

fn item() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..20i64).prop_map(|number| number.to_string().into_bytes()),
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..60),
        (100usize..400).prop_map(|len| vec![b'y'; len]),
        Just(vec![b'z'; 9000]),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    (prop_oneof![Just(-2), Just(-1), 1..6i32], 0..3usize, prop_oneof![Just(0usize), 50..200usize])
        .prop_map(|(list_max_listpack_size, list_compress_depth, list_plain_bytes_min)| Limits {
            list_max_listpack_size,
            list_compress_depth,
            list_plain_bytes_min,
            ..Limits::default()
        })
}

proptest! {
    #[test]
    fn does_what_a_vector_does(
        limits in limits(),
        steps in prop::collection::vec((0..12u8, any::<usize>(), any::<usize>(), item()), 0..120),
    ) {
        let mut list = List::new();
        let mut model: Vec<Vec<u8>> = Vec::new();
        for (step, at, count, item) in steps {
            let at = at % (model.len() + 1);
            let end = if count % 2 == 0 { End::Left } else { End::Right };
            match step {
                0..=4 => {
                    list.push(end, &item, &limits);
                    let at = if end == End::Left { 0 } else { model.len() };
                    model.insert(at, item);
                }
                5 => {
                    list.drop_end(end, &limits);
                    match end {
                        End::Left if !model.is_empty() => drop(model.remove(0)),
                        _ => drop(model.pop()),
                    }
                }
                6 | 7 => {
                    list.insert(at, &item, &limits);
                    model.insert(at, item);
                }
                8 if at < model.len() => {
                    list.set(at, &item, &limits);
                    model[at] = item;
                }
                9 => {
                    let count = count % 8;
                    list.remove_range(at, count, &limits);
                    model.drain(at..(at + count).min(model.len()));
                }
                10 => {
                    let most = 1 + count / 2 % 4;
                    let removed = list.remove(&item, end, most, &limits);
                    let mut places: Vec<usize> =
                        (0..model.len()).filter(|at| model[*at] == item).collect();
                    if end == End::Right {
                        places.reverse();
                    }
                    places.truncate(most);
                    prop_assert_eq!(removed, places.len());
                    places.sort_unstable();
                    places.iter().rev().for_each(|at| drop(model.remove(*at)));
                }
                _ => {
                    prop_assert_eq!(list.find(&item), model.iter().position(|other| *other == item));
                    let mut seen = Vec::new();
                    list.range(at, count % 7, |item| seen.push(item.to_vec()));
                    let end = (at + count % 7).min(model.len());
                    prop_assert_eq!(&seen[..], &model[at..end]);
                    let mut seen = Vec::new();
                    list.range_back(at, count % 7, |item| seen.push(item.to_vec()));
                    seen.reverse();
                    prop_assert_eq!(&seen[..], &model[at.saturating_sub(count % 7)..at]);
                    list = list.clone();
                }
            }
            check(&list, &model);
        }
    }
}

#[test]
fn the_form_follows_the_size_as_in_redis() {
    let limits = Limits::default();
    let mut list = List::new();
    for _ in 0..99 {
        list.push(End::Right, &[b'x'; 79], &limits);
    }
    assert_eq!(list.encoding(), "listpack");
    list.push(End::Left, &[b'x'; 79], &limits);
    assert_eq!(list.encoding(), "quicklist");
    while list.len() > 49 {
        list.drop_end(End::Left, &limits);
    }
    assert_eq!(list.encoding(), "listpack");
    let few = Limits { list_max_listpack_size: 3, ..limits };
    let mut list = List::new();
    (0..3).for_each(|_| list.push(End::Right, b"x", &few));
    assert_eq!(list.encoding(), "listpack");
    list.push(End::Right, b"x", &few);
    assert_eq!((list.encoding(), list.block_count()), ("quicklist", 2));
}

#[test]
fn sixteen_bytes_take_little_more() {
    let limits = Limits::default();
    for end in [End::Left, End::Right] {
        let mut list = List::new();
        for number in 0..100_000 {
            list.push(end, format!("element:{number:08}").as_bytes(), &limits);
        }
        let each = list.memory_bytes() as f64 / 100_000.0;
        assert!(each < 18.4, "{each}");
    }
}

#[test]
fn inner_blocks_are_compressed() {
    let limits = Limits { list_compress_depth: 1, ..Limits::default() };
    let mut list = List::new();
    for _ in 0..20_000 {
        list.push(End::Right, b"the same again", &limits);
    }
    assert!(list.memory_bytes() < 40_000, "{}", list.memory_bytes());
}
