//! Replies as a client reads them: for tests, tools, replica links, and for merging what several
//! shards answered.

/// A decoded reply.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants are RESP's types")]
pub enum Reply {
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    Null,
    NullArray,
    Array(Vec<Reply>),
    Map(Vec<(Reply, Reply)>),
    Set(Vec<Reply>),
    Push(Vec<Reply>),
    Double(f64),
    Boolean(bool),
    BigNumber(Vec<u8>),
    Verbatim(Vec<u8>),
}

/// Bytes that are no reply; holds the offending type byte or length line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyError(pub String);

/// Nesting beyond this is refused: no command replies that deep.
const DEPTH_MAX: usize = 32;

/// Parses one reply at the start of `data`: it and the bytes it took, or `None` if incomplete.
pub fn parse_reply(data: &[u8]) -> Result<Option<(Reply, usize)>, ReplyError> {
    parse(data, 0, DEPTH_MAX)
}

/// The length of the complete reply at the start of `data`, which this process wrote itself.
///
/// # Panics
/// If `data` does not start with a complete reply.
pub fn skip_reply(data: &[u8]) -> usize {
    let end = memchr::memchr(b'\n', data).expect("a reply has a first line") + 1;
    let len = || number(&data[1..end - 2]).expect("our own length line");
    let nested = |count: i64| (0..count).fold(end, |at, _| at + skip_reply(&data[at..]));
    match data[0] {
        b'$' | b'=' if len() < 0 => end,
        b'$' | b'=' => end + len() as usize + 2,
        b'*' | b'~' | b'>' => nested(len()),
        b'%' => nested(len() * 2),
        _ => end,
    }
}

fn parse(data: &[u8], at: usize, depth: usize) -> Result<Option<(Reply, usize)>, ReplyError> {
    let Some(&kind) = data.get(at) else { return Ok(None) };
    let Some(end) = memchr::memchr(b'\n', &data[at..]).map(|end| at + end) else { return Ok(None) };
    // A line of nothing has not even a type byte, and is refused as one of an unknown type.
    let line = data.get(at + 1..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let next = end + 1;
    let bad = || ReplyError(String::from_utf8_lossy(&data[at..end]).into_owned());
    if depth == 0 {
        return Err(bad());
    }
    let reply = match kind {
        b'+' => Reply::Simple(line.to_vec()),
        b'-' => Reply::Error(line.to_vec()),
        b'(' => Reply::BigNumber(line.to_vec()),
        b':' => Reply::Integer(number(line).ok_or_else(bad)?),
        b'_' => Reply::Null,
        b'#' => Reply::Boolean(line == b"t"),
        b',' => Reply::Double(
            std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()).ok_or_else(bad)?,
        ),
        b'$' | b'=' => return bulk(data, kind, number(line).ok_or_else(bad)?, next),
        b'*' | b'~' | b'>' | b'%' => {
            return aggregate(data, kind, number(line).ok_or_else(bad)?, next, depth - 1);
        }
        _ => return Err(bad()),
    };
    Ok(Some((reply, next)))
}

fn bulk(data: &[u8], kind: u8, len: i64, at: usize) -> Result<Option<(Reply, usize)>, ReplyError> {
    let Ok(len) = usize::try_from(len) else { return Ok(Some((Reply::Null, at))) };
    if data.len() < at.saturating_add(len).saturating_add(2) {
        return Ok(None);
    }
    let bytes = &data[at..at + len];
    let reply = match kind {
        b'=' => Reply::Verbatim(bytes.get(4..).unwrap_or_default().to_vec()),
        _ => Reply::Bulk(bytes.to_vec()),
    };
    Ok(Some((reply, at + len + 2)))
}

fn aggregate(
    data: &[u8],
    kind: u8,
    len: i64,
    mut at: usize,
    depth: usize,
) -> Result<Option<(Reply, usize)>, ReplyError> {
    if len < 0 {
        return Ok(Some((Reply::NullArray, at)));
    }
    let mut items = Vec::new();
    for _ in 0..if kind == b'%' { len.saturating_mul(2) } else { len } {
        let Some((item, next)) = parse(data, at, depth)? else { return Ok(None) };
        items.push(item);
        at = next;
    }
    let reply = match kind {
        b'*' => Reply::Array(items),
        b'~' => Reply::Set(items),
        b'>' => Reply::Push(items),
        _ => {
            let mut pairs = Vec::with_capacity(items.len() / 2);
            let mut items = items.into_iter();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
            Reply::Map(pairs)
        }
    };
    Ok(Some((reply, at)))
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
