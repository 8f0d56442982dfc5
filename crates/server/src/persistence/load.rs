//! Loading a file: one thread reads and splits it, every shard makes its own keys. Files of different
//! keys are loaded side by side.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyspace::{Key, Loaded, LoadedEntry};
use rdb::file::{FileError, FileReader, Item, Record};
use rdb::{Dialect, Object};
use script::Library;

use super::delay::next_piece;
use crate::clock;
use crate::core::{Core, Server};
use crate::scripting::{LibraryPolicy, script_log};

/// A shard gets its keys in batches of so many bytes.
const BATCH_BYTES: usize = 64 * 1024;
/// And has so many bytes before it at most.
const QUEUED_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Fewer bytes than a key with its value has in a file.
const KEY_BYTES_MIN: u64 = 4;
/// Fewer keys find room soon enough.
const EXPECTED_KEYS_MIN: usize = 1000;
/// How many keys ahead of the one in hand the table is looked at.
const PREFETCH_DISTANCE: usize = 8;
/// How long the reader waits for shards before it looks again.
const WAIT: Duration = Duration::from_micros(100);

/// What a load shows of itself.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) is_loading: AtomicBool,
    pub(crate) started_at_ms: AtomicU64,
    pub(crate) total_bytes: AtomicU64,
    pub(crate) loaded_bytes: AtomicU64,
    pub(crate) keys_loaded: AtomicU64,
    pub(crate) keys_expired: AtomicU64,
    pub(crate) empty_skipped: AtomicU64,
}

impl Progress {
    /// A file begins.
    fn begin(&self) {
        self.started_at_ms.store(clock::now_ms() as u64, Ordering::Relaxed);
        for counter in
            [&self.loaded_bytes, &self.keys_loaded, &self.keys_expired, &self.empty_skipped]
        {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// How a file is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LoadOptions {
    /// Keys and libraries of functions that exist are replaced; else they are errors.
    pub(crate) replaces: bool,
    /// Keys whose time has come are kept, for what comes behind may say otherwise.
    pub(crate) keeps_expired: bool,
    pub(crate) skips_unknown: bool,
    pub(crate) checks: bool,
    pub(crate) key_delay_us: i64,
    pub(crate) batch_bytes: usize,
    /// How many shards have a share of the file's keys; None: all.
    pub(crate) sharing: Option<usize>,
    /// How many files are read side by side.
    pub(crate) readers: usize,
}

impl LoadOptions {
    /// As the configuration says.
    pub(crate) fn of(config: &config::Config) -> Self {
        let persistence = &config.persistence;
        let interval = persistence.loading_process_events_interval_bytes as usize;
        Self {
            replaces: false,
            keeps_expired: false,
            skips_unknown: persistence.rdb_skip_unknown,
            checks: persistence.rdbchecksum,
            key_delay_us: persistence.key_load_delay_us,
            batch_bytes: BATCH_BYTES.min(interval),
            sharing: None,
            readers: 1,
        }
    }
}

/// A key on its way to its shard.
struct Waiting {
    offset: u64,
    db: usize,
    expire_at_ms: Option<i64>,
    idle_seconds: Option<u64>,
    frequency: Option<u8>,
    dialect: Dialect,
    form: u8,
    /// Where its bytes begin: the key's, then the value's.
    start: usize,
    key_len: usize,
    value_len: usize,
}

impl Waiting {
    fn key<'a>(&self, batch: &'a Batch) -> &'a [u8] {
        &batch.bytes[self.start..][..self.key_len]
    }

    fn value<'a>(&self, batch: &'a Batch) -> &'a [u8] {
        &batch.bytes[self.start + self.key_len..][..self.value_len]
    }
}

#[derive(Default)]
struct Batch {
    keys: Vec<Waiting>,
    bytes: Vec<u8>,
}

/// What the reader and the shards share.
struct Shared {
    server: Arc<Server>,
    queued_bytes: Vec<AtomicUsize>,
    failed: AtomicBool,
    error: Mutex<Option<String>>,
    replaces: bool,
    keeps_expired: bool,
}

