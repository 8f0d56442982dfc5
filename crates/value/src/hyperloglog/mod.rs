//! HyperLogLogs, which are strings, in Redis's bytes.
//!
//! ```text
//! 0      "HYLL"
//! 4      0 dense, 1 sparse
//! 5      3 bytes not used
//! 8      the cached cardinality, little-endian; with its highest bit set it is out of date
//! 16     the registers: see `dense` and `sparse`
//! ```
//!
//! An element's hash names one of 16384 registers with its lowest 14 bits; the register keeps the
//! highest number of zeros, and one, that the rest began with (Flajolet et al., AofA 2007).

use stdx::murmur::murmur64a;

mod dense;
mod estimate;
mod self_test;
mod sparse;

pub use self_test::self_test;
use sparse::{Raised, raise};
pub use sparse::{Run, Runs};

/// How many registers there are.
pub const REGISTERS: usize = 1 << INDEX_BITS;

/// The registers, a byte each.
pub type Registers = [u8; REGISTERS];

const INDEX_BITS: u32 = 14;
const HEADER_BYTES: usize = 16;
const MAGIC: &[u8] = b"HYLL";
const ENCODING_AT: usize = 4;
const CACHE_AT: usize = 8;
/// In the last byte of the cached cardinality.
const OUT_OF_DATE: u8 = 0x80;
const SEED: u64 = 0xadc8_3b19;

/// The registers of a sparse one do not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// Longer ones cannot add up.
pub const BYTES_MAX: usize = HEADER_BYTES + sparse::KEPT_BYTES_MAX;

/// How the registers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Six bits each.
    Dense,
    /// Runs of equal ones.
    Sparse,
}

/// The encoding of a HyperLogLog; none if these bytes are not one. Whether sparse registers add up
/// is not looked at.
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
        return None;
    }
    match bytes[ENCODING_AT] {
        0 if bytes.len() == HEADER_BYTES + dense::BYTES => Some(Encoding::Dense),
        1 => Some(Encoding::Sparse),
        _ => None,
    }
}

/// One without elements: sparse.
pub fn empty() -> Vec<u8> {
    let mut hll = header(Encoding::Sparse);
    sparse::push_zeros(&mut hll, REGISTERS);
    hll
}

fn header(encoding: Encoding) -> Vec<u8> {
    let mut header = vec![0; HEADER_BYTES];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[ENCODING_AT] = match encoding {
        Encoding::Dense => 0,
        Encoding::Sparse => 1,
    };
    header
}

/// The cardinality, if it was kept and nothing has changed since.
pub fn cached_count(hll: &[u8]) -> Option<u64> {
    let cache: [u8; 8] = hll[CACHE_AT..HEADER_BYTES].try_into().expect("eight bytes");
    (cache[7] & OUT_OF_DATE == 0).then(|| u64::from_le_bytes(cache))
}

