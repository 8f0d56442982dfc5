//! Runs command rows on shards: the shard and its run loop, mailboxes, routing, transactions.
//!
//! Handlers see a [`Context`] and nothing of threads; [`Router`] alone knows that there are many
//! shards. No socket, no clock, no runtime: the server brings those.

mod alone;
mod batch;
mod block;
mod command;
mod context;
mod deposit;
mod flight;
mod gate;
mod gathering;
mod held;
mod here;
mod late;
mod mailbox;
mod memory;
mod merge;
mod parcel;
mod plan;
mod prefetch;
mod recorder;
mod router;
mod serve;
mod shard;
mod share;
mod steps;
mod waiters;
mod watch;

pub use alone::run_alone;
pub use batch::{Batch, Bundle, BundleBase, Departed, Item, PipelineOrder};
pub use block::{Interrupt, run_blocking};
pub use command::{Block, Command, Handler, Merge, PlanFuture, PlanHandler, Run, Wait};
pub use context::{Context, Limits};
pub use held::{Held, Needs};
pub use here::Here;
pub use late::{HeldKeys, LateId};
pub use memory::{MemoryGate, Pressure};
pub use parcel::{Call, Outcome, Outlet, Work};
pub use plan::Plan;
pub use router::{Inbound, Listener, Network, Router};
pub use shard::{Clock, Moment, Shard};
pub use share::Share;
pub use watch::Watch;