/// Loads what the server was to find when it was started with `config`: clients may have changed
/// that meanwhile.
pub(crate) fn load_all(server: &Arc<Server>, config: &config::Config) -> Result<(), String> {
    if config.append.appendonly {
        super::append::load(server, config)?;
        end(server, config);
        return Ok(());
    }
    let path = super::save::path(config);
    let started_ms = clock::now_ms();
    let loaded = load_path(server, &path, LoadOptions::of(config));
    let progress = &server.persistence.progress;
    match loaded {
        Ok(None) => {}
        Ok(Some(_)) => {
            let seconds = (clock::now_ms() - started_ms) as f64 / 1000.0;
            tracing::info!(
                "Done loading RDB, keys loaded: {}, keys expired: {}.",
                progress.keys_loaded.load(Ordering::Relaxed),
                progress.keys_expired.load(Ordering::Relaxed)
            );
            tracing::info!("DB loaded from disk: {seconds:.3} seconds");
        }
        Err(error) => {
            tracing::error!("Terminating server after rdb file reading failure.");
            return Err(format!(
                "Fatal error loading the DB, check server logs. Exiting. {}: {error}",
                path.display()
            ));
        }
    }
    end(server, config);
    Ok(())
}

/// Everything is there, unless the server ends before. What was wished of the append files meanwhile
/// happens now: a base begun earlier would have lacked what was loaded later.
fn end(server: &Server, started: &config::Config) {
    let config = server.config();
    if server.stopping.load(Ordering::Relaxed) {
        return;
    }
    server.persistence.progress.is_loading.store(false, Ordering::Relaxed);
    server.append.obey(started, &config);
}

/// Loads a file. None if there is none; else the bytes that were read.
pub(crate) fn load_path(
    server: &Arc<Server>,
    path: &Path,
    options: LoadOptions,
) -> Result<Option<u64>, String> {
    let progress = &server.persistence.progress;
    progress.begin();
    progress.total_bytes.store(path.metadata().map_or(0, |file| file.len()), Ordering::Relaxed);
    let loaded = load_one(server, path, options)?;
    note_empty(server);
    Ok(loaded)
}

fn load_one(
    server: &Arc<Server>,
    path: &Path,
    options: LoadOptions,
) -> Result<Option<u64>, String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| error.to_string())?,
    };
    let mut reader = split(server, file, options)?;
    reader.expect_end().map_err(|error| error.to_string())?;
    Ok(Some(reader.position()))
}

/// Loads files, of which no two have the same key, side by side: each has a thread that reads it, as
/// far as there are cores. Answers the first that could not be loaded, and why not.
pub(crate) fn load_paths(
    server: &Arc<Server>,
    paths: Vec<PathBuf>,
    options: LoadOptions,
) -> Result<(), (PathBuf, String)> {
    let progress = &server.persistence.progress;
    progress.begin();
    let bytes = paths.iter().filter_map(|path| path.metadata().ok()).map(|file| file.len());
    progress.total_bytes.store(bytes.sum(), Ordering::Relaxed);
    // Who wants to wait after each key does not want to hurry.
    let readers = if options.key_delay_us == 0 { server.network.thread_count() } else { 1 };
    let count = paths.len();
    let readers = readers.min(count);
    let options = LoadOptions { readers, ..options };
    let (paths, next) = (Arc::new(paths), Arc::new(AtomicUsize::new(0)));
    let (answers, answered) = std::sync::mpsc::channel();
    for _ in 0..readers {
        let (server, all, unread) = (server.clone(), paths.clone(), next.clone());
        let own = answers.clone();
        let read = move || {
            while let Some(path) = all.get(unread.fetch_add(1, Ordering::Relaxed)) {
                let loaded = load_one(&server, path, options);
                let loaded = loaded.and_then(|bytes| bytes.ok_or_else(|| "it is missing".into()));
                if loaded.is_err() {
                    unread.store(count, Ordering::Relaxed);
                }
                let answer = loaded.map_err(|error| (path.clone(), error));
                own.send(answer).expect("somebody waits for all answers");
            }
        };
        if let Err(error) = crate::boot::spawn("load", read) {
            let unread = paths.get(next.swap(count, Ordering::Relaxed)).or(paths.last());
            let path = unread.cloned().unwrap_or_default();
            answers.send(Err((path, error))).expect("the receiver is here");
        }
    }
    drop(answers);
    // Nobody loads any more when this returns.
    let loaded: Vec<_> = answered.into_iter().collect();
    note_empty(server);
    loaded.into_iter().try_for_each(|one| one.map(drop))
}

