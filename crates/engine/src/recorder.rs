//! From what a call changed to records of the journal.
//!
//! Invariant: stamps of a shard never go back for conflicting work: what runs after a transaction
//! is stamped higher; and nothing is stamped so low that a round which has closed
//! would have had to take it.

use command::{Args, flag};
use journal::{Buffer, Handover};
use keyspace::{Cause, Changes};
use txn::TxId;

use crate::parcel::Call;
use crate::shard::Moment;

/// When work happens, and as part of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) moment: Moment,
    /// [`TxId::NONE`] for plain work.
    pub(crate) transaction: TxId,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Recorder {
    buffer: Buffer,
    is_on: bool,
    /// Plain work is stamped at least so high.
    stamp_ns_floor: u64,
    /// Rounds up to it have closed.
    closed_ns: u64,
    /// The highest stamp of a record.
    last_ns: u64,
    records: u64,
}

impl Recorder {
    /// Whether records are kept, or only counted. What is kept stays.
    pub(crate) fn set_on(&mut self, is_on: bool) {
        self.is_on = is_on;
    }

    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    #[inline]
    pub(crate) fn last_ns(&self) -> u64 {
        self.last_ns
    }

    /// How many bytes wait to be handed over.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Hands over all that is recorded, for a round at `low_ns`, and goes on in `spare`.
    pub(crate) fn hand_over(&mut self, low_ns: u64, spare: Handover) -> Handover {
        self.raise_floor(low_ns + 1);
        self.closed_ns = self.closed_ns.max(low_ns);
        self.buffer.hand_over(spare)
    }

    /// From now on nothing plain is stamped lower.
    pub(crate) fn raise_floor(&mut self, stamp_ns: u64) {
        self.stamp_ns_floor = self.stamp_ns_floor.max(stamp_ns);
    }

    /// Work begins; returns it with the stamp that it gets here.
    #[inline]
    pub(crate) fn begin(&mut self, mut at: At) -> At {
        if at.transaction == TxId::NONE {
            at.moment.stamp_ns = at.moment.stamp_ns.max(self.stamp_ns_floor);
        } else {
            // A transaction's stamp is the same on all its shards; one of this shard alone comes
            // from the same clock, now.
            debug_assert!(at.moment.stamp_ns > self.closed_ns, "it comes too late for its round");
            self.stamp_ns_floor = self.stamp_ns_floor.max(at.moment.stamp_ns + 1);
        }
        at
    }

    /// Records what a call changed: what its handler logged in its stead, else the call itself;
    /// and before that the keys that it found expired, or that were evicted for it.
    #[inline]
    pub(crate) fn call(
        &mut self,
        changes: &mut Changes,
        changed: u64,
        call: &Call,
        args: Args<'_>,
        at: At,
    ) {
        let (mut own, mut others) = (false, 0);
        for effect in changes.effects() {
            own |= effect.cause == Cause::Command;
            others += u64::from(effect.cause != Cause::Command);
            self.encoded(effect, at);
        }
        if !own && changed > others && call.command.spec.has(flag::WRITE | flag::MAY_REPLICATE) {
            self.records += 1;
            if self.is_on {
                self.last_ns = self.last_ns.max(at.moment.stamp_ns);
                let (stamp_ns, transaction) = (at.moment.stamp_ns, at.transaction.get());
                self.buffer.push(stamp_ns, transaction, call.db, call.slot, args.iter());
            }
        }
        changes.clear();
    }

    /// Records what was logged while no call ran: by a plan's hop, expiry, the administration.
    pub(crate) fn logged(&mut self, changes: &mut Changes, at: At) {
        for effect in changes.effects() {
            self.encoded(effect, at);
        }
        changes.clear();
    }

    fn encoded(&mut self, effect: keyspace::Effect<'_>, at: At) {
        self.records += 1;
        if self.is_on {
            self.last_ns = self.last_ns.max(at.moment.stamp_ns);
            let (stamp_ns, transaction) = (at.moment.stamp_ns, at.transaction.get());
            let args = Counted { args: effect.args(), left: effect.count };
            self.buffer.push(stamp_ns, transaction, effect.db as u16, None, args);
        }
    }
}

/// Arguments of which it is known how many there are.
struct Counted<I> {
    args: I,
    left: usize,
}

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.left = self.left.saturating_sub(1);
        self.args.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for Counted<I> {}
