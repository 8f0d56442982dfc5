//! The side of a save that touches the disk: a temporary file, synced, renamed, and its folder
//! synced. Runs on a thread of its own at lower priority.

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

/// What a file begins with.
pub(crate) struct Preamble {
    pub(crate) folder: PathBuf,
    pub(crate) name: PathBuf,
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) functions: Vec<Vec<u8>>,
    /// Per database: keys, and those with a deadline.
    pub(crate) sizes: Vec<(u64, u64)>,
    pub(crate) sums: bool,
    pub(crate) syncs_often: bool,
    /// Shards that will say that they are done.
    pub(crate) shards: usize,
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

/// Writes a whole file. Answers its bytes, or why there is none; then the old one is as it was.
pub(crate) fn write_file(
    job: &Job,
    preamble: &Preamble,
    pieces: &Receiver<Piece>,
) -> Result<u64, String> {
    let folder = &preamble.folder;
    let temporary = folder.join(format!("temp-{}.rdb", std::process::id()));
    let mut ended = 0;
    let written =
        write_temporary(job, preamble, pieces, &temporary, &mut ended).and_then(|bytes| {
            fs::rename(&temporary, folder.join(&preamble.name))?;
            sync_folder(folder)?;
            Ok(bytes)
        });
    if written.is_err() {
        job.cancel();
        // It may never have been there.
        let _ = fs::remove_file(&temporary);
    }
    // Shards stop by themselves; the next save must not begin before.
    while ended < preamble.shards {
        match pieces.recv() {
            Ok(Piece::End(_)) => ended += 1,
            Ok(Piece::Chunk(..)) => {}
            Err(_) => break,
        }
    }
    written.map_err(|error| error.to_string())
}

fn write_temporary(
    job: &Job,
    preamble: &Preamble,
    pieces: &Receiver<Piece>,
    path: &Path,
    ended: &mut usize,
) -> io::Result<u64> {
    let file = File::create(path)?;
    let growing = Growing {
        file,
        buffer: Vec::with_capacity(2 * WRITE_BYTES),
        unsynced_bytes: 0,
        syncs_often: preamble.syncs_often,
    };
    let mut writer = FileWriter::new(growing, job.format.version, preamble.sums)?;
    for (name, value) in &preamble.fields {
        writer.aux(name.as_bytes(), value.as_bytes())?;
    }
    for code in &preamble.functions {
        writer.function(code, job.format.compresses)?;
    }
    for (db, (keys, expires)) in preamble.sizes.iter().enumerate() {
        if *keys > 0 {
            writer.sizes(db, *keys, *expires)?;
        }
    }
    while *ended < preamble.shards {
        match pieces.recv() {
            Ok(Piece::Chunk(shard, chunk)) => {
                writer.chunk(&chunk)?;
                job.queued_bytes[shard].fetch_sub(chunk.bytes.len(), Ordering::Relaxed);
            }
            Ok(Piece::End(is_complete)) => {
                *ended += 1;
                if !is_complete {
                    return Err(io::Error::other("it was cancelled"));
                }
            }
            Err(_) => return Err(io::Error::other("a shard is gone")),
        }
        stdx::alloc::publish();
    }
    if job.is_cancelled() {
        return Err(io::Error::other("it was cancelled"));
    }
    let (mut growing, finished) = writer.finish()?;
    growing.flush()?;
    if let Some(head) = finished.head {
        growing.file.write_all_at(&head, 0)?;
    }
    growing.file.sync_all()?;
    Ok(finished.bytes)
}

/// Makes a rename last.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().as_bytes().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
