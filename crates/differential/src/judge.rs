//! Whether two replies are the same, as far as they have to be.

use resp::Reply;

use crate::table::Compare;

#[cfg(test)]
mod tests;

/// A reply, and the bytes that it came as.
pub type Received = (Reply, Vec<u8>);

/// Whether redis-server's reply and Merops's are the same.
pub fn is_same(compare: Compare, redis: &Received, merops: &Received) -> bool {
    if redis.1 == merops.1 {
        return true;
    }
    let (redis, merops) = (&redis.0, &merops.0);
    if let (Reply::Error(_), _) | (_, Reply::Error(_)) = (redis, merops) {
        return false;
    }
    match compare {
        Compare::Bytes => false,
        Compare::AnyOrder => match (sorted(redis), sorted(merops)) {
            (Some(redis), Some(merops)) => redis == merops,
            _ => false,
        },
        Compare::Within(distance) => match (redis, merops) {
            (Reply::Integer(redis), Reply::Integer(merops)) => {
                *redis > 0 && *merops > 0 && redis.abs_diff(*merops) <= distance.unsigned_abs()
            }
            _ => false,
        },
        Compare::Type => std::mem::discriminant(redis) == std::mem::discriminant(merops),
    }
}

/// The kind and the elements of an aggregate, in an order of their own. Those of a map stay pairs, and
/// so do those of an array that stands for one.
fn sorted(reply: &Reply) -> Option<(u8, Vec<String>)> {
    let show = |items: &[Reply]| items.iter().map(testkit::show).collect();
    let (kind, mut items): (u8, Vec<String>) = match reply {
        Reply::Array(items) => (b'*', show(items)),
        Reply::Set(items) => (b'~', show(items)),
        Reply::Map(pairs) => {
            let pair = |(key, value): &(Reply, Reply)| {
                format!("{}: {}", testkit::show(key), testkit::show(value))
            };
            (b'%', pairs.iter().map(pair).collect())
        }
        _ => return None,
    };
    items.sort_unstable();
    Some((kind, items))
}

/// A difference's kind, so that one cause is reported once: the command and how both replies begin.
pub fn signature(words: &[Vec<u8>], redis: &Reply, merops: &Reply) -> String {
    let mut name = String::from_utf8_lossy(words.first().map_or(b"", Vec::as_slice)).to_uppercase();
    let containers = [
        "CLIENT", "CONFIG", "COMMAND", "OBJECT", "MEMORY", "SLOWLOG", "LATENCY", "SCRIPT",
        "FUNCTION", "PUBSUB",
    ];
    if containers.contains(&name.as_str())
        && let Some(word) = words.get(1)
    {
        name = format!("{name} {}", String::from_utf8_lossy(word).to_uppercase());
    }
    format!("{name} / {} / {}", outline(redis), outline(merops))
}

fn outline(reply: &Reply) -> String {
    match reply {
        // The first words of an error; names and numbers in it are no other cause.
        Reply::Error(text) => {
            let text = String::from_utf8_lossy(text);
            text.split_whitespace().take(4).collect::<Vec<_>>().join(" ")
        }
        Reply::Integer(_) => "integer".into(),
        Reply::Bulk(_) => "bulk".into(),
        Reply::Map(_) => "map".into(),
        Reply::Set(_) => "set".into(),
        Reply::Array(_) => "array".into(),
        other => testkit::show(other),
    }
}
