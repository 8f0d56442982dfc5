//! From registers to a cardinality: Ertl's improved estimator ("New cardinality estimation
//! algorithms for HyperLogLog sketches", arXiv:1702.01284, algorithm 6).

use super::{INDEX_BITS, REGISTERS, Registers};

/// How many registers have each value.
pub(super) type Histogram = [u32; 64];
/// Without registers.
pub(super) const EMPTY: Histogram = [0; 64];

/// The bits of a hash that a register's value comes from: values reach one more.
const RANK_BITS: usize = 64 - INDEX_BITS as usize;

/// 1 / (2 ln 2)
const ALPHA_INFINITE: f64 = 0.721_347_520_444_481_7;

pub(super) fn of_registers(registers: &Registers) -> u64 {
    // Neighbours are counted apart: they are often equal, and would wait for each other.
    let mut lanes = [EMPTY; 4];
    let (fours, _) = registers.as_chunks::<4>();
    for four in fours {
        for (lane, register) in lanes.iter_mut().zip(four) {
            lane[usize::from(register & 63)] += 1;
        }
    }
    let [mut histogram, others @ ..] = lanes;
    for lane in others {
        histogram.iter_mut().zip(lane).for_each(|(sum, count)| *sum += count);
    }
    of_histogram(&histogram)
}

pub(super) fn of_histogram(histogram: &Histogram) -> u64 {
    let registers = REGISTERS as f64;
    let share = |count: u32| f64::from(count) / registers;
    let mut sum = registers * tau(1.0 - share(histogram[RANK_BITS + 1]));
    for count in histogram[1..=RANK_BITS].iter().rev() {
        sum = 0.5 * (sum + f64::from(*count));
    }
    sum += registers * sigma(share(histogram[0]));
    (ALPHA_INFINITE * registers * registers / sum).round() as u64
}

/// The correction for registers that are full.
fn tau(share: f64) -> f64 {
    if share == 0.0 || share == 1.0 {
        return 0.0;
    }
    let (mut root, mut weight, mut sum) = (share, 1.0, 1.0 - share);
    loop {
        let before = sum;
        root = root.sqrt();
        weight *= 0.5;
        sum -= (1.0 - root).powi(2) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}

/// The correction for registers that are zero.
fn sigma(share: f64) -> f64 {
    if share == 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut weight, mut sum) = (share, 1.0, share);
    loop {
        let before = sum;
        power *= power;
        sum += power * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}
