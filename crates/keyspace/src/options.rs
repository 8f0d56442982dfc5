//! What of a keyspace can be configured.

use crate::clock::ClockKind;

/// What happens to a key whose time has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExpired {
    /// It is removed, with a DEL as its effect.
    #[default]
    Remove,
    /// It reads as absent but stays until someone else removes it: a replica waits for the DEL.
    Hide,
    /// It reads as present: for loading.
    Keep,
}

/// Parameters of a [`Keyspace`](crate::Keyspace).
#[derive(Clone, Debug)]
pub struct Options {
    /// How many databases there are.
    pub databases: usize,
    /// The seed of every random choice.
    pub seed: u64,
    /// Which access clock entries carry; follows from the eviction policy.
    pub clock: ClockKind,
    /// `lfu-log-factor`.
    pub lfu_log_factor: u32,
    /// `lfu-decay-time`, in minutes; 0 for no decay.
    pub lfu_decay_minutes: u32,
    /// Values that take this much effort to free (see `Value::free_effort`) become garbage for
    /// another thread.
    pub garbage_effort_min: usize,
    /// What happens to a key whose time has come.
    pub on_expired: OnExpired,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            databases: 16,
            seed: 0,
            clock: ClockKind::Lru,
            lfu_log_factor: 10,
            lfu_decay_minutes: 1,
            garbage_effort_min: 64,
            on_expired: OnExpired::Remove,
        }
    }
}
