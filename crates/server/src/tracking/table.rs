//! Which clients have read which keys of one shard, since those last changed.

use std::collections::HashMap;
use std::rc::Rc;

/// See the module. A client is in a key's list once.
#[derive(Debug, Default)]
pub(super) struct Table {
    places: HashMap<Rc<[u8]>, usize>,
    /// In no order, so that a random one is found at once.
    entries: Vec<(Rc<[u8]>, Vec<u64>)>,
    /// The lengths of all lists.
    items: usize,
}

impl Table {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many clients the keys have, together.
    pub(super) fn items(&self) -> usize {
        self.items
    }

    /// Notes that a client has read a key.
    pub(super) fn add(&mut self, key: &[u8], client: u64) {
        let place = self.places.get(key).copied().unwrap_or_else(|| {
            let key: Rc<[u8]> = key.into();
            self.places.insert(key.clone(), self.entries.len());
            self.entries.push((key, Vec::new()));
            self.entries.len() - 1
        });
        let clients = &mut self.entries[place].1;
        if !clients.contains(&client) {
            clients.push(client);
            self.items += 1;
        }
    }

    /// Takes a key out; who had read it.
    pub(super) fn take(&mut self, key: &[u8]) -> Vec<u64> {
        match self.places.get(key) {
            Some(place) => self.take_at(*place).1,
            None => Vec::new(),
        }
    }

    /// Takes some key out, by a random number, if there are any.
    pub(super) fn take_any(&mut self, random: u64) -> Option<(Rc<[u8]>, Vec<u64>)> {
        let len = self.entries.len() as u64;
        (len > 0).then(|| self.take_at((random % len) as usize))
    }

    fn take_at(&mut self, place: usize) -> (Rc<[u8]>, Vec<u64>) {
        let (key, clients) = self.entries.swap_remove(place);
        self.places.remove(&key);
        if let Some((moved, _)) = self.entries.get(place) {
            self.places.insert(moved.clone(), place);
        }
        self.items -= clients.len();
        (key, clients)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_clients_when_others_go() {
        let mut table = Table::default();
        for (key, client) in [(b"a", 1), (b"b", 2), (b"c", 3), (b"a", 4), (b"a", 1)] {
            table.add(key, client);
        }
        assert_eq!((table.len(), table.items()), (3, 4));
        assert_eq!(table.take(b"a"), [1_u64, 4]);
        assert!(table.take(b"a").is_empty());
        assert_eq!(table.take(b"c"), [3_u64]);
        let (key, clients) = table.take_any(7).unwrap();
        assert_eq!((&*key, &*clients), (&b"b"[..], &[2][..]));
        assert_eq!((table.len(), table.items()), (0, 0));
        assert!(table.take_any(0).is_none());
    }
}
