//! Dense registers: six bits each, the lowest bits of a byte first.

use super::{REGISTERS, Registers};

pub(super) const BITS: usize = 6;
pub(super) const BYTES: usize = REGISTERS * BITS / 8;
pub(super) type Packed = [u8; BYTES];

const REGISTER_MAX: u32 = (1 << BITS) - 1;

/// Raises a register to `count`, if it is lower. `count` must fit into six bits.
pub(super) fn raise(packed: &mut Packed, index: usize, count: u8) -> bool {
    let (byte, shift) = (index * BITS / 8, index * BITS % 8);
    // The last register ends with the last byte.
    let next = packed.get(byte + 1).copied().unwrap_or(0);
    let window = u32::from(u16::from_le_bytes([packed[byte], next]));
    let (old, count) = (window >> shift & REGISTER_MAX, u32::from(count));
    if old >= count {
        return false;
    }
    let [low, high, ..] = (window & !(REGISTER_MAX << shift) | count << shift).to_le_bytes();
    packed[byte] = low;
    if let Some(next) = packed.get_mut(byte + 1) {
        *next = high;
    }
    true
}

/// So many registers are unpacked together, in plain steps that a compiler makes wide ones of.
const BLOCK: usize = 64;
const BLOCK_BYTES: usize = BLOCK * BITS / 8;

/// Raises registers to what they are in `packed`.
pub(super) fn merge(packed: &Packed, registers: &mut Registers) {
    let (packed, _) = packed.as_chunks::<BLOCK_BYTES>();
    let (registers, _) = registers.as_chunks_mut::<BLOCK>();
    for (registers, packed) in registers.iter_mut().zip(packed) {
        for (register, other) in registers.iter_mut().zip(unpack(packed)) {
            *register = other.max(*register);
        }
    }
}

/// Three bytes are four registers.
#[inline(always)]
fn unpack(packed: &[u8; BLOCK_BYTES]) -> [u8; BLOCK] {
    let mut words = [0; BLOCK / 4];
    for (word, [low, middle, high]) in words.iter_mut().zip(packed.as_chunks().0) {
        *word = u32::from_le_bytes([*low, *middle, *high, 0]);
    }
    let mut registers = [0; BLOCK];
    for (four, word) in registers.as_chunks_mut().0.iter_mut().zip(words) {
        let first_two = word & 0x3f | (word << 2 & 0x3f00);
        let last_two = (word << 4 & 0x003f_0000) | (word << 6 & 0x3f00_0000);
        *four = (first_two | last_two).to_le_bytes();
    }
    registers
}

/// Writes all registers.
pub(super) fn pack(registers: &Registers, packed: &mut Packed) {
    let (threes, _) = packed.as_chunks_mut::<3>();
    let (fours, _) = registers.as_chunks::<4>();
    for (three, four) in threes.iter_mut().zip(fours) {
        let [a, b, c, d] = four.map(u32::from);
        let [low, middle, high, _] = (a | b << 6 | c << 12 | d << 18).to_le_bytes();
        *three = [low, middle, high];
    }
}
