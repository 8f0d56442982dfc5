//! Serving those who wait for keys: after each call that changed such a key, in the order in which
//! they began to wait, before anybody else can get at the key.
//!
//! A waiter whose keys are all here is tried here. One with keys elsewhere, too, is told, and tries
//! under locks of its own on all shards. Until it has, those behind it who want to take something
//! wait, and what it may take is offered to it: see [`crate::gate`]. An offer ends with the try, or
//! with the wait; those behind are next, before anybody else gets at the key. The same holds for one
//! whose keys are all here while a lock keeps one of them from it.

use std::collections::VecDeque;

use command::Args;
use keyspace::{Key, Keyspace};
use resp::{Span, Writer};
use value::Kind;

use crate::parcel::{Call, Outcome, Parcel};
use crate::recorder::At;
use crate::shard::{Address, Answer, Shard, for_each_lock};
use crate::waiters::{Across, How, Named, Turn, Waiter, WaiterId, Waiters, Watched, watched};

/// What a shard knows of those who wait.
#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) waiters: Waiters,
    /// Changed keys whose queues are to be gone through, each from a turn on.
    due: VecDeque<(Watched, Turn)>,
    /// Those whose next waiter needs a key that is locked: tried again when locks are released, and
    /// kept at the gate until then.
    deferred: Vec<(Watched, Turn)>,
    /// The call that a try wants to be tried again, in the place of its own.
    wait_as: Option<Vec<Vec<u8>>>,
}

impl Waiting {
    /// Takes a try's wish, in the place of an earlier one's; see
    /// [`Context::wait_as`](crate::Context::wait_as).
    #[inline]
    pub(crate) fn keep_wish(&mut self, wait_as: Option<Vec<Vec<u8>>>) {
        if wait_as.is_some() || self.wait_as.is_some() {
            self.wait_as = wait_as;
        }
    }
}

/// What a try came to.
enum Tried {
    Served,
    Waits,
    /// A key that it needs is locked.
    Locked,
}

impl Shard {
    /// Notes which waited-for keys changed; to be called before the changes are cleared.
    #[inline]
    pub(crate) fn note_touched(&mut self) {
        if !self.waiting.waiters.is_empty() {
            self.note_touched_keys();
        }
    }

    #[cold]
    fn note_touched_keys(&mut self) {
        let Waiting { waiters, due, .. } = &mut self.waiting;
        let changes = self.keyspace.changes();
        for db in changes.touched_databases() {
            due.extend(waiters.keys_in(*db).into_iter().map(|key| (key, 0)));
        }
        for key in changes.touched() {
            if waiters.has(*key) && !due.contains(&(*key, 0)) {
                due.push_back((*key, 0));
            }
        }
    }

    /// Whether somebody may be served now.
    #[inline]
    pub(crate) fn has_due(&self) -> bool {
        !self.waiting.due.is_empty()
    }

    /// Serves whoever waits for keys that have changed. With `just_changed`, the caller has just
    /// changed those keys, so that nobody else can hold them. What has expired by then is gone for
    /// them, even if it was there for the call that brought it.
    pub(crate) fn serve(&mut self, at: At, just_changed: bool) {
        let at = self.begin(at);
        while let Some((key, from)) = self.waiting.due.pop_front() {
            self.serve_queue(key, from, at, just_changed);
        }
    }

    /// After locks were released: those that a lock kept from being served come next.
    pub(crate) fn serve_deferred(&mut self) {
        if self.waiting.deferred.is_empty() && self.waiting.due.is_empty() {
            return;
        }
        let deferred = std::mem::take(&mut self.waiting.deferred);
        self.waiting.due.extend(&deferred);
        let moment = self.clock.moment();
        self.serve(At { moment, transaction: txn::TxId::NONE }, false);
        for ((_, hash), _) in deferred {
            self.gate.let_go(txn::slot_of(hash));
        }
    }

    /// How many keys clients wait for, and how many of them with calls that the end of a key ends.
    pub fn waited_keys(&self) -> (usize, usize) {
        self.waiting.waiters.keys_len()
    }

    /// Tries those for whom time alone may have brought something.
    pub fn serve_on_time(&mut self) {
        let at = self.begin(At { moment: self.clock.moment(), transaction: txn::TxId::NONE });
        for turn in self.waiting.waiters.on_time() {
            let Some(waiter) = self.waiting.waiters.get_mut(turn) else { continue };
            let (id, first) = (waiter.id, waiter.keys.first().copied());
            match &mut waiter.how {
                How::Across { state, .. } => {
                    if *state == Across::Asleep {
                        *state = Across::Trying { again: false };
                        self.answers.push(woken(id));
                    }
                }
                How::Here { .. } => {
                    if let Some(key) = first {
                        // Where a lock keeps it from it, the next time will do.
                        self.try_waiter(key, turn, at, false);
                    }
                }
            }
        }
    }

