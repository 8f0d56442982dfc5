//! A client's socket: TCP or Unix, one type for the connection, which reads; others may write to it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use command::Args;
use engine::{Call, Outcome, Outlet};
use rustix::net::{SendFlags, Shutdown};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream, tcp, unix};

use crate::connection::is_too_long_to_deliver;
use crate::core::Core;
use crate::stats::add;

/// See the module.
pub(crate) struct Stream {
    reader: Reader,
    writer: Arc<Writer>,
}

enum Reader {
    Tcp(tcp::OwnedReadHalf),
    Unix(unix::OwnedReadHalf),
}

/// The half of a socket that takes replies.
pub(crate) enum Writer {
    Tcp(tcp::OwnedWriteHalf),
    Unix(unix::OwnedWriteHalf),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: Reader::Tcp(reader), writer: Arc::new(Writer::Tcp(writer)) }
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: Reader::Unix(reader), writer: Arc::new(Writer::Unix(writer)) }
    }
}

impl Stream {
    /// Writes what fits without waiting.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.try_write(bytes)
    }

    /// Where replies can leave that other threads make. Until those have let go of it, only they
    /// may write.
    pub(crate) fn outlet(&self) -> Arc<Writer> {
        self.writer.clone()
    }
}

impl Writer {
    // By the system call itself: the C library's may be a point where a thread is cancelled, and
    // that costs two atomic operations each time.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(half) => {
                let send = || Ok(rustix::net::send(half.as_ref(), bytes, SendFlags::NOSIGNAL)?);
                half.as_ref().try_io(Interest::WRITABLE, send)
            }
            Self::Unix(half) => {
                let send = || Ok(rustix::net::send(half.as_ref(), bytes, SendFlags::NOSIGNAL)?);
                half.as_ref().try_io(Interest::WRITABLE, send)
            }
        }
    }

    fn poll_ready(&self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(half) => half.as_ref().poll_write_ready(task),
            Self::Unix(half) => half.as_ref().poll_write_ready(task),
        }
    }

    fn end(&self) -> io::Result<()> {
        match self {
            Self::Tcp(half) => rustix::net::shutdown(half.as_ref(), Shutdown::Write)?,
            Self::Unix(half) => rustix::net::shutdown(half.as_ref(), Shutdown::Write)?,
        }
        Ok(())
    }
}

impl Outlet for Writer {
    fn deliver(&self, call: &Call, args: Args<'_>, outcome: &Outcome, reply: &[u8]) -> usize {
        let core = Core::current();
        // What is logged is logged with its client, which lives on the thread that asked.
        let is_plain = !outcome.is_overlong && !core.watch.is_remarkable(args, outcome);
        if !is_plain
            || is_too_long_to_deliver(&core, reply.len())
            || core.server.append.holds_replies(&core)
        {
            return 0;
        }
        let written = self.try_write(reply).unwrap_or(0);
        if written > 0 {
            core.stats.ended(call.row, outcome, reply);
            add(&core.stats.counters.writes_processed, 1);
            add(&core.stats.counters.bytes_sent, written as u64);
        }
        written
    }
}

impl AsyncRead for Stream {
    // After a short read the socket is known to be empty, which saves the read that would say so;
    // that is why connections read through this trait and not by `try_read`.
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().reader {
            Reader::Tcp(half) => Pin::new(half).poll_read(task, buffer),
            Reader::Unix(half) => Pin::new(half).poll_read(task, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.writer.poll_ready(task))?;
            match self.writer.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.writer.end())
    }
}
