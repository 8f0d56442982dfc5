//! Requests: multi-bulk and inline commands out of a byte stream that may be cut anywhere.
//!
//! Invariants: a decoded command is a run of [`Span`]s into the caller's buffer, nothing is copied;
//! what was scanned of an incomplete command is not scanned again.

use std::fmt;

use crate::inline::{UnbalancedQuotes, split_in_place};

/// Longest line that is not a bulk: an inline command or a length header. Redis's value.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// What a client that has not authenticated may send per command, so that it cannot use memory.
const UNAUTHENTICATED_ARGS_MAX: i64 = 10;
const UNAUTHENTICATED_BULK_BYTES_MAX: i64 = 16 * 1024;

/// One argument: where it lies in the buffer that was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Span {
    /// The bytes of this span.
    #[inline]
    pub fn of<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        &data[self.start as usize..self.start as usize + self.len as usize]
    }
}

/// What a connection may send at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `proto-max-bulk-len`, in bytes.
    pub bulk_bytes_max: i64,
    /// Whether the client passed authentication (or needs none).
    pub authenticated: bool,
}

/// A request that is no RESP. `Display` is the text after `ERR Protocol error: `.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the texts below say it")]
pub enum ProtocolError {
    InlineTooBig,
    UnbalancedQuotes,
    CountLineTooBig,
    InvalidCount,
    UnauthenticatedCount,
    BulkLineTooBig,
    ExpectedDollar(u8),
    InvalidBulkLength,
    UnauthenticatedBulkLength,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProtocolError::InlineTooBig => "too big inline request",
            ProtocolError::UnbalancedQuotes => "unbalanced quotes in request",
            ProtocolError::CountLineTooBig => "too big mbulk count string",
            ProtocolError::InvalidCount => "invalid multibulk length",
            ProtocolError::UnauthenticatedCount => "unauthenticated multibulk length",
            ProtocolError::BulkLineTooBig => "too big bulk count string",
            ProtocolError::ExpectedDollar(got) => {
                return write!(f, "expected '$', got '{}'", *got as char);
            }
            ProtocolError::InvalidBulkLength => "invalid bulk length",
            ProtocolError::UnauthenticatedBulkLength => "unauthenticated bulk length",
        })
    }
}

/// Room for spans of interrupted commands that a decoder keeps.
const PARTIAL_KEPT: usize = 1024;

/// A command in progress. `Default` is "between commands".
#[derive(Debug, Default)]
pub struct Decoder {
    /// Arguments still to come; 0 = between commands.
    args_missing: u32,
    /// Length of the bulk whose header was read.
    bulk_len: Option<u32>,
    /// Bytes of the command scanned so far.
    scanned: usize,
    /// Spans of an interrupted command, relative to its first byte.
    partial: Vec<Span>,
}

/// What one step of decoding found.
enum Line<'a> {
    Found { line: &'a [u8], next: usize },
    Incomplete,
    TooLong,
}

impl Decoder {
    /// Decodes one command that starts at `from`, appending its arguments to `spans`.
    ///
    /// Returns where the next command starts, or `None` when `data` ends before this one does: call
    /// again with more data and `from` at the same command's first byte. An empty command (`*0`, an
    /// empty line) is consumed and adds no span. Only inline commands change `data`: see `inline`.
    #[inline]
    pub fn next(
        &mut self,
        data: &mut [u8],
        from: usize,
        limits: Limits,
        spans: &mut Vec<Span>,
    ) -> Result<Option<usize>, ProtocolError> {
        let mark = spans.len();
        let was_interrupted = self.scanned != 0;
        if !was_interrupted {
            match data.get(from) {
                None => return Ok(None),
                Some(b'*') => {}
                Some(_) => return Self::inline(data, from, spans),
            }
        } else {
            let base = from as u32;
            spans
                .extend(self.partial.drain(..).map(|s| Span { start: s.start + base, len: s.len }));
        }
        match self.multibulk(data, from, limits, spans)? {
            Some(next) => {
                self.scanned = 0;
                if was_interrupted {
                    self.partial.shrink_to(PARTIAL_KEPT);
                }
                Ok(Some(next))
            }
            None => {
                let base = from as u32;
                self.partial.extend(
                    spans.drain(mark..).map(|s| Span { start: s.start - base, len: s.len }),
                );
                Ok(None)
            }
        }
    }

    /// How many bytes the bulk being read still needs beyond `available` bytes of the command, so
    /// that the caller can make room at once.
    pub fn bytes_missing(&self, available: usize) -> usize {
        self.bulk_len.map_or(0, |len| (self.scanned + len as usize + 2).saturating_sub(available))
    }

    /// How many bytes of an incomplete command are understood.
    pub fn scanned(&self) -> usize {
        self.scanned
    }

