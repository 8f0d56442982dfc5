//! The hash bits of all slots of a bucket at once.
//!
//! SSE2 is part of x86-64; elsewhere plain arrays, which compilers turn into the like.

use super::bucket::Bucket;

#[cfg(target_arch = "x86_64")]
pub(super) use self::sse2::Tags;

#[cfg(not(target_arch = "x86_64"))]
pub(super) use self::plain::Tags;

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::*;

    use super::Bucket;

    /// The upper 16 bits of the seven slots, and those of the word behind them.
    pub(in super::super) struct Tags(__m128i);

    impl Tags {
        #[inline]
        pub(in super::super) fn of(bucket: &Bucket) -> Self {
            let line = std::ptr::from_ref(bucket).cast::<__m128i>();
            // The upper half of each word, then of those the upper 16 bits.
            // SAFETY: a bucket is 64 readable bytes, aligned to 64.
            let upper = |at: usize| unsafe {
                let (a, b) = (_mm_load_si128(line.add(at)), _mm_load_si128(line.add(at + 1)));
                let halves =
                    _mm_shuffle_ps::<0b11_01_11_01>(_mm_castsi128_ps(a), _mm_castsi128_ps(b));
                _mm_srai_epi32::<16>(_mm_castps_si128(halves))
            };
            // SAFETY: the instructions are part of the architecture.
            Self(unsafe { _mm_packs_epi32(upper(0), upper(2)) })
        }

        /// Each times `factor`, without the lower 16 bits of the product.
        #[inline]
        pub(in super::super) fn scaled(self, factor: u16) -> Self {
            // SAFETY: the instructions are part of the architecture.
            Self(unsafe { _mm_mulhi_epu16(self.0, _mm_set1_epi16(factor as i16)) })
        }

        /// Which are equal to `tag`, one bit each.
        #[inline]
        pub(in super::super) fn equal(self, tag: u16) -> u32 {
            // SAFETY: the instructions are part of the architecture.
            unsafe {
                let equal = _mm_cmpeq_epi16(self.0, _mm_set1_epi16(tag as i16));
                _mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())) as u32
            }
        }
    }
}

#[cfg_attr(target_arch = "x86_64", cfg(test))]
mod plain {
    use super::Bucket;
    use crate::table::bucket::{SLOTS, slot_x};

    /// The upper 16 bits of the seven slots.
    pub(in super::super) struct Tags([u16; SLOTS]);

    impl Tags {
        #[inline]
        pub(in super::super) fn of(bucket: &Bucket) -> Self {
            Self(bucket.slots.each_ref().map(|slot| slot_x(slot.get())))
        }

        /// Each times `factor`, without the lower 16 bits of the product.
        #[inline]
        pub(in super::super) fn scaled(self, factor: u16) -> Self {
            Self(self.0.map(|tag| ((u32::from(tag) * u32::from(factor)) >> 16) as u16))
        }

        /// Which are equal to `tag`, one bit each.
        #[inline]
        pub(in super::super) fn equal(self, tag: u16) -> u32 {
            self.0.iter().rev().fold(0, |mask, own| mask << 1 | u32::from(*own == tag))
        }
    }
}

#[cfg(test)]
mod tests {
    use stdx::rng::Rng;

    use super::{Bucket, Tags, plain};

    #[test]
    fn vectors_and_arrays_agree() {
        let mut rng = Rng::new(1);
        for _ in 0..10_000 {
            let mut bucket = Bucket::empty(rng.next_u64() as u16);
            // Few different bits, so that some are equal.
            bucket.slots = std::array::from_fn(|_| (rng.next_u64() & 0x8003_ffff_ffff_ffff).into());
            let (tag, factor) = ((rng.next_u64() & 0x8003) as u16, rng.below(256) as u16);
            let equal = (Tags::of(&bucket).equal(tag) & 0x7f, plain::Tags::of(&bucket).equal(tag));
            assert_eq!(equal.0, equal.1);
            let scaled = Tags::of(&bucket).scaled(factor).equal(tag >> 8) & 0x7f;
            assert_eq!(scaled, plain::Tags::of(&bucket).scaled(factor).equal(tag >> 8));
        }
    }
}
