//! The transactions that want one contended slot and are not granted yet.
//!
//! Invariants: waiters are in id order; one is *clear* when neither the slot's holders nor an
//! earlier waiter excludes it; `blocked` counts those that are not.

use std::collections::VecDeque;

use crate::claims::Claims;
use crate::id::TxId;

struct Waiter {
    id: TxId,
    /// Where the lock table keeps the transaction.
    entry: u32,
    claims: Claims,
    clear: bool,
}

#[derive(Default)]
pub(crate) struct Queue {
    waiters: VecDeque<Waiter>,
    /// Waiters per claim, so that nobody walks a queue in which nothing excludes it.
    claims: [u32; Claims::BITS as usize],
    blocked: usize,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// Whether a waiter with a lower id excludes these claims. O(1) where no waiter does.
    pub(crate) fn excludes(&self, id: TxId, claims: Claims) -> bool {
        self.all_claims().conflicts(claims)
            && self
                .waiters
                .iter()
                .take_while(|waiter| waiter.id < id)
                .any(|waiter| waiter.claims.conflicts(claims))
    }

    /// Blocks the waiters that a lower id has come in before, be it to wait or to hold. O(those
    /// with higher ids), nearly always none.
    pub(crate) fn overtake(&mut self, id: TxId, claims: Claims, mut report: impl FnMut(u32)) {
        for waiter in self.waiters.iter_mut().rev().take_while(|waiter| waiter.id > id) {
            if waiter.clear && waiter.claims.conflicts(claims) {
                waiter.clear = false;
                self.blocked += 1;
                report(waiter.entry);
            }
        }
    }

    /// Adds a waiter; the caller says whether it is clear, and what it overtakes.
    pub(crate) fn insert(&mut self, id: TxId, entry: u32, claims: Claims, clear: bool) {
        let at = self.waiters.partition_point(|waiter| waiter.id < id);
        self.waiters.insert(at, Waiter { id, entry, claims, clear });
        self.blocked += usize::from(!clear);
        self.count(claims, 1);
    }

    /// Takes out a waiter.
    pub(crate) fn remove(&mut self, id: TxId) {
        let at = self.waiters.partition_point(|waiter| waiter.id < id);
        let waiter = self.waiters.remove(at).expect("a waiting transaction is in all its queues");
        assert_eq!(waiter.id, id, "a waiting transaction is in all its queues");
        self.blocked -= usize::from(!waiter.clear);
        self.count(waiter.claims, u32::MAX);
    }

    /// Finds whom less exclusion than before has made clear. O(clear ones + 1).
    pub(crate) fn refresh(&mut self, holders: Claims, mut report: impl FnMut(u32)) {
        let mut before = holders;
        for waiter in &mut self.waiters {
            // Past an exclusive claim nobody was clear, nor is now.
            if self.blocked == 0 || before.has(Claims::EXCLUSIVE) {
                return;
            }
            if !waiter.clear && !before.conflicts(waiter.claims) {
                waiter.clear = true;
                self.blocked -= 1;
                report(waiter.entry);
            }
            before = before | waiter.claims;
        }
    }

    fn all_claims(&self) -> Claims {
        let bits = self.claims.iter().enumerate();
        Claims(bits.fold(0, |all, (bit, &count)| all | u8::from(count > 0) << bit))
    }

    fn count(&mut self, claims: Claims, change: u32) {
        for (bit, count) in self.claims.iter_mut().enumerate() {
            if claims.0 & 1 << bit != 0 {
                *count = count.wrapping_add(change);
            }
        }
    }
}
