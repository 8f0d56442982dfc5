//! How often something took how long: a log-linear histogram.
//!
//! Every doubling is divided into [`STEPS`] buckets of equal width, so that a bucket is at most
//! 1/32 of its values wide (the layout of HdrHistogram, Gil Tene). What is recorded are raw ticks;
//! only who reads turns them into time.

/// Buckets per doubling.
const STEPS: usize = 1 << STEP_BITS;
const STEP_BITS: u32 = 5;
/// Values of more bits count as this many: two minutes at the fastest tick counters.
const VALUE_BITS_MAX: u32 = 40;
const BUCKETS: usize = (VALUE_BITS_MAX - STEP_BITS + 1) as usize * STEPS;

/// See the module. 9 KB.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Box<[u64; BUCKETS]>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: Box::new([0; BUCKETS]), total: 0 }
    }
}

impl Histogram {
    /// Counts one value.
    #[inline]
    pub(crate) fn record(&mut self, value: u64) {
        self.counts[bucket_of(value)] += 1;
        self.total += 1;
    }

    /// How many values were counted.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Adds what another counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.total += other.total;
        for (count, more) in self.counts.iter_mut().zip(&*other.counts) {
            *count += more;
        }
    }

    /// The buckets that are not empty: their largest value, and how many values they hold.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(bucket, count)| (largest_in(bucket), *count))
    }

    /// The value that `percent` of all values do not exceed, rounded up to its bucket's end; 0 of
    /// an empty histogram.
    pub(crate) fn percentile(&self, percent: f64) -> u64 {
        let rank = ((percent / 100.0 * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let mut buckets = self.buckets();
        let found = buckets.find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        found.map_or(0, |(largest, _)| largest)
    }
}

#[inline]
fn bucket_of(value: u64) -> usize {
    let value = value.min((1 << VALUE_BITS_MAX) - 1);
    // The first two doublings' buckets hold one value each.
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(STEP_BITS + 1);
    ((shift as usize) << STEP_BITS) + (value >> shift) as usize
}

/// The largest value of a bucket: one below the first of the next.
fn largest_in(bucket: usize) -> u64 {
    let shift = (bucket >> STEP_BITS).saturating_sub(1);
    (((bucket + 1 - (shift << STEP_BITS)) as u64) << shift) - 1
}

#[cfg(test)]
mod tests;
