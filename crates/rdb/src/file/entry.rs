//! One key with its value, as files have it.

use value::Value;

use super::opcode;
use crate::object::{InParts, form, write_int, write_string, write_value};
use crate::write::{self, Output};

/// When or how often a key was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Nothing is said about it.
    None,
    /// Seconds since it was last used.
    Idle(u64),
    /// How often it is used.
    Frequency(u8),
}

/// What stands before a value.
#[derive(Clone, Copy, Debug)]
pub struct EntryHead<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The deadline in ms since the epoch, if it has one.
    pub expire_at_ms: Option<i64>,
    /// Its use.
    pub clock: Clock,
}

/// A value, as a keyspace keeps it.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// The text of an integer.
    Int(i64),
    /// A string.
    Bytes(&'a [u8]),
    /// Any other.
    Value(&'a Value),
}

/// Appends a key with its value. Answers the first version that has the value's form: more than
/// `out.version_max` if it cannot be said in any that the reader knows.
pub fn put_entry(out: &mut Output, head: EntryHead<'_>, content: Content<'_>) -> u16 {
    put_head(out, head);
    match content {
        Content::Int(number) => write_int(number, out),
        Content::Bytes(bytes) => write_string(bytes, out),
        Content::Value(value) => write_value(value, out),
    }
}

/// Appends a key whose value is a string: [`FileWriter::text`](super::FileWriter::text) has to
/// follow.
pub fn put_before_text(out: &mut Output, head: EntryHead<'_>) {
    put_head(out, head);
    out.form(form::STRING);
}

/// Appends a key and what stands before the parts of its value, which must have some. They follow,
/// then their end. Answers also the first version that has the value's form, as [`put_entry`].
pub fn put_in_parts(out: &mut Output, head: EntryHead<'_>, value: &Value) -> (InParts, u16) {
    put_head(out, head);
    InParts::begin(value, out)
}

/// What stands before a value; its key follows with its form.
fn put_head(out: &mut Output, head: EntryHead<'_>) {
    if let Some(at_ms) = head.expire_at_ms {
        out.push(opcode::EXPIRE_MS);
        out.extend_from_slice(&at_ms.to_le_bytes());
    }
    match head.clock {
        // Both came with Redis 5.
        _ if out.version_max < 9 => {}
        Clock::None => {}
        Clock::Idle(seconds) => {
            out.push(opcode::IDLE);
            write::length(out, seconds);
        }
        Clock::Frequency(frequency) => {
            out.push(opcode::FREQUENCY);
            out.push(frequency);
        }
    }
    out.name(head.key);
}
