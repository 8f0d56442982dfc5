//! Integers of any width at any bit: what BITFIELD reads and writes.

/// What happens to a number that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Its highest bits are lost.
    #[default]
    Wrap,
    /// It becomes the largest or the least that fits.
    Saturate,
    /// It is not written.
    Fail,
}

/// An integer's type: 1 to 64 bits with a sign, or 1 to 63 without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    is_signed: bool,
    bits: u32,
}

impl Field {
    /// A type; none if it is too narrow or too wide.
    pub fn new(is_signed: bool, bits: i64) -> Option<Self> {
        let widest = if is_signed { 64 } else { 63 };
        (1..=widest).contains(&bits).then_some(Self { is_signed, bits: bits as u32 })
    }

    /// The width.
    pub fn bits(self) -> u32 {
        self.bits
    }

    /// The number at bit `at`; bits behind the end are zero.
    pub fn read(self, bytes: &[u8], at: usize) -> i64 {
        let mut window = [0; 16];
        let there = bytes.get(at / 8..).unwrap_or_default();
        let len = there.len().min(9);
        window[..len].copy_from_slice(&there[..len]);
        let window = u128::from_be_bytes(window) << (at % 8);
        if self.is_signed {
            (window as i128 >> (128 - self.bits)) as i64
        } else {
            (window >> (128 - self.bits)) as i64
        }
    }

    /// Writes the lowest bits of `number` at bit `at`.
    ///
    /// # Panics
    /// If that is not within `bytes`.
    pub fn write(self, bytes: &mut [u8], at: usize, number: i64) {
        let (skipped, bits) = (at % 8, self.bits as usize);
        let touched = &mut bytes[at / 8..(at + bits).div_ceil(8)];
        let mut window = [0; 16];
        window[..touched.len()].copy_from_slice(touched);
        let shift = 128 - bits - skipped;
        let mask = (u128::MAX >> (128 - bits)) << shift;
        let new = (number as u128) << shift & mask;
        let window = (u128::from_be_bytes(window) & !mask | new).to_be_bytes();
        touched.copy_from_slice(&window[..touched.len()]);
    }

    /// `number + increment` as this type holds it; none if it overflows and that is to fail.
    /// A number beyond the type, as SET may bring, is taken as it is: without a sign, as the
    /// integer of 64 bits without a sign.
    pub fn add(self, number: i64, increment: i64, overflow: Overflow) -> Option<i64> {
        let (least, greatest, number) = if self.is_signed {
            let half = 1i128 << (self.bits - 1);
            (-half, half - 1, i128::from(number))
        } else {
            (0, (1i128 << self.bits) - 1, i128::from(number as u64))
        };
        let exact = number + i128::from(increment);
        if (least..=greatest).contains(&exact) {
            return Some(exact as i64);
        }
        match overflow {
            Overflow::Fail => None,
            Overflow::Saturate => Some(exact.clamp(least, greatest) as i64),
            Overflow::Wrap => {
                let unused = 128 - self.bits;
                let high = exact << unused;
                Some(match self.is_signed {
                    true => (high >> unused) as i64,
                    false => (high as u128 >> unused) as i64,
                })
            }
        }
    }
}
