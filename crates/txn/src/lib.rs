//! The order of cross-shard transactions, as a pure state machine: no thread, no channel, no clock.
//!
//! After Ren, Thomson, Abadi, *Lightweight locking for main memory database systems* (VLDB 2013),
//! with refusals in place of their global queue. Three parts:
//!
//! - [`Ids`] numbers transactions;
//! - a [`LockTable`] on each shard says who may touch which keys, and who goes next;
//! - a [`Coordinator`] per transaction gathers the shards' answers and says what to send next.
//!
//! # Protocol
//!
//! A transaction draws a [`TxId`] and sends each shard its [`Locks`] (and its commands). A shard
//! *refuses* an id if a conflicting higher one has ever been granted there; otherwise it keeps it,
//! in id order, and *grants* it once no lower id scheduled there conflicts with it. A shard answers
//! with Granted, at once or later, or with Refused; being queued needs no message. When all have
//! granted, the transaction is *armed*: every part runs and lets go of its locks. After a refusal
//! all shards are told to withdraw the id and a fresh one is tried. A plain command (one shard, no
//! id) runs at once unless a granted lock conflicts; then it is scheduled like a transaction.
//!
//! # Why it is right
//!
//! 1. *Conflicting locks are never held together*, nor does a plain command run where one is held.
//! 2. *Strict serialisability.* When a transaction is armed it holds all its locks, and each until
//!    its part there has run. Say it happens at that instant, and a plain command when it runs.
//!    Of two that conflict, one has let go (so is past its instant) before the other is granted (so
//!    short of its own); hence these instants order all conflicts, and as each lies between request
//!    and reply, they respect real time too. A stamp read at the instant repeats the order.
//! 3. *On every shard conflicting grants go up in id*: the lower of two is either in the queue, and
//!    then the higher waits behind it, or late, and then refused. Ids therefore break ties between
//!    equal stamps, and it takes the two watermarks: holder counts forget who has come and gone.
//! 4. *No deadlock*: a transaction only ever waits for lower ids. *No starvation*: after
//!    [`REFUSALS_PATIENT`] refusals the id is drawn ahead of the others', and waits for a bounded
//!    number of them.
//! 5. *Messages that cross are harmless*: a shard ignores the withdrawal of an id it does not know,
//!    a coordinator ignores answers to an id it has given up, and as channels between two threads
//!    keep their order, a withdrawal is never overtaken by the next attempt.
//!
//! What this asks of the caller: a plain command looks at the locks when it runs, not when it
//! comes, and a batch of them at all its locks at once; a stamp is read after the last grant, and a
//! shard reads its own for a batch of messages after it has taken them in, and never stamps below a
//! transaction that it has run. The crate `sim` shows what goes wrong otherwise.
//!
//! # More locks under way
//!
//! A series that has run under its locks and turns out to need more asks for these under a fresh
//! id, and keeps the old ones. Lest somebody who holds what it asks for waits for what it keeps, it
//! sets a [fence](LockTable::fence) where it holds: lower ids that wait there are refused, and come
//! again with higher ones, which wait for it everywhere. So again the higher waits for the lower. Only
//! two such series can wait for each other; one of them has to give up. Until it does, the fences of
//! each refuse the other again and again, so a refused series asks again at its thread's next turn, not
//! at once. The ids of a series go up, so that 3 holds for what it has, too.
//!
//! # One remote shard
//!
//! When a transaction needs its coordinator's own shard and one other, it locks its own first; the
//! remote's grant is then the last one, and so the arming instant: the remote runs at once and its
//! reply lets the local part run. One message each way. See [`Coordinator::shortcut`].

mod claims;
mod coordinator;
mod fault;
mod id;
mod locks;
mod queue;
mod table;

pub use claims::Mode;
pub use coordinator::{Action, Coordinator, REFUSALS_PATIENT};
#[doc(hidden)]
pub use fault::Fault;
pub use id::{Draw, Ids, TxId};
pub use locks::{Locks, SLOTS, slot_of};
pub use table::{LockTable, Scheduled};
