//! Against models that go bit by bit.

use proptest::prelude::*;

use super::*;

fn bit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1)
}

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..max),
        prop::collection::vec(prop_oneof![8 => Just(0u8), 1 => any::<u8>()], 0..max),
        prop::collection::vec(prop_oneof![60 => Just(0xffu8), 1 => any::<u8>()], 0..max),
    ]
}

fn clamp_model(start: i64, end: i64, total: i64) -> Option<Range<usize>> {
    let start = if start < 0 { (start + total).max(0) } else { start };
    let end = if end < 0 { (end + total).max(0) } else { end };
    let kept: Vec<i64> = (0..total).filter(|at| (start..=end).contains(at)).collect();
    Some(*kept.first()? as usize..*kept.last()? as usize + 1)
}

fn has_bit(operation: Operation, sources: &[Vec<u8>], at: usize) -> bool {
    let first = bit(&sources[0], at);
    let set = sources.iter().filter(|source| bit(source, at)).count();
    let others = set - usize::from(first);
    match operation {
        Operation::And => set == sources.len(),
        Operation::Or => set > 0,
        Operation::Xor => set % 2 == 1,
        Operation::Not => !first,
        Operation::Diff => first && others == 0,
        Operation::Diff1 => !first && others > 0,
        Operation::AndOr => first && others > 0,
        Operation::One => set == 1,
    }
}

const OPERATIONS: [Operation; 8] = [
    Operation::And,
    Operation::Or,
    Operation::Xor,
    Operation::Not,
    Operation::Diff,
    Operation::Diff1,
    Operation::AndOr,
    Operation::One,
];

#[test]
fn ranges_at_the_edges_of_numbers() {
    assert_eq!(clamp(i64::MIN, i64::MAX, 8), Some(0..8));
    assert_eq!(clamp(i64::MAX, i64::MAX, 8), None);
    assert_eq!(clamp(i64::MIN, i64::MIN, 8), Some(0..1));
    assert_eq!(clamp(0, -1, 0), None);
    assert_eq!(clamp(-1, -2, 8), None);
    assert_eq!(clamp(-9, -20, 8), Some(0..1));
}

#[test]
fn blocks_meet() {
    let long = vec![0b1010_1010; 20_000];
    let longer = vec![0xff; 30_000];
    let xor = combine(Operation::Xor, &[&long, &longer]);
    assert!(xor[..20_000].iter().all(|byte| *byte == 0b0101_0101));
    assert!(xor[20_000..].iter().all(|byte| *byte == 0xff));
    let and = combine(Operation::And, &[&longer, &long]);
    assert!(and[..20_000] == long && and[20_000..].iter().all(|byte| *byte == 0));
}

proptest! {
    #[test]
    fn counts_and_positions(
        bytes in bytes(600), start in -5000i64..5000, end in -5000i64..5000, is_set: bool,
    ) {
        let total = bytes.len() * 8;
        let range = clamp(start, end, total);
        prop_assert_eq!(&range, &clamp_model(start, end, total as i64));
        let Some(range) = range else { return Ok(()) };
        let set = range.clone().filter(|at| bit(&bytes, *at)).count();
        prop_assert_eq!(count(&bytes, range.clone()), set as u64);
        let first = range.clone().find(|at| bit(&bytes, *at) == is_set);
        prop_assert_eq!(position(&bytes, range, is_set), first);
    }

    #[test]
    fn combinations(sources in prop::collection::vec(bytes(100), 1..5), which in 0..8usize) {
        let operation = OPERATIONS[which];
        let sources = if operation == Operation::Not { &sources[..1] } else { &sources[..] };
        let slices: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
        let result = combine(operation, &slices);
        prop_assert_eq!(result.len(), slices.iter().map(|slice| slice.len()).max().unwrap());
        for at in 0..result.len() * 8 {
            prop_assert_eq!(bit(&result, at), has_bit(operation, sources, at), "bit {}", at);
        }
    }

    #[test]
    fn fields(
        before in prop::collection::vec(any::<u8>(), 20), at in 0..90usize, number: i64,
        is_signed: bool, width in 1..=63i64,
    ) {
        let field = Field::new(is_signed, width).unwrap();
        let width = width as usize;
        let mut after = before.clone();
        field.write(&mut after, at, number);
        for index in 0..after.len() * 8 {
            let expected = match index.checked_sub(at) {
                Some(offset) if offset < width => number >> (width - 1 - offset) & 1 == 1,
                _ => bit(&before, index),
            };
            prop_assert_eq!(bit(&after, index), expected);
        }
        let unused = 64 - width;
        let read = match is_signed {
            true => number << unused >> unused,
            false => ((number as u64) << unused >> unused) as i64,
        };
        prop_assert_eq!(field.read(&after, at), read);
    }

    #[test]
    fn sums(number: i64, increment: i64, is_signed: bool, width in 1..=64i64) {
        let Some(field) = Field::new(is_signed, width) else { return Ok(()) };
        let number = field.add(number, 0, Overflow::Wrap).unwrap();
        let exact = i128::from(number) + i128::from(increment);
        let (least, greatest) = match is_signed {
            true => (-(1i128 << (width - 1)), (1i128 << (width - 1)) - 1),
            false => (0, (1i128 << width) - 1),
        };
        let fits = exact >= least && exact <= greatest;
        let wrapped = (exact - least).rem_euclid(1 << width) + least;
        prop_assert_eq!(field.add(number, increment, Overflow::Wrap), Some(wrapped as i64));
        let saturated = exact.min(greatest).max(least) as i64;
        prop_assert_eq!(field.add(number, increment, Overflow::Saturate), Some(saturated));
        let failed = fits.then_some(exact as i64);
        prop_assert_eq!(field.add(number, increment, Overflow::Fail), failed);
    }
}

#[test]
fn widths() {
    assert!(Field::new(true, 64).is_some() && Field::new(false, 63).is_some());
    for (is_signed, bits) in [(true, 0), (true, 65), (false, 64), (false, -1)] {
        assert_eq!(Field::new(is_signed, bits), None);
    }
    let whole = Field::new(true, 64).unwrap();
    assert_eq!(whole.add(i64::MAX, 1, Overflow::Wrap), Some(i64::MIN));
    assert_eq!(whole.add(i64::MIN, -1, Overflow::Saturate), Some(i64::MIN));
    let mut bytes = [0; 9];
    whole.write(&mut bytes, 7, -2);
    assert_eq!((whole.read(&bytes, 7), whole.read(&bytes, 70)), (-2, 0));
    // What SET brings may be beyond the type.
    let byte = Field::new(false, 8).unwrap();
    assert_eq!(byte.add(-1, 0, Overflow::Saturate), Some(255));
    assert_eq!(byte.add(-1, 0, Overflow::Wrap), Some(255));
    assert_eq!(byte.add(257, 0, Overflow::Wrap), Some(1));
    assert_eq!(byte.add(257, 0, Overflow::Fail), None);
}
