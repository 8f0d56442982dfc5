//! Which blocks a file has, and how it ends.

use crate::block::{Header, MAGIC};
use crate::disk::{Disk, DiskFile};
use crate::error::Error;
use crate::file::{FileId, HEADER_BYTES};

/// The rest of a file is searched in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// A block, and where it lies.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) header: Header,
    /// Of the header.
    pub(crate) offset: u64,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) seed: u64,
    /// Whole blocks, from the beginning up to where they end.
    pub(crate) blocks: Vec<Found>,
    /// Where they end.
    pub(crate) end: u64,
    /// How long the file is.
    pub(crate) bytes: u64,
    /// Whether something else than zeros follows.
    pub(crate) is_torn: bool,
    /// The last round that any block of this file, also behind the end, knows to be durable.
    pub(crate) synced: u64,
}

impl Index {
    /// Reads a whole file and checks every byte of it.
    pub(crate) fn read(disk: &dyn Disk, name: &str, id: FileId) -> Result<Self, Error> {
        let file = disk.open(name).map_err(Error::io(name))?;
        let bytes = file.len().map_err(Error::io(name))?;
        let mut header = vec![0; HEADER_BYTES];
        let read = file.read_at(0, &mut header).map_err(Error::io(name))?;
        let is = FileId::read(name, &header[..read])?;
        if is != id {
            let what = match is.journal == id.journal {
                true => format!("it is of increment {}, shard {}", is.generation, is.shard),
                false => "it is of another journal".to_owned(),
            };
            return Err(Error::Foreign { file: name.to_owned(), what });
        }
        let mut index = Self {
            name: name.to_owned(),
            file,
            seed: id.seed(),
            blocks: Vec::new(),
            end: HEADER_BYTES as u64,
            bytes,
            is_torn: false,
            synced: 0,
        };
        index.walk(id.shards as usize)?;
        index.look_behind(id.shards as usize)?;
        Ok(index)
    }

    fn walk(&mut self, shards: usize) -> Result<(), Error> {
        let mut payload = Vec::new();
        let mut last_round = 0;
        while let Some(header) = self.block_at(self.end, shards, &mut payload)? {
            // Numbers that do not go up are no state that a write can leave.
            if header.round <= last_round {
                break;
            }
            last_round = header.round;
            self.synced = self.synced.max(header.synced);
            let next = self.end + header.bytes() + header.payload_bytes();
            self.blocks.push(Found { header, offset: self.end });
            self.end = next;
        }
        Ok(())
    }

    /// The block at an offset, if one is there and whole.
    fn block_at(
        &self,
        offset: u64,
        shards: usize,
        payload: &mut Vec<u8>,
    ) -> Result<Option<Header>, Error> {
        let mut head = vec![0; Header::bytes_max(shards)];
        let io = Error::io(&self.name);
        let read = self.file.read_at(offset, &mut head).map_err(io)?;
        let Some(header) = Header::read(&head[..read], shards, self.seed) else { return Ok(None) };
        let (start, bytes) = (offset + header.bytes(), header.payload_bytes());
        if bytes > self.bytes.saturating_sub(start) {
            return Ok(None);
        }
        payload.resize(bytes as usize, 0);
        let io = Error::io(&self.name);
        let read = self.file.read_at(start, payload).map_err(io)?;
        Ok((read == payload.len() && header.fits(payload, self.seed)).then_some(header))
    }

    /// Looks for anything behind the last block of the walk: it tells a write that was cut short
    /// from the loss of what was durable.
    fn look_behind(&mut self, shards: usize) -> Result<(), Error> {
        let mut piece = vec![0; PIECE_BYTES + MAGIC.len() - 1];
        let mut payload = Vec::new();
        let mut at = self.end;
        while at < self.bytes {
            let read = self.file.read_at(at, &mut piece).map_err(Error::io(&self.name))?;
            if read == 0 {
                break;
            }
            let bytes = &piece[..read];
            self.is_torn |= bytes.iter().any(|byte| *byte != 0);
            if self.is_torn {
                for place in bytes.windows(MAGIC.len()).enumerate() {
                    if place.1 != MAGIC {
                        continue;
                    }
                    let found = self.block_at(at + place.0 as u64, shards, &mut payload)?;
                    self.synced = self.synced.max(found.map_or(0, |header| header.synced));
                }
            }
            at += PIECE_BYTES as u64;
        }
        Ok(())
    }

    /// Whether this is not how a file ends that is being written, which is with zeros.
    pub(crate) fn ends_badly(&self) -> bool {
        self.is_torn || self.bytes <= self.end
    }

    /// The round's block, if it is there.
    pub(crate) fn block(&self, round: u64) -> Option<&Found> {
        let at = self.blocks.binary_search_by_key(&round, |found| found.header.round).ok()?;
        Some(&self.blocks[at])
    }
}
