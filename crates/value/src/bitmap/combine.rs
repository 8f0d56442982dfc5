//! Several bitmaps made into one.

/// How bitmaps are combined. Shorter ones count as if zeros followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Bits that all have.
    And,
    /// Bits that any has.
    Or,
    /// Bits that an odd number of them has.
    Xor,
    /// Bits that the only one has not.
    Not,
    /// Bits that the first has and no other.
    Diff,
    /// Bits that another has and the first has not.
    Diff1,
    /// Bits that the first has and some other too.
    AndOr,
    /// Bits that exactly one has.
    One,
}

/// So much of the result stays in the processor's cache while all sources are applied to it.
const BLOCK_BYTES: usize = 8 * 1024;

/// A bitmap as long as the longest source. O(bytes of the sources).
pub fn combine(operation: Operation, sources: &[&[u8]]) -> Vec<u8> {
    let len = sources.iter().map(|source| source.len()).max().unwrap_or(0);
    let mut result = vec![0; len];
    for (index, block) in result.chunks_mut(BLOCK_BYTES).enumerate() {
        combine_block(operation, block, index * BLOCK_BYTES, sources);
    }
    result
}

/// One block of the result, which is zero, from what each source has from `start` on.
fn combine_block(operation: Operation, block: &mut [u8], start: usize, sources: &[&[u8]]) {
    let end = start + block.len();
    let mut parts = sources.iter().map(|source| {
        let len = source.len();
        &source[start.min(len)..end.min(len)]
    });
    let Some(first) = parts.next() else { return };
    match operation {
        Operation::And => {
            block[..first.len()].copy_from_slice(first);
            parts.for_each(|part| and(block, part));
        }
        Operation::Or => {
            block[..first.len()].copy_from_slice(first);
            parts.for_each(|part| each(block, part, |a, b| a | b));
        }
        Operation::Xor => {
            block[..first.len()].copy_from_slice(first);
            parts.for_each(|part| each(block, part, |a, b| a ^ b));
        }
        Operation::Not => {
            block[..first.len()].copy_from_slice(first);
            block.iter_mut().for_each(|byte| *byte = !*byte);
        }
        Operation::Diff => {
            parts.for_each(|part| each(block, part, |a, b| a | b));
            block.iter_mut().for_each(|byte| *byte = !*byte);
            and(block, first);
        }
        Operation::Diff1 => {
            parts.for_each(|part| each(block, part, |a, b| a | b));
            each(block, first, |a, b| a & !b);
        }
        Operation::AndOr => {
            parts.for_each(|part| each(block, part, |a, b| a | b));
            and(block, first);
        }
        Operation::One => {
            block[..first.len()].copy_from_slice(first);
            let mut again = [0; BLOCK_BYTES];
            for part in parts {
                for ((seen, again), byte) in block.iter_mut().zip(&mut again).zip(part) {
                    *again |= *seen & byte;
                    *seen |= byte;
                }
            }
            each(block, &again, |a, b| a & !b);
        }
    }
}

fn and(block: &mut [u8], part: &[u8]) {
    each(block, part, |a, b| a & b);
    block[part.len()..].fill(0);
}

fn each(block: &mut [u8], part: &[u8], combine: impl Fn(u8, u8) -> u8) {
    for (byte, other) in block.iter_mut().zip(part) {
        *byte = combine(*byte, *other);
    }
}
