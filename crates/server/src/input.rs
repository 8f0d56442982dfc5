//! A connection's input: the thread's buffer while it reads, its own only when something is left.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

use crate::core::{Core, READ_BYTES_MAX};
use crate::stream::Stream;

/// Room that is made for a command whose length is not known, in bytes.
const GROWTH_BYTES: usize = 16 * 1024;

/// See the module.
#[derive(Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    /// How much of `bytes` is input; a borrowed buffer is longer.
    len: usize,
    /// How much of that is processed.
    at: usize,
    /// Whether `bytes` is the thread's buffer.
    borrowed: bool,
}

impl Input {
    /// Bytes that are not processed.
    pub(crate) fn pending(&self) -> usize {
        self.len - self.at
    }

    /// Room that this input holds of its own.
    pub(crate) fn capacity(&self) -> usize {
        if self.borrowed { 0 } else { self.bytes.capacity() }
    }

    /// All bytes, and where the unprocessed ones start.
    pub(crate) fn parts(&mut self) -> (&mut [u8], &mut usize) {
        (&mut self.bytes[..self.len], &mut self.at)
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Reads what there is, or arranges to be woken; `missing` bytes are known to be needed.
    pub(crate) fn poll_fill(
        &mut self,
        core: &Core,
        stream: &mut Stream,
        task: &mut Context<'_>,
        missing: usize,
    ) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(stream);
        if self.len > 0 {
            // Twice what is there at most: a length that a client only announces costs nothing.
            let room = missing.clamp(GROWTH_BYTES, self.len.max(READ_BYTES_MAX));
            self.bytes.reserve(room);
            let polled = poll_read_buf(stream, task, &mut self.bytes);
            self.len = self.bytes.len();
            return polled;
        }
        let mut scratch = core.take_input();
        let mut buffer = ReadBuf::new(&mut scratch);
        let polled = stream.as_mut().poll_read(task, &mut buffer);
        let len = buffer.filled().len();
        match polled {
            Poll::Ready(Ok(())) if len > 0 => {
                *self = Self { bytes: scratch, len, at: 0, borrowed: true };
                Poll::Ready(Ok(len))
            }
            other => {
                core.return_input(scratch);
                other.map_ok(|()| 0)
            }
        }
    }

    /// Puts a command back before what is not processed, in a buffer of its own.
    pub(crate) fn put_back(&mut self, core: &Core, mut command: Vec<u8>) {
        command.extend_from_slice(&self.bytes[self.at..self.len]);
        if self.borrowed {
            core.return_input(std::mem::take(&mut self.bytes));
        }
        *self = Self { len: command.len(), bytes: command, at: 0, borrowed: false };
    }

    /// Before the connection waits: moves what is left to a buffer of its own, and gives the
    /// thread's back.
    pub(crate) fn settle(&mut self, core: &Core) {
        if self.borrowed {
            let rest = self.bytes[self.at..self.len].to_vec();
            core.return_input(std::mem::take(&mut self.bytes));
            *self = Self { len: rest.len(), bytes: rest, at: 0, borrowed: false };
        } else if self.at == self.len {
            *self = Self::default();
        } else if self.at > 0 {
            self.bytes.drain(..self.at);
            (self.len, self.at) = (self.bytes.len(), 0);
        }
    }
}
