//! The locks of one shard: who holds what, who waits, who goes next.
//!
//! Invariants:
//! - A scheduled transaction is either granted, and counted as a holder of all its slots, or
//!   waiting, and in the queues of all its slots; it waits while it is blocked in at least one.
//! - Holders of a slot do not exclude each other, nor does a waiter's claim count before its grant.
//! - `highest` of a slot is the highest id ever granted there per claim; no transaction that
//!   conflicts with it and has a lower id is let in.
//!
//! Without contention scheduling and releasing touch the slots and nothing else: no hashing, and no
//! allocation once the buffers have grown.

use std::collections::VecDeque;

use crate::claims::{Claims, Mode};
use crate::fault::{Fault, Planted};
use crate::id::TxId;
use crate::locks::{INTENTS, KEYS, Locks, SLOTS, WHOLE};
use crate::queue::Queue;

/// `Slot::queue` where nobody waits.
const NO_QUEUE: u32 = u32::MAX;

/// What became of a scheduled transaction.
#[derive(Debug, PartialEq, Eq)]
pub enum Scheduled {
    /// It holds its locks.
    Granted,
    /// It waits for lower ids; a later [`LockTable::release`] will name it.
    Queued,
    /// It came too late: `watermark`, which conflicts, has been granted here. Nothing is kept.
    Refused {
        /// The highest id in its way.
        watermark: TxId,
        /// The locks it brought, to be used again.
        locks: Locks,
    },
}

/// 32 bytes: two to a cache line.
#[derive(Clone, Copy)]
struct Slot {
    highest: [TxId; 2],
    holders: [u32; 2],
    queue: u32,
}

const _: () = assert!(size_of::<Slot>() == 32);

impl Slot {
    const FREE: Slot = Slot { highest: [TxId::NONE; 2], holders: [0; 2], queue: NO_QUEUE };

    fn held(&self) -> Claims {
        Claims(u8::from(self.holders[0] > 0) | u8::from(self.holders[1] > 0) << 1)
    }

    fn hold(&mut self, id: TxId, claims: Claims) {
        for (bit, one) in [Claims::SHARED, Claims::EXCLUSIVE].into_iter().enumerate() {
            let has = claims.has(one);
            self.holders[bit] += u32::from(has);
            self.highest[bit] = self.highest[bit].max(if has { id } else { TxId::NONE });
        }
    }

    fn let_go(&mut self, claims: Claims) {
        for (bit, one) in [Claims::SHARED, Claims::EXCLUSIVE].into_iter().enumerate() {
            self.holders[bit] -= u32::from(claims.has(one));
        }
    }

    /// The highest id granted for any of these claims.
    fn highest(&self, claims: Claims) -> TxId {
        let of = |bit: usize, one| if claims.has(one) { self.highest[bit] } else { TxId::NONE };
        of(0, Claims::SHARED).max(of(1, Claims::EXCLUSIVE))
    }
}

/// A scheduled transaction.
#[derive(Default)]
struct Entry {
    id: TxId,
    locks: Locks,
    /// In how many of its slots it is blocked; a granted one in none.
    blocked: u32,
}

/// The lock table of one shard.
pub struct LockTable {
    /// By place.
    slots: Box<[Slot]>,
    /// The scheduled transactions in id order: nearly always a push at the back and a removal near
    /// the front.
    order: VecDeque<(TxId, u32)>,
    entries: Vec<Entry>,
    entries_free: Vec<u32>,
    queues: Vec<Queue>,
    queues_free: Vec<u32>,
    waiting: usize,
    /// Entries that the call in progress has unblocked.
    ready: Vec<u32>,
    planted: Planted,
}

impl Default for LockTable {
    fn default() -> LockTable {
        LockTable::with_slots(SLOTS)
    }
}

impl LockTable {
    /// A table with nothing scheduled; takes 32 bytes per slot.
    pub fn new() -> LockTable {
        LockTable::default()
    }

    /// A small table with a planted bug.
    #[cfg(feature = "planted-bugs")]
    #[doc(hidden)]
    pub fn with_fault(fault: Fault, slots: usize) -> LockTable {
        LockTable { planted: Planted { fault }, ..LockTable::with_slots(slots) }
    }

    /// Plants another bug.
    #[cfg(feature = "planted-bugs")]
    #[doc(hidden)]
    pub fn plant(&mut self, fault: Fault) {
        self.planted = Planted { fault };
    }

    fn with_slots(slots: usize) -> LockTable {
        LockTable {
            slots: vec![Slot::FREE; KEYS + slots].into_boxed_slice(),
            order: VecDeque::new(),
            entries: Vec::new(),
            entries_free: Vec::new(),
            queues: Vec::new(),
            queues_free: Vec::new(),
            waiting: 0,
            ready: Vec::new(),
            planted: Planted::default(),
        }
    }

