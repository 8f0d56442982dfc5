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

/// Raises registers to what they are in `packed`, four registers, which are three bytes, at a time.
pub(super) fn merge(packed: &Packed, registers: &mut Registers) {
    let (threes, _) = packed.as_chunks::<3>();
    let (fours, _) = registers.as_chunks_mut::<4>();
    for (four, [low, middle, high]) in fours.iter_mut().zip(threes) {
        let bits = u32::from_le_bytes([*low, *middle, *high, 0]);
        let spread = bits & 0x3f
            | (bits << 2 & 0x3f00)
            | (bits << 4 & 0x003f_0000)
            | (bits << 6 & 0x3f00_0000);
        for (register, other) in four.iter_mut().zip(spread.to_le_bytes()) {
            *register = other.max(*register);
        }
    }
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
