//! Splitting a line into words with the quoting rules of Redis's inline protocol and config files.

use crate::decode::Span;

/// A quote that is never closed, or not followed by a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnbalancedQuotes;

/// Splits `line` into words, unquoting in place, and appends their spans (relative to `line`).
///
/// Double quotes know `\n \r \t \b \a \xHH` and `\` before any other byte; single quotes know `\'`.
/// An unquoted word is never longer than its source, so the result fits where the source was.
pub(crate) fn split_in_place(
    line: &mut [u8],
    spans: &mut Vec<Span>,
) -> Result<(), UnbalancedQuotes> {
    let mut read = 0;
    loop {
        while line.get(read).is_some_and(u8::is_ascii_whitespace) {
            read += 1;
        }
        // As in Redis, a zero byte ends the line.
        if line.get(read).is_none_or(|byte| *byte == 0) {
            return Ok(());
        }
        let start = read;
        let mut write = read;
        loop {
            match line.get(read) {
                None | Some(b' ' | b'\n' | b'\r' | b'\t' | 0) => break,
                Some(b'"') => (read, write) = double_quoted(line, read + 1, write)?,
                Some(b'\'') => (read, write) = single_quoted(line, read + 1, write)?,
                Some(&byte) => {
                    line[write] = byte;
                    (read, write) = (read + 1, write + 1);
                    continue;
                }
            }
            // A closing quote ends the word.
            break;
        }
        spans.push(Span { start: start as u32, len: (write - start) as u32 });
    }
}

/// Splits `line` into owned words; see [`split_in_place`].
pub fn split_args(line: &[u8]) -> Result<Vec<Vec<u8>>, UnbalancedQuotes> {
    let mut line = line.to_vec();
    let mut spans = Vec::new();
    split_in_place(&mut line, &mut spans)?;
    Ok(spans.iter().map(|span| span.of(&line).to_vec()).collect())
}

/// Unquotes from `read` (behind the opening quote) to `write`; returns both behind the word.
fn double_quoted(
    line: &mut [u8],
    mut read: usize,
    mut write: usize,
) -> Result<(usize, usize), UnbalancedQuotes> {
    loop {
        let (byte, used) = match line.get(read..).unwrap_or_default() {
            [] => return Err(UnbalancedQuotes),
            [b'"', rest @ ..] => return closed(rest, read + 1, write),
            [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hex(*high) << 4 | hex(*low), 4)
            }
            [b'\\', escaped, ..] => (unescape(*escaped), 2),
            [byte, ..] => (*byte, 1),
        };
        line[write] = byte;
        write += 1;
        read += used;
    }
}

fn single_quoted(
    line: &mut [u8],
    mut read: usize,
    mut write: usize,
) -> Result<(usize, usize), UnbalancedQuotes> {
    loop {
        let (byte, used) = match line.get(read..).unwrap_or_default() {
            [] => return Err(UnbalancedQuotes),
            [b'\\', b'\'', ..] => (b'\'', 2),
            [b'\'', rest @ ..] => return closed(rest, read + 1, write),
            [byte, ..] => (*byte, 1),
        };
        line[write] = byte;
        write += 1;
        read += used;
    }
}

/// A closing quote must be followed by a space or the end.
fn closed(rest: &[u8], read: usize, write: usize) -> Result<(usize, usize), UnbalancedQuotes> {
    match rest.first() {
        Some(byte) if !byte.is_ascii_whitespace() => Err(UnbalancedQuotes),
        _ => Ok((read, write)),
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests;
