//! Client-side caching: clients hear which keys changed that they have read.
//!
//! A shard tells what is read and what changes, in order ([`keyspace::News`]). The shard's thread
//! keeps who has read what ([`table`]) and sends what changed to the threads of those clients, where
//! it becomes messages ([`deliver`]). What a client is told travels behind the reply that made it
//! keep the key: both come from the shard's thread in order, and a thread sends what is no reply
//! behind the replies of the batch under way.
//!
//! While nobody tracks, shards tell nothing of all this.

mod commands;
mod deliver;
mod listen;
mod table;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::client::Client;
use crate::core::Core;
use crate::names::Names;

pub(crate) use commands::{CACHING, GETREDIR, TRACKING, TRACKINGINFO};
pub(crate) use listen::{forget, hear, limit};
use table::Table;

/// Which keys a client hears of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Those that it read.
    #[default]
    Read,
    /// Those that it read in commands behind CLIENT CACHING YES.
    OptIn,
    /// Those that it read, but in commands behind CLIENT CACHING NO.
    OptOut,
    /// All that begin with its prefixes.
    Broadcast,
}

/// Another client that gets what a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) id: u64,
    thread: usize,
}

/// What one client wants.
#[derive(Debug, Default)]
pub(crate) struct Tracking {
    /// None while it tracks nothing.
    mode: Cell<Option<Mode>>,
    /// Whether it does not hear of its own changes.
    no_loop: Cell<bool>,
    redirect: Cell<Option<Redirect>>,
    /// Whether the client is gone that was to get what this one is told.
    is_broken: Cell<bool>,
    /// Whether CLIENT CACHING was said for the next command.
    caching: Cell<bool>,
    prefixes: RefCell<Names>,
}

impl Tracking {
    /// Whether the client tracks.
    pub(crate) fn is_on(&self) -> bool {
        self.mode.get().is_some()
    }

    pub(crate) fn is_broadcast(&self) -> bool {
        self.mode.get() == Some(Mode::Broadcast)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    /// The client that gets what this one is told: its id, 0 for none, or -1 while it tracks
    /// nothing.
    pub(crate) fn redirect_id(&self) -> i64 {
        match (self.is_on(), self.redirect.get()) {
            (false, _) => -1,
            (true, None) => 0,
            (true, Some(redirect)) => redirect.id as i64,
        }
    }

    /// What its prefixes cost.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.prefixes.borrow().memory_bytes()
    }

    /// What a call carries: the client's number, if that matters, and whether the shard is to tell
    /// what it reads.
    #[inline]
    pub(crate) fn of_call(&self, thread: usize, id: u64) -> (u64, bool) {
        match self.mode.get() {
            None => (0, false),
            Some(mode) => {
                let caching = self.caching.get();
                let tells = match mode {
                    Mode::Read => true,
                    Mode::OptIn => caching,
                    Mode::OptOut => !caching,
                    Mode::Broadcast => false,
                };
                (number(thread, id), tells)
            }
        }
    }

    /// What CLIENT CACHING said is for one command only, or for one transaction: another command
    /// than it, which this runs, ends it, unless it begins a transaction.
    pub(crate) fn run_between<R>(&self, run: impl FnOnce() -> R, is_multi: impl Fn() -> bool) -> R {
        let said = self.caching.replace(false);
        let result = run();
        if said && is_multi() {
            self.caching.set(true);
        }
        result
    }

    /// What CLIENT CACHING said is used up: by a data command, a transaction, or another command
    /// that acts on more than the connection.
    #[inline]
    pub(crate) fn end_caching(&self) {
        self.caching.set(false);
    }
}

/// Bits of a client's id in its number; the thread is above them.
const ID_BITS: u32 = 48;

/// A client's number: where it is, and which.
fn number(thread: usize, id: u64) -> u64 {
    (thread as u64) << ID_BITS | id
}

fn thread_of(number: u64) -> usize {
    (number >> ID_BITS) as usize
}

fn id_of(number: u64) -> u64 {
    number & ((1 << ID_BITS) - 1)
}

/// What all threads share.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    clients: AtomicUsize,
    keys: AtomicUsize,
    items: AtomicUsize,
    /// How many clients hear of the keys with a prefix, per thread.
    prefixes: RwLock<BTreeMap<Vec<u8>, Vec<u32>>>,
}

/// What INFO shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) clients: usize,
    pub(crate) keys: usize,
    pub(crate) items: usize,
    pub(crate) prefixes: usize,
}

impl Registry {
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            clients: self.clients.load(Ordering::Relaxed),
            keys: self.keys.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            prefixes: self.prefixes.read().expect("a panic ends the process").len(),
        }
    }

    /// Whether somebody tracks.
    pub(crate) fn is_used(&self) -> bool {
        self.clients.load(Ordering::Acquire) > 0
    }
}

/// What a thread has.
#[derive(Debug, Default)]
pub(crate) struct Local {
    table: RefCell<Table>,
    /// This thread's clients that hear of the keys with a prefix.
    prefixes: RefCell<HashMap<Vec<u8>, Vec<u64>>>,
    /// How often each shard was emptied, as far as this thread has heard.
    flushes: RefCell<Vec<u64>>,
}

/// Ends what a client tracks.
pub(crate) fn stop(core: &Core, client: &Client) {
    let tracking = &client.tracking;
    if tracking.mode.take().is_none() {
        return;
    }
    tracking.caching.set(false);
    tracking.no_loop.set(false);
    tracking.is_broken.set(false);
    tracking.redirect.set(None);
    let registry = &core.server.tracking;
    for prefix in tracking.prefixes.take().iter() {
        let mut local = core.tracking.prefixes.borrow_mut();
        if let Some(clients) = local.get_mut(prefix) {
            clients.retain(|id| *id != client.id);
            if clients.is_empty() {
                local.remove(prefix);
            }
        }
        let mut all = registry.prefixes.write().expect("a panic ends the process");
        if let Some(counts) = all.get_mut(prefix) {
            counts[core.router.thread()] -= 1;
            if counts.iter().all(|count| *count == 0) {
                all.remove(prefix);
            }
        }
    }
    if registry.clients.fetch_sub(1, Ordering::AcqRel) == 1 {
        for thread in 0..core.router.thread_count() {
            core.router.call(thread, || Core::current().want_news());
        }
    }
}

/// Adds a client to those that hear of the keys with a prefix.
fn add_prefix(core: &Core, client: &Client, prefix: &[u8]) {
    if !client.tracking.prefixes.borrow_mut().insert(prefix) {
        return;
    }
    let mut local = core.tracking.prefixes.borrow_mut();
    local.entry(prefix.to_vec()).or_default().push(client.id);
    let mut all = core.server.tracking.prefixes.write().expect("a panic ends the process");
    let none = || vec![0; core.router.thread_count()];
    all.entry(prefix.to_vec()).or_insert_with(none)[core.router.thread()] += 1;
}