    fn multibulk(
        &mut self,
        data: &[u8],
        from: usize,
        limits: Limits,
        spans: &mut Vec<Span>,
    ) -> Result<Option<usize>, ProtocolError> {
        let mut at = from + self.scanned;
        if self.scanned == 0 {
            let count = match header(data, at) {
                Line::Found { line, next } => {
                    at = next;
                    count(line, limits)?
                }
                Line::Incomplete => return Ok(None),
                Line::TooLong => return Err(ProtocolError::CountLineTooBig),
            };
            if count == 0 {
                return Ok(Some(at));
            }
            self.args_missing = count;
        }
        while self.args_missing > 0 {
            let len = match self.bulk_len {
                Some(len) => len,
                None => match header(data, at) {
                    Line::Found { line, next } => {
                        let len = bulk_len(data[at], line, limits)?;
                        at = next;
                        len
                    }
                    Line::Incomplete => break,
                    Line::TooLong => return Err(ProtocolError::BulkLineTooBig),
                },
            };
            if data.len() - at < len as usize + 2 {
                self.bulk_len = Some(len);
                break;
            }
            self.bulk_len = None;
            spans.push(Span { start: at as u32, len });
            at += len as usize + 2;
            self.args_missing -= 1;
        }
        self.scanned = at - from;
        Ok((self.args_missing == 0).then_some(at))
    }

    /// Inline commands are for humans and health checks: the line is unquoted in place, which
    /// never makes it longer, so its arguments are spans like any others.
    fn inline(
        data: &mut [u8],
        from: usize,
        spans: &mut Vec<Span>,
    ) -> Result<Option<usize>, ProtocolError> {
        let rest = &mut data[from..];
        let Some(end) = memchr::memchr(b'\n', rest) else {
            if rest.len() > LINE_BYTES_MAX {
                return Err(ProtocolError::InlineTooBig);
            }
            return Ok(None);
        };
        let line_end = if end > 0 && rest[end - 1] == b'\r' { end - 1 } else { end };
        let mark = spans.len();
        split_in_place(&mut rest[..line_end], spans)
            .map_err(|UnbalancedQuotes| ProtocolError::UnbalancedQuotes)?;
        for span in &mut spans[mark..] {
            span.start += from as u32;
        }
        Ok(Some(from + end + 1))
    }
}

/// The line that starts at `at`, without its two end bytes and its type byte.
///
/// As in Redis, the line ends at the first CR and the byte behind it is taken on trust.
#[inline]
fn header(data: &[u8], at: usize) -> Line<'_> {
    let rest = &data[at..];
    // Nearly every header is `$3\r\n` or `*3\r\n`: look before searching.
    let end = match rest {
        [b'$' | b'*', second, b'\r', ..] if *second != b'\r' => 2,
        [b'$' | b'*', second, third, b'\r', ..] if ![*second, *third].contains(&b'\r') => 3,
        _ => match memchr::memchr(b'\r', rest) {
            Some(end) => end,
            None if rest.len() > LINE_BYTES_MAX => return Line::TooLong,
            None => return Line::Incomplete,
        },
    };
    if end + 2 > rest.len() {
        return Line::Incomplete;
    }
    Line::Found { line: rest.get(1..end).unwrap_or_default(), next: at + end + 2 }
}

/// A number as Redis accepts it in headers: no sign but minus, no leading zero.
#[inline]
fn number(digits: &[u8]) -> Option<i64> {
    match digits {
        [digit @ b'0'..=b'9'] => return Some(i64::from(digit - b'0')),
        [tens @ b'1'..=b'9', ones @ b'0'..=b'9'] => {
            return Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'));
        }
        _ => {}
    }
    let (negative, magnitude) = match digits {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, digits),
    };
    if !matches!(magnitude.first(), Some(b'1'..=b'9')) || magnitude.len() > 18 {
        return None;
    }
    let mut value = 0i64;
    for digit in magnitude {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

#[inline]
fn count(line: &[u8], limits: Limits) -> Result<u32, ProtocolError> {
    match number(line) {
        None => Err(ProtocolError::InvalidCount),
        Some(count) if count > i64::from(i32::MAX) => Err(ProtocolError::InvalidCount),
        Some(count) if count > UNAUTHENTICATED_ARGS_MAX && !limits.authenticated => {
            Err(ProtocolError::UnauthenticatedCount)
        }
        Some(count) => Ok(count.max(0) as u32),
    }
}

#[inline]
fn bulk_len(kind: u8, line: &[u8], limits: Limits) -> Result<u32, ProtocolError> {
    if kind != b'$' {
        return Err(ProtocolError::ExpectedDollar(kind));
    }
    match number(line) {
        None => Err(ProtocolError::InvalidBulkLength),
        // Spans are 32 bits wide; the query buffer limit is far below that.
        Some(len) if len < 0 || len > limits.bulk_bytes_max || len > i64::from(u32::MAX / 2) => {
            Err(ProtocolError::InvalidBulkLength)
        }
        Some(len) if len > UNAUTHENTICATED_BULK_BYTES_MAX && !limits.authenticated => {
            Err(ProtocolError::UnauthenticatedBulkLength)
        }
        Some(len) => Ok(len as u32),
    }
}

#[cfg(test)]
mod tests;
