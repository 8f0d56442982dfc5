//! Unsigned integers of any size, as far as exact conversion of floats needs them.

/// Little-endian limbs without leading zeros; no limbs are zero.
pub(super) struct Big(Vec<u64>);

impl Big {
    pub(super) fn new(value: u64) -> Self {
        let mut big = Self(vec![value]);
        big.trim();
        big
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn bits(&self) -> usize {
        self.0.last().map_or(0, |top| self.0.len() * 64 - top.leading_zeros() as usize)
    }

    /// `self * factor + summand`
    pub(super) fn multiply_add(&mut self, factor: u64, summand: u64) {
        let mut carry = u128::from(summand);
        for limb in &mut self.0 {
            let product = u128::from(*limb) * u128::from(factor) + carry;
            *limb = product as u64;
            carry = product >> 64;
        }
        if carry > 0 {
            self.0.push(carry as u64);
        }
    }

    /// Divides by `divisor` and answers the remainder.
    pub(super) fn divide(&mut self, divisor: u64) -> u64 {
        let mut remainder = 0u128;
        for limb in self.0.iter_mut().rev() {
            let dividend = remainder << 64 | u128::from(*limb);
            *limb = (dividend / u128::from(divisor)) as u64;
            remainder = dividend % u128::from(divisor);
        }
        self.trim();
        remainder as u64
    }

    pub(super) fn shift_left(&mut self, bits: usize) {
        let (limbs, bits) = (bits / 64, bits % 64);
        if bits > 0 {
            self.multiply_add(1 << bits, 0);
        }
        self.0.splice(0..0, std::iter::repeat_n(0, limbs));
        self.trim();
    }

    /// The highest 64 bits (fewer if there are no more), how many bits are below them, and the
    /// first of those and whether any other is set, for rounding.
    pub(super) fn top(&self) -> (u64, usize, bool, bool) {
        let below = self.bits().saturating_sub(64);
        let window = |at: usize| {
            let (limb, bit) = (at / 64, at % 64);
            let low = self.0.get(limb).copied().unwrap_or(0);
            let high = self.0.get(limb + 1).copied().unwrap_or(0);
            ((u128::from(high) << 64 | u128::from(low)) >> bit) as u64
        };
        if below == 0 {
            return (window(0), 0, false, false);
        }
        let half = window(below - 1) & 1 == 1;
        let whole_limbs = (below - 1) / 64;
        let rest = (below - 1) % 64;
        let sticky = self.0[..whole_limbs].iter().any(|limb| *limb != 0)
            || self.0[whole_limbs] & ((1 << rest) - 1) != 0;
        (window(below), below, half, sticky)
    }

    /// The decimal digits.
    pub(super) fn into_decimal(mut self) -> String {
        const GROUP: u64 = 10_000_000_000_000_000_000;
        let mut groups = Vec::new();
        while !self.is_zero() {
            groups.push(self.divide(GROUP));
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:019}"));
        }
        text
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}