    fn serve_queue(&mut self, key: Watched, from: Turn, at: At, just_changed: bool) {
        let mut turn = from;
        // Nothing was here of what the one before wanted; so there is nothing for its likes.
        let mut exhausted = None;
        while let Some(next) = self.waiting.waiters.next(key, turn) {
            turn = next + 1;
            let Some(waiter) = self.waiting.waiters.get_mut(next) else { continue };
            let (goes_first, kind) = (waiter.goes_first(), waiter.block.kind);
            let ends_without_key = waiter.block.ends_without_key;
            if exhausted == Some(kind) {
                continue;
            }
            if let How::Across { names, .. } = &waiter.how {
                let position = waiter.keys.iter().position(|watched| *watched == key);
                let name = &names[position.expect("a waiter is in the queues of its keys")];
                if !ends_without_key && !holds_kind(&self.keyspace, key, name, kind) {
                    exhausted = goes_first.then_some(kind).or(exhausted);
                    continue;
                }
                self.tell(next, key);
                if goes_first {
                    return;
                }
                continue;
            }
            match self.try_waiter(key, next, at, just_changed) {
                Tried::Served => {}
                Tried::Waits if goes_first && !ends_without_key => exhausted = Some(kind),
                Tried::Waits => {}
                Tried::Locked => {
                    self.waiting.deferred.push((key, next));
                    self.gate.keep(txn::slot_of(key.1));
                    return;
                }
            }
        }
    }

    /// Tells the thread of a waiter that a key changed, and offers it what it may take.
    fn tell(&mut self, turn: Turn, key: Watched) {
        let waiter = self.waiting.waiters.get_mut(turn).expect("just found");
        let (id, goes_first) = (waiter.id, waiter.goes_first());
        let How::Across { state, offered, .. } = &mut waiter.how else { return };
        *state = match *state {
            Across::Asleep => {
                self.answers.push(woken(id));
                Across::Trying { again: false }
            }
            Across::Trying { .. } => Across::Trying { again: true },
        };
        // Who only reads leaves it to others: nothing is lost if they come first.
        let slot = txn::slot_of(key.1);
        if goes_first && !offered.contains(&slot) {
            offered.push(slot);
            self.gate.close(slot);
        }
    }

    /// Tries the call of a waiter whose keys are all here.
    fn try_waiter(&mut self, key: Watched, turn: Turn, at: At, just_changed: bool) -> Tried {
        let waiter = self.waiting.waiters.get_mut(turn).expect("just found");
        let block = waiter.block;
        let How::Here { parcel, address } = &mut waiter.how else { return Tried::Waits };
        let address = *address;
        // Taken out, as the shard is needed to run it.
        let mut parcel = std::mem::take(parcel);
        let call = parcel.calls[0];
        let args = call.args(&parcel.data, &parcel.spans);
        let slot = txn::slot_of(key.1);
        let mut free = true;
        for_each_lock(&call, args, |other, mode| {
            // The key itself may be offered to who has just tried, and those behind it are next.
            free &= (just_changed && other == slot)
                || self.locks.admits(other, mode) && (other == slot || !self.gate.is_tried(other));
        });
        let tried = if !free {
            Tried::Locked
        } else if !block.ends_without_key && !self.has_what_it_waits_for(&call, args, key) {
            Tried::Waits
        } else {
            self.run_try(&mut parcel, at);
            if parcel.replies.is_empty() { Tried::Waits } else { Tried::Served }
        };
        if let Tried::Served = tried {
            self.waiting.waiters.remove(turn);
            self.update_watching();
            self.answers.push((address, Answer::Ran(parcel, at.moment)));
        } else if let Some(waiter) = self.waiting.waiters.get_mut(turn) {
            waiter.how = How::Here { parcel, address };
        }
        tried
    }

    /// Whether the changed key exists and is of the type that the call waits for.
    fn has_what_it_waits_for(&self, call: &Call, args: Args<'_>, key: Watched) -> bool {
        let Some(block) = call.command.block() else { return false };
        let keys = watched(args, call.command.spec.keys, call.db);
        let position = keys.iter().find(|(known, _)| *known == key).map(|(_, position)| *position);
        position
            .is_some_and(|position| holds_kind(&self.keyspace, key, args.at(position), block.kind))
    }

    /// Runs the call of a parcel; no reply means that it goes on waiting.
    fn run_try(&mut self, parcel: &mut Parcel, at: At) {
        let Parcel { data, spans, calls, replies, outcomes, .. } = parcel;
        let call = calls[0];
        let started = (self.clock.ticks)();
        let args = call.args(data, spans);
        let mut reply = Writer::new(replies, call.protocol);
        let mut refused = false;
        if let Err(error) = self.execute(&call, args, &mut reply, at) {
            refused = error == command::Error::OutOfMemory;
            reply.truncate(0);
            reply.error(error.text());
        }
        if !replies.is_empty() {
            outcomes.clear();
            outcomes.push(Outcome {
                reply_len: replies.len(),
                failed: replies[0] == b'-',
                refused,
                is_overlong: false,
                ticks: self.clock.ticks_since(started),
            });
        }
    }