/// Loads what `input` gives, up to the end of an RDB file in it; answers the reader, which may
/// have read beyond. Blocks: not for a core thread.
pub(crate) fn load<R: Read>(
    server: &Arc<Server>,
    input: R,
    options: LoadOptions,
) -> Result<FileReader<R>, String> {
    server.persistence.progress.begin();
    let reader = split(server, input, options)?;
    note_empty(server);
    Ok(reader)
}

fn split<R: Read>(
    server: &Arc<Server>,
    input: R,
    options: LoadOptions,
) -> Result<FileReader<R>, String> {
    let shards = server.network.shard_count();
    let shared = Arc::new(Shared {
        server: server.clone(),
        queued_bytes: (0..shards).map(|_| AtomicUsize::new(0)).collect(),
        failed: AtomicBool::new(false),
        error: Mutex::default(),
        replaces: options.replaces,
        keeps_expired: options.keeps_expired,
    });
    let reader = FileReader::new(input).map_err(|error| error.to_string())?;
    let mut reader = reader.skip_unknown(options.skips_unknown).check(options.checks);
    let mut splitter = Splitter {
        shared: shared.clone(),
        batches: (0..shards).map(|_| Batch::default()).collect(),
        options,
        databases: server.config().process.databases as usize,
        delayed: 0,
        expected: 0,
        read_bytes: 0,
    };
    let read = splitter.read(&mut reader);
    splitter.finish();
    if let Some(error) = shared.error.lock().expect("a panic ends the process").take() {
        return Err(error);
    }
    read?;
    Ok(reader)
}

/// Says how many collections without elements were left out.
fn note_empty(server: &Server) {
    let count = server.persistence.progress.empty_skipped.load(Ordering::Relaxed);
    if count > 0 {
        tracing::warn!("empty keys skipped: {count}");
    }
}

struct Splitter {
    shared: Arc<Shared>,
    batches: Vec<Batch>,
    options: LoadOptions,
    databases: usize,
    /// Keys since the last wait.
    delayed: u64,
    /// Keys for which room was made.
    expected: u64,
    /// What progress knows of.
    read_bytes: u64,
}

/// How long to wait next after so many keys; that may change meanwhile.
fn load_delay(server: &Server, keys: u64, slept: Duration) -> Option<Duration> {
    next_piece(server.config().persistence.key_load_delay_us, keys, slept)
}

/// Waits after commands that were loaded, where that is wished.
pub(super) async fn delay(core: &Core, commands: u64) {
    let mut slept = Duration::ZERO;
    while let Some(piece) = load_delay(&core.server, commands, slept) {
        tokio::time::sleep(piece).await;
        slept += piece;
    }
}

impl Splitter {
    fn read<R: Read>(&mut self, reader: &mut FileReader<R>) -> Result<(), String> {
        let mut functions = Vec::new();
        loop {
            if self.shared.failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            let read_bytes =
                reader.position() - std::mem::replace(&mut self.read_bytes, reader.position());
            let progress = &self.shared.server.persistence.progress;
            progress.loaded_bytes.fetch_add(read_bytes, Ordering::Relaxed);
            match reader.next_item().map_err(|error| explain(&error))? {
                None => break,
                Some(Item::Record(record)) => self.key(record)?,
                Some(Item::Function(code)) => functions.push(code),
                Some(Item::Aux(name, value)) => note_field(&name, &value),
                Some(Item::Sizes { db, keys, .. }) => self.expect(db, keys),
                Some(Item::Skipped(what)) => tracing::warn!("Skipped while loading: {what}"),
            }
        }
        self.functions(functions)
    }

