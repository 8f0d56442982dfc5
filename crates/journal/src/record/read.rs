//! Reading records back.

use super::{EFFECT, GROUP, NO_SLOT};

/// The bytes are no records. Those of a block whose checksum is right always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// One command in absolute terms, which replays a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect<'a> {
    /// The database it acts on.
    pub db: u16,
    /// Hash slot of its key, if anybody knew it.
    pub slot: Option<u16>,
    /// Its name and arguments.
    pub args: Vec<&'a [u8]>,
    /// The bytes in which these lie.
    pub words: &'a [u8],
}

/// Effects that came about at one instant, as one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// Nanoseconds since 1970, as this server counts them: they never go back.
    pub stamp_ns: u64,
    /// The transaction that they belong to; 0 for none.
    pub transaction: u64,
    /// What happened, in order.
    pub effects: Vec<Effect<'a>>,
}

/// The groups of a block's payload, in order.
#[derive(Clone, Debug)]
pub struct Groups<'a> {
    rest: &'a [u8],
}

impl<'a> Groups<'a> {
    /// Of these bytes.
    pub fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    /// The stamp of the next group, if one begins there.
    pub(crate) fn stamp_ns(&self) -> Option<u64> {
        let rest = self.rest.strip_prefix(&[GROUP])?;
        rest.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// What comes behind the groups that were given out.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn group(&mut self) -> Result<Group<'a>, Malformed> {
        if take::<1>(&mut self.rest)? != [GROUP] {
            return Err(Malformed);
        }
        let stamp_ns = u64::from_le_bytes(take(&mut self.rest)?);
        let transaction = u64::from_le_bytes(take(&mut self.rest)?);
        let mut effects = Vec::new();
        while self.rest.first() == Some(&EFFECT) {
            self.rest = &self.rest[1..];
            effects.push(effect(&mut self.rest)?);
        }
        Ok(Group { stamp_ns, transaction, effects })
    }
}

impl<'a> Iterator for Groups<'a> {
    type Item = Result<Group<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let group = self.group();
        if group.is_err() {
            self.rest = &[];
        }
        Some(group)
    }
}

fn effect<'a>(rest: &mut &'a [u8]) -> Result<Effect<'a>, Malformed> {
    let db = u16::from_le_bytes(take(rest)?);
    let slot = u16::from_le_bytes(take(rest)?);
    let count = varint(rest)?;
    // An argument takes a byte at least.
    if count == 0 || count > rest.len() as u64 {
        return Err(Malformed);
    }
    let mut args = Vec::with_capacity(count as usize);
    let words = *rest;
    for _ in 0..count {
        let bytes = usize::try_from(varint(rest)?).map_err(|_| Malformed)?;
        let (arg, behind) = rest.split_at_checked(bytes).ok_or(Malformed)?;
        args.push(arg);
        *rest = behind;
    }
    let words = &words[..words.len() - rest.len()];
    Ok(Effect { db, slot: (slot != NO_SLOT).then_some(slot), args, words })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (head, behind) = rest.split_first_chunk().ok_or(Malformed)?;
    *rest = behind;
    Ok(*head)
}

fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take(rest)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Malformed)
}
