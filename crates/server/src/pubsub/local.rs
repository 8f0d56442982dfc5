//! The subscribers of one thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use stdx::glob;

use super::Kind;
use super::message::{Message, Written};
use crate::client::Client;
use crate::core::Core;
use crate::names::Names;

/// Subscribers by what they subscribe to, in the order in which they did.
type Subscribers = RefCell<HashMap<Vec<u8>, Vec<Rc<Client>>>>;

/// See the module.
#[derive(Default)]
pub(crate) struct Local {
    channels: Subscribers,
    patterns: Subscribers,
    shard_channels: Subscribers,
}

impl Local {
    fn of(&self, kind: Kind) -> &Subscribers {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shard_channels,
        }
    }

    /// Gives a message to all subscribers here.
    pub(super) fn deliver(&self, message: &Message) {
        let give = |clients: &[Rc<Client>], written: &Written<'_>| {
            for client in clients {
                client.push(written.bytes(client.protocol.get()));
            }
        };
        let kind = if message.is_sharded { Kind::Shard } else { Kind::Channel };
        if let Some(clients) = self.of(kind).borrow().get(&message.channel) {
            give(clients, &Written::new(message, None));
        }
        if kind == Kind::Channel {
            for (pattern, clients) in &*self.patterns.borrow() {
                if glob::matches(pattern, &message.channel, false) {
                    give(clients, &Written::new(message, Some(pattern)));
                }
            }
        }
    }
}

/// What one client subscribes to.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    channels: RefCell<Names>,
    patterns: RefCell<Names>,
    shard_channels: RefCell<Names>,
}

impl Subscriptions {
    fn of(&self, kind: Kind) -> &RefCell<Names> {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shard_channels,
        }
    }

    /// How many of a kind.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.of(kind).borrow().len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        Kind::ALL.iter().all(|kind| self.count(*kind) == 0)
    }

    /// All of a kind, by name.
    pub(super) fn names(&self, kind: Kind) -> Vec<Vec<u8>> {
        self.of(kind).borrow().iter().map(<[u8]>::to_vec).collect()
    }

    /// What they cost.
    pub(crate) fn memory_bytes(&self) -> usize {
        Kind::ALL.iter().map(|kind| self.of(*kind).borrow().memory_bytes()).sum()
    }

    /// The number that confirmations tell: channels of hash slots are counted apart.
    pub(super) fn told(&self, kind: Kind) -> usize {
        match kind {
            Kind::Shard => self.count(kind),
            _ => self.count(Kind::Channel) + self.count(Kind::Pattern),
        }
    }
}

/// Subscribes a client of this thread, unless it does already.
pub(super) fn subscribe(core: &Core, client: &Rc<Client>, kind: Kind, name: &[u8]) {
    if client.subscriptions.of(kind).borrow_mut().insert(name) {
        let mut subscribers = core.subscribers.of(kind).borrow_mut();
        subscribers.entry(name.to_vec()).or_default().push(client.clone());
        core.server.directory.add(kind, name, core.router.thread());
    }
}

/// Ends a subscription, if there is one.
pub(super) fn unsubscribe(core: &Core, client: &Client, kind: Kind, name: &[u8]) {
    if !client.subscriptions.of(kind).borrow_mut().remove(name) {
        return;
    }
    let mut subscribers = core.subscribers.of(kind).borrow_mut();
    if let Some(clients) = subscribers.get_mut(name) {
        clients.retain(|other| other.id != client.id);
        if clients.is_empty() {
            subscribers.remove(name);
        }
    }
    core.server.directory.remove(kind, name, core.router.thread());
}

/// Ends all subscriptions of a client that leaves or resets.
pub(crate) fn leave(core: &Core, client: &Client) {
    for kind in Kind::ALL {
        for name in client.subscriptions.names(kind) {
            unsubscribe(core, client, kind, &name);
        }
    }
}
