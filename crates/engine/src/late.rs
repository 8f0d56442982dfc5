//! Series that hold keys for longer than others should have to wait without a word.
//!
//! While one is late, plain calls that it hinders are answered with an error instead of waiting: on
//! the shards those that wait already, or come to. What needs several shards goes on waiting once
//! it has begun to.

use command::{Args, Positions, Spec};
use keyspace::Key;
use resp::Writer;
use txn::{Mode, TxId};

use crate::command::{Command, Run};
use crate::parcel::{Call, Outcome, Parcel, Work};
use crate::recorder::At;
use crate::router::Router;
use crate::shard::{Address, Answer, Request, Shard, lock_mode};
use crate::waiters::WaiterId;

/// What a series holds.
#[derive(Clone, Debug)]
pub struct HeldKeys {
    /// Their lock slots, in order; none: every key.
    slots: Option<Vec<u32>>,
    /// Whether others may read them.
    is_shared: bool,
}

impl HeldKeys {
    /// Every key.
    pub fn all() -> Self {
        Self { slots: None, is_shared: false }
    }

    /// These; others may read them if `is_shared`.
    pub fn these(keys: &[&[u8]], is_shared: bool) -> Self {
        let mut slots: Vec<u32> = keys.iter().map(|key| txn::slot_of(Key::new(key).hash)).collect();
        slots.sort_unstable();
        Self { slots: Some(slots), is_shared }
    }

    /// Whether a command that names these keys has to wait.
    pub fn hinder(&self, spec: &Spec, args: Args<'_>) -> bool {
        let Some(slots) = &self.slots else { return true };
        spec.keys.iter().any(|keys| {
            let passes = self.is_shared && lock_mode(spec, keys) == Mode::Shared;
            let mut positions = keys.resolve(args).into_iter().flat_map(Positions::iter);
            !passes
                && positions.any(|at| {
                    let slot = txn::slot_of(Key::new(args.at(at)).hash);
                    slots.binary_search(&slot).is_ok()
                })
        })
    }

    /// Whether a call of a row has to wait.
    pub fn hinder_call(&self, command: &Command, args: Args<'_>) -> bool {
        let takes_all = matches!(command.run, Run::Everywhere { atomic: true, .. });
        takes_all || command.reaches(args) || self.hinder(&command.spec, args)
    }
}

/// A late series, named by its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateId(WaiterId);

/// A late series, as shards know it.
pub(crate) struct Late {
    id: LateId,
    keys: HeldKeys,
    error: &'static str,
}

impl Router {
    /// From now on plain calls that these keys keep waiting get `error`, until
    /// [`Self::no_longer_late`].
    pub fn late(&self, keys: &HeldKeys, error: &'static str) -> LateId {
        let id = LateId(self.new_waiter());
        for shard in 0..self.shard_count() {
            self.tell(shard, Request::Late(Late { id, keys: keys.clone(), error }));
        }
        id
    }

    /// The series has ended.
    pub fn no_longer_late(&self, id: LateId) {
        for shard in 0..self.shard_count() {
            self.tell(shard, Request::NoLongerLate(id));
        }
    }
}

impl Shard {
    /// A series is late: what it keeps waiting here is answered.
    pub(crate) fn add_late(&mut self, late: Late) {
        self.late.push(late);
        self.gate.lift(true);
        let parked = self.parked.iter().filter(|(_, parked)| parked.is_plain);
        let hindered = parked.filter(|(_, parked)| {
            parked.parcel.as_ref().is_some_and(|parcel| self.is_hindered(parcel))
        });
        let mut ids: Vec<TxId> = hindered.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        for id in ids {
            let parked = self.parked.remove(&id).expect("just seen");
            self.locks.release(id, &mut self.granted);
            if let Some(parcel) = parked.parcel {
                self.refuse_hindered(parcel, parked.address);
            }
        }
    }

    pub(crate) fn remove_late(&mut self, id: LateId) {
        self.late.retain(|late| late.id != id);
        self.gate.lift(!self.late.is_empty());
    }

    /// Whether a late series keeps one of these plain calls waiting. What is to be one step waits
    /// as a whole.
    pub(crate) fn is_hindered(&self, parcel: &Parcel) -> bool {
        !self.late.is_empty()
            && !parcel.work().is_transaction()
            && parcel.watches.is_empty()
            && parcel.calls.iter().any(|call| self.error_for(parcel, call).is_some())
    }

    fn error_for(&self, parcel: &Parcel, call: &Call) -> Option<&'static str> {
        let args = parcel.work().args(call);
        let late = self.late.iter().find(|late| late.keys.hinder_call(call.command, args));
        late.map(|late| late.error)
    }

    /// Answers the calls of a parcel that are hindered with an error, and runs the others.
    pub(crate) fn refuse_hindered(&mut self, mut parcel: Box<Parcel>, address: Address) {
        let moment = self.clock.moment();
        let at = At { moment, transaction: TxId::NONE };
        let (mut replies, mut outcomes) = (Vec::new(), Vec::new());
        let errors: Vec<_> =
            parcel.calls.iter().map(|call| self.error_for(&parcel, call)).collect();
        let any = errors.iter().find_map(|error| *error);
        for (call, error) in parcel.calls.iter().zip(errors) {
            let work = Work { calls: std::slice::from_ref(call), ..parcel.work() };
            // One that others hinder cannot wait any more without the rest.
            let error = error.or_else(|| any.filter(|_| !self.admits(work)));
            match error {
                None => self.run(work, at, &mut replies, &mut outcomes),
                Some(text) => {
                    let start = replies.len();
                    Writer::new(&mut replies, call.protocol).error(text);
                    let reply_len = replies.len() - start;
                    outcomes.push(Outcome { reply_len, failed: true, ..Outcome::default() });
                }
            }
        }
        (parcel.replies, parcel.outcomes) = (replies, outcomes);
        self.answers.push((address, Answer::Ran(parcel, moment)));
    }
}
