//! One keyed 64-bit hash of byte strings for the whole process, so that a key is hashed once and
//! every structure on every thread can use the result.

use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;

static SEED: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);

/// Sets the seed. To be called once, before anything is hashed: hashes taken earlier are of no
/// use afterwards.
pub fn set_seed(seed: u64) {
    SEED.store(seed, Ordering::Relaxed);
}

/// The hash of `bytes` under the process's seed. All 64 bits are of equal quality.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    let seed = SEED.load(Ordering::Relaxed);
    let state = RandomState::with_seeds(seed, !seed, seed.rotate_left(32), seed.wrapping_mul(3));
    let mut hasher = state.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests;
