//! A small blocking client: commands, pipelines, raw bytes, replies as values or as they came.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use resp::{Reply, parse_reply, split_args};

/// How long a reply may take before a test fails instead of hanging.
const REPLY_LIMIT: Duration = Duration::from_secs(30);
/// How long a connection may take. The system's own limit is minutes.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const READ_BYTES: usize = 64 * 1024;

/// A connection to a server.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    /// How much of `received` was handed out already.
    taken: usize,
}

impl Client {
    /// Connects; replies may then take up to 30 seconds.
    pub fn connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&address, CONNECT_LIMIT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_LIMIT))?;
        stream.set_write_timeout(Some(REPLY_LIMIT))?;
        Ok(Client { stream, received: Vec::new(), taken: 0 })
    }

    /// How long to wait for a reply; `WouldBlock` is the error then.
    pub fn set_reply_limit(&mut self, limit: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(limit))
    }

    /// The socket, for its addresses, options and shutdown.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// One command, one reply.
    pub fn call<W: AsRef<[u8]>>(&mut self, words: &[W]) -> io::Result<Reply> {
        let mut bytes = Vec::new();
        encode(words, &mut bytes);
        self.send(&bytes)?;
        self.receive()
    }

    /// One command, written as for `redis-cli`, and its reply.
    ///
    /// # Panics
    /// When the line is no command or the server does not answer: for tests.
    pub fn ask(&mut self, line: &str) -> Reply {
        let words = split_args(line.as_bytes()).unwrap_or_else(|_| panic!("bad quotes: {line}"));
        self.call(&words).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Sends all commands in one write, then reads all replies.
    pub fn pipeline<W: AsRef<[u8]>>(&mut self, commands: &[Vec<W>]) -> io::Result<Vec<Reply>> {
        let mut bytes = Vec::new();
        for words in commands {
            encode(words, &mut bytes);
        }
        self.send(&bytes)?;
        commands.iter().map(|_| self.receive()).collect()
    }

    /// The next reply. A closed connection is `UnexpectedEof`.
    pub fn receive(&mut self) -> io::Result<Reply> {
        self.receive_raw().map(|(reply, _)| reply)
    }

    /// The next reply, with the bytes that it was made of.
    pub fn receive_raw(&mut self) -> io::Result<(Reply, Vec<u8>)> {
        loop {
            let rest = &self.received[self.taken..];
            match parse_reply(rest) {
                Ok(Some((reply, length))) => {
                    let raw = rest[..length].to_vec();
                    self.taken += length;
                    return Ok((reply, raw));
                }
                Ok(None) => self.fill()?,
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.0)),
            }
        }
    }

    /// Everything until the server closes the connection.
    pub fn receive_to_end(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.fill() {
                Ok(()) => {}
                Err(error) if is_closed(&error) => return Ok(self.received.split_off(self.taken)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the server closes the connection without another byte.
    pub fn is_closed(&mut self) -> bool {
        self.received.len() == self.taken && self.fill().is_err_and(|error| is_closed(&error))
    }

    /// Reads more, at least one byte.
    fn fill(&mut self) -> io::Result<()> {
        self.received.drain(..self.taken);
        self.taken = 0;
        let length = self.received.len();
        // Room for as much again: a long reply needs few reads, each followed by a new parse.
        self.received.resize(length + READ_BYTES.max(length), 0);
        let result = loop {
            match self.stream.read(&mut self.received[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.received.truncate(length + *result.as_ref().unwrap_or(&0));
        match result {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Appends a command as RESP wants it from clients.
pub fn encode<W: AsRef<[u8]>>(words: &[W], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        let word = word.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// Whether an error means that the other side is gone.
pub fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
}

/// Whether an error means that nothing came in time.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
