//! `maxmemory-clients`: when all clients together cost too much, the largest are closed.
//!
//! Connections tell their thread what they cost, threads publish their sums, and whichever notices
//! that these exceed the limit asks all threads for their clients and closes the largest.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use config::{ClientMemory as Limit, Config};

use crate::client::{Client, Closing};
use crate::core::Core;
use crate::stats::add;

/// What all threads share.
pub(crate) struct ClientMemory {
    /// What the clients of each thread cost, in bytes.
    published: Vec<AtomicUsize>,
    /// Whether some thread is closing clients.
    is_evicting: Arc<AtomicBool>,
}

impl ClientMemory {
    pub(crate) fn new(threads: usize) -> Self {
        let published = (0..threads).map(|_| AtomicUsize::new(0)).collect();
        Self { published, is_evicting: Arc::default() }
    }

    /// Whether some thread is closing clients: meanwhile no keys are evicted.
    pub(crate) fn is_evicting(&self) -> Arc<AtomicBool> {
        self.is_evicting.clone()
    }
}

/// A thread's own part.
#[derive(Debug, Default)]
pub(crate) struct OwnClients {
    /// What they cost, in bytes.
    bytes: Cell<usize>,
    /// What all clients may cost, in bytes; 0 = no limit.
    limit_bytes: Cell<usize>,
}

impl OwnClients {
    /// Takes the limit from the configuration.
    pub(crate) fn obey(&self, config: &Config) {
        self.limit_bytes.set(match config.clients.maxmemory_clients {
            Limit::Bytes(bytes) => bytes as usize,
            Limit::Percent(share) => {
                (u128::from(config.memory.maxmemory_bytes) * u128::from(share) / 100) as usize
            }
        });
    }

    /// Shows the sum to the other threads.
    pub(crate) fn publish(&self, shared: &ClientMemory, thread: usize) {
        shared.published[thread].store(self.bytes.get(), Ordering::Relaxed);
    }
}

impl Core {
    /// Counts what a client costs now.
    pub(crate) fn account(self: &Rc<Self>, client: &Client) {
        let now = client.memory_bytes();
        let before = client.accounted.replace(now);
        self.own_clients.bytes.set(self.own_clients.bytes.get() + now - before);
        if now > before {
            self.hold_clients_to_limit();
        }
    }

    /// Lets clients be closed if all together cost too much.
    pub(crate) fn hold_clients_to_limit(self: &Rc<Self>) {
        if self.do_clients_exceed_limit()
            && !self.server.client_memory.is_evicting.swap(true, Ordering::Relaxed)
        {
            tokio::task::spawn_local(evict(self.clone()));
        }
    }

    fn do_clients_exceed_limit(&self) -> bool {
        let limit_bytes = self.own_clients.limit_bytes.get();
        if limit_bytes == 0 {
            return false;
        }
        let shared = &self.server.client_memory;
        self.own_clients.publish(shared, self.router.thread());
        let sum: usize = shared.published.iter().map(|sum| sum.load(Ordering::Relaxed)).sum();
        sum > limit_bytes
    }

    /// A client that is gone costs nothing.
    pub(crate) fn forget(&self, client: &Client) {
        let before = client.accounted.replace(0);
        self.own_clients.bytes.set(self.own_clients.bytes.get() - before);
    }
}

/// Closes clients if all together cost too much; afterwards those are gone.
pub(crate) async fn settle(core: &Rc<Core>) {
    if core.do_clients_exceed_limit() {
        core.server.client_memory.is_evicting.store(true, Ordering::Relaxed);
        evict(core.clone()).await;
    }
}

/// A client that may be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    bytes: usize,
    id: u64,
}

/// How often it is looked whether those that were closed have gone, and how long after each other.
const LOOKS_MAX: u32 = 50;
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// Closes the largest clients of all threads until the rest are within the limit, and waits for
/// what they held to be free, lest keys go for it.
async fn evict(core: Rc<Core>) {
    for _ in 0..LOOKS_MAX {
        let mut survey = Survey::default();
        core.gather(look).await.into_iter().for_each(|part| survey.add(part));
        let Survey { staying_bytes, are_leaving, candidates } = survey;
        let chosen = choose(staying_bytes, core.own_clients.limit_bytes.get(), candidates);
        if !chosen.is_empty() {
            core.gather(move |core| close(core, &chosen)).await;
        } else if are_leaving {
            tokio::time::sleep(LOOK_INTERVAL).await;
        } else {
            break;
        }
    }
    core.server.client_memory.is_evicting.store(false, Ordering::Relaxed);
}

/// How the clients are.
#[derive(Default)]
struct Survey {
    /// What those cost that are not being closed.
    staying_bytes: usize,
    /// Whether there are others.
    are_leaving: bool,
    /// Those that may be closed.
    candidates: Vec<Candidate>,
}

impl Survey {
    fn add(&mut self, more: Self) {
        self.staying_bytes += more.staying_bytes;
        self.are_leaving |= more.are_leaving;
        self.candidates.extend(more.candidates);
    }
}

/// How this thread's clients are.
fn look(core: &Rc<Core>) -> Survey {
    let clients = core.clients.borrow();
    let staying = clients.values().filter(|client| client.closing().is_none());
    let candidates = staying.clone().filter(|client| !client.no_evict.get());
    let candidates =
        candidates.map(|client| Candidate { bytes: client.accounted.get(), id: client.id });
    Survey {
        candidates: candidates.collect(),
        staying_bytes: staying.map(|client| client.accounted.get()).sum(),
        are_leaving: clients.values().any(|client| client.closing().is_some()),
    }
}

/// The largest, as many as it takes.
fn choose(sum: usize, limit_bytes: usize, mut candidates: Vec<Candidate>) -> Vec<u64> {
    let mut excess = if limit_bytes == 0 { 0 } else { sum.saturating_sub(limit_bytes) };
    candidates.sort_unstable();
    let mut chosen = Vec::new();
    while excess > 0
        && let Some(largest) = candidates.pop()
    {
        excess = excess.saturating_sub(largest.bytes);
        chosen.push(largest.id);
    }
    chosen
}

fn close(core: &Core, chosen: &[u64]) {
    let clients = core.clients.borrow();
    for client in chosen.iter().filter_map(|id| clients.get(id)) {
        tracing::info!(
            client = client.id,
            address = client.address,
            bytes = client.accounted.get(),
            "Evicting client"
        );
        add(&core.stats.counters.clients_evicted, 1);
        client.close(Closing::Now);
    }
}

#[cfg(test)]
mod tests;
