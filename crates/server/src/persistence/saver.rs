//! What a shard does with the entries of a snapshot: makes bytes of them, in pieces that go to the
//! thread that writes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crossbeam_channel::Sender;
use keyspace::{ClockKind, Entry, Saver, ValueRef};
use rdb::Output;
use rdb::file::{
    Chunk, Clock, Content, EntryHead, InParts, put_before_text, put_entry, put_in_parts,
    put_select_db,
};
use value::{Part, SharedBytes};

use super::status::Kind;

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
    /// Who wanted it.
    pub(crate) kind: Kind,
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
    /// A key of a shard, and its string.
    Text(usize, Chunk, SharedBytes),
    /// The begin of a key of a shard: of it, and then of this shard, only [`Piece::More`] follows.
    Open(usize, Chunk),
    /// More of that key, and whether that was all.
    More(usize, Vec<u8>, bool),
    /// A shard has nothing more; whether that was all.
    End(bool),
}

impl Job {
    pub(crate) fn new(shards: usize, kind: Kind, format: Format) -> Arc<Self> {
        Arc::new(Self {
            is_cancelled: AtomicBool::new(false),
            is_unwanted: AtomicBool::new(false),
            queued_bytes: (0..shards).map(|_| AtomicUsize::new(0)).collect(),
            keys_total: AtomicU64::new(0),
            keys_seen: (0..shards).map(|_| AtomicU64::new(0)).collect(),
            early_bytes: AtomicU64::new(0),
            kind,
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

    pub(crate) fn shard_count(&self) -> usize {
        self.keys_seen.len()
    }

    /// What entries are written to.
    fn output(&self) -> Output {
        let mut out = Output::new();
        out.compresses = self.format.compresses;
        out.version_max = self.format.version.unwrap_or(u16::MAX);
        out
    }

    /// Sends so many bytes to the writer.
    fn send(&self, pieces: &Sender<Piece>, piece: Piece, bytes: usize) {
        if let Some(shard) = piece.shard() {
            self.queued_bytes[shard].fetch_add(bytes, Ordering::Relaxed);
        }
        // A writer that failed takes no more.
        let _ = pieces.send(piece);
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
    /// Those whose parts come, or will come.
    begun: VecDeque<Begun>,
    /// The parts of the first one.
    parts: Output,
    /// Whether it is open: meanwhile all other keys stay here.
    is_open: bool,
    /// Keys with long strings among them.
    texts: Vec<(Chunk, SharedBytes)>,
}

/// A key that is sent bit by bit.
struct Begun {
    /// All before the parts.
    chunk: Chunk,
    in_parts: InParts,
}

impl Piece {
    /// The shard that sent it, if it is part of a file.
    pub(crate) fn shard(&self) -> Option<usize> {
        match self {
            Self::Chunk(shard, _)
            | Self::Text(shard, ..)
            | Self::Open(shard, _)
            | Self::More(shard, ..) => Some(*shard),
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
        let (out, parts, chunk, begun) =
            (job.output(), job.output(), Chunk::default(), VecDeque::new());
        let (is_open, texts) = (false, Vec::new());
        Self { job, shard, clock, pieces, out, chunk, begun, parts, is_open, texts }
    }

    fn send(&self, piece: Piece, bytes: usize) {
        self.job.send(&self.pieces, piece, bytes);
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

    /// Sends what stands before the parts of the first key whose parts come.
    fn open(&mut self) {
        if std::mem::replace(&mut self.is_open, true) {
            return;
        }
        if self.chunk.keys > 0 {
            self.flush();
        }
        let Some(begun) = self.begun.front_mut() else { return };
        let chunk = std::mem::take(&mut begun.chunk);
        let bytes = chunk.bytes.len();
        self.send(Piece::Open(self.shard, chunk), bytes);
    }

    fn send_parts(&mut self, is_last: bool) {
        let bytes = std::mem::take(&mut self.parts.bytes);
        let len = bytes.len();
        self.send(Piece::More(self.shard, bytes, is_last), len);
    }

    fn send_text(&self, chunk: Chunk, text: SharedBytes) {
        let bytes = chunk.bytes.len() + text.len();
        self.send(Piece::Text(self.shard, chunk, text), bytes);
    }

    fn saved(&self, entry: &Entry<'_>, is_early: bool) {
        self.count();
        if is_early {
            self.job.early_bytes.fetch_add(entry.memory_bytes() as u64, Ordering::Relaxed);
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
        self.saved(&entry, is_early);
        if self.out.bytes.len() >= CHUNK_BYTES && !self.is_open {
            self.flush();
        }
    }

    fn save_shared(&mut self, db: usize, entry: Entry<'_>, text: SharedBytes, is_early: bool) {
        if self.job.is_cancelled() {
            return;
        }
        let mut out = self.job.output();
        let (clock, expire_at_ms) = (self.clock_of(&entry), entry.expire_at_ms());
        put_before_text(&mut out, EntryHead { key: entry.key(), expire_at_ms, clock });
        let (bytes, db_first, db_last) = (out.bytes, db, db);
        let chunk = Chunk { bytes, db_first, db_last, keys: 1, ..Chunk::default() };
        self.saved(&entry, is_early);
        match self.is_open {
            true => self.texts.push((chunk, text)),
            false => self.send_text(chunk, text),
        }
    }

    fn begin(&mut self, db: usize, entry: Entry<'_>) {
        let ValueRef::Other(value) = entry.value() else { unreachable!("it has parts") };
        let mut out = self.job.output();
        let (clock, expire_at_ms) = (self.clock_of(&entry), entry.expire_at_ms());
        let head = EntryHead { key: entry.key(), expire_at_ms, clock };
        let (in_parts, version_min) = put_in_parts(&mut out, head, value);
        let newest_key = entry.key().to_vec();
        let (bytes, db_first, db_last) = (out.bytes, db, db);
        let chunk = Chunk { bytes, db_first, db_last, version_min, newest_key, keys: 1 };
        self.begun.push_back(Begun { chunk, in_parts });
    }

    fn part(&mut self, part: Part<'_>) {
        self.open();
        let Self { job, shard, pieces, begun, parts, .. } = self;
        let Some(begun) = begun.front_mut() else { return };
        begun.in_parts.put(part, parts, &mut |bytes| {
            let len = bytes.len();
            job.send(pieces, Piece::More(*shard, bytes, false), len);
        });
        if self.parts.bytes.len() >= CHUNK_BYTES {
            self.send_parts(false);
        }
    }

    fn finish(&mut self) {
        self.open();
        if let Some(begun) = self.begun.pop_front() {
            begun.in_parts.end(&mut self.parts);
        }
        self.send_parts(true);
        self.is_open = false;
        for (chunk, text) in std::mem::take(&mut self.texts) {
            self.send_text(chunk, text);
        }
        self.count();
    }

    fn end(&mut self, is_complete: bool) {
        if self.chunk.keys > 0 {
            self.flush();
        }
        let _ = self.pieces.send(Piece::End(is_complete));
    }
}
