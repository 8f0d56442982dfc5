//! Writing a file, in pieces that others make.

use std::io::{self, Write};

use crc::{Digest, Table};

use super::crc::with_begin;
use super::{CHECKSUM_SINCE, USUAL_VERSION, opcode};
use crate::payload::CRC;
use crate::write::{self, Output};

/// Keys with values, one behind the other, with what selects their databases in between. Pieces
/// can stand in any order.
#[derive(Debug, Default)]
pub struct Chunk {
    /// What [`put_entry`](super::put_entry) and [`put_select_db`] gave.
    pub bytes: Vec<u8>,
    /// The database of the first key.
    pub db_first: usize,
    /// The database of the last key.
    pub db_last: usize,
    /// The first version that has all of its forms.
    pub version_min: u16,
    /// A key that needs it, if it is a new one.
    pub newest_key: Vec<u8>,
    /// Keys in it.
    pub keys: u64,
}

/// Says that the next keys are of this database.
pub fn put_select_db(out: &mut Output, db: usize) {
    out.push(opcode::SELECT_DB);
    write::length(out, db as u64);
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Bytes of the file.
    pub bytes: u64,
    /// What must replace as many bytes at the begin of the file: something in it needs a newer
    /// version than was said there. The checksum is right for it.
    pub head: Option<[u8; 9]>,
}

/// Writes a file to anything that takes bytes.
pub struct FileWriter<W> {
    sink: W,
    digest: Option<Digest<'static, u64, Table<16>>>,
    bytes: u64,
    /// What the header says.
    version: u16,
    /// Whether that must be so.
    is_fixed: bool,
    version_min: u16,
    db: Option<usize>,
    scratch: Output,
}

fn header(version: u16) -> [u8; 9] {
    let mut head = *b"REDIS0000";
    let digits = format!("{version:04}");
    head[5..].copy_from_slice(&digits.as_bytes()[..4]);
    head
}

impl<W: Write> FileWriter<W> {
    /// Begins a file, in this version, or in the usual one or the first later one that has all
    /// forms of what is in it.
    ///
    /// # Errors
    /// Those of the sink, here and elsewhere.
    pub fn new(sink: W, version: Option<u16>, sums: bool) -> io::Result<Self> {
        let mut writer = Self {
            sink,
            digest: sums.then(|| CRC.digest()),
            bytes: 0,
            version: version.unwrap_or(USUAL_VERSION),
            is_fixed: version.is_some(),
            version_min: 0,
            db: None,
            scratch: Output::new(),
        };
        writer.put(&header(writer.version))?;
        Ok(writer)
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where they went.
    pub fn sink(&mut self) -> &mut W {
        &mut self.sink
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        self.bytes += bytes.len() as u64;
        self.sink.write_all(bytes)
    }

    fn put_with(&mut self, make: impl FnOnce(&mut Output)) -> io::Result<()> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.bytes.clear();
        make(&mut scratch);
        let put = self.put(&scratch.bytes);
        self.scratch = scratch;
        put
    }

    /// Writes a field about the file. Readers ignore those that they do not know; before version 7
    /// there were none.
    pub fn aux(&mut self, name: &[u8], value: &[u8]) -> io::Result<()> {
        if self.version < 7 {
            return Ok(());
        }
        self.put_with(|out| {
            out.push(opcode::AUX);
            write::string(out, name);
            write::string(out, value);
        })
    }

    /// Writes a library of functions. Before version 10 there were none.
    pub fn function(&mut self, code: &[u8], compresses: bool) -> io::Result<()> {
        self.need(10, "a library of functions")?;
        self.put_with(|out| {
            out.compresses = compresses;
            out.push(opcode::FUNCTION);
            write::string(out, code);
            out.compresses = false;
        })
    }

    /// Says how many keys a database will have, so that readers can make room.
    pub fn sizes(&mut self, db: usize, keys: u64, expires: u64) -> io::Result<()> {
        if self.version < 7 {
            return Ok(());
        }
        self.select(db)?;
        self.put_with(|out| {
            out.push(opcode::RESIZE_DB);
            write::length(out, keys);
            write::length(out, expires);
        })
    }

    fn select(&mut self, db: usize) -> io::Result<()> {
        if self.db == Some(db) {
            return Ok(());
        }
        self.db = Some(db);
        self.put_with(|out| put_select_db(out, db))
    }

    /// Writes keys.
    pub fn chunk(&mut self, chunk: &Chunk) -> io::Result<()> {
        if chunk.version_min > self.version_min {
            self.need(chunk.version_min, &format!("key \"{}\"", chunk.newest_key.escape_ascii()))?;
        }
        self.select(chunk.db_first)?;
        self.put(&chunk.bytes)?;
        self.db = Some(chunk.db_last);
        Ok(())
    }

    /// Writes more of a key that the last chunk left unfinished.
    pub fn more(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes)
    }

    /// Writes the string of the key with which the last chunk ended.
    pub fn text(&mut self, text: &[u8], compresses: bool) -> io::Result<()> {
        let mut out = Output::new();
        out.compresses = compresses;
        if write::compressed(&mut out, text) {
            return self.put(&out.bytes);
        }
        write::length(&mut out, text.len() as u64);
        self.put(&out.bytes)?;
        self.put(text)
    }

    fn need(&mut self, version: u16, what: &str) -> io::Result<()> {
        if self.is_fixed && version > self.version {
            let text = format!(
                "{what} cannot be written in RDB version {}: it needs version {version}",
                self.version
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        self.version_min = self.version_min.max(version);
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<(W, Finished)> {
        self.put(&[opcode::END])?;
        let old = header(self.version);
        let new = header(self.version.max(self.version_min));
        let sum = self.digest.take().map_or(0, |digest| digest.finalize());
        let sum = match sum {
            0 => 0,
            sum => with_begin(sum, &old, &new, self.bytes - old.len() as u64),
        };
        if self.version.max(self.version_min) >= CHECKSUM_SINCE {
            self.put(&sum.to_le_bytes())?;
        }
        let finished = Finished { bytes: self.bytes, head: (old != new).then_some(new) };
        Ok((self.sink, finished))
    }
}
