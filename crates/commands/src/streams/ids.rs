//! Ids as calls write them.

use command::{Error, Result};
use value::stream::StreamId;

const INVALID: Error = Error::new("Invalid stream ID specified as stream command argument");
/// No id has a longer text.
const TEXT_BYTES_MAX: usize = 127;

/// A number without a minus, as C's `strtoull` and Redis after it read it: blanks and a plus may
/// come before.
fn number(text: &[u8]) -> Option<u64> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_blank(byte))?;
    let text = text[start..].strip_prefix(b"+").unwrap_or(&text[start..]);
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    stdx::ascii::parse(text)
}

/// `ms` or `ms-seq`.
pub(super) fn exact(word: &[u8], seq_if_missing: u64) -> Result<StreamId> {
    if word.len() > TEXT_BYTES_MAX {
        return Err(INVALID);
    }
    let (ms, seq) = match word.iter().position(|byte| *byte == b'-') {
        None => (number(word), Some(seq_if_missing)),
        Some(dash) => (number(&word[..dash]), number(&word[dash + 1..])),
    };
    Ok(StreamId { ms: ms.ok_or(INVALID)?, seq: seq.ok_or(INVALID)? })
}

/// An exact id, or `-` or `+` for the ends.
pub(super) fn any(word: &[u8], seq_if_missing: u64) -> Result<StreamId> {
    match word {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => exact(word, seq_if_missing),
    }
}

/// The id that XADD is to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `*`
    New,
    /// `ms-*`
    NewIn(u64),
    Exactly(StreamId),
}

impl Wanted {
    pub(super) fn parse(word: &[u8]) -> Result<Self> {
        match word {
            b"*" => Ok(Self::New),
            [ms @ .., b'-', b'*'] => number(ms).map(Self::NewIn).ok_or(INVALID),
            _ => exact(word, 0).map(Self::Exactly),
        }
    }

    /// The id, behind the last one of a stream; None if there is none.
    pub(super) fn resolve(self, last: StreamId, now_ms: i64) -> Option<StreamId> {
        let now_ms = now_ms.max(0) as u64;
        match self {
            Self::New if now_ms > last.ms => Some(StreamId { ms: now_ms, seq: 0 }),
            Self::New => last.next(),
            Self::NewIn(ms) if ms == last.ms => {
                last.seq.checked_add(1).map(|seq| StreamId { ms, seq })
            }
            Self::NewIn(ms) => Some(StreamId { ms, seq: 0 }),
            Self::Exactly(id) => Some(id),
        }
    }
}

/// The lower end of an interval, which `(` excludes.
pub(super) fn start(word: &[u8]) -> Result<StreamId> {
    match word {
        [b'(', id @ ..] => {
            let next = exact(id, 0)?.next();
            next.ok_or(Error::new("invalid start ID for the interval"))
        }
        _ => any(word, 0),
    }
}

/// The upper end of an interval, which `(` excludes.
pub(super) fn end(word: &[u8]) -> Result<StreamId> {
    match word {
        [b'(', id @ ..] => {
            let previous = exact(id, u64::MAX)?.prev();
            previous.ok_or(Error::new("invalid end ID for the interval"))
        }
        _ => any(word, u64::MAX),
    }
}
