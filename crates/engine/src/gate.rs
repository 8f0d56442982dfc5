//! Keys that are offered to a waiter, and who waits until it has tried: one whose thread is about to,
//! or one that cannot yet, as a lock keeps another of its keys from it.
//!
//! The try of a thread takes locks on several shards. Who holds a lock elsewhere must not wait for
//! it, or the two could wait for each other; so only those wait at the gate who hold nothing
//! meanwhile: plain calls, and series that ask one shard for their first locks. Nobody waits for
//! these, so no try can wait for itself.
//!
//! The rest passes, and may see or take what is offered: what needs several shards at once, what
//! looks at all keys (KEYS, SCAN, DBSIZE), and the calls behind the one that fed the key in its own
//! batch. If the offer were a lock of the try's own, even what needs several shards would have to
//! wait; but a transaction waits for lower ids only, so each offer would refuse all who queue for
//! the key, and those who feed a busy queue by transactions would hardly get on.
//!
//! While a series is late everybody passes: the try may have to wait for it.
//!
//! A waiter that a lock keeps from trying is in nobody's way but that of those who do not wait: for
//! other waiters the queues of the keys say who is next. So two of them cannot wait for each other.
//!
//! Invariants: what waits here holds no lock; a slot is closed as often as waiters have it in
//! `offered`, and kept as often as it is in `deferred`; every offer ends, since its thread answers
//! each time that it is told, or ends the wait, and since no lock is held for ever.

use std::collections::{BTreeMap, VecDeque};

use txn::{Locks, TxId};

use crate::parcel::{Parcel, Work};
use crate::shard::{Address, Parked, Shard, for_each_lock};

/// Who waits until a key is no longer offered.
pub(crate) enum Behind {
    /// Plain calls, as they came.
    Calls(Box<Parcel>, Address),
    /// The first locks of a series.
    Locks(TxId, Locks, Parked),
}

/// What is known of an offered slot.
#[derive(Default)]
struct Offered {
    /// To how many whose threads try.
    trying: u32,
    /// To how many that a lock keeps from trying.
    kept: u32,
    /// In the order in which they came.
    behind: VecDeque<Behind>,
}

impl Offered {
    fn is_closed(&self) -> bool {
        self.trying + self.kept > 0
    }
}

/// See the module. By lock slots: keys that share one only delay each other.
#[derive(Default)]
pub(crate) struct Gate {
    slots: BTreeMap<u32, Offered>,
    /// Those at which somebody may go on.
    opened: Vec<u32>,
    is_lifted: bool,
}

impl Gate {
    /// Whether nothing is offered.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether a slot is offered, and others must wait.
    pub(crate) fn is_closed(&self, slot: u32) -> bool {
        !self.is_lifted && self.slots.get(&slot).is_some_and(Offered::is_closed)
    }

    /// Whether a slot is offered to a waiter whose thread is about to try, and other waiters must
    /// wait, too.
    pub(crate) fn is_tried(&self, slot: u32) -> bool {
        !self.is_lifted && self.slots.get(&slot).is_some_and(|offered| offered.trying > 0)
    }

    /// The first slot that calls need and must wait for.
    pub(crate) fn in_way_of(&self, work: Work<'_>) -> Option<u32> {
        if self.is_idle() {
            return None;
        }
        let watched = work.watches.iter().map(|watch| txn::slot_of(watch.key().hash));
        let mut slots: Vec<u32> = watched.collect();
        for call in work.calls {
            for_each_lock(call, work.args(call), |slot, _| slots.push(slot));
        }
        slots.into_iter().find(|slot| self.is_closed(*slot))
    }

    /// The first of some slots that one must wait for.
    pub(crate) fn in_way_of_locks(&self, locks: &Locks) -> Option<u32> {
        if self.is_idle() {
            return None;
        }
        locks.slots().find(|slot| self.is_closed(*slot))
    }

    /// Lets somebody wait until a closed slot opens.
    pub(crate) fn wait(&mut self, slot: u32, who: Behind) {
        self.slots.entry(slot).or_default().behind.push_back(who);
    }

    /// A slot is offered to one more waiter.
    pub(crate) fn close(&mut self, slot: u32) {
        self.slots.entry(slot).or_default().trying += 1;
    }

    /// Offers have ended.
    pub(crate) fn open(&mut self, slots: Vec<u32>) {
        slots.into_iter().for_each(|slot| self.end_offer(slot, |offered| offered.trying -= 1));
    }

    /// A slot is kept for one more waiter, that a lock keeps from trying.
    pub(crate) fn keep(&mut self, slot: u32) {
        self.slots.entry(slot).or_default().kept += 1;
    }

    /// Such a waiter has tried again.
    pub(crate) fn let_go(&mut self, slot: u32) {
        self.end_offer(slot, |offered| offered.kept -= 1);
    }

    fn end_offer(&mut self, slot: u32, end: impl FnOnce(&mut Offered)) {
        let offered = self.slots.get_mut(&slot).expect("what is offered is known");
        end(offered);
        if !offered.is_closed() {
            self.opened.push(slot);
        }
    }

    /// From now on everybody passes, or no longer.
    pub(crate) fn lift(&mut self, is_lifted: bool) {
        self.is_lifted = is_lifted;
        if is_lifted {
            self.opened.extend(self.slots.keys());
        }
    }

    /// The next who can go on. What it does may close its slot again for those behind it.
    pub(crate) fn next(&mut self) -> Option<Behind> {
        while let Some(slot) = self.opened.last() {
            if !self.is_closed(*slot)
                && let Some(offered) = self.slots.get_mut(slot)
            {
                if let Some(next) = offered.behind.pop_front() {
                    return Some(next);
                }
                if !offered.is_closed() {
                    self.slots.remove(slot);
                }
            }
            self.opened.pop();
        }
        None
    }

    /// The calls that wait.
    pub(crate) fn parcels(&mut self) -> impl Iterator<Item = &mut Parcel> {
        let behind = self.slots.values_mut().flat_map(|offered| &mut offered.behind);
        behind.filter_map(|behind| match behind {
            Behind::Calls(parcel, _) => Some(&mut **parcel),
            Behind::Locks(..) => None,
        })
    }
}

impl Shard {
    /// Lets what is granted wait on, without its locks, if a key of it has been offered to a waiter
    /// meanwhile. Returns whether it must.
    pub(crate) fn goes_to_gate(&mut self, id: TxId) -> bool {
        if self.gate.is_idle() || !self.parked.get(&id).is_some_and(|parked| parked.holds_nothing) {
            return false;
        }
        let locks = self.locks.locks_of(id).expect("granted ids are scheduled");
        let Some(slot) = self.gate.in_way_of_locks(locks) else { return false };
        let mut parked = self.parked.remove(&id).expect("just seen");
        let locks = self.locks.release(id, &mut self.granted).expect("just seen");
        let behind = match parked.parcel.take() {
            Some(parcel) if parked.is_plain => Behind::Calls(parcel, parked.address),
            parcel => Behind::Locks(id, locks, Parked { parcel, ..parked }),
        };
        self.gate.wait(slot, behind);
        true
    }
}

#[cfg(test)]
mod tests;
