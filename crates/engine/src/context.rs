//! What a handler sees of its shard: one database's keys, the time, randomness. Nothing else.

use command::Args;
use keyspace::{Edit, Entry, Key, Keyspace};
use stdx::rng::Rng;
use txn::{LockTable, Mode};

/// A shard as one command sees it.
pub struct Context<'a> {
    /// All databases of the shard.
    pub keyspace: &'a mut Keyspace,
    /// The database that the connection selected.
    pub db: usize,
    /// Randomness, seeded per shard.
    pub rng: &'a mut Rng,
    /// Hash of the first key, which routing and prefetching needed already.
    pub(crate) first_key: Option<(usize, u64)>,
    /// Limits of values.
    pub limits: &'a Limits,
    /// For a command that blocks: the call that is to be tried again, if not as it came (XREAD's
    /// `$` stands for an id that must be kept).
    pub wait_as: Option<Vec<Vec<u8>>>,
    /// See [`Call::in_script`](crate::Call::in_script).
    pub in_script: bool,
    pub(crate) locks: &'a LockTable,
}

/// Parameters that handlers obey.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `proto-max-bulk-len`: no string grows beyond it, in bytes.
    pub string_bytes_max: usize,
    /// A client's reply that is longer ends its connection, in bytes.
    pub reply_bytes_max: usize,
    /// Whether small integers pass for shared objects, as they do in Redis unless the eviction
    /// policy looks at each key's use.
    pub shares_integers: bool,
    /// Whether RESTORE takes any checksum, as tests ask for.
    pub skips_checksums: bool,
    /// Up to where small collections stay in one allocation.
    pub values: value::Limits,
}

impl Default for Limits {
    /// As without a configuration.
    fn default() -> Self {
        Self {
            string_bytes_max: 512 * 1024 * 1024,
            reply_bytes_max: usize::MAX,
            shares_integers: true,
            skips_checksums: false,
            values: value::Limits::default(),
        }
    }
}

impl<'a> Context<'a> {
    /// Argument `index` as a key.
    #[inline]
    pub fn key<'k>(&self, args: Args<'k>, index: usize) -> Key<'k> {
        let bytes = args.at(index);
        match self.first_key {
            Some((at, hash)) if at == index => Key { bytes, hash },
            _ => Key::new(bytes),
        }
    }

    /// Milliseconds since 1970; the same for all commands of a batch.
    #[inline]
    pub fn now_ms(&self) -> i64 {
        self.keyspace.now_ms()
    }

    /// Looks a key up for reading in the selected database: counts a hit or a miss.
    #[inline]
    pub fn read(&mut self, key: Key<'_>) -> Option<Entry<'_>> {
        self.keyspace.read(self.db, key)
    }

    /// Looks a key up for changing it in the selected database.
    #[inline]
    pub fn edit<'e>(&'e mut self, key: Key<'e>) -> Edit<'e> {
        self.keyspace.edit(self.db, key)
    }

    /// Looks a key up for changing it in the selected database, and for answering what it held:
    /// counts a hit or a miss.
    #[inline]
    pub fn read_to_edit<'e>(&'e mut self, key: Key<'e>) -> Edit<'e> {
        self.keyspace.read_to_edit(self.db, key)
    }

    /// Removes a key of the selected database whose time has come, unless a transaction holds it:
    /// for those who meet keys that they have not locked.
    pub fn remove_expired(&mut self, key: Key<'_>) {
        if self.locks.admits(txn::slot_of(key.hash), Mode::Exclusive) {
            self.keyspace.remove_if_expired(self.db, key);
        }
    }
}
