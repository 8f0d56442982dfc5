//! What a transaction wants of one slot, and which wants exclude each other.

use std::ops::BitOr;

/// How a key (or a whole shard) is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For reading, along with other readers.
    Shared,
    /// For writing, alone.
    Exclusive,
}

/// A set of claims on one slot.
///
/// A key's slot is claimed `SHARED` or `EXCLUSIVE`. The whole-shard slot is claimed like that by
/// whole-shard locks, and by every transaction with what it does to keys, `READS` and `WRITES`:
/// the intention locks of Gray et al., *Granularity of locks* (1975).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims(pub(crate) u8);

/// For each set of claims, those it excludes.
const EXCLUDED: [Claims; 16] = {
    let mut table = [Claims(0); 16];
    let mut set = 0;
    while set < 16 {
        let mut excluded = 0;
        if set & Claims::SHARED.0 != 0 {
            excluded |= Claims::EXCLUSIVE.0 | Claims::WRITES.0;
        }
        if set & Claims::EXCLUSIVE.0 != 0 {
            excluded |= 15;
        }
        if set & Claims::READS.0 != 0 {
            excluded |= Claims::EXCLUSIVE.0;
        }
        if set & Claims::WRITES.0 != 0 {
            excluded |= Claims::EXCLUSIVE.0 | Claims::SHARED.0;
        }
        table[set as usize] = Claims(excluded);
        set += 1;
    }
    table
};

impl Claims {
    pub(crate) const BITS: u32 = 4;
    pub(crate) const NONE: Claims = Claims(0);
    pub(crate) const SHARED: Claims = Claims(1);
    pub(crate) const EXCLUSIVE: Claims = Claims(2);
    pub(crate) const READS: Claims = Claims(4);
    pub(crate) const WRITES: Claims = Claims(8);

    /// What a lock in this mode claims of its own slot.
    pub(crate) fn on_slot(mode: Mode) -> Claims {
        match mode {
            Mode::Shared => Claims::SHARED,
            Mode::Exclusive => Claims::EXCLUSIVE,
        }
    }

    /// What a key's lock in this mode claims of the whole-shard slot.
    pub(crate) fn on_whole(mode: Mode) -> Claims {
        Claims::on_slot(mode).as_intents()
    }

    /// `SHARED` as `READS`, `EXCLUSIVE` as `WRITES`.
    pub(crate) fn as_intents(self) -> Claims {
        Claims((self.0 & 3) << 2)
    }

    /// `READS` as `SHARED`, `WRITES` as `EXCLUSIVE`.
    pub(crate) fn intents(self) -> Claims {
        Claims(self.0 >> 2)
    }

    pub(crate) fn excluded(self) -> Claims {
        EXCLUDED[usize::from(self.0 & 15)]
    }

    pub(crate) fn without(self, others: Claims) -> Claims {
        Claims(self.0 & !others.0)
    }

    /// Whether any of these is among them.
    pub(crate) fn has(self, any: Claims) -> bool {
        self.0 & any.0 != 0
    }

    pub(crate) fn conflicts(self, other: Claims) -> bool {
        self.excluded().has(other)
    }
}

impl BitOr for Claims {
    type Output = Claims;

    fn bitor(self, other: Claims) -> Claims {
        Claims(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_symmetric_and_as_documented() {
        for a in 0..16 {
            for b in 0..16 {
                assert_eq!(Claims(a).conflicts(Claims(b)), Claims(b).conflicts(Claims(a)));
            }
        }
        assert!(!Claims::SHARED.conflicts(Claims::SHARED | Claims::READS));
        assert!(!Claims::WRITES.conflicts(Claims::WRITES | Claims::READS));
        assert!(Claims::SHARED.conflicts(Claims::WRITES));
        assert!(Claims::EXCLUSIVE.conflicts(Claims::READS));
        assert!(!Claims::NONE.conflicts(Claims(15)));
    }
}