    /// Whether nothing is scheduled: plain commands need not look further.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.order.is_empty()
    }

    /// How many transactions are scheduled, granted or not.
    pub fn scheduled(&self) -> usize {
        self.order.len()
    }

    /// How many transactions are scheduled and not granted.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The lowest id that is scheduled.
    pub fn oldest(&self) -> Option<TxId> {
        self.order.front().map(|&(id, _)| id)
    }

    /// What a scheduled transaction has or waits for.
    pub fn locks_of(&self, id: TxId) -> Option<&Locks> {
        self.find(id).map(|at| &self.entries[self.order[at].1 as usize].locks)
    }

    /// Whether this transaction is granted.
    pub fn holds(&self, id: TxId) -> bool {
        self.find(id).is_some_and(|at| self.entries[self.order[at].1 as usize].blocked == 0)
    }

    /// Whether a plain command may touch this slot's keys right now: no granted lock excludes it.
    /// Those that wait do not count, for a plain command never makes them wait longer.
    #[inline]
    pub fn admits(&self, slot: u32, mode: Mode) -> bool {
        self.is_idle()
            || !(self.held(KEYS + slot as usize).conflicts(Claims::on_slot(mode))
                || self.held(WHOLE).conflicts(Claims::on_whole(mode)))
    }

    /// Whether a plain command, or a batch of them, may touch all these right now. O(locks).
    pub fn admits_all(&self, locks: &Locks) -> bool {
        self.is_idle() || locks.places().all(|(place, claims)| !self.held(place).conflicts(claims))
    }

    /// Schedules a transaction: grants it its locks, queues it, or refuses it.
    ///
    /// O(locks), plus O(log waiters) for each contended slot, and, for an id that comes late,
    /// O(those that it overtakes). The id must not be scheduled already.
    pub fn schedule(&mut self, id: TxId, mut locks: Locks) -> Scheduled {
        let (mut watermark, mut clear) = (TxId::NONE, true);
        locks.places().for_each(|(place, claims)| {
            watermark = watermark.max(self.watermark(place, claims));
            clear &= self.is_clear(id, place, claims);
        });
        if id < watermark && !self.planted.is(Fault::NeverRefuse) {
            return Scheduled::Refused { watermark, locks };
        }
        let index = self.entries_free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::default());
            (self.entries.len() - 1) as u32
        });
        let at = match self.order.back() {
            Some(&(last, _)) if last >= id => self.order.partition_point(|&(other, _)| other < id),
            _ => self.order.len(),
        };
        assert!(self.order.get(at).is_none_or(|&(other, _)| other != id), "{id:?} scheduled twice");
        self.order.insert(at, (id, index));
        if self.waiting > 0 {
            self.overtake(id, &locks);
        }
        let mut blocked = 0;
        if clear {
            self.hold(id, &locks);
        } else {
            locks.merge();
            blocked = self.enqueue(id, index, &locks);
        }
        self.entries[index as usize] = Entry { id, locks, blocked };
        if clear { Scheduled::Granted } else { Scheduled::Queued }
    }

    /// Forgets a transaction that has run here or is withdrawn, and pushes those that this lets
    /// proceed, lowest id first. Answers its locks, to be used again, or `None` for an id that is
    /// not scheduled: it was refused, and the withdrawal came later.
    ///
    /// O(locks), plus, for each contended slot, O(log waiters + those clear to go there).
    pub fn release(&mut self, id: TxId, granted: &mut Vec<TxId>) -> Option<Locks> {
        let at = self.find(id)?;
        let (_, index) = self.order.remove(at).expect("just found");
        let Entry { locks, blocked, .. } = std::mem::take(&mut self.entries[index as usize]);
        self.entries_free.push(index);
        if blocked == 0 {
            self.let_go(&locks);
        } else {
            self.leave_queues(id, &locks);
        }
        if self.waiting > 0 {
            self.refresh(&locks);
            self.grant_ready(granted);
        }
        Some(locks)
    }

    /// A transaction that is granted here, `holder`, is about to wait elsewhere under the id `next`,
    /// also for those who may wait for it here. Those must not: from now on lower ids that conflict
    /// with it are too late, as if `next` had been granted what it holds. Answers who waited and is
    /// refused so, lowest id first, with their locks, and pushes those that this lets proceed.
    ///
    /// O(waiters); nothing for a holder that is gone.
    pub fn fence(
        &mut self,
        holder: TxId,
        next: TxId,
        granted: &mut Vec<TxId>,
    ) -> Vec<(TxId, Locks)> {
        let Some(at) = self.find(holder) else { return Vec::new() };
        let index = self.order[at].1 as usize;
        assert!(self.entries[index].blocked == 0, "{holder:?} holds its locks");
        let before = self.planted.is(Fault::FenceForgotten).then(|| self.slots.clone());
        let locks = std::mem::take(&mut self.entries[index].locks);
        self.hold(next, &locks);
        self.let_go(&locks);
        self.entries[index].locks = locks;
        if self.planted.is(Fault::FenceSparesWaiters) {
            return Vec::new();
        }
        let is_late = |entry: &Entry| {
            entry.blocked > 0
                && entry
                    .locks
                    .places()
                    .any(|(place, claims)| entry.id < self.watermark(place, claims))
        };
        let late = self.order.iter().filter(|&&(_, index)| is_late(&self.entries[index as usize]));
        let late: Vec<TxId> = late.map(|&(id, _)| id).collect();
        if let Some(before) = before {
            self.slots = before;
        }
        let refuse = |id| (id, self.release(id, granted).expect("it waits"));
        late.into_iter().map(refuse).collect()
    }

    fn find(&self, id: TxId) -> Option<usize> {
        self.order.binary_search_by_key(&id, |&(other, _)| other).ok()
    }

    fn held(&self, place: usize) -> Claims {
        let held = self.slots[place].held();
        if place == WHOLE { held | self.slots[INTENTS].held().as_intents() } else { held }
    }

    /// The highest id granted in conflict with these claims.
    fn watermark(&self, place: usize, claims: Claims) -> TxId {
        let excluded = claims.excluded();
        let excluded = self.planted.minded(place == WHOLE, self.held(place), excluded);
        let highest = self.slots[place].highest(excluded);
        if place == WHOLE {
            highest.max(self.slots[INTENTS].highest(excluded.intents()))
        } else {
            highest
        }
    }

    /// Whether neither a holder nor a lower waiter excludes these claims.
    fn is_clear(&self, id: TxId, place: usize, claims: Claims) -> bool {
        let held = self.planted.noticed(place == WHOLE, self.held(place));
        let behind = self.queue(place).is_some_and(|queue| queue.excludes(id, claims));
        !held.conflicts(claims) && (!behind || self.planted.is(Fault::IgnoreQueue))
    }

    fn queue(&self, place: usize) -> Option<&Queue> {
        self.queues.get(self.slots[place].queue as usize)
    }

    fn hold(&mut self, id: TxId, locks: &Locks) {
        locks.places().for_each(|(place, claims)| self.slots[place].hold(id, claims));
        self.slots[INTENTS].hold(id, locks.intents());
    }

    fn let_go(&mut self, locks: &Locks) {
        locks.places().for_each(|(place, claims)| self.slots[place].let_go(claims));
        self.slots[INTENTS].let_go(locks.intents());
    }

    /// Blocks waiters with higher ids that were clear but for the newcomer.
    fn overtake(&mut self, id: TxId, locks: &Locks) {
        for (place, claims) in locks.places() {
            if let Some(queue) = self.queues.get_mut(self.slots[place].queue as usize) {
                queue.overtake(id, claims, |entry| self.entries[entry as usize].blocked += 1);
            }
        }
    }

    /// Queues a transaction everywhere and says in how many places it is blocked.
    fn enqueue(&mut self, id: TxId, index: u32, locks: &Locks) -> u32 {
        let mut blocked = 0;
        self.waiting += 1;
        for (place, claims) in locks.places() {
            let clear = self.is_clear(id, place, claims);
            let slot = &mut self.slots[place];
            if slot.queue == NO_QUEUE {
                slot.queue = self.queues_free.pop().unwrap_or_else(|| {
                    self.queues.push(Queue::default());
                    (self.queues.len() - 1) as u32
                });
            }
            self.queues[slot.queue as usize].insert(id, index, claims, clear);
            blocked += u32::from(!clear);
        }
        blocked
    }

    fn leave_queues(&mut self, id: TxId, locks: &Locks) {
        self.waiting -= 1;
        for (place, _) in locks.places() {
            let slot = &mut self.slots[place];
            let queue = &mut self.queues[slot.queue as usize];
            queue.remove(id);
            if queue.is_empty() {
                self.queues_free.push(slot.queue);
                slot.queue = NO_QUEUE;
            }
        }
    }

    /// Collects in `ready` whom the departure from these locks has unblocked everywhere.
    fn refresh(&mut self, locks: &Locks) {
        for (place, _) in locks.places() {
            let held = self.held(place);
            let Some(queue) = self.queues.get_mut(self.slots[place].queue as usize) else {
                continue;
            };
            queue.refresh(held, |index| {
                let entry = &mut self.entries[index as usize];
                entry.blocked -= 1;
                if entry.blocked == 0 {
                    self.ready.push(index);
                }
            });
        }
    }

    /// Turns the ready ones from waiters into holders. That changes nobody's way: as a holder each
    /// excludes those after it as it did as a waiter, and it was clear of those before.
    fn grant_ready(&mut self, granted: &mut Vec<TxId>) {
        let mut ready = std::mem::take(&mut self.ready);
        ready.sort_unstable_by_key(|&index| self.entries[index as usize].id);
        for index in ready.drain(..) {
            let entry = &mut self.entries[index as usize];
            let (id, locks) = (entry.id, std::mem::take(&mut entry.locks));
            self.leave_queues(id, &locks);
            self.hold(id, &locks);
            self.entries[index as usize].locks = locks;
            granted.push(id);
        }
        self.ready = ready;
    }
}

#[cfg(test)]
mod tests;
