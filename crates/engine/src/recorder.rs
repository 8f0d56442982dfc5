//! From what a call changed to records of the journal.
//!
//! Invariant: stamps of a shard never go back for conflicting work: what runs after a transaction
//! is stamped at least as high as it.

use command::{Args, flag};
use journal::{Effect, Record, Sink, Words};
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
pub(crate) struct Recorder {
    journal: Box<dyn Sink + Send>,
    /// The highest stamp of a transaction that ran here.
    stamp_ns_floor: u64,
}

impl Recorder {
    pub(crate) fn new(journal: Box<dyn Sink + Send>) -> Self {
        Self { journal, stamp_ns_floor: 0 }
    }

    pub(crate) fn records(&self) -> u64 {
        self.journal.records()
    }

    /// Work begins; returns it with the stamp that it gets here.
    #[inline]
    pub(crate) fn begin(&mut self, mut at: At) -> At {
        if at.transaction == TxId::NONE {
            at.moment.stamp_ns = at.moment.stamp_ns.max(self.stamp_ns_floor);
        } else {
            // A transaction's stamp is the same on all its shards; one of this shard alone comes
            // from the same clock, now.
            self.stamp_ns_floor = self.stamp_ns_floor.max(at.moment.stamp_ns);
        }
        at
    }

    /// Records what a call changed: what its handler logged in its stead, else the call itself;
    /// and before that the keys that it found expired, or that were evicted for it.
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
        if !own && changed > others && call.command.spec.has(flag::WRITE) {
            let words = CallWords(args);
            self.journal.record(&Record {
                stamp_ns: at.moment.stamp_ns,
                transaction: at.transaction.get(),
                db: u32::from(call.db),
                slot: call.slot,
                effect: Effect::Call(&words),
            });
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
        self.journal.record(&Record {
            stamp_ns: at.moment.stamp_ns,
            transaction: at.transaction.get(),
            db: effect.db as u32,
            slot: None,
            effect: Effect::Encoded(effect.encoded),
        });
    }
}

/// A call's arguments as a record's words.
#[derive(Debug)]
struct CallWords<'a>(Args<'a>);

impl Words for CallWords<'_> {
    fn each(&self, visit: &mut dyn FnMut(&[u8])) {
        self.0.iter().for_each(visit);
    }
}
