//! What a shard does with the entries of a snapshot: makes bytes of them, in pieces that go to the
//! thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crossbeam_channel::Sender;
use keyspace::{ClockKind, Entry, Saver, ValueRef};
use rdb::Output;
use rdb::file::{
    Chunk, Clock, Content, EntryHead, put_entry, put_member, put_select_db, put_sorted_set,
};

/// A piece goes to the writer when it has so many bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// A shard's walk waits while so many bytes of it are on their way to the writer.
const QUEUED_BYTES_MAX: usize = 1024 * 1024;

/// A snapshot under way, as all threads see it.
pub(crate) struct Job {
    /// It is to end before it is complete.
    is_cancelled: AtomicBool,
    /// Because nobody wants it any more.
    is_unwanted: AtomicBool,
    /// Bytes that each shard has sent and that are not yet written.
    pub(crate) queued_bytes: Vec<AtomicUsize>,
    pub(crate) keys_total: AtomicU64,
    /// Keys that each shard has made bytes of.
    keys_seen: Vec<AtomicU64>,
    /// Bytes of entries, in memory, that were saved because they were to be changed.
    pub(crate) early_bytes: AtomicU64,
    /// How entries are written.
    pub(crate) format: Format,
}

/// How entries are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) version: Option<u16>,
    pub(crate) compresses: bool,
    pub(crate) keeps_use: bool,
}

/// What shards tell the writer.
pub(crate) enum Piece {
    /// Keys of a shard.
    Chunk(usize, Chunk),
    /// The begin of a key of a shard: of it, and then of this shard, only [`Piece::More`] follows.
    Open(usize, Chunk),
    /// More of that key, and whether that was all.
    More(usize, Vec<u8>, bool),
    /// A shard has nothing more; whether that was all.
    End(bool),
}

impl Job {
    pub(crate) fn new(shards: usize, format: Format) -> Arc<Self> {
        Arc::new(Self {
            is_cancelled: AtomicBool::new(false),
            is_unwanted: AtomicBool::new(false),
            queued_bytes: (0..shards).map(|_| AtomicUsize::new(0)).collect(),
            keys_total: AtomicU64::new(0),
            keys_seen: (0..shards).map(|_| AtomicU64::new(0)).collect(),
            early_bytes: AtomicU64::new(0),
            format,
        })
    }

    /// Ends it before it is complete.
    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// [`Self::cancel`] because somebody asked for it: no failure.
    pub(crate) fn give_up(&self) {
        self.is_unwanted.store(true, Ordering::Relaxed);
        self.cancel();
    }

    pub(crate) fn was_unwanted(&self) -> bool {
        self.is_unwanted.load(Ordering::Relaxed)
    }

    /// Keys that a shard has made bytes of.
    pub(crate) fn keys_seen(&self, shard: usize) -> u64 {
        self.keys_seen[shard].load(Ordering::Relaxed)
    }

    /// Keys that all shards have made bytes of.
    pub(crate) fn keys_done(&self) -> u64 {
        self.keys_seen.iter().map(|keys| keys.load(Ordering::Relaxed)).sum()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }

    /// Whether the writer is behind with what a shard has sent.
    pub(crate) fn must_wait(&self, shard: usize) -> bool {
        self.queued_bytes[shard].load(Ordering::Relaxed) >= QUEUED_BYTES_MAX
    }
}

/// Takes one shard's entries.
pub(crate) struct ShardSaver {
    job: Arc<Job>,
    shard: usize,
    clock: ClockKind,
    pieces: Sender<Piece>,
    out: Output,
    chunk: Chunk,
    /// What a key is that is sent bit by bit; meanwhile all others stay here.
    big: Output,
    is_open: bool,
}

impl Piece {
    /// The shard that sent it, if it is part of a file.
    pub(crate) fn shard(&self) -> Option<usize> {
        match self {
            Self::Chunk(shard, _) | Self::Open(shard, _) | Self::More(shard, ..) => Some(*shard),
            Self::End(_) => None,
        }
    }
}

