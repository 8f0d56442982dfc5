//! Commands that hop: reads on one shard decide writes on another, under one set of locks.

use std::future::Future;
use std::rc::Rc;

use command::Args;
use keyspace::Key;
use resp::{Protocol, Span, Writer};

use crate::context::Context;
use crate::recorder::At;
use crate::router::Router;

/// One call of a `Plan` or `Roam` row, on the coordinating thread.
pub struct Plan {
    pub(crate) router: Rc<Router>,
    pub(crate) data: Vec<u8>,
    pub(crate) spans: Vec<Span>,
    pub(crate) db: usize,
    pub(crate) protocol: Protocol,
    pub(crate) reply: Vec<u8>,
    /// See [`Call::caller`](crate::Call::caller).
    pub(crate) caller: u64,
    /// See [`Call::in_script`](crate::Call::in_script).
    pub in_script: bool,
    /// The instant of all its hops.
    pub(crate) at: At,
    /// For a command that blocks: see [`Context::wait_as`].
    pub wait_as: Option<Vec<Vec<u8>>>,
}

impl Plan {
    /// The call's arguments.
    pub fn args(&self) -> Args<'_> {
        Args::new(&self.data, &self.spans)
    }

    /// Where the reply goes.
    pub fn reply(&mut self) -> Writer<'_> {
        Writer::new(&mut self.reply, self.protocol)
    }

    /// The database that the connection selected.
    pub fn db(&self) -> usize {
        self.db
    }

    /// Milliseconds since 1970; the same for all hops.
    pub fn now_ms(&self) -> i64 {
        self.at.moment.now_ms
    }

    /// How many shards there are.
    pub fn shard_count(&self) -> usize {
        self.router.shard_count()
    }

    /// The shard that owns a key.
    pub fn owner(&self, key: &[u8]) -> usize {
        self.router.owner(key)
    }

    /// A random number, for a plan that chooses among shards.
    pub fn random(&self) -> u64 {
        self.router.random()
    }

    /// Runs `job` on the shard that owns argument `index`, with that key.
    ///
    /// The job owns what it uses, because the shard may be another thread's.
    pub fn on_key<R, J>(&self, index: usize, job: J) -> impl Future<Output = R> + use<R, J>
    where
        R: Send + 'static,
        J: FnOnce(&mut Context<'_>, Key<'_>) -> R + Send + 'static,
    {
        let key = self.args().at(index).to_vec();
        let shard = self.router.owner(&key);
        self.on_shard(shard, move |context| job(context, Key::new(&key)))
    }

    /// Runs `job` on a shard.
    pub fn on_shard<R, J>(&self, shard: usize, job: J) -> impl Future<Output = R> + use<R, J>
    where
        R: Send + 'static,
        J: FnOnce(&mut Context<'_>) -> R + Send + 'static,
    {
        self.router.hop_at(self.at, self.caller, shard, self.db, job)
    }
}
