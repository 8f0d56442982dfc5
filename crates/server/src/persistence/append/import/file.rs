//! The commands of one of Redis's append files, with their places.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use command::Args;
use resp::{Decoder, Limits, Span};

/// A file is read in pieces of so many bytes.
const PIECE_BYTES: usize = 256 * 1024;
/// Spans do not reach further.
const COMMAND_BYTES_MAX: usize = u32::MAX as usize;
const LIMITS: Limits = Limits { bulk_bytes_max: 1 << 31, authenticated: true };

/// Why there are no more commands, with the offset of the one that is not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The file ends in the middle of it.
    Torn(u64),
    /// It cannot have been written so.
    Format(u64, String),
    /// The system refused to read.
    Io(String),
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A command: see [`Commands::args`].
    Command,
    /// A note of when what follows was written, in seconds since 1970.
    Time(i64),
    /// Nothing: the file ends between commands.
    End,
}

/// See the module.
pub(crate) struct Commands<R> {
    input: R,
    buffer: Vec<u8>,
    /// Where in the buffer the next command begins.
    at: usize,
    /// Where in the file the buffer begins.
    base: u64,
    /// Where in the file the present command begins.
    start: u64,
    decoder: Decoder,
    spans: Vec<Span>,
}

impl Commands<File> {
    /// Those of a file from an offset on.
    pub(crate) fn open(path: &Path, offset: u64) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self::new(file, offset))
    }
}

impl<R: Read> Commands<R> {
    /// Those of an input that is at this offset.
    pub(crate) fn new(input: R, offset: u64) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            at: 0,
            base: offset,
            start: offset,
            decoder: Decoder::default(),
            spans: Vec::new(),
        }
    }

    /// The offset of the present command.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// The present command.
    pub(crate) fn args(&self) -> Args<'_> {
        Args::new(&self.buffer, &self.spans)
    }

    /// Goes on to what comes next.
    pub(crate) fn advance(&mut self) -> Result<Next, Broken> {
        self.spans.clear();
        self.start = self.base + self.at as u64;
        loop {
            if let Some(next) = self.decode()? {
                return Ok(next);
            }
            if !self.fill()? {
                let is_between = self.at == self.buffer.len();
                return if is_between { Ok(Next::End) } else { Err(Broken::Torn(self.start)) };
            }
        }
    }

    fn decode(&mut self) -> Result<Option<Next>, Broken> {
        loop {
            match self.buffer.get(self.at) {
                None => return Ok(None),
                Some(b'*') => break,
                Some(b'#') => match self.note() {
                    None => return Ok(None),
                    Some(Some(seconds)) => return Ok(Some(Next::Time(seconds))),
                    Some(None) => self.start = self.base + self.at as u64,
                },
                Some(other) => {
                    let what = format!("there is '{}' instead of '*'", other.escape_ascii());
                    return Err(self.wrong(what));
                }
            }
        }
        let decoded = self.decoder.next(&mut self.buffer, self.at, LIMITS, &mut self.spans);
        let next = match decoded {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(None),
            Err(error) => return Err(self.wrong(error.to_string())),
        };
        if self.spans.is_empty() {
            return Err(self.wrong("a command without a name".to_owned()));
        }
        // Only the lengths say where words end; what stands there must agree.
        let ends_well = |span: &Span| {
            let end = span.start as usize + span.len as usize;
            self.buffer.get(end..end + 2) == Some(b"\r\n")
        };
        if !self.spans.iter().all(ends_well) {
            return Err(self.wrong("a word is not as long as is said".to_owned()));
        }
        self.at = next;
        Ok(Some(Next::Command))
    }

    /// Passes a line that is no command, if all of it is there; answers the time that it says, if it
    /// does. Other lines say nothing about data.
    fn note(&mut self) -> Option<Option<i64>> {
        let rest = &self.buffer[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let number = rest[..end].trim_ascii().strip_prefix(b"#TS:");
        let seconds = number.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
        self.at += end + 1;
        Some(seconds)
    }

    fn wrong(&self, what: String) -> Broken {
        Broken::Format(self.start, what)
    }

    /// Reads more; answers whether there was more.
    fn fill(&mut self) -> Result<bool, Broken> {
        self.buffer.drain(..self.at);
        self.base += self.at as u64;
        self.at = 0;
        let len = self.buffer.len();
        if len > COMMAND_BYTES_MAX - PIECE_BYTES {
            return Err(self.wrong("a command of more than 4 GB".to_owned()));
        }
        let piece = self.input.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut self.buffer);
        piece.map(|read| read > 0).map_err(|error| Broken::Io(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