    fn functions(&mut self, codes: Vec<Vec<u8>>) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| {
            format!("Failed creating the library of functions: {error}")
        };
        let load =
            |code: Vec<u8>| Library::load(code, &mut script_log).map_err(|error| failed(&error));
        let libraries = codes.into_iter().map(load).collect::<Result<Vec<_>, String>>()?;
        if libraries.is_empty() {
            return Ok(());
        }
        let policy =
            if self.options.replaces { LibraryPolicy::Replace } else { LibraryPolicy::Append };
        let added = self.shared.server.libraries.add(libraries, policy);
        added.map_err(|taken| failed(&format_args!("{taken:?} exists already")))
    }

    fn key(&mut self, record: Record<'_>) -> Result<(), String> {
        if record.db >= self.databases {
            return Err(format!(
                "FATAL: Data file was created with a Redis server configured to handle more than \
                 {} databases. Exiting",
                self.databases
            ));
        }
        let shard = self.shared.server.network.owner(&record.key);
        let batch = &mut self.batches[shard];
        let Record { offset, db, expire_at_ms, idle_seconds, frequency, dialect, form, .. } =
            record;
        batch.keys.push(Waiting {
            offset,
            db,
            expire_at_ms,
            idle_seconds,
            frequency,
            dialect,
            form,
            start: batch.bytes.len(),
            key_len: record.key.len(),
            value_len: record.value.len(),
        });
        batch.bytes.extend_from_slice(&record.key);
        batch.bytes.extend_from_slice(record.value);
        let is_full =
            batch.bytes.len() + batch.keys.len() * size_of::<Waiting>() >= self.options.batch_bytes;
        if is_full || self.options.key_delay_us != 0 {
            self.send(shard);
        }
        self.delay();
        Ok(())
    }

    /// Lets the shards make room for so many keys of a database together.
    fn expect(&mut self, db: usize, keys: u64) {
        let progress = &self.shared.server.persistence.progress;
        // A file may say anything, but all its databases have no more keys than it has room for.
        let most = progress.total_bytes.load(Ordering::Relaxed) / KEY_BYTES_MIN;
        let keys = keys.min(most.saturating_sub(self.expected));
        self.expected += keys;
        let shards = self.batches.len();
        let keys = keys as usize / self.options.sharing.unwrap_or(shards);
        if db >= self.databases || self.options.replaces || keys < EXPECTED_KEYS_MIN {
            return;
        }
        for shard in 0..shards {
            self.shared.server.network.call(shard, move || {
                if let Some(mut shard) = Core::current().router.shard_mut() {
                    shard.keyspace.expect(db, keys);
                }
            });
        }
    }

    /// What `key-load-delay` asks for.
    fn delay(&mut self) {
        if self.options.key_delay_us == 0 {
            return;
        }
        self.delayed += 1;
        let mut slept = Duration::ZERO;
        while let Some(piece) = load_delay(&self.shared.server, self.delayed, slept)
            && !self.is_stopping()
        {
            std::thread::sleep(piece);
            slept += piece;
        }
        if !slept.is_zero() {
            self.delayed = 0;
        }
    }

    fn send(&mut self, shard: usize) {
        let batch = std::mem::take(&mut self.batches[shard]);
        if batch.keys.is_empty() {
            return;
        }
        let queued = &self.shared.queued_bytes[shard];
        let most = QUEUED_BYTES_MAX / self.options.readers;
        while queued.load(Ordering::Relaxed) >= most && !self.is_stopping() {
            std::thread::sleep(WAIT);
        }
        let bytes = batch.bytes.len() + 1;
        queued.fetch_add(bytes, Ordering::Relaxed);
        let shared = self.shared.clone();
        self.shared.server.network.call(shard, move || {
            take(&shared, &batch);
            shared.queued_bytes[shard].fetch_sub(bytes, Ordering::Release);
        });
    }

    fn is_stopping(&self) -> bool {
        self.shared.server.stopping.load(Ordering::Relaxed)
    }

    /// Sends what is left and waits until the shards have it.
    fn finish(&mut self) {
        (0..self.batches.len()).for_each(|shard| self.send(shard));
        let is_done = |queued: &AtomicUsize| queued.load(Ordering::Acquire) == 0;
        while !self.shared.queued_bytes.iter().all(is_done) && !self.is_stopping() {
            std::thread::sleep(WAIT);
        }
    }
}

/// An error as it is shown; damage in Redis's words too, for those who look for them in the log.
fn explain(error: &FileError) -> String {
    match error {
        FileError::Checksum { .. } => format!("Wrong RDB checksum. {error}"),
        other => other.to_string(),
    }
}

