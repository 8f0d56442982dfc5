//! What a shard does with the entries of a snapshot: makes bytes of them, in pieces that go to the
//! thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crossbeam_channel::Sender;
use keyspace::{ClockKind, Entry, Saver, ValueRef};
use rdb::Output;
use rdb::file::{Chunk, Clock, Content, EntryHead, put_entry, put_select_db};

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
    /// Bytes of entries that were saved because they were to be changed.
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
}

impl ShardSaver {
    pub(crate) fn new(
        job: Arc<Job>,
        shard: usize,
        clock: ClockKind,
        pieces: Sender<Piece>,
    ) -> Self {
        let mut saver =
            Self { job, shard, clock, pieces, out: Output::new(), chunk: Chunk::default() };
        saver.out.compresses = saver.job.format.compresses;
        saver.out.version_max = saver.job.format.version.unwrap_or(u16::MAX);
        saver
    }

    fn flush(&mut self) {
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.bytes = std::mem::take(&mut self.out.bytes);
        self.job.queued_bytes[self.shard].fetch_add(chunk.bytes.len(), Ordering::Relaxed);
        // A writer that failed takes no more.
        let _ = self.pieces.send(Piece::Chunk(self.shard, chunk));
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
        let clock = match self.clock {
            _ if !self.job.format.keeps_use => Clock::None,
            ClockKind::Lru => Clock::Idle(entry.idle_seconds().into()),
            ClockKind::Lfu => Clock::Frequency(entry.frequency()),
        };
        let content = match entry.value() {
            ValueRef::Int(number) => Content::Int(number),
            ValueRef::Bytes(bytes) => Content::Bytes(bytes),
            ValueRef::Other(value) => Content::Value(value),
        };
        let before = self.out.bytes.len();
        let head = EntryHead { key: entry.key(), expire_at_ms: entry.expire_at_ms(), clock };
        let version = put_entry(&mut self.out, head, content);
        if version > self.chunk.version_min {
            self.chunk.version_min = version;
            self.chunk.newest_key = entry.key().to_vec();
        }
        let seen = &self.job.keys_seen[self.shard];
        seen.store(seen.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        if is_early {
            let bytes = self.out.bytes.len() - before;
            self.job.early_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        if self.out.bytes.len() >= CHUNK_BYTES {
            self.flush();
        }
    }

    fn end(&mut self, is_complete: bool) {
        if self.chunk.keys > 0 {
            self.flush();
        }
        let _ = self.pieces.send(Piece::End(is_complete));
    }
}
