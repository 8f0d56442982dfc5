//! Sparse registers: runs of equal ones, in one byte or two.
//!
//! ```text
//! 00llllll            l + 1 zeros
//! 01llllll llllllll   l + 1 zeros, the higher bits first
//! 1vvvvvll            l + 1 times the value v + 1
//! ```

use super::{Corrupt, HEADER_BYTES, REGISTERS, Registers};

const SHORT_ZEROS_MAX: usize = 64;
const VALUES_MAX: usize = 4;
/// No run can say a higher value.
const VALUE_MAX: u8 = 32;
/// How many runs, from the one before a change, are looked at to make one of two.
const MERGED_RUNS_MAX: usize = 5;
/// What registers that add up need at most: a run of two bytes for each.
pub(super) const KEPT_BYTES_MAX: usize = 2 * REGISTERS;

/// A run of equal registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// What each register says.
    pub value: u8,
    /// How many there are.
    pub len: usize,
    /// How many bytes say so: 1 or 2.
    pub bytes: usize,
}

impl Run {
    /// The run that `bytes` begin with. Behind the end there is a zero, as in Redis's strings.
    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        Some(match first {
            0..0x40 => Self { value: 0, len: usize::from(first) + 1, bytes: 1 },
            0x40..0x80 => {
                let high = usize::from(first & 0x3f) << 8;
                let low = bytes.get(1).copied().map_or(0, usize::from);
                Self { value: 0, len: (high | low) + 1, bytes: 2 }
            }
            _ => Self { value: (first >> 2 & 0x1f) + 1, len: usize::from(first & 3) + 1, bytes: 1 },
        })
    }
}

/// Runs as they are written.
#[derive(Clone, Debug)]
pub struct Runs<'a> {
    rest: &'a [u8],
}

impl<'a> Runs<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    #[inline]
    fn next(&mut self) -> Option<Run> {
        let run = Run::read(self.rest)?;
        self.rest = self.rest.get(run.bytes..).unwrap_or_default();
        Some(run)
    }
}

/// Writes a run of zeros.
pub(super) fn push_zeros(out: &mut Vec<u8>, len: usize) {
    if len > SHORT_ZEROS_MAX {
        let [high, low] = (len as u16 - 1).to_be_bytes();
        out.extend_from_slice(&[0x40 | high, low]);
    } else {
        out.push(len as u8 - 1);
    }
}

fn values(value: u8, len: usize) -> u8 {
    0x80 | (value - 1) << 2 | (len as u8 - 1)
}

/// What came of raising a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raised {
    /// It was as high.
    No,
    /// It is higher now.
    Yes,
    /// It would be too high or too long for this encoding; nothing was changed.
    TooBig,
}

/// Raises a register of a sparse HyperLogLog to `count`, if it is lower, in the very bytes that
/// Redis makes of it. O(runs).
///
/// # Errors
/// If the runs end before the register.
pub(super) fn raise(
    hll: &mut Vec<u8>,
    index: usize,
    count: u8,
    bytes_max: usize,
) -> Result<Raised, Corrupt> {
    let mut place = Place::START;
    let mut before = place;
    while !place.covers(hll, index)? {
        (before, place) = (place, place.next(hll)?);
    }
    change(hll, before, place, (index, count), bytes_max)
}

/// Where a run is.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    /// Its first register.
    first: usize,
}

impl Place {
    const START: Self = Self { at: HEADER_BYTES, first: 0 };

    fn run(self, hll: &[u8]) -> Result<Run, Corrupt> {
        hll.get(self.at..).and_then(Run::read).ok_or(Corrupt)
    }

    fn covers(self, hll: &[u8], index: usize) -> Result<bool, Corrupt> {
        Ok(index < self.first + self.run(hll)?.len)
    }

    fn next(self, hll: &[u8]) -> Result<Self, Corrupt> {
        let run = self.run(hll)?;
        Ok(Self { at: self.at + run.bytes, first: self.first + run.len })
    }
}

/// Raises the register `index` to `count` in the run at `place`, which is behind the one `before`,
/// or the first.
fn change(
    hll: &mut Vec<u8>,
    before: Place,
    place: Place,
    (index, count): (usize, u8),
    bytes_max: usize,
) -> Result<Raised, Corrupt> {
    if count > VALUE_MAX {
        return Ok(Raised::TooBig);
    }
    let Place { at, first } = place;
    let run = place.run(hll)?;
    if run.value >= count {
        return Ok(Raised::No);
    }
    if run.len == 1 && run.bytes == 1 {
        hll[at] = values(count, 1);
    } else {
        let parts = split(run, index - first, count, first + run.len - 1 - index);
        let grown = hll.len() + parts.len() - run.bytes;
        if grown > bytes_max && grown > hll.len() {
            return Ok(Raised::TooBig);
        }
        hll.splice(at..hll.len().min(at + run.bytes), parts);
        // Where the last run was cut short, so is what replaces it.
        hll.truncate(grown);
    }
    join(hll, before.at);
    Ok(Raised::Yes)
}

/// A run with one register in it changed.
fn split(run: Run, len_before: usize, count: u8, len_behind: usize) -> Vec<u8> {
    let mut parts = Vec::with_capacity(5);
    let push = |parts: &mut Vec<u8>, len: usize| match (len, run.value) {
        (0, _) => {}
        (_, 0) => push_zeros(parts, len),
        (_, value) => parts.push(values(value, len)),
    };
    push(&mut parts, len_before);
    parts.push(values(count, 1));
    push(&mut parts, len_behind);
    parts
}

/// Makes one of neighbours with the same value, in the few runs from `at` on.
fn join(hll: &mut Vec<u8>, mut at: usize) {
    for _ in 0..MERGED_RUNS_MAX {
        let Some(run) = hll.get(at..).and_then(Run::read) else { return };
        match hll.get(at + run.bytes..).and_then(Run::read) {
            Some(next)
                if run.value > 0 && next.value == run.value && run.len + next.len <= VALUES_MAX =>
            {
                hll[at] = values(run.value, run.len + next.len);
                hll.remove(at + 1);
            }
            _ => at += run.bytes,
        }
    }
}

/// Raises registers to what the runs say.
pub(super) fn merge(kept: &[u8], registers: &mut Registers) -> Result<(), Corrupt> {
    let mut at = 0;
    for run in Runs::new(kept) {
        let end = at + run.len;
        let covered = registers.get_mut(at..end).ok_or(Corrupt)?;
        if run.value > 0 {
            covered.iter_mut().for_each(|register| *register = run.value.max(*register));
        }
        at = end;
    }
    if at == REGISTERS { Ok(()) } else { Err(Corrupt) }
}

/// Raises all registers, from the first on. False if that made it too big half-way.
pub(super) fn raise_all(
    hll: &mut Vec<u8>,
    registers: &Registers,
    bytes_max: usize,
) -> Result<bool, Corrupt> {
    let own = super::registers(hll)?;
    // The runs up to the one looked at, so that none is read again for each register.
    let mut trail = vec![Place::START];
    for (index, (count, own)) in registers.iter().zip(own.iter()).enumerate() {
        if count <= own {
            continue;
        }
        let mut place = trail.pop().expect("it is never empty here");
        while !place.covers(hll, index)? {
            trail.push(place);
            place = place.next(hll)?;
        }
        let before = trail.last().copied().unwrap_or(place);
        if change(hll, before, place, (index, *count), bytes_max)? == Raised::TooBig {
            return Ok(false);
        }
        // The run may have become one with the one before, which is where to go on.
        if trail.is_empty() {
            trail.push(place);
        }
    }
    Ok(true)
}
