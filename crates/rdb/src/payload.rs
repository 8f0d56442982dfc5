//! What DUMP gives and RESTORE takes: a type, a value, a version, a checksum.

use crc::{CRC_64_REDIS, Crc, Table};

use crate::error::{Error, Result};

/// The version that payloads are written in, Redis 7.0's: all that read them know it.
pub(crate) const VERSION: u16 = 10;
/// Redis's newest version.
pub(crate) const VERSION_MAX: u16 = 14;
/// Valkey's, since it went its own way.
const VALKEY_VERSIONS: std::ops::RangeInclusive<u16> = 80..=90;
/// Version and checksum.
const FOOTER_BYTES: usize = 10;

pub(crate) static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

/// The checksum of RDB files.
pub fn checksum(bytes: &[u8]) -> u64 {
    CRC.checksum(bytes)
}

/// Adds version and checksum behind type and value. `version_min` is the first version that has
/// the value's type.
pub fn seal(out: &mut Vec<u8>, version_min: u16) {
    out.extend_from_slice(&VERSION.max(version_min).to_le_bytes());
    let checksum = checksum(out);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// Who wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Redis, or Valkey in a version that is Redis's too.
    Redis,
    /// Valkey in a version of its own.
    Valkey,
}

impl Dialect {
    /// Whose a version is; None if nobody here knows it.
    pub(crate) fn of_version(version: u16) -> Option<Self> {
        match version {
            0..=VERSION_MAX => Some(Self::Redis),
            version if VALKEY_VERSIONS.contains(&version) => Some(Self::Valkey),
            _ => None,
        }
    }
}

/// Checks version and checksum; answers the type and the bytes of the value.
pub(crate) fn open(payload: &[u8], sums: bool) -> Result<(Dialect, u8, &[u8])> {
    let (dialect, body) = open_sealed(payload, sums)?;
    let (kind, value) = body.split_first().ok_or(Error::BadData("there is no value"))?;
    Ok((dialect, *kind, value))
}

/// Checks version and checksum; answers what stands before them.
pub(crate) fn open_sealed(payload: &[u8], sums: bool) -> Result<(Dialect, &[u8])> {
    let bad = Error::BadVersionOrChecksum;
    let (body, footer) = payload
        .len()
        .checked_sub(FOOTER_BYTES)
        .and_then(|at| payload.split_at_checked(at))
        .ok_or(bad)?;
    let (version, sum) = footer.split_first_chunk().ok_or(bad)?;
    let sum: [u8; 8] = sum.try_into().map_err(|_| bad)?;
    let dialect = Dialect::of_version(u16::from_le_bytes(*version)).ok_or(bad)?;
    if sums && u64::from_le_bytes(sum) != checksum(&payload[..payload.len() - 8]) {
        return Err(bad);
    }
    Ok((dialect, body))
}
