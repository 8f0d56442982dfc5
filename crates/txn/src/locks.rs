//! The set of locks that a transaction wants of one shard.

use crate::claims::{Claims, Mode};

/// Lock slots per shard. Two keys in one slot only delay each other, so this trades false conflicts
/// (in-flight locks ÷ slots) for cache (32 bytes each).
pub const SLOTS: usize = 1 << SLOTS_LOG2;

const SLOTS_LOG2: u32 = 14;

/// The place of the whole-shard lock.
pub(crate) const WHOLE: usize = 0;

/// Holders of [`WHOLE`] through their keys' locks; a place of its own, as it takes more counters.
pub(crate) const INTENTS: usize = 1;

/// The place of slot 0; the others follow.
pub(crate) const KEYS: usize = 2;

/// The lock slot of a key of a database; the hash must be well mixed in its upper bits, and the
/// same on every thread.
pub fn slot_of(database: u32, key_hash: u64) -> u32 {
    // An odd multiplier spreads databases over all bits, so that equal keys of two databases part.
    let mixed = key_hash ^ u64::from(database).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (u64::BITS - SLOTS_LOG2)) as u32
}

/// A set of slots with modes; for a slot added twice the stronger mode holds.
///
/// Meant to be kept and reused: adding is a push, and clearing keeps the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    /// `place << Claims::BITS | claims`. Once sealed: sorted, one per place, and with the intents of
    /// all others on [`WHOLE`].
    packed: Vec<u32>,
}

impl Locks {
    /// An empty set. A transaction with no locks on a shard is granted at once.
    pub fn new() -> Locks {
        Locks::default()
    }

    /// Empties the set and keeps its memory.
    pub fn clear(&mut self) {
        self.packed.clear();
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Adds the lock of a key's slot (see [`slot_of`]).
    pub fn add(&mut self, slot: u32, mode: Mode) {
        assert!((slot as usize) < SLOTS, "slots come from slot_of");
        self.push(KEYS + slot as usize, Claims::on_slot(mode));
    }

    /// Adds the lock of the whole shard: every key it has or could have.
    pub fn whole(&mut self, mode: Mode) {
        self.push(WHOLE, Claims::on_slot(mode));
    }

    fn push(&mut self, place: usize, claims: Claims) {
        self.packed.push((place as u32) << Claims::BITS | u32::from(claims.0));
    }

    /// Brings the set into the form that lock tables work on. O(n log n), and O(n) when repeated.
    pub(crate) fn seal(&mut self) {
        let key_claims = self
            .places()
            .filter(|&(place, _)| place != WHOLE)
            .fold(Claims::NONE, |all, (_, claims)| all | claims);
        if key_claims != Claims::NONE {
            self.push(WHOLE, key_claims.as_intents());
        }
        self.packed.sort_unstable();
        self.packed.dedup_by(|later, kept| {
            let same = *later >> Claims::BITS == *kept >> Claims::BITS;
            if same {
                *kept |= *later;
            }
            same
        });
        for packed in &mut self.packed {
            let (place, claims) = unpack(*packed);
            *packed = (place as u32) << Claims::BITS | u32::from(claims.strongest().0);
        }
    }

    /// Places and what is claimed of them.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, Claims)> + '_ {
        self.packed.iter().map(|&packed| unpack(packed))
    }
}

fn unpack(packed: u32) -> (usize, Claims) {
    ((packed >> Claims::BITS) as usize, Claims((packed & ((1 << Claims::BITS) - 1)) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(build: impl Fn(&mut Locks)) -> Vec<(usize, Claims)> {
        let mut locks = Locks::new();
        build(&mut locks);
        locks.seal();
        let once: Vec<_> = locks.places().collect();
        locks.seal();
        assert_eq!(once, locks.places().collect::<Vec<_>>(), "sealing again changes nothing");
        once
    }

    #[test]
    fn the_stronger_mode_wins() {
        for modes in [[Mode::Shared, Mode::Exclusive], [Mode::Exclusive, Mode::Shared]] {
            let places = sealed(|locks| modes.iter().for_each(|&mode| locks.add(7, mode)));
            assert_eq!(places[1], (KEYS + 7, Claims::EXCLUSIVE));
            assert_eq!(places.len(), 2);
        }
    }

    #[test]
    fn sealed_sets_are_sorted_and_know_their_intents() {
        let places = sealed(|locks| {
            locks.add(9, Mode::Shared);
            locks.add(3, Mode::Exclusive);
            locks.add(9, Mode::Shared);
        });
        let intents = Claims::READS | Claims::WRITES;
        let keys = [(KEYS + 3, Claims::EXCLUSIVE), (KEYS + 9, Claims::SHARED)];
        assert_eq!(places, [(WHOLE, intents), keys[0], keys[1]]);
    }

    #[test]
    fn whole_and_key_locks_combine() {
        let places = sealed(|locks| {
            locks.add(5, Mode::Exclusive);
            locks.whole(Mode::Shared);
        });
        assert_eq!(places[0], (WHOLE, Claims::SHARED | Claims::WRITES));
        let places = sealed(|locks| {
            locks.whole(Mode::Exclusive);
            locks.add(5, Mode::Shared);
        });
        assert_eq!(places[0], (WHOLE, Claims::EXCLUSIVE));
    }

    #[test]
    fn clearing_forgets() {
        let mut locks = Locks::new();
        locks.add(1, Mode::Shared);
        locks.seal();
        locks.clear();
        assert!(locks.is_empty());
    }

    #[test]
    fn databases_part_equal_keys() {
        assert_ne!(slot_of(0, 42), slot_of(1, 42));
        assert!((slot_of(15, u64::MAX) as usize) < SLOTS);
    }
}
