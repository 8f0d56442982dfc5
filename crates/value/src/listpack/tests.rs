//! Against a plain vector, and against bytes that Redis makes.

use proptest::prelude::*;

use super::*;

fn all(pack: &Listpack) -> Vec<Vec<u8>> {
    pack.iter().map(Item::to_vec).collect()
}

fn check(pack: &Listpack, model: &[Vec<u8>]) {
    assert_eq!(all(pack), model);
    let mut backwards: Vec<_> = pack.iter().rev().map(Item::to_vec).collect();
    backwards.reverse();
    assert_eq!(backwards, model);
    assert_eq!(pack.len(), model.len());
    assert_eq!(Listpack::from_untrusted(pack.as_bytes()).as_ref(), Some(pack));
    for (index, item) in model.iter().enumerate() {
        let at = pack.seek(index as isize).unwrap();
        assert_eq!(pack.seek(index as isize - model.len() as isize), Some(at));
        assert_eq!(pack.get(at).to_vec(), *item);
    }
    assert_eq!(pack.seek(model.len() as isize), None);
    assert_eq!(pack.seek(-1 - model.len() as isize), None);
}

#[test]
fn bytes_are_redis_s() {
    let mut pack = Listpack::new();
    for item in ["a", "1", "-1", "128", "4095", "4096", "40000", "10000000", "01"] {
        pack.push(item.as_bytes());
    }
    pack.push(b"9223372036854775807");
    let expected: &[u8] = &[
        0x34, 0, 0, 0, 10, 0, // header
        0x81, b'a', 2, 1, 1, 0xdf, 0xff, 2, 0xc0, 0x80, 2, 0xcf, 0xff, 2, // small
        0xf1, 0, 0x10, 3, 0xf2, 0x40, 0x9c, 0, 4, 0xf3, 0x80, 0x96, 0x98, 0, 5, // wider
        0x82, b'0', b'1', 3, // no canonical text
        0xf4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 9, 0xff,
    ];
    let mut expected = expected.to_vec();
    expected[0] = expected.len() as u8;
    assert_eq!(pack.as_bytes(), expected);
}

#[test]
fn long_strings_have_long_lengths() {
    let mut pack = Listpack::new();
    let mut model = Vec::new();
    for len in [0, 63, 64, 126, 127, 128, 4095, 4096, 16_378, 16_384, 2_097_200] {
        model.push(vec![b'x'; len]);
        pack.push(&vec![b'x'; len]);
        check(&pack, &model);
    }
}

fn item() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        (-5000i64..5000).prop_map(|number| number.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..80),
        (60usize..140).prop_map(|len| vec![b'y'; len]),
    ]
}

proptest! {
    #[test]
    fn does_what_a_vector_does(steps in prop::collection::vec((0..8u8, any::<usize>(), item()), 0..60)) {
        let mut pack = Listpack::new();
        let mut model: Vec<Vec<u8>> = Vec::new();
        for (step, at, item) in steps {
            let index = at % model.len().max(1);
            match step {
                0 | 1 => {
                    pack.push(&item);
                    model.push(item);
                }
                2 => {
                    pack.push_front(&item);
                    model.insert(0, item);
                }
                _ if model.is_empty() => {}
                3 => {
                    let at = pack.seek(index as isize).unwrap();
                    pack.insert(at, &item);
                    model.insert(index, item);
                }
                4 => {
                    let at = pack.seek(index as isize).unwrap();
                    pack.replace(at, &item);
                    model[index] = item;
                }
                5 => {
                    let at = pack.seek(index as isize).unwrap();
                    let count = item.len() % 4;
                    let next = pack.remove_range(at, count);
                    model.drain(index..(index + count).min(model.len()));
                    assert_eq!(next.map(|at| pack.get(at).to_vec()), model.get(index).cloned());
                }
                6 => {
                    let mut rest = pack.split_off(pack.seek(index as isize).unwrap());
                    let model_rest = model.split_off(index);
                    check(&rest, &model_rest);
                    rest.append(&pack);
                    pack = rest;
                    model = [model_rest, model].concat();
                }
                _ => {
                    let first = pack.first().unwrap();
                    let found = pack.find(first, &model[index], 0).unwrap();
                    let wanted = model.iter().position(|item| *item == model[index]).unwrap();
                    assert_eq!(pack.seek(wanted as isize), Some(found));
                }
            }
            check(&pack, &model);
        }
    }

    #[test]
    fn no_bytes_from_outside_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), flip in any::<(usize, u8)>()) {
        let _ = Listpack::from_untrusted(bytes.clone());
        let mut pack = Listpack::new();
        bytes.chunks(7).for_each(|chunk| pack.push(chunk));
        let mut bytes = pack.as_bytes().to_vec();
        let at = flip.0 % bytes.len();
        bytes[at] ^= flip.1;
        if let Some(pack) = Listpack::from_untrusted(bytes) {
            check(&pack, &all(&pack));
        }
    }
}