/// A value that cannot be made, in Redis's words too.
fn broken(form: u8, error: &FileError) -> String {
    let what = rdb::describe_payload(&[form]);
    tracing::error!("{what} integrity check failed.");
    format!("{what} integrity check failed: {error}")
}

/// What Redis writes to its log about a file.
fn note_field(name: &[u8], value: &[u8]) {
    let value = String::from_utf8_lossy(value);
    match name {
        b"redis-ver" => tracing::info!("Loading RDB produced by version {value}"),
        b"ctime" => {
            if let Ok(at) = value.parse::<i64>() {
                let age = clock::now_ms() / 1000 - at;
                tracing::info!("RDB age {} seconds", age.max(0));
            }
        }
        b"used-mem" => {
            if let Ok(bytes) = value.parse::<f64>() {
                tracing::info!("RDB memory usage when created {:.2} Mb", bytes / (1024.0 * 1024.0));
            }
        }
        _ => {}
    }
}

/// Makes a batch's keys, on the thread of their shard.
fn take(shared: &Shared, batch: &Batch) {
    if shared.failed.load(Ordering::Relaxed) {
        return;
    }
    if let Err(error) = make(shared, batch) {
        shared.error.lock().expect("a panic ends the process").get_or_insert(error);
        shared.failed.store(true, Ordering::Relaxed);
    }
}

fn make(shared: &Shared, batch: &Batch) -> Result<(), String> {
    let core = Core::current();
    let Some(mut shard) = core.router.shard_mut() else { return Ok(()) };
    let limits = shard.limits.values;
    let now_ms = clock::now_ms();
    shard.keyspace.begin(now_ms);
    let progress = &shared.server.persistence.progress;
    let (mut loaded, mut expired) = (0, 0);
    let keys: Vec<Key<'_>> = batch.keys.iter().map(|one| Key::new(one.key(batch))).collect();
    for (at, one) in batch.keys.iter().enumerate() {
        if let Some(ahead) = keys.get(at + PREFETCH_DISTANCE) {
            shard.keyspace.prefetch_bucket(one.db, ahead.hash);
        }
        if !shared.keeps_expired && one.expire_at_ms.is_some_and(|at_ms| at_ms < now_ms) {
            expired += 1;
            continue;
        }
        let record = Record {
            offset: one.offset,
            db: one.db,
            key: one.key(batch).into(),
            expire_at_ms: one.expire_at_ms,
            idle_seconds: one.idle_seconds,
            frequency: one.frequency,
            dialect: one.dialect,
            form: one.form,
            value: one.value(batch),
        };
        let value = match rdb::load_string(one.form, record.value) {
            Some(bytes) => Loaded::Bytes(bytes),
            None => match rdb::load_value(one.dialect, one.form, record.value, &limits) {
                Ok(Object::String(bytes)) => Loaded::Bytes(bytes.into()),
                Ok(Object::Value(value)) => Loaded::Value(value),
                Err(rdb::Error::Empty(_)) => {
                    skip_empty(shared, one.key(batch));
                    continue;
                }
                Err(_) => match record.load(&limits) {
                    Err(error) => return Err(broken(one.form, &error)),
                    Ok(_) => continue,
                },
            },
        };
        let entry = LoadedEntry {
            value,
            expire_at_ms: one.expire_at_ms,
            idle_seconds: one.idle_seconds.map(|seconds| seconds.min(u32::MAX.into()) as u32),
            frequency: one.frequency,
        };
        if !shard.keyspace.load(one.db, keys[at], entry, shared.replaces) {
            let key = one.key(batch).escape_ascii();
            return Err(format!("RDB has duplicated key '{key}' in DB {}", one.db));
        }
        loaded += 1;
    }
    progress.keys_loaded.fetch_add(loaded, Ordering::Relaxed);
    progress.keys_expired.fetch_add(expired, Ordering::Relaxed);
    Ok(())
}

/// Collections without elements, which some versions of Redis wrote, are left out.
fn skip_empty(shared: &Shared, key: &[u8]) {
    /// Lines of the log about such keys.
    const SHOWN_MAX: u64 = 10;
    let count = shared.server.persistence.progress.empty_skipped.fetch_add(1, Ordering::Relaxed);
    if count < SHOWN_MAX {
        tracing::info!("rdbLoadObject: skipping empty key: {}", key.escape_ascii());
    }
}
