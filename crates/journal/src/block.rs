//! One shard's part of one round, as bytes.
//!
//! Layout, integers little-endian: `magic: 4 bytes, shards: u32, payload length: u64, round: u64,
//! stamp: u64, synced: u64, checksum of the payload: u64, checksum of all of that and of what
//! follows: u64`, then a bit per shard that has a block in the round, then the payload. Checksums
//! are XXH3 with a seed that only this file has.

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub(crate) const MAGIC: [u8; 4] = *b"mRb1";
/// Without the bits.
const FIXED_BYTES: usize = 56;
const SUMMED_BYTES: usize = 48;

/// What a block says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Which round: numbers follow each other without a gap, over all files.
    pub(crate) round: u64,
    /// All records up to it, and none above it, are in this round and those before.
    pub(crate) stamp_ns: u64,
    /// The last round that was durable when this was written; 0 for none.
    pub(crate) synced: u64,
    pub(crate) payload_bytes: u64,
    payload_sum: u64,
    /// Which shards have a block in the round.
    pub(crate) members: Vec<bool>,
}

impl Header {
    pub(crate) fn new(
        (round, stamp_ns, synced): (u64, u64, u64),
        members: Vec<bool>,
        payload: &[u8],
        seed: u64,
    ) -> Self {
        let payload_sum = xxh3_64_with_seed(payload, seed);
        let payload_bytes = payload.len() as u64;
        Self { round, stamp_ns, synced, payload_bytes, payload_sum, members }
    }

    /// How long a header is.
    pub(crate) fn bytes(shards: usize) -> usize {
        FIXED_BYTES + shards.div_ceil(8)
    }

    pub(crate) fn write(&self, seed: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&(self.members.len() as u32).to_le_bytes());
        for number in [self.payload_bytes, self.round, self.stamp_ns, self.synced, self.payload_sum]
        {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let bits = self.bits();
        let sum = sum(&out[start..], &bits, seed);
        out.extend_from_slice(&sum.to_le_bytes());
        out.extend_from_slice(&bits);
    }

    fn bits(&self) -> Vec<u8> {
        let byte = |part: &[bool]| {
            part.iter().enumerate().fold(0, |byte, (bit, set)| byte | u8::from(*set) << bit)
        };
        self.members.chunks(8).map(byte).collect()
    }

    /// The header that these bytes begin with, if it is whole and of this file.
    pub(crate) fn read(bytes: &[u8], shards: usize, seed: u64) -> Option<Self> {
        let bytes = bytes.get(..Self::bytes(shards))?;
        let (fixed, bits) = bytes.split_at(FIXED_BYTES);
        let (summed, stored) = fixed.split_at(SUMMED_BYTES);
        let is_whole = summed.starts_with(&MAGIC)
            && number(stored, 0) == sum(summed, bits, seed)
            && u32::from_le_bytes(*summed[4..].first_chunk()?) as usize == shards;
        is_whole.then(|| Self {
            payload_bytes: number(summed, 8),
            round: number(summed, 16),
            stamp_ns: number(summed, 24),
            synced: number(summed, 32),
            payload_sum: number(summed, 40),
            members: (0..shards).map(|shard| bits[shard / 8] >> (shard % 8) & 1 == 1).collect(),
        })
    }

    pub(crate) fn fits(&self, payload: &[u8], seed: u64) -> bool {
        xxh3_64_with_seed(payload, seed) == self.payload_sum
    }
}

fn sum(summed: &[u8], bits: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(bits, xxh3_64_with_seed(summed, seed))
}

/// The integer at an offset that is known to be there.
pub(crate) fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("eight bytes are there"))
}
