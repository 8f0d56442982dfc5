//! Determinism and spread.

use super::*;

#[test]
fn same_seed_same_sequence() {
    let (mut a, mut b, mut c) = (Rng::new(7), Rng::new(7), Rng::new(8));
    let first: Vec<u64> = (0..10).map(|_| a.next_u64()).collect();
    assert!(first.iter().all(|&n| n == b.next_u64()));
    assert!(first.iter().any(|&n| n != c.next_u64()));
}

#[test]
fn below_is_uniform() {
    let mut rng = Rng::new(1);
    let mut counts = [0u32; 10];
    for _ in 0..100_000 {
        counts[rng.below(10) as usize] += 1;
    }
    assert!(counts.iter().all(|n| (9_500..10_500).contains(n)), "{counts:?}");
}
