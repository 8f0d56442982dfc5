//! Laws that long runs are held to, where a search for an order would be too slow.

use resp::Reply;

#[cfg(test)]
mod tests;

/// Keys that are only ever written together, with one value: a snapshot shows one.
pub fn is_torn(snapshot: &Reply) -> bool {
    values(snapshot).is_none_or(|values| values.windows(2).any(|pair| pair[0] != pair[1]))
}

/// Tokens that are only ever moved from key to key: a snapshot of all keys shows each of `count`
/// tokens (`0`, `1`, …) exactly once.
pub fn is_each_token_once(snapshot: &Reply, count: usize) -> bool {
    let Some(values) = values(snapshot) else { return false };
    let mut tokens: Vec<&[u8]> = values.into_iter().flatten().collect();
    let mut wanted: Vec<Vec<u8>> = (0..count).map(|token| token.to_string().into()).collect();
    tokens.sort_unstable();
    wanted.sort_unstable();
    tokens == wanted
}

/// The flag is written after its data, and read before it: it is never ahead. Missing counts as 0.
pub fn is_flag_ahead(flag: &Reply, data: &Reply) -> bool {
    match (number(flag), number(data)) {
        (Some(flag), Some(data)) => flag > data,
        _ => true,
    }
}

/// A counter as read from a key; `None` when the reply is something else.
pub fn number(reply: &Reply) -> Option<u64> {
    match reply {
        Reply::Null => Some(0),
        Reply::Bulk(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

/// What an MGET shows; `None` when it is no such reply.
fn values(snapshot: &Reply) -> Option<Vec<Option<&[u8]>>> {
    let Reply::Array(items) = snapshot else { return None };
    items
        .iter()
        .map(|item| match item {
            Reply::Null => Some(None),
            Reply::Bulk(text) => Some(Some(text.as_slice())),
            _ => None,
        })
        .collect()
}
