//! The side of a save that touches the disk: a temporary file, synced, renamed, and its folder
//! synced. Runs on a thread of its own at lower priority.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use crossbeam_channel::Receiver;
use rdb::file::FileWriter;

use super::saver::{Job, Piece};

/// Bytes between two syncs of a file that grows.
const SYNC_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes that are given to the system at once.
const WRITE_BYTES: usize = 256 * 1024;
/// Lower than the core threads', as `nice` counts.
const PRIORITY: i32 = 10;

/// Where a snapshot goes.
pub(crate) enum Target {
    /// One file for all shards, which takes the place of an old one in the end.
    One {
        /// Its folder.
        folder: PathBuf,
        /// Its name there.
        name: PathBuf,
    },
    /// A file for each shard; nobody knows them before they are complete.
    PerShard(Vec<PathBuf>),
}

/// What files begin with.
pub(crate) struct Preamble {
    pub(crate) target: Target,
    pub(crate) fields: Vec<(&'static str, String)>,
    /// In the first file, if there are several.
    pub(crate) functions: Vec<Vec<u8>>,
    /// Per shard and database: keys, and those with a deadline.
    pub(crate) sizes: Vec<Vec<(u64, u64)>>,
    pub(crate) sums: bool,
    pub(crate) syncs_often: bool,
}

/// A file that is synced as it grows.
struct Growing {
    file: File,
    buffer: Vec<u8>,
    /// Written since the last sync.
    unsynced_bytes: u64,
    syncs_often: bool,
}

impl Growing {
    fn write_out(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.unsynced_bytes += self.buffer.len() as u64;
        self.buffer.clear();
        if self.syncs_often && self.unsynced_bytes >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced_bytes = 0;
        }
        Ok(())
    }
}

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_BYTES {
            self.write_out()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_out()
    }
}

/// Lets other threads go first.
pub(crate) fn lower_priority() {
    // Without the right to it, it goes on as it is.
    let _ = rustix::process::nice(PRIORITY);
}

/// Writes a whole snapshot. Answers its bytes, or why there is none; then what was there before is
/// as it was.
pub(crate) fn write_files(
    job: &Job,
    preamble: &Preamble,
    pieces: &Receiver<Piece>,
) -> Result<u64, String> {
    let shards = preamble.sizes.len();
    let mut ended = 0;
    let written = match &preamble.target {
        Target::One { folder, name } => {
            let temporary = folder.join(format!("temp-{}.rdb", std::process::id()));
            let paths = std::slice::from_ref(&temporary);
            write_to(paths, job, preamble, pieces, &mut ended)
                .and_then(|bytes| {
                    fs::rename(&temporary, folder.join(name))?;
                    sync_folder(folder)?;
                    Ok(bytes)
                })
                // It may never have been there.
                .inspect_err(|_| drop(fs::remove_file(&temporary)))
        }
        Target::PerShard(paths) => write_to(paths, job, preamble, pieces, &mut ended)
            .inspect_err(|_| paths.iter().for_each(|path| drop(fs::remove_file(path)))),
    };
    if written.is_err() {
        job.cancel();
    }
    // Shards stop by themselves; the next save must not begin before.
    while ended < shards {
        match pieces.recv() {
            Ok(Piece::End(..)) => ended += 1,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    written.map_err(|error| error.to_string())
}

/// Writes the files at `paths`: one for all shards, or one for each.
fn write_to(
    paths: &[PathBuf],
    job: &Job,
    preamble: &Preamble,
    pieces: &Receiver<Piece>,
    ended: &mut usize,
) -> io::Result<u64> {
    let shards = preamble.sizes.len();
    let mut files = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        files.push(begin(path, at, job, preamble)?);
    }
    let file_of = |shard: usize| if paths.len() == 1 { 0 } else { shard };
    let mut queue = Queue::new(pieces, paths.len() == 1);
    while *ended < shards {
        let (shard, bytes) = match queue.next()? {
            Piece::Chunk(shard, chunk) | Piece::Open(shard, chunk) => {
                files[file_of(shard)].chunk(&chunk)?;
                (shard, chunk.bytes.len())
            }
            Piece::Text(shard, chunk, text) => {
                let file = &mut files[file_of(shard)];
                file.chunk(&chunk)?;
                file.text(&text, job.format.compresses)?;
                (shard, chunk.bytes.len() + text.len())
            }
            Piece::More(shard, bytes, _) => {
                files[file_of(shard)].more(&bytes)?;
                (shard, bytes.len())
            }
            Piece::End(true) => {
                *ended += 1;
                continue;
            }
            Piece::End(false) => {
                *ended += 1;
                return Err(io::Error::other("it was cancelled"));
            }
        };
        job.queued_bytes[shard].fetch_sub(bytes, Ordering::Relaxed);
        stdx::alloc::publish();
    }
    if job.is_cancelled() {
        return Err(io::Error::other("it was cancelled"));
    }
    files.into_iter().map(finish).sum()
}

/// Pieces in an order in which one file can take them: nothing comes between those of a key.
struct Queue<'a> {
    pieces: &'a Receiver<Piece>,
    /// Whether all shards write to one file.
    is_shared: bool,
    /// The shard that is in the middle of a key.
    open: Option<usize>,
    /// What others have sent meanwhile.
    waiting: VecDeque<Piece>,
}

