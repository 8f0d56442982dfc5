//! One shard's file of one increment: its header, and how blocks are appended.
//!
//! The header: `magic: 8 bytes, version: u32, shard: u32, shards: u32, 0: u32, journal: u64,
//! generation: u64, checksum: u64`.

use std::io;

use xxhash_rust::xxh3::xxh3_64;

use crate::block::number;
use crate::disk::{Disk, DiskFile};
use crate::error::Error;

const MAGIC: [u8; 8] = *b"meropsAF";
const VERSION: u32 = 1;
pub(crate) const HEADER_BYTES: usize = 48;
const SUMMED_BYTES: usize = 40;

/// Files grow by as much as they are long, within these bounds.
const ALLOCATE_BYTES_MIN: u64 = 256 * 1024;
const ALLOCATE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// A payload up to this is copied behind its header, so that one call writes both.
const COPY_BYTES_MAX: usize = 128 * 1024;

/// Which file of which journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    /// The journal's own number.
    pub journal: u64,
    /// The increment's.
    pub generation: u64,
    /// The shard's.
    pub shard: u32,
    /// How many shards there were.
    pub shards: u32,
}

impl FileId {
    /// What checksums of this file begin with, so that no block of another file passes here.
    pub(crate) fn seed(&self) -> u64 {
        xxh3_64(&self.header()[..SUMMED_BYTES])
    }

    pub(crate) fn header(&self) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        for word in [VERSION, self.shard, self.shards, 0] {
            header.extend_from_slice(&word.to_le_bytes());
        }
        header.extend_from_slice(&self.journal.to_le_bytes());
        header.extend_from_slice(&self.generation.to_le_bytes());
        header.extend_from_slice(&xxh3_64(&header).to_le_bytes());
        header
    }

    /// The file that begins with this header.
    pub(crate) fn read(name: &str, header: &[u8]) -> Result<Self, Error> {
        let damaged = |what: &str| Error::damaged(name, 0, what);
        if header.len() < HEADER_BYTES {
            return Err(damaged("it ends within its header"));
        }
        if !header.starts_with(&MAGIC) {
            return Err(damaged("it does not begin as an append file does"));
        }
        if number(header, SUMMED_BYTES) != xxh3_64(&header[..SUMMED_BYTES]) {
            return Err(damaged("the header's checksum is wrong"));
        }
        let word = |at: usize| {
            u32::from_le_bytes(*header[at..].first_chunk().expect("the header is longer"))
        };
        if word(8) != VERSION {
            let what = format!("version {} of append files is not known here", word(8));
            return Err(Error::Foreign { file: name.to_owned(), what });
        }
        let (shard, shards) = (word(12), word(16));
        Ok(Self { journal: number(header, 24), generation: number(header, 32), shard, shards })
    }
}

/// A file that blocks are appended to.
#[derive(Debug)]
pub(crate) struct Appender {
    file: Box<dyn DiskFile>,
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) offset: u64,
    allocated: u64,
    /// Whether something was written since the last sync.
    pub(crate) is_dirty: bool,
}

impl Appender {
    /// Makes a file, and its header durable; its name is not yet.
    pub(crate) fn create(disk: &dyn Disk, name: String, id: FileId) -> io::Result<Self> {
        let mut file = disk.create(&name)?;
        file.write_at(0, &id.header())?;
        file.sync()?;
        let offset = HEADER_BYTES as u64;
        Ok(Self { file, name, seed: id.seed(), offset, allocated: offset, is_dirty: false })
    }

    pub(crate) fn append(&mut self, header: &[u8], payload: &[u8]) -> io::Result<()> {
        let end = self.offset + (header.len() + payload.len()) as u64;
        if end > self.allocated {
            let more = self.offset.clamp(ALLOCATE_BYTES_MIN, ALLOCATE_BYTES_MAX);
            self.allocated = end + more;
            self.file.allocate(self.allocated)?;
        }
        self.is_dirty = true;
        if payload.len() <= COPY_BYTES_MAX {
            self.file.write_at(self.offset, &[header, payload].concat())?;
        } else {
            self.file.write_at(self.offset + header.len() as u64, payload)?;
            self.file.write_at(self.offset, header)?;
        }
        self.offset = end;
        Ok(())
    }

    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.is_dirty {
            self.file.sync()?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// Gives back what was allocated in vain. Nothing depends on it.
    pub(crate) fn trim(&mut self) {
        if self.allocated > self.offset && self.file.truncate(self.offset).is_ok() {
            self.allocated = self.offset;
        }
    }
}
