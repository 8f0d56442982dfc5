//! Replies in one readable line, for transcripts and messages, and patterns that match them.
//!
//! | written | means |
//! |---|---|
//! | `+OK` `-ERR text` `:42` `"bulk"` | simple string, error, integer, bulk string |
//! | `(nil)` `(nil array)` `#t` `,1.5` `(big 12)` `="text"` | null, RESP2's null array, boolean, double, big number, verbatim |
//! | `[a, b]` `{k: v}` `~[a]` `>[a]` | array, map, set, push |
//! | `(any)` `(integer)` `(integer 1..9)` `(bulk)` | any reply, any or a bounded integer, any bulk |
//! | `(like "glob")` | text of any kind that the glob (`*` and `?`) matches |
//! | `(unordered [a, b])` | these elements in any order, as array, set or map |
//! | `[a, ...]` | further elements of any kind |
//!
//! Inside brackets simple strings and errors with anything but letters are quoted: `-"ERR a, b"`.

use std::fmt::Write;
use std::ops::RangeInclusive;

use resp::Reply;

mod parse;
#[cfg(test)]
mod tests;

/// What a reply is held against.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// Exactly this one.
    Exactly(Reply),
    /// Anything.
    Any,
    /// An integer in a range.
    Integer(RangeInclusive<i64>),
    /// A bulk string.
    Bulk,
    /// Text that a glob of `*` and `?` matches.
    Like(Vec<u8>),
    /// These elements in any order.
    Unordered(Vec<Expected>),
    /// An aggregate of patterns.
    Aggregate {
        /// `*`, `~`, `>` or `%` (keys and values in turn), as on the wire.
        kind: u8,
        /// Its elements.
        items: Vec<Expected>,
        /// Whether more may follow.
        open: bool,
    },
}

impl Expected {
    /// Parses the notation.
    ///
    /// # Errors
    /// Says what is wrong, with the rest of the text.
    pub fn parse(text: &str) -> Result<Expected, String> {
        parse::whole(text)
    }

    /// Whether `reply` is what was expected.
    pub fn matches(&self, reply: &Reply) -> bool {
        match self {
            Expected::Exactly(expected) => same(expected, reply),
            Expected::Any => true,
            Expected::Integer(range) => matches!(reply, Reply::Integer(n) if range.contains(n)),
            Expected::Bulk => matches!(reply, Reply::Bulk(_)),
            Expected::Like(pattern) => text_of(reply).is_some_and(|text| glob(pattern, text)),
            Expected::Unordered(items) => elements(reply).is_some_and(|(_, mut found)| {
                found.len() == items.len()
                    && items.iter().all(|item| {
                        let place = found.iter().position(|reply| item.matches(reply));
                        place.map(|place| found.swap_remove(place)).is_some()
                    })
            }),
            Expected::Aggregate { kind, items, open } => {
                elements(reply).is_some_and(|(found_kind, found)| {
                    let long_enough = match open {
                        true => found.len() >= items.len(),
                        false => found.len() == items.len(),
                    };
                    *kind == found_kind
                        && long_enough
                        && items.iter().zip(&found).all(|(item, reply)| item.matches(reply))
                })
            }
        }
    }
}

/// Equality, but for the one value that is not equal to itself.
fn same(left: &Reply, right: &Reply) -> bool {
    match (left, right) {
        (Reply::Double(left), Reply::Double(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}

fn text_of(reply: &Reply) -> Option<&[u8]> {
    match reply {
        Reply::Simple(text) | Reply::Error(text) | Reply::Bulk(text) | Reply::Verbatim(text) => {
            Some(text)
        }
        _ => None,
    }
}

fn elements(reply: &Reply) -> Option<(u8, Vec<&Reply>)> {
    match reply {
        Reply::Array(items) => Some((b'*', items.iter().collect())),
        Reply::Set(items) => Some((b'~', items.iter().collect())),
        Reply::Push(items) => Some((b'>', items.iter().collect())),
        Reply::Map(pairs) => {
            Some((b'%', pairs.iter().flat_map(|(key, value)| [key, value]).collect()))
        }
        _ => None,
    }
}

/// `*` is any run of bytes, `?` any byte; everything else is itself.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skip| glob(rest, &text[skip..])),
        [b'?', rest @ ..] => !text.is_empty() && glob(rest, &text[1..]),
        [byte, rest @ ..] => text.first() == Some(byte) && glob(rest, &text[1..]),
    }
}

/// A reply in the notation; [`Expected::parse`] reads it back.
pub fn show(reply: &Reply) -> String {
    let mut out = String::new();
    match reply {
        // A line of its own needs no quotes.
        Reply::Simple(text) if is_plain_line(text) => push_line(&mut out, '+', text),
        Reply::Error(text) if is_plain_line(text) => push_line(&mut out, '-', text),
        _ => write_reply(&mut out, reply),
    }
    out
}

fn write_reply(out: &mut String, reply: &Reply) {
    match reply {
        Reply::Simple(text) => write_word(out, '+', text),
        Reply::Error(text) => write_word(out, '-', text),
        Reply::Integer(number) => write!(out, ":{number}").expect("strings take all"),
        Reply::Bulk(text) => write_quoted(out, text),
        Reply::Null => out.push_str("(nil)"),
        Reply::NullArray => out.push_str("(nil array)"),
        Reply::Array(items) => write_items(out, "[", items),
        Reply::Set(items) => write_items(out, "~[", items),
        Reply::Push(items) => write_items(out, ">[", items),
        Reply::Map(pairs) => {
            out.push('{');
            for (index, (key, value)) in pairs.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_reply(out, key);
                out.push_str(": ");
                write_reply(out, value);
            }
            out.push('}');
        }
        Reply::Double(number) => write!(out, ",{number}").expect("strings take all"),
        Reply::Boolean(flag) => out.push_str(if *flag { "#t" } else { "#f" }),
        Reply::BigNumber(text) => {
            write!(out, "(big {})", String::from_utf8_lossy(text)).expect("strings take all");
        }
        Reply::Verbatim(text) => {
            out.push('=');
            write_quoted(out, text);
        }
    }
}

fn write_items(out: &mut String, open: &str, items: &[Reply]) {
    out.push_str(open);
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        write_reply(out, item);
    }
    out.push(']');
}

fn write_word(out: &mut String, kind: char, text: &[u8]) {
    if !text.is_empty() && text.iter().all(u8::is_ascii_alphanumeric) {
        push_line(out, kind, text);
    } else {
        out.push(kind);
        write_quoted(out, text);
    }
}

fn push_line(out: &mut String, kind: char, text: &[u8]) {
    out.push(kind);
    out.push_str(&String::from_utf8_lossy(text));
}

fn is_plain_line(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && text.first() != Some(&b'"')
        && text.last() != Some(&b' ')
}

/// Quotes as `redis-cli` does, so that the words of a command can be pasted there.
pub(crate) fn write_quoted(out: &mut String, text: &[u8]) {
    out.push('"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => write!(out, "\\x{byte:02x}").expect("strings take all"),
        }
    }
    out.push('"');
}
