//! Against a plain array of registers, and against bytes that cannot be.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const SPARSE_MAX: usize = 3000;

fn number(number: u64) -> [u8; 8] {
    number.to_le_bytes()
}

fn with(elements: impl Iterator<Item = u64>, sparse_bytes_max: usize) -> Vec<u8> {
    let mut hll = empty();
    for element in elements {
        add(&mut hll, &number(element), sparse_bytes_max).unwrap();
    }
    hll
}

#[test]
fn an_empty_one_is_eighteen_bytes() {
    let hll = empty();
    assert_eq!(hll, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    assert_eq!((cached_count(&hll), count(&hll)), (Some(0), Ok(0)));
}

#[test]
fn counts_are_kept_until_a_change() {
    let mut hll = with(0..10, SPARSE_MAX);
    cache_count(&mut hll, 10);
    assert_eq!(cached_count(&hll), Some(10));
    forget_count(&mut hll);
    assert_eq!(cached_count(&hll), None);
    let dense = to_dense(&hll).unwrap();
    assert_eq!((cached_count(&dense), count(&dense)), (None, count(&hll)));
}

#[test]
fn long_ones_become_dense() {
    let mut hll = empty();
    let mut elements = 0;
    while encoding(&hll) == Some(Encoding::Sparse) {
        assert!(hll.len() <= SPARSE_MAX);
        add(&mut hll, &number(elements), SPARSE_MAX).unwrap();
        elements += 1;
    }
    assert_eq!(count(&hll), count(&with(0..elements, usize::MAX)));
    assert_eq!(encoding(&with(0..1, 0)), Some(Encoding::Dense));
}

#[test]
fn estimates_are_near() {
    self_test().unwrap();
    let mut hll = to_dense(&empty()).unwrap();
    for element in 0..1_000_000 {
        add_dense(&mut hll, &number(element));
    }
    let estimate = count(&hll).unwrap() as f64;
    assert!((estimate / 1_000_000.0 - 1.0).abs() < 0.03, "{estimate}");
}

#[test]
fn full_and_senseless_registers_have_an_estimate() {
    for value in [0, 1, 50, 51, 52, 63] {
        let mut hll = to_dense(&empty()).unwrap();
        dense::pack(&[value; REGISTERS], dense_registers(&mut hll));
        assert_eq!(count(&hll), Ok(count_registers(&[value; REGISTERS])));
    }
}

#[test]
fn registers_that_do_not_add_up() {
    for runs in
        [b"".as_slice(), b"\x00", b"\x7f", b"\x7f\xff\x00", b"\x7f\xfe\x81", b"\x7f\xfe\x80\x80"]
    {
        let hll = [header(Encoding::Sparse).as_slice(), runs].concat();
        assert_eq!(encoding(&hll), Some(Encoding::Sparse));
        assert_eq!(count(&hll), Err(Corrupt), "{runs:x?}");
        assert_eq!(registers(&hll), Err(Corrupt));
        assert_eq!(to_dense(&hll), Err(Corrupt));
    }
    assert!(
        count(&[header(Encoding::Sparse).as_slice(), b"\x7f\xfe\x80".as_slice()].concat()).is_ok()
    );
    for other in [
        b"".as_slice(),
        b"HYLL",
        b"HYLM\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff",
        b"HYLL\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        assert_eq!(encoding(other), None);
    }
}

fn check(hll: &[u8], model: &HashMap<usize, u8>) {
    let registers = registers(hll).unwrap();
    for (index, register) in registers.iter().enumerate() {
        assert_eq!(*register, model.get(&index).copied().unwrap_or(0), "register {index}");
    }
    assert_eq!(count(hll), Ok(count_registers(&registers)));
}

proptest! {
    #[test]
    fn registers_rise(
        steps in prop::collection::vec((0..200usize, 1..52u8), 1..300),
        spread in 1..82usize, sparse_bytes_max in prop_oneof![Just(3000usize), 16..200usize],
    ) {
        let mut hll = empty();
        let mut model: HashMap<usize, u8> = HashMap::new();
        for (index, count) in steps {
            let (index, old) = (index * spread, hll.clone());
            let register = model.entry(index).or_default();
            let rises = *register < count;
            *register = count.max(*register);
            prop_assert_eq!(raise_any(&mut hll, index, count, sparse_bytes_max), Ok(rises));
            prop_assert_eq!(rises, hll != old);
        }
        check(&hll, &model);
        let dense = to_dense(&hll);
        if encoding(&hll) == Some(Encoding::Sparse) {
            check(&dense.unwrap(), &model);
        }
    }

    #[test]
    fn unions(
        mine in prop::collection::vec(0..3000u64, 0..300),
        others in prop::collection::vec(0..3000u64, 0..300),
        sparse_bytes_max in prop_oneof![Just(3000usize), 16..600usize], into_dense: bool,
    ) {
        let both = with(mine.iter().chain(&others).copied(), usize::MAX);
        let mut target = with(mine.into_iter(), sparse_bytes_max);
        let mut union = registers(&with(others.into_iter(), sparse_bytes_max)).unwrap();
        merge(&target, &mut union).unwrap();
        // The very bytes that come of raising one register after the other.
        let mut expected = if into_dense { to_dense(&target).unwrap() } else { target.clone() };
        for (index, count) in union.iter().enumerate().filter(|(_, count)| **count > 0) {
            raise_any(&mut expected, index, *count, sparse_bytes_max).unwrap();
        }
        raise_all(&mut target, &union, into_dense, sparse_bytes_max).unwrap();
        prop_assert_eq!(&target, &expected);
        prop_assert_eq!(registers(&target), registers(&both));
        let is_dense = encoding(&target) == Some(Encoding::Dense);
        prop_assert!(is_dense || (!into_dense && target.len() <= sparse_bytes_max.max(18)));
    }

    #[test]
    fn no_bytes_from_outside_panic(
        runs in prop::collection::vec(any::<u8>(), 0..400), tail: bool,
        cut in 0..40usize, flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        elements in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let mut hll = [header(Encoding::Sparse), runs].concat();
        if tail {
            hll = with(elements.iter().copied(), SPARSE_MAX);
        }
        for (at, flip) in flips {
            let at = at.index(hll.len());
            hll[at] ^= flip;
        }
        hll.truncate(hll.len() - cut.min(hll.len()));
        let Some(kept) = encoding(&hll) else { return Ok(()) };
        let counted = count(&hll);
        prop_assert_eq!(counted.is_ok(), registers(&hll).is_ok());
        prop_assert_eq!(counted.is_ok(), to_dense(&hll).is_ok() || kept == Encoding::Dense);
        let before = runs_len(&hll);
        for element in elements {
            let _ = add(&mut hll, &number(element), SPARSE_MAX);
        }
        if counted.is_ok() && encoding(&hll) == Some(Encoding::Sparse) {
            prop_assert!(runs_len(&hll) <= before);
        }
    }
}

fn runs_len(hll: &[u8]) -> usize {
    runs(hll).map(|run| run.len).sum()
}
