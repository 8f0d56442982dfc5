//! What commands have changed: counted always, recorded as effects when someone reads them.
//!
//! One effect in the buffer, all integers little-endian:
//! `length of the rest: u32, database: u32, hash: u64, cause: u8, count: u32`, then for each
//! argument `length: u32, bytes`.

use stdx::alloc::{Doomed, block_bytes};

/// Why an effect came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// A command did it.
    Command,
    /// The key's time had come.
    Expired,
    /// Memory was needed.
    Evicted,
}

const FIXED_BYTES: usize = 4 + 8 + 1 + 4;

/// How much memory is kept for the next effects.
const KEPT_BYTES_MAX: usize = 4 * 1024;

/// The changes since they were last cleared.
#[derive(Debug, Default)]
pub struct Changes {
    dirty: u64,
    recording: bool,
    watching: bool,
    effects: Vec<u8>,
    /// What they take, if that is not kept. Evicting a key is an effect: were these counted, it would
    /// make evicting more necessary rather than less.
    doomed: Doomed,
    touched: Vec<(u32, u64)>,
    touched_databases: Vec<u32>,
    pub(crate) watches: crate::watches::Watches,
}

impl Changes {
    /// How many changes there have been, ever; a command that changes three keys counts three.
    pub fn dirty(&self) -> u64 {
        self.dirty
    }

    /// Whether effects are recorded.
    pub fn recording(&self) -> bool {
        self.recording
    }

    /// Says whether effects are to be recorded; what is recorded stays.
    pub fn set_recording(&mut self, recording: bool) {
        self.recording = recording;
    }

    /// Says whether [`Self::touched`] is wanted: while someone waits for or watches a key.
    pub fn set_watching(&mut self, watching: bool) {
        self.watching = watching;
    }

    /// The effects recorded since the last [`Self::clear`], in order.
    pub fn effects(&self) -> Effects<'_> {
        Effects { rest: &self.effects }
    }

    /// The keys changed since the last [`Self::clear`], as database and hash, in order, with
    /// repetitions; empty unless watching.
    pub fn touched(&self) -> &[(u32, u64)] {
        &self.touched
    }

    /// The databases that were emptied or exchanged as a whole since the last [`Self::clear`];
    /// empty unless watching.
    pub fn touched_databases(&self) -> &[u32] {
        &self.touched_databases
    }

    /// Forgets effects and touched keys, but keeps some memory for the next command.
    pub fn clear(&mut self) {
        self.effects.clear();
        if self.effects.capacity() > KEPT_BYTES_MAX {
            self.effects = Vec::new();
            self.doomed.resize(0);
        }
        self.touched.clear();
        self.touched_databases.clear();
    }

    /// Records an effect, if recording. For what no edit covers; else see `Edit::log`.
    pub fn record(&mut self, db: usize, hash: u64, cause: Cause, args: &[&[u8]]) {
        if !self.recording {
            return;
        }
        let bytes = FIXED_BYTES + args.iter().map(|arg| 4 + arg.len()).sum::<usize>();
        self.effects.reserve(4 + bytes);
        self.effects.extend_from_slice(&(bytes as u32).to_le_bytes());
        self.effects.extend_from_slice(&(db as u32).to_le_bytes());
        self.effects.extend_from_slice(&hash.to_le_bytes());
        self.effects.push(cause as u8);
        self.effects.extend_from_slice(&(args.len() as u32).to_le_bytes());
        for arg in args {
            self.effects.extend_from_slice(&(arg.len() as u32).to_le_bytes());
            self.effects.extend_from_slice(arg);
        }
        if self.effects.capacity() > KEPT_BYTES_MAX {
            self.doomed.resize(block_bytes(self.effects.capacity()));
        }
    }

    /// Counts that a database was changed as a whole.
    pub(crate) fn touch_database(&mut self, db: usize) {
        self.dirty += 1;
        if self.watching {
            self.touched_databases.push(db as u32);
        }
    }

    /// Notes a changed key, and counts so many changes.
    #[inline]
    pub(crate) fn touch(&mut self, db: usize, hash: u64, changes: u64) {
        self.dirty += changes;
        if !self.watches.is_empty() {
            self.watches.touch(db, hash);
        }
        if self.watching {
            self.touched.push((db as u32, hash));
        }
    }
}

/// Recorded effects, in order.
#[derive(Clone, Debug)]
pub struct Effects<'a> {
    rest: &'a [u8],
}

/// One recorded effect: a command in absolute terms, which replays the change.
#[derive(Clone, Copy, Debug)]
pub struct Effect<'a> {
    /// The database it acts on.
    pub db: usize,
    /// The hash of its key.
    pub hash: u64,
    /// Why it came about.
    pub cause: Cause,
    /// How many arguments the command has, its name included.
    pub count: usize,
    /// The arguments, each after its length as a little-endian u32.
    pub encoded: &'a [u8],
}

impl<'a> Effect<'a> {
    /// The arguments one by one.
    pub fn args(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.encoded;
        std::iter::from_fn(move || (!rest.is_empty()).then(|| take_sized(&mut rest)))
    }
}

impl<'a> Iterator for Effects<'a> {
    type Item = Effect<'a>;

    fn next(&mut self) -> Option<Effect<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut effect = take_sized(&mut self.rest);
        let db = u32::from_le_bytes(take(&mut effect)) as usize;
        let hash = u64::from_le_bytes(take(&mut effect));
        let cause = match take::<1>(&mut effect) {
            [0] => Cause::Command,
            [1] => Cause::Expired,
            _ => Cause::Evicted,
        };
        let count = u32::from_le_bytes(take(&mut effect)) as usize;
        Some(Effect { db, hash, cause, count, encoded: effect })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (head, tail) = rest.split_first_chunk().expect("an effect is written whole");
    *rest = tail;
    *head
}

fn take_sized<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let bytes = u32::from_le_bytes(take(rest)) as usize;
    let (head, tail) = rest.split_at(bytes);
    *rest = tail;
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_effects_are_neither_counted_nor_kept() {
        let mut changes = Changes::default();
        changes.set_recording(true);
        changes.record(0, 1, Cause::Command, &[b"DEL", b"key"]);
        let few = (changes.effects.capacity(), changes.doomed.bytes());
        assert!(few.0 <= KEPT_BYTES_MAX && few.1 == 0, "{few:?}");
        for hash in 0..100 {
            changes.record(0, hash, Cause::Evicted, &[b"DEL", &[b'k'; 1000]]);
        }
        // A block is longer than what it is asked for.
        let taken = block_bytes(changes.effects.capacity());
        assert!(taken > changes.effects.capacity(), "{taken}");
        assert_eq!(changes.doomed.bytes(), taken);
        assert_eq!(changes.effects().count(), 101);
        changes.clear();
        assert_eq!((changes.effects.capacity(), changes.doomed.bytes()), (0, 0));
    }
}
