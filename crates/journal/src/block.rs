//! What shards have recorded for one round, as bytes.
//!
//! A block has the part of one shard, or those of several that were worth one write together.
//!
//! Layout, integers little-endian: `magic: 4 bytes, shards: u32, round: u64, stamp: u64, synced: u64,
//! checksum of all that comes before the parts: u64`; then a bit per shard that has a part in the
//! round; then a bit per shard whose part is in this block; then for each of these `length: u64,
//! checksum: u64`; then the parts. Checksums are XXH3 with a seed that only this file has.

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub(crate) const MAGIC: [u8; 4] = *b"mRb2";
/// What has the same length in every block.
const FIXED_BYTES: usize = 40;
const SUMMED_BYTES: usize = 32;
const PART_BYTES: usize = 16;

/// One shard's part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) shard: usize,
    pub(crate) bytes: u64,
    sum: u64,
}

impl Part {
    pub(crate) fn fits(&self, data: &[u8], seed: u64) -> bool {
        data.len() as u64 == self.bytes && xxh3_64_with_seed(data, seed) == self.sum
    }
}

/// What a block says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Which round: numbers follow each other without a gap, over all files.
    pub(crate) round: u64,
    /// All records up to it, and none above it, are in this round and those before.
    pub(crate) stamp_ns: u64,
    /// The last round that was durable when this was written; 0 for none.
    pub(crate) synced: u64,
    /// Which shards have a part in the round.
    pub(crate) members: Vec<bool>,
    /// Those that are here, in the order of shards.
    pub(crate) parts: Vec<Part>,
}

impl Header {
    pub(crate) fn new<'a>(
        (round, stamp_ns, synced): (u64, u64, u64),
        members: Vec<bool>,
        parts: impl Iterator<Item = (usize, &'a [u8])>,
        seed: u64,
    ) -> Self {
        let part = |(shard, data): (usize, &[u8])| {
            let sum = xxh3_64_with_seed(data, seed);
            Part { shard, bytes: data.len() as u64, sum }
        };
        Self { round, stamp_ns, synced, members, parts: parts.map(part).collect() }
    }

    /// How long a header is at most.
    pub(crate) fn bytes_max(shards: usize) -> usize {
        FIXED_BYTES + 2 * shards.div_ceil(8) + PART_BYTES * shards
    }

    /// How long this one is.
    pub(crate) fn bytes(&self) -> u64 {
        let bits = self.members.len().div_ceil(8);
        (FIXED_BYTES + 2 * bits + PART_BYTES * self.parts.len()) as u64
    }

    /// How long the parts are together.
    pub(crate) fn payload_bytes(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.bytes))
    }

    /// A shard's part, if it is here, and how far from the header's beginning.
    pub(crate) fn part(&self, shard: usize) -> Option<(u64, Part)> {
        let at = self.parts.iter().position(|part| part.shard == shard)?;
        let before: u64 = self.parts[..at].iter().map(|part| part.bytes).sum();
        Some((self.bytes() + before, self.parts[at]))
    }

    pub(crate) fn write(&self, seed: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&(self.members.len() as u32).to_le_bytes());
        for number in [self.round, self.stamp_ns, self.synced] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let mut rest = to_bits(&self.members);
        let mut here = vec![false; self.members.len()];
        self.parts.iter().for_each(|part| here[part.shard] = true);
        rest.extend(to_bits(&here));
        for part in &self.parts {
            rest.extend_from_slice(&part.bytes.to_le_bytes());
            rest.extend_from_slice(&part.sum.to_le_bytes());
        }
        let sum = sum(&out[start..], &rest, seed);
        out.extend_from_slice(&sum.to_le_bytes());
        out.extend_from_slice(&rest);
    }

    /// The header that these bytes begin with, if it is whole and of this file.
    pub(crate) fn read(bytes: &[u8], shards: usize, seed: u64) -> Option<Self> {
        let (fixed, rest) = bytes.split_at_checked(FIXED_BYTES)?;
        let (summed, stored) = fixed.split_at(SUMMED_BYTES);
        let is_one = summed.starts_with(&MAGIC)
            && u32::from_le_bytes(*summed[4..].first_chunk()?) as usize == shards;
        if !is_one {
            return None;
        }
        let (bits, table) = rest.split_at_checked(2 * shards.div_ceil(8))?;
        let (members, here) = bits.split_at(shards.div_ceil(8));
        let here: Vec<usize> = (0..shards).filter(|shard| bit(here, *shard)).collect();
        let table = table.get(..PART_BYTES * here.len())?;
        if number(stored, 0) != sum(summed, &rest[..bits.len() + table.len()], seed) {
            return None;
        }
        let part = |(shard, bytes): (&usize, &[u8])| Part {
            shard: *shard,
            bytes: number(bytes, 0),
            sum: number(bytes, 8),
        };
        Some(Self {
            round: number(summed, 8),
            stamp_ns: number(summed, 16),
            synced: number(summed, 24),
            members: (0..shards).map(|shard| bit(members, shard)).collect(),
            parts: here.iter().zip(table.chunks(PART_BYTES)).map(part).collect(),
        })
    }

    /// Each part's bytes, of those of all; none that are not there whole.
    pub(crate) fn split<'a>(&self, payload: &'a [u8]) -> impl Iterator<Item = (Part, &'a [u8])> {
        let mut rest = payload;
        self.parts.iter().map_while(move |part| {
            let (data, behind) = rest.split_at_checked(part.bytes as usize)?;
            rest = behind;
            Some((*part, data))
        })
    }

    /// Whether these are the bytes of all parts.
    pub(crate) fn fits(&self, payload: &[u8], seed: u64) -> bool {
        payload.len() as u64 == self.payload_bytes()
            && self.split(payload).all(|(part, data)| part.fits(data, seed))
    }
}

fn to_bits(flags: &[bool]) -> Vec<u8> {
    let byte = |part: &[bool]| {
        part.iter().enumerate().fold(0, |byte, (bit, set)| byte | u8::from(*set) << bit)
    };
    flags.chunks(8).map(byte).collect()
}

fn bit(bits: &[u8], at: usize) -> bool {
    bits[at / 8] >> (at % 8) & 1 == 1
}

fn sum(summed: &[u8], rest: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(rest, xxh3_64_with_seed(summed, seed))
}

/// The integer at an offset that is known to be there.
pub(crate) fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("eight bytes are there"))
}