impl ShardSaver {
    pub(crate) fn new(
        job: Arc<Job>,
        shard: usize,
        clock: ClockKind,
        pieces: Sender<Piece>,
    ) -> Self {
        let output = || {
            let mut out = Output::new();
            out.compresses = job.format.compresses;
            out.version_max = job.format.version.unwrap_or(u16::MAX);
            out
        };
        let (out, big) = (output(), output());
        Self { job, shard, clock, pieces, out, chunk: Chunk::default(), big, is_open: false }
    }

    fn send(&self, piece: Piece, bytes: usize) {
        self.job.queued_bytes[self.shard].fetch_add(bytes, Ordering::Relaxed);
        // A writer that failed takes no more.
        let _ = self.pieces.send(piece);
    }

    fn count(&self) {
        let seen = &self.job.keys_seen[self.shard];
        seen.store(seen.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    fn clock_of(&self, entry: &Entry<'_>) -> Clock {
        match self.clock {
            _ if !self.job.format.keeps_use => Clock::None,
            ClockKind::Lru => Clock::Idle(entry.idle_seconds().into()),
            ClockKind::Lfu => Clock::Frequency(entry.frequency()),
        }
    }

    fn flush(&mut self) {
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.bytes = std::mem::take(&mut self.out.bytes);
        let bytes = chunk.bytes.len();
        self.send(Piece::Chunk(self.shard, chunk), bytes);
    }
}

impl Saver for ShardSaver {
    fn save(&mut self, db: usize, entry: Entry<'_>, is_early: bool) {
        if self.job.is_cancelled() {
            return;
        }
        if self.chunk.keys == 0 {
            self.chunk.db_first = db;
            self.out.bytes.reserve(CHUNK_BYTES + CHUNK_BYTES / 8);
        } else if self.chunk.db_last != db {
            put_select_db(&mut self.out, db);
        }
        self.chunk.db_last = db;
        self.chunk.keys += 1;
        let clock = self.clock_of(&entry);
        let content = match entry.value() {
            ValueRef::Int(number) => Content::Int(number),
            ValueRef::Bytes(bytes) => Content::Bytes(bytes),
            ValueRef::Other(value) => Content::Value(value),
        };
        let head = EntryHead { key: entry.key(), expire_at_ms: entry.expire_at_ms(), clock };
        let version = put_entry(&mut self.out, head, content);
        if version > self.chunk.version_min {
            self.chunk.version_min = version;
            self.chunk.newest_key = entry.key().to_vec();
        }
        self.count();
        if is_early {
            self.job.early_bytes.fetch_add(entry.memory_bytes() as u64, Ordering::Relaxed);
        }
        if self.out.bytes.len() >= CHUNK_BYTES && !self.is_open {
            self.flush();
        }
    }

    fn head(&mut self, _: usize, entry: Entry<'_>, len: usize) -> Vec<u8> {
        let mut out = Output::new();
        out.compresses = self.out.compresses;
        out.version_max = self.out.version_max;
        let (clock, expire_at_ms) = (self.clock_of(&entry), entry.expire_at_ms());
        put_sorted_set(&mut out, EntryHead { key: entry.key(), expire_at_ms, clock }, len);
        out.bytes
    }

    fn open(&mut self, db: usize, head: Vec<u8>) {
        if self.chunk.keys > 0 {
            self.flush();
        }
        self.is_open = true;
        let bytes = head.len();
        let chunk = Chunk { bytes: head, db_first: db, db_last: db, keys: 1, ..Chunk::default() };
        self.send(Piece::Open(self.shard, chunk), bytes);
    }

    fn member(&mut self, member: &[u8], score: f64) {
        put_member(&mut self.big, member, score);
        if self.big.bytes.len() >= CHUNK_BYTES {
            let bytes = std::mem::take(&mut self.big.bytes);
            let len = bytes.len();
            self.send(Piece::More(self.shard, bytes, false), len);
        }
    }

    fn close(&mut self) {
        let bytes = std::mem::take(&mut self.big.bytes);
        let len = bytes.len();
        self.send(Piece::More(self.shard, bytes, true), len);
        self.is_open = false;
        self.count();
    }

    fn end(&mut self, is_complete: bool) {
        if self.chunk.keys > 0 {
            self.flush();
        }
        let _ = self.pieces.send(Piece::End(is_complete));
    }
}
