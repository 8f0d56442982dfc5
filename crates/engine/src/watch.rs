//! WATCH: which keys a client watches, and what they were like.

use std::collections::BTreeMap;
use std::rc::Rc;

use keyspace::{Key, Keyspace};

use crate::router::Router;

/// A key that a client watches.
#[derive(Clone, Debug)]
pub struct Watch {
    shard: usize,
    db: usize,
    key: Box<[u8]>,
    hash: u64,
    version: u64,
}

impl Watch {
    /// The shard that owns the key.
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// Whether it is this key.
    pub fn is(&self, db: usize, key: &[u8]) -> bool {
        self.db == db && *self.key == *key
    }

    pub(crate) fn key(&self) -> Key<'_> {
        Key { bytes: &self.key, hash: self.hash }
    }

    /// Whether the key is as it was when it began to be watched.
    pub(crate) fn holds(&self, keyspace: &mut Keyspace) -> bool {
        keyspace.is_unchanged(self.db, self.key(), self.version)
    }
}

impl Router {
    /// Begins to watch keys. [`Router::unwatch`] must end it.
    pub async fn watch(self: &Rc<Self>, db: usize, keys: Vec<Vec<u8>>) -> Vec<Watch> {
        let mut by_shard: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
        for key in keys {
            by_shard.entry(self.owner(&key)).or_default().push(key);
        }
        let mut hops = Vec::new();
        for (shard, keys) in by_shard {
            hops.push(self.hop(shard, db, move |context| {
                let watch = |key: Vec<u8>| {
                    let found = Key::new(&key);
                    let version = context.keyspace.watch(db, found);
                    let hash = found.hash;
                    Watch { shard, db, hash, version, key: key.into() }
                };
                keys.into_iter().map(watch).collect::<Vec<_>>()
            }));
        }
        let mut watches = Vec::new();
        for hop in hops {
            watches.extend(hop.await);
        }
        watches
    }

    /// Of each of these clients, whether a key that it watches has changed.
    pub async fn changed(self: &Rc<Self>, clients: &[Vec<Watch>]) -> Vec<bool> {
        let mut by_shard: BTreeMap<usize, Vec<(usize, Watch)>> = BTreeMap::new();
        for (client, watches) in clients.iter().enumerate() {
            for watch in watches {
                by_shard.entry(watch.shard).or_default().push((client, watch.clone()));
            }
        }
        let hops: Vec<_> = by_shard
            .into_iter()
            .map(|(shard, watches)| {
                self.hop(shard, 0, move |context| {
                    let changed = watches.iter().filter(|(_, watch)| {
                        !context.keyspace.is_at_version(watch.db, watch.key(), watch.version)
                    });
                    changed.map(|(client, _)| *client).collect::<Vec<_>>()
                })
            })
            .collect();
        let mut changed = vec![false; clients.len()];
        for hop in hops {
            hop.await.into_iter().for_each(|client| changed[client] = true);
        }
        changed
    }

    /// Ends the watching of keys. Nobody needs to wait for it.
    pub fn unwatch(self: &Rc<Self>, watches: Vec<Watch>) {
        let mut by_shard: BTreeMap<usize, Vec<Watch>> = BTreeMap::new();
        for watch in watches {
            by_shard.entry(watch.shard).or_default().push(watch);
        }
        for (shard, watches) in by_shard {
            drop(self.hop(shard, 0, move |context| {
                for watch in &watches {
                    context.keyspace.unwatch(watch.db, watch.key());
                }
            }));
        }
    }
}
