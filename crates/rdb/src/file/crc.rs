//! The checksum of a file whose begin is known last: the version that it needs.

/// The polynomial of CRC-64/REDIS, its bits in reverse order.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;

/// A linear map of checksums, column by column.
type Matrix = [u64; 64];

fn apply(matrix: &Matrix, mut vector: u64) -> u64 {
    let mut sum = 0;
    while vector != 0 {
        sum ^= matrix[vector.trailing_zeros() as usize];
        vector &= vector - 1;
    }
    sum
}

/// What a checksum becomes behind `zeros` more zero bytes.
fn behind_zeros(sum: u64, mut zeros: u64) -> u64 {
    // One zero bit: shift, and reduce by the polynomial what falls out.
    let mut step: Matrix = std::array::from_fn(|bit| if bit == 0 { 0 } else { 1 << (bit - 1) });
    step[0] = POLYNOMIAL;
    let squared = |matrix: Matrix| matrix.map(|column| apply(&matrix, column));
    for _ in 0..3 {
        step = squared(step);
    }
    let mut sum = sum;
    while zeros > 0 {
        if zeros & 1 == 1 {
            sum = apply(&step, sum);
        }
        zeros >>= 1;
        step = squared(step);
    }
    sum
}

/// The checksum of a file of which only the begin is changed: `sum` is that of the old one, and
/// `rest_len` bytes follow the begin.
pub(super) fn with_begin(sum: u64, old: &[u8], new: &[u8], rest_len: u64) -> u64 {
    let difference = crate::checksum(old) ^ crate::checksum(new);
    sum ^ behind_zeros(difference, rest_len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_begin_changes_the_checksum() {
        for rest_len in [0, 1, 7, 8, 1000, 65_537] {
            let rest: Vec<u8> = (0..rest_len).map(|at| (at * 7 % 251) as u8).collect();
            let (old, new) =
                ([&b"REDIS0010"[..], &rest].concat(), [b"REDIS0012", &rest[..]].concat());
            let sum = with_begin(crate::checksum(&old), &old[..9], &new[..9], rest_len);
            assert_eq!(sum, crate::checksum(&new), "{rest_len}");
        }
    }
}
