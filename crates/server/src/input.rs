//! A connection's input: the thread's buffer while it reads, its own when something is left.
//!
//! Its own buffer stays for the next time, so that commands that come in pieces do not allocate;
//! background work takes it from connections that do not use it (see [`Input::trim`]).
//!
//! Invariant: what is not processed lies in one of the two buffers, in whole.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

use crate::core::Core;
use crate::stream::Stream;

/// Room that is made for a command whose length is not known, in bytes.
const GROWTH_BYTES: usize = 16 * 1024;
/// Room that is made for a length which a client only announces, in bytes: beyond this, and twice
/// what is there, announcing must cost nothing.
const TRUSTED_BYTES: usize = 1024 * 1024;
/// Smaller buffers are left to connections that are in use, in bytes.
const TRIM_BYTES_MIN: usize = 32 * 1024;

/// See the module.
#[derive(Default)]
pub(crate) struct Input {
    /// The thread's buffer, or nothing.
    borrowed: Vec<u8>,
    own: Vec<u8>,
    /// How much of `borrowed` is input, if it is there; of `own` all is.
    borrowed_len: usize,
    /// How much of the buffer in use is processed.
    at: usize,
    /// The most that `own` held since it was last trimmed.
    peak: usize,
}

impl Input {
    fn is_borrowed(&self) -> bool {
        !self.borrowed.is_empty()
    }

    /// Bytes that are not processed.
    pub(crate) fn pending(&self) -> usize {
        self.bytes().len() - self.at
    }

    /// Room that this input holds of its own.
    pub(crate) fn capacity(&self) -> usize {
        self.own.capacity()
    }

    /// All bytes, and where the unprocessed ones start.
    pub(crate) fn parts(&mut self) -> (&mut [u8], &mut usize) {
        match self.is_borrowed() {
            true => (&mut self.borrowed[..self.borrowed_len], &mut self.at),
            false => (&mut self.own, &mut self.at),
        }
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.is_borrowed() { &self.borrowed[..self.borrowed_len] } else { &self.own }
    }

    /// Reads what there is, or arranges to be woken. The input is settled.
    pub(crate) fn poll_fill(
        &mut self,
        core: &Core,
        stream: &mut Stream,
        task: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(stream);
        if !self.own.is_empty() && self.own.len() < self.own.capacity() {
            return poll_read_buf(stream, task, &mut self.own);
        }
        let mut scratch = core.take_input();
        let mut buffer = ReadBuf::new(&mut scratch);
        let polled = stream.as_mut().poll_read(task, &mut buffer);
        let len = buffer.filled().len();
        if self.own.is_empty() && len > 0 {
            (self.borrowed, self.borrowed_len) = (scratch, len);
        } else {
            self.own.extend_from_slice(&scratch[..len]);
            core.return_input(scratch);
        }
        ready!(polled)?;
        Poll::Ready(Ok(len))
    }

    /// Puts a command back before what is not processed.
    pub(crate) fn put_back(&mut self, core: &Core, command: &[u8]) {
        self.settle(core, 0);
        self.own.splice(..0, command.iter().copied());
    }

    /// Before the connection waits: moves what is left to its own buffer, with room for `missing`
    /// bytes that are known to be needed, and gives the thread's back.
    pub(crate) fn settle(&mut self, core: &Core, missing: usize) {
        if self.is_borrowed() {
            self.own.extend_from_slice(&self.borrowed[self.at..self.borrowed_len]);
            core.return_input(std::mem::take(&mut self.borrowed));
        } else {
            self.own.drain(..self.at);
        }
        self.at = 0;
        let len = self.own.len();
        if len > 0 {
            let room = missing.clamp(GROWTH_BYTES, TRUSTED_BYTES.max(len)).max(len / 2);
            // What is known to be needed may fit already.
            let needed = if missing > 0 { missing.min(room) } else { room };
            if self.own.capacity() < len + needed {
                self.own.reserve_exact(room);
            }
            self.peak = self.peak.max(len);
        }
    }

    /// Gives memory back that the connection does not seem to need, as its clients are idle, or
    /// send much less than they did. The input is settled.
    pub(crate) fn trim(&mut self, is_idle: bool) {
        let len = self.own.len();
        let peak = std::mem::replace(&mut self.peak, len);
        if is_idle {
            self.own.shrink_to(len);
        } else if len == 0 && self.own.capacity() > TRIM_BYTES_MIN.max(2 * peak) {
            self.own.shrink_to(peak.max(GROWTH_BYTES));
        }
    }
}

#[cfg(test)]
mod tests;
