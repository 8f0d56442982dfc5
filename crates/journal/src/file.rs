//! One file of one increment: its header, and how blocks are appended.
//!
//! There is one for each shard; the first also takes blocks with the parts of several.
//!
//! The header: `magic: 8 bytes, version: u32, shard: u32, shards: u32, 0: u32, journal: u64,
//! generation: u64, checksum: u64`.

use std::io;

use xxhash_rust::xxh3::xxh3_64;

use crate::block::{Header, number};
use crate::disk::{Disk, DiskFile};
use crate::error::Error;

const MAGIC: [u8; 8] = *b"meropsAF";
const VERSION: u32 = 2;
pub(crate) const HEADER_BYTES: usize = 48;
const SUMMED_BYTES: usize = 40;

/// Files grow by as much as they are long, within these bounds.
const ALLOCATE_BYTES_MIN: u64 = 256 * 1024;
const ALLOCATE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Parts up to this are copied behind their header, so that one call writes all.
const COPY_BYTES_MAX: usize = 128 * 1024;
/// Blocks up to this are written into zeros, if that is wanted; of longer ones the sync costs less
/// than writing twice does.
const AHEAD_BYTES_MAX: usize = 32 * 1024;

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
    /// Blocks and zeros are written up to here; behind it there may only be room.
    filled: u64,
    /// So many bytes of zeros are written at once ahead of small blocks. To sync what lies in room
    /// that was only promised, the file system has to write down that it is used now; in zeros it
    /// is used already, and a sync is a quarter faster.
    pub(crate) zeros_ahead: usize,
    /// Whether something was written since the last sync.
    pub(crate) is_dirty: bool,
}

impl Appender {
    /// Makes a file, and its header durable; its name is not yet.
    pub(crate) fn create(disk: &dyn Disk, name: String, id: FileId) -> io::Result<Self> {
        let mut file = disk.create(&name)?;
        file.write_at(0, &id.header())?;
        // As long as a file is written, zeros follow: one that lacks them has lost its end.
        file.allocate(ALLOCATE_BYTES_MIN)?;
        file.sync()?;
        let (offset, allocated) = (HEADER_BYTES as u64, ALLOCATE_BYTES_MIN);
        let seed = id.seed();
        let filled = offset;
        Ok(Self { file, name, seed, offset, allocated, filled, zeros_ahead: 0, is_dirty: false })
    }

    /// Appends a block: of a round of this number and stamp, and the last that was durable, these
    /// shards' parts.
    pub(crate) fn append(
        &mut self,
        times: (u64, u64, u64),
        members: &[bool],
        parts: &[(usize, &[u8])],
    ) -> io::Result<()> {
        let mut head = Vec::new();
        let header = Header::new(times, members.to_vec(), parts.iter().copied(), self.seed);
        header.write(self.seed, &mut head);
        let payload_bytes: usize = parts.iter().map(|(_, data)| data.len()).sum();
        let end = self.offset + (head.len() + payload_bytes) as u64;
        if end >= self.allocated {
            let more = self.offset.clamp(ALLOCATE_BYTES_MIN, ALLOCATE_BYTES_MAX);
            self.allocated = end + more;
            self.file.allocate(self.allocated)?;
        }
        self.is_dirty = true;
        if payload_bytes <= COPY_BYTES_MAX {
            head.reserve_exact(payload_bytes);
            parts.iter().for_each(|(_, data)| head.extend_from_slice(data));
        } else {
            let mut at = self.offset + head.len() as u64;
            for (_, data) in parts {
                self.file.write_at(at, data)?;
                at += data.len() as u64;
            }
        }
        if self.filled < end {
            self.filled = end;
            let room = usize::try_from(self.allocated - end).unwrap_or(usize::MAX);
            if head.len() <= AHEAD_BYTES_MAX && payload_bytes <= AHEAD_BYTES_MAX {
                let zeros = self.zeros_ahead.min(room);
                head.resize(head.len() + zeros, 0);
                self.filled += zeros as u64;
            }
        }
        self.file.write_at(self.offset, &head)?;
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

    /// A handle that syncs all that has been written, if something has since the last sync.
    pub(crate) fn lend_sync(&mut self) -> Option<Box<dyn DiskFile>> {
        std::mem::take(&mut self.is_dirty).then(|| self.file.another())
    }

    /// Gives back what was allocated in vain. Nothing depends on it.
    pub(crate) fn trim(&mut self) {
        if self.allocated > self.offset && self.file.truncate(self.offset).is_ok() {
            self.allocated = self.offset;
            self.filled = self.offset;
        }
    }
}
