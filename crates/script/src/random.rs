//! The random numbers of scripts: those of `lrand48`, the same on every machine.

use std::cell::Cell;

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const INCREMENT: u64 = 0xB;
const BITS_48: u64 = (1 << 48) - 1;

/// A generator; scripts can seed it.
#[derive(Debug)]
pub(crate) struct Random(Cell<u64>);

impl Default for Random {
    fn default() -> Self {
        Random(Cell::new(0x1234_ABCD_330E))
    }
}

impl Random {
    pub(crate) fn seed(&self, seed: i32) {
        self.0.set((u64::from(seed.cast_unsigned()) << 16) | 0x330E);
    }

    /// A number from 0 on, below 1.
    pub(crate) fn next(&self) -> f64 {
        let state = (self.0.get().wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT)) & BITS_48;
        self.0.set(state);
        let below = i32::MAX as u64;
        ((state >> 17) % below) as f64 / below as f64
    }
}