    /// Lets a call that had nothing to answer wait for its keys, all of which are here.
    pub(crate) fn wait_here(&mut self, id: WaiterId, mut parcel: Box<Parcel>, address: Address) {
        parcel.outcomes.clear();
        if let Some(words) = self.waiting.wait_as.take() {
            replace_args(&mut parcel, &words);
        }
        let call = parcel.calls[0];
        let args = call.args(&parcel.data, &parcel.spans);
        let keys = watched(args, call.command.spec.keys, call.db);
        let keys = keys.into_iter().map(|(key, _)| key).collect();
        let block = call.command.block().expect("only blocking calls wait");
        let on_time = (block.on_time)(args);
        let how = How::Here { parcel, address };
        self.waiting.waiters.add(Waiter { id, block, on_time, keys, how });
        self.update_watching();
    }

    /// Adds a waiter that its thread tries.
    pub(crate) fn wait_across(
        &mut self,
        id: WaiterId,
        block: &'static crate::command::Block,
        on_time: bool,
        keys: Vec<Named>,
    ) {
        let (keys, names) = keys.into_iter().unzip();
        let how = How::Across { state: Across::Asleep, names, offered: Vec::new() };
        self.waiting.waiters.add(Waiter { id, block, on_time, keys, how });
        self.update_watching();
    }

    /// A waiter across shards has tried: it waits on, or is served and goes. Those behind it are
    /// next.
    pub(crate) fn tried(&mut self, id: WaiterId, is_served: bool) {
        let Some(turn) = self.waiting.waiters.turn_of(id) else { return };
        if is_served {
            self.unblock(id);
            return;
        }
        let Some(waiter) = self.waiting.waiters.get_mut(turn) else { return };
        let How::Across { state, offered, .. } = &mut waiter.how else { return };
        let again = *state == Across::Trying { again: true };
        *state = Across::Asleep;
        let offered = std::mem::take(offered);
        let keys = waiter.keys.clone();
        let from = if again { turn } else { turn + 1 };
        self.waiting.due.extend(keys.into_iter().map(|key| (key, from)));
        self.serve_deferred();
        self.gate.open(offered);
    }

    /// Ends a wait. A call that its shard tries is answered with nothing.
    pub(crate) fn unblock(&mut self, id: WaiterId) {
        let Some(turn) = self.waiting.waiters.turn_of(id) else {
            // It may wait for locks still, or at the gate; then it must not begin to wait for keys.
            let parked = self.parked.values_mut().filter_map(|parked| parked.parcel.as_deref_mut());
            for parcel in parked.chain(self.gate.parcels()) {
                if parcel.waiter == Some(id) {
                    parcel.waiter = None;
                }
            }
            return;
        };
        let Some(waiter) = self.waiting.waiters.remove(turn) else { return };
        self.update_watching();
        match waiter.how {
            How::Here { parcel, address } => {
                let moment = self.clock.moment();
                self.answers.push((address, Answer::Ran(parcel, moment)));
            }
            How::Across { state, offered, .. } => {
                if state != Across::Asleep {
                    let due = waiter.keys.into_iter().map(|key| (key, turn));
                    self.waiting.due.extend(due);
                    self.serve_deferred();
                    self.gate.open(offered);
                }
            }
        }
    }

    fn update_watching(&mut self) {
        let watching = !self.waiting.waiters.is_empty();
        self.keyspace.changes().set_watching(watching);
    }
}

/// What tells a waiter's thread to try; the router fills in which shard says so.
fn woken(id: WaiterId) -> (Address, Answer) {
    (Address::of_thread(id.thread), Answer::Woken { id, shard: 0 })
}

/// Whether a key exists and is of a type.
fn holds_kind(keyspace: &Keyspace, key: Watched, name: &[u8], kind: Kind) -> bool {
    let entry = keyspace.peek(key.0 as usize, Key { bytes: name, hash: key.1 });
    entry.is_some_and(|entry| entry.kind() == kind)
}

/// Puts other arguments in the place of a parcel's only call's.
fn replace_args(parcel: &mut Parcel, words: &[Vec<u8>]) {
    parcel.data.clear();
    parcel.spans.clear();
    for word in words {
        let (start, len) = (parcel.data.len() as u32, word.len() as u32);
        parcel.spans.push(Span { start, len });
        parcel.data.extend_from_slice(word);
    }
    let call = &mut parcel.calls[0];
    (call.first_span, call.span_count) = (0, words.len() as u32);
}