impl<'a> Queue<'a> {
    fn new(pieces: &'a Receiver<Piece>, is_shared: bool) -> Self {
        Self { pieces, is_shared, open: None, waiting: VecDeque::new() }
    }

    fn next(&mut self) -> io::Result<Piece> {
        let may_come = |piece: &Piece, open: Option<usize>| {
            open.is_none() || piece.shard().is_none() || piece.shard() == open
        };
        let piece = match self.waiting.iter().position(|piece| may_come(piece, self.open)) {
            Some(at) => self.waiting.remove(at).expect("just found"),
            None => loop {
                let piece = self.pieces.recv();
                let piece = piece.map_err(|_| io::Error::other("a shard is gone"))?;
                if may_come(&piece, self.open) {
                    break piece;
                }
                self.waiting.push_back(piece);
            },
        };
        if self.is_shared {
            match piece {
                Piece::Open(shard, _) => self.open = Some(shard),
                Piece::More(_, _, true) => self.open = None,
                _ => {}
            }
        }
        Ok(piece)
    }
}

/// Begins the file number `at`.
fn begin(
    path: &Path,
    at: usize,
    job: &Job,
    preamble: &Preamble,
) -> io::Result<FileWriter<Growing>> {
    let growing = Growing {
        file: File::create(path)?,
        buffer: Vec::with_capacity(2 * WRITE_BYTES),
        unsynced_bytes: 0,
        syncs_often: preamble.syncs_often,
    };
    let mut writer = FileWriter::new(growing, job.format.version, preamble.sums)?;
    for (name, value) in &preamble.fields {
        writer.aux(name.as_bytes(), value.as_bytes())?;
    }
    for code in preamble.functions.iter().filter(|_| at == 0) {
        writer.function(code, job.format.compresses)?;
    }
    let shards = match preamble.target {
        Target::One { .. } => &preamble.sizes[..],
        Target::PerShard(_) => &preamble.sizes[at..=at],
    };
    for db in 0..shards.first().map_or(0, Vec::len) {
        let sum =
            |sum: (u64, u64), size: &Vec<(u64, u64)>| (sum.0 + size[db].0, sum.1 + size[db].1);
        let (keys, expires) = shards.iter().fold((0, 0), sum);
        if keys > 0 {
            writer.sizes(db, keys, expires)?;
        }
    }
    Ok(writer)
}

/// Ends a file and makes it last.
fn finish(writer: FileWriter<Growing>) -> io::Result<u64> {
    let (mut growing, finished) = writer.finish()?;
    growing.flush()?;
    if let Some(head) = finished.head {
        growing.file.write_all_at(&head, 0)?;
    }
    growing.file.sync_all()?;
    Ok(finished.bytes)
}

/// How long a file is, and the checksum at its end.
pub(crate) fn tail(path: &Path) -> io::Result<(u64, u64)> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut checksum = [0; 8];
    file.read_exact_at(&mut checksum, bytes.saturating_sub(8))?;
    Ok((bytes, u64::from_le_bytes(checksum)))
}

/// Makes a rename last.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().as_bytes().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
