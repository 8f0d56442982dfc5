//! MULTI, EXEC, DISCARD, WATCH and UNWATCH: a client's commands as one step.

mod commands;
mod exec;
mod queue;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use command::flag::Flags;
use engine::{Held, Watch};

pub(crate) use commands::COMMANDS;
pub(crate) use exec::join;
pub(crate) use queue::{Queue, Spare};

use crate::client::Client;
use crate::core::Core;

/// A client's transaction, if it has begun one, and the keys that it watches.
#[derive(Default)]
pub(crate) struct Transaction {
    queue: RefCell<Option<Box<Queue>>>,
    watches: RefCell<Vec<Watch>>,
    /// The lengths of all watched keys, while there are some.
    watched_bytes: Cell<usize>,
    /// Whether EXEC is at it.
    executing: Cell<bool>,
    /// Whether a watched key was seen changed, as of the last [`see_changes`].
    is_dirty: Cell<bool>,
    /// The locks of an EXEC that runs scripts.
    held: RefCell<Option<Rc<Held>>>,
}

impl Transaction {
    /// Whether commands are queued.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.queue.borrow().is_some()
    }

    /// Whether EXEC runs commands: they must not make the client wait.
    pub(crate) fn is_executing(&self) -> bool {
        self.executing.get()
    }

    /// The locks of the transaction that is being executed, for a script in it.
    pub(crate) fn held(&self) -> Option<Rc<Held>> {
        self.held.borrow().clone()
    }

    /// A command was refused: there will be no EXEC.
    pub(crate) fn break_off(&self) {
        if let Some(queue) = &mut *self.queue.borrow_mut() {
            queue.is_broken = true;
        }
    }

    /// Adds a command to the queue; `flags` are its row's.
    pub(crate) fn push(&self, row: u16, args: command::Args<'_>, flags: Flags) {
        if let Some(queue) = &mut *self.queue.borrow_mut() {
            queue.push(row, args, flags);
        }
    }

    /// Whether a command is queued, given by its row and arguments, of which this is true.
    pub(crate) fn has_queued(&self, test: impl Fn(u16, command::Args<'_>) -> bool) -> bool {
        let queue = self.queue.borrow();
        let has = |queue: &Queue| queue.steps.iter().any(|step| test(step.row, queue.args(*step)));
        queue.as_ref().is_some_and(|queue| has(queue))
    }

    /// The flags of all queued commands together.
    pub(crate) fn flags(&self) -> Flags {
        self.queue.borrow().as_ref().map_or(0, |queue| queue.flags)
    }

    /// How many commands are queued, if a transaction is open, for CLIENT LIST.
    pub(crate) fn len(&self) -> Option<usize> {
        self.queue.borrow().as_ref().map(|queue| queue.steps.len())
    }

    /// What queued commands and watched keys cost. O(1).
    pub(crate) fn memory_bytes(&self) -> usize {
        let watches = self.watches.borrow();
        let watched_bytes = if watches.is_empty() { 0 } else { self.watched_bytes.get() };
        self.queue.borrow().as_ref().map_or(0, |queue| queue.memory_bytes())
            + watches.capacity() * size_of::<Watch>()
            + watched_bytes
    }

    /// Watches more keys, of so many bytes together.
    fn add_watches(&self, watches: Vec<Watch>, bytes: usize) {
        let mut all = self.watches.borrow_mut();
        let before = if all.is_empty() { 0 } else { self.watched_bytes.get() };
        self.watched_bytes.set(before + bytes);
        all.extend(watches);
    }

    /// Whether a watched key has changed, for CLIENT LIST; see [`see_changes`].
    pub(crate) fn is_dirty(&self) -> bool {
        self.is_dirty.get() && self.watched() > 0
    }

    /// How many keys are watched.
    pub(crate) fn watched(&self) -> usize {
        self.watches.borrow().len()
    }
}

/// Finds out which clients watch keys that have changed.
pub(crate) async fn see_changes(core: &Rc<Core>) {
    let watchers = core.gather(|core| {
        let clients = core.clients.borrow();
        let watchers = clients.values().filter(|client| client.transaction.watched() > 0);
        let watches = |client: &Rc<Client>| client.transaction.watches.borrow().clone();
        watchers.map(|client| (client.id, watches(client))).collect::<Vec<_>>()
    });
    let (ids, watches): (Vec<u64>, Vec<_>) = watchers.await.into_iter().flatten().unzip();
    if ids.is_empty() {
        return;
    }
    let changed = core.router.changed(&watches).await;
    let seen: Vec<(u64, bool)> = ids.into_iter().zip(changed).collect();
    let seen = Arc::new(seen);
    core.gather(move |core| {
        let clients = core.clients.borrow();
        for (id, is_dirty) in seen.iter() {
            if let Some(client) = clients.get(id) {
                client.transaction.is_dirty.set(*is_dirty);
            }
        }
    })
    .await;
}

/// Finds out whether a client watches keys that have changed.
pub(crate) async fn see_own_changes(core: &Rc<Core>, client: &Client) {
    let watches = client.transaction.watches.borrow().clone();
    let changed = core.router.changed(&[watches]).await;
    client.transaction.is_dirty.set(changed[0]);
}

/// Ends a client's transaction, if there is one, and all its watching.
pub(crate) fn discard(core: &Rc<Core>, client: &Client) {
    client.transaction.queue.take();
    unwatch(core, client);
}

fn unwatch(core: &Rc<Core>, client: &Client) {
    let watches = client.transaction.watches.take();
    if !watches.is_empty() {
        core.router.unwatch(watches);
    }
}