/// Keeps the cardinality.
pub fn cache_count(hll: &mut [u8], count: u64) {
    hll[CACHE_AT..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
}

/// Marks the kept cardinality as out of date, after a change.
pub fn forget_count(hll: &mut [u8]) {
    hll[HEADER_BYTES - 1] |= OUT_OF_DATE;
}

/// An element's register and what it says there.
pub fn place(element: &[u8]) -> (usize, u8) {
    let hash = murmur64a(element, SEED);
    let rest = hash >> INDEX_BITS | 1 << (u64::BITS - INDEX_BITS);
    (hash as usize & (REGISTERS - 1), rest.trailing_zeros() as u8 + 1)
}

/// Counts an element into a dense one. Answers whether that changed a register.
pub fn add_dense(hll: &mut [u8], element: &[u8]) -> bool {
    let (index, count) = place(element);
    dense::raise(dense_registers(hll), index, count)
}

/// Counts an element into one of either encoding; a sparse one becomes dense where it would be
/// longer than `sparse_bytes_max`. Answers whether that changed a register.
pub fn add(hll: &mut Vec<u8>, element: &[u8], sparse_bytes_max: usize) -> Result<bool, Corrupt> {
    let (index, count) = place(element);
    raise_any(hll, index, count, sparse_bytes_max)
}

/// Raises a register to `count`, if it is lower.
fn raise_any(
    hll: &mut Vec<u8>,
    index: usize,
    count: u8,
    sparse_bytes_max: usize,
) -> Result<bool, Corrupt> {
    if encoding(hll) == Some(Encoding::Sparse) {
        match raise(hll, index, count, sparse_bytes_max)? {
            Raised::No => return Ok(false),
            Raised::Yes => return Ok(true),
            Raised::TooBig => *hll = to_dense(hll)?,
        }
    }
    Ok(dense::raise(dense_registers(hll), index, count))
}

fn dense_registers(hll: &mut [u8]) -> &mut dense::Packed {
    let registers = &mut hll[HEADER_BYTES..];
    registers.try_into().expect("only the right length is dense")
}

/// The same with dense registers.
pub fn to_dense(hll: &[u8]) -> Result<Vec<u8>, Corrupt> {
    let mut dense = Vec::with_capacity(HEADER_BYTES + dense::BYTES);
    dense.extend_from_slice(&header(Encoding::Dense));
    dense[ENCODING_AT + 1..].copy_from_slice(&hll[ENCODING_AT + 1..HEADER_BYTES]);
    dense.resize(HEADER_BYTES + dense::BYTES, 0);
    dense::pack(&*registers(hll)?, dense_registers(&mut dense));
    Ok(dense)
}

/// The registers of one.
pub fn registers(hll: &[u8]) -> Result<Box<Registers>, Corrupt> {
    let mut registers = Box::new([0; REGISTERS]);
    merge(hll, &mut registers)?;
    Ok(registers)
}

/// Raises registers to what they are in one.
pub fn merge(hll: &[u8], registers: &mut Registers) -> Result<(), Corrupt> {
    let kept = &hll[HEADER_BYTES..];
    match kept.try_into() {
        Ok(packed) if hll[ENCODING_AT] == 0 => dense::merge(packed, registers),
        _ => sparse::merge(kept, registers)?,
    }
    Ok(())
}

/// The runs of a sparse one, as they are written.
pub fn runs(hll: &[u8]) -> Runs<'_> {
    Runs::new(&hll[HEADER_BYTES..])
}

/// How many different elements were counted in, about: the standard error is 0.81 %.
pub fn count(hll: &[u8]) -> Result<u64, Corrupt> {
    if hll[ENCODING_AT] == 0 {
        return Ok(estimate::of_registers(&*registers(hll)?));
    }
    let mut histogram = estimate::EMPTY;
    let mut seen = 0;
    for run in runs(hll) {
        histogram[usize::from(run.value)] += run.len as u32;
        seen += run.len;
        if seen > REGISTERS {
            break;
        }
    }
    if seen == REGISTERS { Ok(estimate::of_histogram(&histogram)) } else { Err(Corrupt) }
}

/// How many different elements registers stand for, about.
pub fn count_registers(registers: &Registers) -> u64 {
    estimate::of_registers(registers)
}

/// What PFMERGE makes of a target: its registers, and those of others, are in `registers`. A sparse
/// one is kept so unless `into_dense` asks otherwise or it becomes too long.
pub fn raise_all(
    hll: &mut Vec<u8>,
    registers: &Registers,
    into_dense: bool,
    sparse_bytes_max: usize,
) -> Result<(), Corrupt> {
    if encoding(hll) == Some(Encoding::Sparse) {
        if !into_dense && sparse::raise_all(hll, registers, sparse_bytes_max)? {
            return Ok(());
        }
        *hll = to_dense(hll)?;
    }
    dense::pack(registers, dense_registers(hll));
    Ok(())
}

#[cfg(test)]
mod tests;
