//! The list of a journal's files: text, one line each, with a checksum at the end.
//!
//! It is replaced as a whole, so that all shards go from one state to the next together.

use std::fmt::Write as _;

use xxhash_rust::xxh3::xxh3_64;

use crate::error::Error;

const TITLE: &str = "merops-append-manifest 1";

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The journal's own number, which its files carry.
    pub journal: u64,
    /// What everything begins with; without one, with nothing.
    pub base: Option<Base>,
    /// What came after, oldest first.
    pub increments: Vec<Increment>,
}

/// A snapshot of all shards at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Part of its files' names.
    pub generation: u64,
    /// Everything stamped up to it is in the base.
    pub stamp_ns: u64,
    /// One file per shard that there was.
    pub files: Vec<BaseFile>,
}

/// What a file of a base must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseFile {
    /// How long it is.
    pub bytes: u64,
    /// What it ends with: an RDB file's own checksum.
    pub checksum: u64,
}

/// Files of rounds, one per shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Increment {
    /// Part of its files' names.
    pub generation: u64,
    /// How many shards there were.
    pub shards: u32,
    /// Its first round, if it has any.
    pub first_round: u64,
    /// Its last round, which may be one less than the first; none for one that is still open.
    pub last_round: Option<u64>,
}

impl Manifest {
    /// The generation of the newest file.
    pub fn generation(&self) -> u64 {
        let increments = self.increments.iter().map(|increment| increment.generation);
        increments.chain(self.base.as_ref().map(|base| base.generation)).max().unwrap_or(0)
    }

    /// As text.
    pub fn write(&self) -> Vec<u8> {
        let mut text = format!("{TITLE}\njournal {:016x}\n", self.journal);
        // Writing to a string cannot fail.
        if let Some(Base { generation, stamp_ns, files }) = &self.base {
            let _ = writeln!(text, "base {generation} shards {} stamp {stamp_ns}", files.len());
            for (shard, BaseFile { bytes, checksum }) in files.iter().enumerate() {
                let _ = writeln!(text, "base-file {shard} bytes {bytes} checksum {checksum:016x}");
            }
        }
        for Increment { generation, shards, first_round, last_round } in &self.increments {
            let _ = write!(text, "increment {generation} shards {shards} first {first_round}");
            if let Some(last) = last_round {
                let _ = write!(text, " last {last}");
            }
            text.push('\n');
        }
        let _ = writeln!(text, "checksum {:016x}", xxh3_64(text.as_bytes()));
        text.into_bytes()
    }

    /// Back from text; `name` is the file's, for errors.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let at = |offset: usize, what: &str| Error::damaged(name, offset as u64, what);
        let text = std::str::from_utf8(bytes).map_err(|e| at(e.valid_up_to(), "no text"))?;
        let end = text.rfind("checksum ").filter(|at| text[..*at].ends_with('\n'));
        let end = end.ok_or_else(|| at(text.len(), "it ends without its checksum"))?;
        if text[end..] != format!("checksum {:016x}\n", xxh3_64(&bytes[..end])) {
            return Err(at(end, "the checksum is wrong"));
        }
        let mut lines = text[..end].lines();
        if lines.next() != Some(TITLE) {
            return Err(Error::Foreign {
                file: name.to_owned(),
                what: "an unknown version".into(),
            });
        }
        let mut manifest = Self::default();
        for line in lines {
            let offset = line.as_ptr() as usize - text.as_ptr() as usize;
            manifest.read_line(line).ok_or_else(|| at(offset, "a line that makes no sense"))?;
        }
        match manifest.is_sound() {
            true => Ok(manifest),
            false => Err(at(0, "its lines contradict each other")),
        }
    }

    fn read_line(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split(' ').collect();
        match *words.as_slice() {
            ["journal", number] => self.journal = u64::from_str_radix(number, 16).ok()?,
            ["base", generation, "shards", _, "stamp", stamp] => {
                let (generation, stamp_ns) = (generation.parse().ok()?, stamp.parse().ok()?);
                self.base = Some(Base { generation, stamp_ns, files: Vec::new() });
            }
            ["base-file", _, "bytes", bytes, "checksum", checksum] => {
                let bytes = bytes.parse().ok()?;
                let checksum = u64::from_str_radix(checksum, 16).ok()?;
                self.base.as_mut()?.files.push(BaseFile { bytes, checksum });
            }
            ["increment", generation, "shards", shards, "first", first, ref rest @ ..] => {
                self.increments.push(Increment {
                    generation: generation.parse().ok()?,
                    shards: shards.parse().ok()?,
                    first_round: first.parse().ok()?,
                    last_round: match rest {
                        [] => None,
                        ["last", last] => Some(last.parse().ok()?),
                        _ => return None,
                    },
                });
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether rounds follow each other, and only the last increment is open.
    fn is_sound(&self) -> bool {
        let follow = self.increments.windows(2).all(|pair| {
            pair[0].last_round.is_some_and(|last| last + 1 == pair[1].first_round)
                && pair[0].generation < pair[1].generation
        });
        let each = self.increments.iter().all(|increment| {
            increment.shards > 0
                && increment.first_round > 0
                && increment.last_round.is_none_or(|last| last + 1 >= increment.first_round)
        });
        follow && each && self.base.as_ref().is_none_or(|base| !base.files.is_empty())
    }
}

#[cfg(test)]
mod tests;
