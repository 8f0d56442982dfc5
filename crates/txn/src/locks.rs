//! The set of locks that a transaction wants of one shard.

use std::ops::BitOr;

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

/// The lock slot of a key, in whichever database; the hash must be well mixed in its upper bits,
/// and the same on every thread.
///
/// The database does not count, so that MOVE and COPY hold a key in both databases they touch.
pub fn slot_of(key_hash: u64) -> u32 {
    (key_hash >> (u64::BITS - SLOTS_LOG2)) as u32
}

/// A set of slots with modes; for a slot added twice the stronger mode holds.
///
/// Meant to be kept and reused: adding is a push, and clearing keeps the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    /// `place << Claims::BITS | claims`, in the order added, and some maybe twice.
    keys: Vec<u32>,
    /// What all of it claims of [`WHOLE`].
    whole: Claims,
}

impl Locks {
    /// An empty set. A transaction with no locks on a shard is granted at once.
    pub fn new() -> Locks {
        Locks::default()
    }

    /// Empties the set and keeps its memory.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.whole = Claims::NONE;
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.whole == Claims::NONE
    }

    /// Adds the lock of a key's slot (see [`slot_of`]).
    #[inline]
    pub fn add(&mut self, slot: u32, mode: Mode) {
        assert!((slot as usize) < SLOTS, "slots come from slot_of");
        self.keys.push((KEYS as u32 + slot) << Claims::BITS | u32::from(Claims::on_slot(mode).0));
        self.whole = self.whole | Claims::on_whole(mode);
    }

    /// Adds the lock of the whole shard: every key it has or could have.
    pub fn whole(&mut self, mode: Mode) {
        self.whole = self.whole | Claims::on_slot(mode);
    }

    /// Adds all that another set has.
    pub fn add_all(&mut self, other: &Locks) {
        self.keys.extend_from_slice(&other.keys);
        self.whole = self.whole | other.whole;
    }

    /// Leaves out the keys' slots that another set has, in whichever mode. O(n log n).
    pub fn remove_slots(&mut self, others: &Locks) {
        let slot = |packed: u32| packed >> Claims::BITS;
        let mut taken: Vec<u32> = others.keys.iter().map(|other| slot(*other)).collect();
        taken.sort_unstable();
        self.keys.retain(|key| taken.binary_search(&slot(*key)).is_err());
        let asked = self.whole.without(self.intents().as_intents());
        let of = |key: &u32| Claims((*key & ((1 << Claims::BITS) - 1)) as u8).as_intents();
        self.whole = self.keys.iter().map(of).fold(asked, BitOr::bitor);
    }

    /// Merges what was added twice. Only queues ask for that: a slot that counts one holder twice
    /// excludes nobody more, and is left as often. O(n log n).
    pub(crate) fn merge(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup_by(|later, kept| {
            let same = *later >> Claims::BITS == *kept >> Claims::BITS;
            if same {
                *kept |= *later;
            }
            same
        });
    }

    /// The slots, in the order added, and some maybe twice.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.keys.iter().map(|packed| (packed >> Claims::BITS) - KEYS as u32)
    }

    /// What these locks claim of [`INTENTS`].
    pub(crate) fn intents(&self) -> Claims {
        self.whole.intents()
    }

    /// Places and what is claimed of them, [`WHOLE`] first.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, Claims)> + '_ {
        let unpack = |&packed: &u32| {
            let claims = packed & ((1 << Claims::BITS) - 1);
            ((packed >> Claims::BITS) as usize, Claims(claims as u8))
        };
        std::iter::once((WHOLE, self.whole)).chain(self.keys.iter().map(unpack))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(build: impl Fn(&mut Locks)) -> Vec<(usize, Claims)> {
        let mut locks = Locks::new();
        build(&mut locks);
        locks.merge();
        locks.places().collect()
    }

    #[test]
    fn the_stronger_mode_wins() {
        for modes in [[Mode::Shared, Mode::Exclusive], [Mode::Exclusive, Mode::Shared]] {
            let places = merged(|locks| modes.iter().for_each(|&mode| locks.add(7, mode)));
            assert_eq!(places.len(), 2);
            assert_eq!(places[1].0, KEYS + 7);
            assert_eq!(places[1].1.excluded(), Claims::EXCLUSIVE.excluded());
        }
    }

    #[test]
    fn keys_are_merged_and_known_to_the_whole() {
        let places = merged(|locks| {
            locks.add(9, Mode::Shared);
            locks.add(3, Mode::Exclusive);
            locks.add(9, Mode::Shared);
        });
        let keys = [(KEYS + 3, Claims::EXCLUSIVE), (KEYS + 9, Claims::SHARED)];
        assert_eq!(places, [(WHOLE, Claims::READS | Claims::WRITES), keys[0], keys[1]]);
    }

    #[test]
    fn whole_and_key_locks_combine() {
        let places = merged(|locks| {
            locks.add(5, Mode::Exclusive);
            locks.whole(Mode::Shared);
        });
        assert_eq!(places[0], (WHOLE, Claims::SHARED | Claims::WRITES));
    }

    #[test]
    fn what_is_held_is_left_out() {
        let (mut locks, mut held) = (Locks::new(), Locks::new());
        locks.add(9, Mode::Exclusive);
        locks.add(3, Mode::Shared);
        held.add(9, Mode::Exclusive);
        locks.remove_slots(&held);
        let mut expected = Locks::new();
        expected.add(3, Mode::Shared);
        assert_eq!(locks, expected);
        held.add(3, Mode::Shared);
        locks.remove_slots(&held);
        assert!(locks.is_empty());
        locks.whole(Mode::Shared);
        locks.add(3, Mode::Exclusive);
        locks.remove_slots(&held);
        assert_eq!(locks.places().collect::<Vec<_>>(), [(WHOLE, Claims::SHARED)]);
    }

    #[test]
    fn slots_are_known_by_their_numbers() {
        let mut locks = Locks::new();
        locks.whole(Mode::Shared);
        locks.add(9, Mode::Shared);
        locks.add(0, Mode::Exclusive);
        assert_eq!(locks.slots().collect::<Vec<_>>(), [9, 0]);
    }

    #[test]
    fn clearing_forgets() {
        let mut locks = Locks::new();
        locks.add(1, Mode::Shared);
        locks.whole(Mode::Exclusive);
        assert!(!locks.is_empty());
        locks.clear();
        assert!(locks.is_empty());
        assert_eq!(locks, Locks::new());
    }

    #[test]
    fn slots_are_in_range() {
        assert_eq!(slot_of(0), 0);
        assert_eq!(slot_of(u64::MAX) as usize, SLOTS - 1);
    }
}
