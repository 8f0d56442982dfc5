//! Bytes from anything that gives them, in a window that holds no more than one item and what was
//! read along with it.
//!
//! Invariant: the window grows by what was really read, whatever lengths the bytes claim.

use std::io::Read;
use std::ops::Range;

use crc::{Digest, Table};

use super::error::FileError;
use crate::payload::CRC;

/// Bytes that are asked for at once.
const READ_BYTES: usize = 256 * 1024;

/// A length, or what else stands in its place.
pub(super) enum Length {
    Plain(u64),
    Special(u8),
}

type Result<T> = std::result::Result<T, FileError>;

pub(super) struct Source<R> {
    input: R,
    window: Vec<u8>,
    /// Where the item begins that is being read.
    begin: usize,
    at: usize,
    /// Bytes before the window.
    offset: u64,
    /// Up to where in the window bytes are in the digest.
    summed: usize,
    digest: Digest<'static, u64, Table<16>>,
    sums: bool,
    has_ended: bool,
}

impl<R: Read> Source<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            window: Vec::new(),
            begin: 0,
            at: 0,
            offset: 0,
            summed: 0,
            digest: CRC.digest(),
            sums: true,
            has_ended: false,
        }
    }

    /// Whether a checksum is made of what is read.
    pub(super) fn set_summing(&mut self, sums: bool) {
        self.sums = sums;
    }

    /// Bytes before what is read next.
    pub(super) fn position(&self) -> u64 {
        self.offset + self.at as u64
    }

    /// Where in the window that is; good until [`Self::next_item`].
    pub(super) fn mark(&self) -> usize {
        self.at - self.begin
    }

    /// What was read of the present item between two marks.
    pub(super) fn between(&self, marks: Range<usize>) -> &[u8] {
        &self.window[self.begin + marks.start..self.begin + marks.end]
    }

    /// Forgets what was read so far.
    #[inline]
    pub(super) fn next_item(&mut self) {
        self.begin = self.at;
    }

    /// Adds everything before the present item to the checksum: much at once, which is faster.
    fn sum(&mut self) {
        if self.sums {
            self.digest.update(&self.window[self.summed..self.begin]);
        }
        self.summed = self.begin;
    }

    /// The checksum of everything before the present item.
    pub(super) fn checksum(&mut self) -> u64 {
        self.sum();
        self.digest.clone().finalize()
    }

    /// Reads on until `len` bytes follow.
    fn ensure(&mut self, len: u64, what: &str) -> Result<usize> {
        loop {
            let there = (self.window.len() - self.at) as u64;
            if there >= len {
                // It fits: that much is there.
                return Ok(len as usize);
            }
            if self.has_ended {
                let end = self.offset + self.window.len() as u64;
                let missing = len - there;
                let text = format!(
                    "the file ends in the middle of {what}, {missing} bytes before it should"
                );
                return Err(FileError::broken(end, text));
            }
            self.read_more((len - there).min(READ_BYTES as u64) as usize)?;
        }
    }

    fn read_more(&mut self, len: usize) -> Result<()> {
        if self.begin > 0 {
            self.sum();
            self.summed = 0;
            self.window.drain(..self.begin);
            self.offset += self.begin as u64;
            self.at -= self.begin;
            self.begin = 0;
        }
        let have = self.window.len();
        self.window.resize(have + len.max(READ_BYTES), 0);
        let read = loop {
            match self.input.read(&mut self.window[have..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.window.truncate(have + *read.as_ref().unwrap_or(&0));
        self.has_ended = read? == 0;
        Ok(())
    }

    /// Goes on by `len` bytes.
    pub(super) fn skip(&mut self, len: u64, what: &str) -> Result<()> {
        self.at += self.ensure(len, what)?;
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        self.ensure(N as u64, what)?;
        let bytes = self.window[self.at..].first_chunk().copied().expect("ensured");
        self.at += N;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self, what: &str) -> Result<u8> {
        Ok(self.array::<1>(what)?[0])
    }

    pub(super) fn length_or_special(&mut self, what: &str) -> Result<Length> {
        let start = self.position();
        let first = self.byte(what)?;
        let low = u64::from(first & 0x3f);
        Ok(match first >> 6 {
            0 => Length::Plain(low),
            1 => Length::Plain(low << 8 | u64::from(self.byte(what)?)),
            2 if first == 0x80 => Length::Plain(u32::from_be_bytes(self.array(what)?).into()),
            2 if first == 0x81 => Length::Plain(u64::from_be_bytes(self.array(what)?)),
            3 => Length::Special(first & 0x3f),
            _ => {
                let text = format!("expected {what}, found a length of an unknown form");
                return Err(FileError::broken(start, text));
            }
        })
    }

    pub(super) fn length(&mut self, what: &str) -> Result<u64> {
        let start = self.position();
        match self.length_or_special(what)? {
            Length::Plain(len) => Ok(len),
            Length::Special(_) => {
                let text = format!("expected {what}, a number, found a string");
                Err(FileError::broken(start, text))
            }
        }
    }

    /// Goes past a string; where it lies.
    pub(super) fn string(&mut self, what: &str) -> Result<Range<usize>> {
        let (start, begin) = (self.position(), self.mark());
        match self.length_or_special(what)? {
            Length::Plain(len) => self.skip(len, what)?,
            Length::Special(0) => self.skip(1, what)?,
            Length::Special(1) => self.skip(2, what)?,
            Length::Special(2) => self.skip(4, what)?,
            Length::Special(3) => {
                let packed_len = self.length(what)?;
                self.length(what)?;
                self.skip(packed_len, what)?;
            }
            Length::Special(_) => {
                let text = format!("expected {what}, found a string of an unknown form");
                return Err(FileError::broken(start, text));
            }
        }
        Ok(begin..self.mark())
    }

    /// Whether nothing follows.
    pub(super) fn is_at_end(&mut self) -> Result<bool> {
        while !self.has_ended && self.at == self.window.len() {
            self.read_more(1)?;
        }
        Ok(self.at == self.window.len())
    }

    /// What was read ahead, and the input behind it.
    pub(super) fn into_rest(mut self) -> (Vec<u8>, R) {
        (self.window.split_off(self.at), self.input)
    }
}
