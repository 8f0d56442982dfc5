//! Where Merops answers otherwise on purpose: what, and why.

use resp::Reply;

/// A difference that we mean.
#[derive(Clone, Copy, Debug)]
pub struct Meant {
    /// What it is about, for the list.
    pub what: &'static str,
    /// Why we want it so.
    pub reason: &'static str,
    /// Whether this command, answered like this by redis-server and like this by Merops, is a case.
    pub is_case: fn(words: &[Vec<u8>], redis: &Reply, merops: &Reply) -> bool,
}

/// All of them.
pub const MEANT: &[Meant] = &[
    Meant {
        what: "GETRANGE and SUBSTR, both ends before the first byte",
        reason: "Redis 8 returns nothing; 7.0 returned the first byte",
        is_case: |words, redis, merops| {
            is_any(words, &["GETRANGE", "SUBSTR"])
                && matches!(redis, Reply::Bulk(text) if text.len() == 1)
                && *merops == Reply::Bulk(Vec::new())
        },
    },
    Meant {
        what: "SCAN and its like, a cursor that is no plain number, or an unknown type",
        reason: "Redis 8 says so; 7.0 took what it could",
        is_case: |words, _, merops| {
            is_any(words, &["SCAN", "SSCAN", "HSCAN", "ZSCAN"])
                && (is_error(merops, "ERR invalid cursor")
                    || is_error(merops, "ERR unknown type name"))
        },
    },
    Meant {
        what: "COMMAND GETKEYS and GETKEYSANDFLAGS of a command without arguments",
        reason: "Redis 8 looks at the command; 7.0 wanted an argument",
        is_case: |words, redis, _| {
            words.len() == 3
                && is_any(words, &["COMMAND"])
                && is_error(redis, "ERR wrong number of arguments for 'command|getkeys")
        },
    },
    Meant {
        what: "HELLO with wrong credentials, then a wrong option",
        reason: "Redis 8 reads all options before it acts; 7.0 authenticated on the way",
        is_case: |words, redis, merops| {
            is_any(words, &["HELLO"])
                && is_error(redis, "WRONGPASS")
                && (is_error(merops, "ERR Syntax error in HELLO")
                    || is_error(merops, "ERR Client names"))
        },
    },
    Meant {
        what: "CLIENT LIST and CLIENT KILL, several filters or several ids",
        reason: "filters combine, as in Redis 8 and Valkey 9; 7.0 took one",
        is_case: |words, redis, merops| {
            words.len() > 4
                && is_any(words, &["CLIENT"])
                && (is_error(redis, "ERR syntax error") || is_error(redis, "ERR Invalid client ID"))
                && merops != redis
        },
    },
    Meant {
        what: "OBJECT ENCODING of a number that INCRBYFLOAT made whole",
        reason: "an integer is kept as one, in less memory",
        is_case: |words, redis, merops| {
            is_any(words, &["OBJECT"])
                && *merops == Reply::Bulk(b"int".to_vec())
                && *redis == Reply::Bulk(b"embstr".to_vec())
        },
    },
    Meant {
        what: "OBJECT ENCODING of a short list",
        reason: "Redis 8 keeps it in one listpack and says so; 7.0 had only quicklists",
        is_case: |words, redis, merops| {
            is_any(words, &["OBJECT"])
                && *merops == Reply::Bulk(b"listpack".to_vec())
                && *redis == Reply::Bulk(b"quicklist".to_vec())
        },
    },
    Meant {
        what: "OBJECT ENCODING of a small set",
        reason: "Redis 8 keeps it in a listpack and says so; 7.0 had only tables",
        is_case: |words, redis, merops| {
            is_any(words, &["OBJECT"])
                && *merops == Reply::Bulk(b"listpack".to_vec())
                && *redis == Reply::Bulk(b"hashtable".to_vec())
        },
    },
    Meant {
        what: "OBJECT ENCODING of a small sorted set that was sorted",
        reason: "SORT reads it as it is; Redis makes it a skiplist first, and so it stays",
        is_case: |words, redis, merops| {
            is_any(words, &["OBJECT"])
                && *redis == Reply::Bulk(b"skiplist".to_vec())
                && *merops == Reply::Bulk(b"listpack".to_vec())
        },
    },
    Meant {
        what: "ZSCAN of a small sorted set that was sorted",
        reason: "SORT leaves it a listpack, which is shown whole; Redis made it a skiplist",
        is_case: |words, redis, merops| match (redis, merops) {
            (Reply::Array(redis), Reply::Array(merops)) => {
                let done = Some(&Reply::Bulk(b"0".to_vec()));
                is_any(words, &["ZSCAN"])
                    && (merops.first() == done && has_items(merops.last(), redis.last())
                        // Where a cursor goes in a big one is the server's own affair.
                        || merops.first() != done && redis.first() != done)
            }
            _ => false,
        },
    },
    Meant {
        what: "a score of -0 in a small sorted set that was sorted",
        reason: "it is 0 in a listpack; Redis made it a skiplist, which knows -0",
        is_case: |words, redis, merops| {
            is_any(words, SORTED_SET_READERS)
                && redis != merops
                && same_but_for_zeros(redis, merops)
        },
    },
    Meant {
        what: "SORT of numbers after a call with a number out of range",
        reason: "each call reads its own; Redis looks at an error that another call left",
        is_case: |words, redis, merops| {
            is_any(words, &["SORT", "SORT_RO"])
                && is_error(redis, "ERR One or more scores can't be converted")
                && !matches!(merops, Reply::Error(_))
        },
    },
    Meant {
        what: "SORT of what weighs the same, and ALPHA of what has zero bytes",
        reason: "a set has its own order; a text does not end at a zero byte, as C's collation has it",
        is_case: |words, redis, merops| {
            let has = |option: &str| {
                words.iter().any(|word| word.eq_ignore_ascii_case(option.as_bytes()))
            };
            let has_zero_byte = |reply: &Reply| match reply {
                Reply::Array(items) => {
                    items.iter().any(|item| matches!(item, Reply::Bulk(text) if text.contains(&0)))
                }
                _ => false,
            };
            is_any(words, &["SORT", "SORT_RO"])
                && (has("BY") || has("ALPHA") && has_zero_byte(redis))
                && has_items(Some(redis), Some(merops))
                && has_items(Some(merops), Some(redis))
        },
    },
    Meant {
        what: "a bound of scores with a zero byte, or a space before it",
        reason: "a word does not end or begin there; for C's library it does",
        is_case: |words, redis, merops| {
            words.iter().any(|word| word.contains(&0) || word.starts_with(b" "))
                && is_error(merops, "ERR min or max is not a float")
                && redis != merops
        },
    },
    Meant {
        what: "BITCOUNT and BITPOS, wrong arguments and no key or a wrong one",
        reason: "Redis 8 looks at the arguments first; 7.0 looked at the key",
        is_case: |words, redis, merops| {
            is_any(words, &["BITCOUNT", "BITPOS"])
                && (matches!(redis, Reply::Integer(-1 | 0)) || is_error(redis, "WRONGTYPE"))
                && (is_error(merops, "ERR value is not an integer")
                    || is_error(merops, "ERR syntax error"))
        },
    },
    Meant {
        what: "XREAD and XREADGROUP with odd keys and ids",
        reason: "Redis 8 names the command and all special ids; 7.0 had one text for both",
        is_case: |words, redis, merops| {
            is_any(words, &["XREAD", "XREADGROUP"])
                && is_error(redis, "ERR Unbalanced XREAD list")
                && is_error(merops, "ERR Unbalanced 'xread")
        },
    },
    Meant {
        what: "a consumer whose first XCLAIM or XAUTOCLAIM took nothing over",
        reason: "it is there since 7.2; 7.0 made it with the first entry",
        is_case: |words, redis, merops| {
            is_any(words, &["XINFO"]) && redis != merops && has_more_consumers(merops, redis)
                || is_any(words, &["XGROUP"])
                    && (redis, merops) == (&Reply::Integer(1), &Reply::Integer(0))
                    && words.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"CREATECONSUMER"))
        },
    },
    Meant {
        what: "XINFO of a group that was said to have read more than there was",
        reason: "Redis 8 takes it for all there was; 7.0 kept the number and had a negative lag",
        is_case: |words, redis, merops| {
            is_any(words, &["XINFO"]) && redis != merops && has_read_less(merops, redis)
        },
    },
    Meant {
        what: "XREAD with the id +",
        reason: "it is the last entry since 7.4; 7.0 did not know it",
        is_case: |words, redis, _| {
            is_any(words, &["XREAD"])
                && words.iter().any(|word| word == b"+")
                && is_error(redis, "ERR Invalid stream ID")
        },
    },
    Meant {
        what: "LOLWUT with arguments that are no version",
        reason: "they are numbers to Redis 8's picture; 7.0 did not look at them",
        is_case: |words, _, merops| {
            is_any(words, &["LOLWUT"]) && is_error(merops, "ERR value is not an integer")
        },
    },
    Meant {
        what: "LPOS with the smallest of all numbers as RANK, LREM with it as count",
        reason: "Redis 8 refuses it; 7.0 took it",
        is_case: |words, redis, merops| {
            is_any(words, &["LPOS", "LREM"])
                && is_error(merops, "ERR value is out of range, value must between")
                && redis != merops
        },
    },
    Meant {
        what: "searches around a place on the meridian where longitudes end",
        reason: "what is near is found; Redis does not look at the other side of it",
        is_case: |words, redis, merops| {
            // A member whose score is no cell may stand for a place there, too, or for one beyond
            // the poles, in whose cells it is not itself.
            let is_there = words.iter().any(|word| word == b"180" || word == b"85.05112878")
                || is_any(words, &["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"])
                || words.iter().any(|word| word.eq_ignore_ascii_case(b"FROMMEMBER"));
            is_any(words, SEARCHES)
                && is_there
                && redis != merops
                && (has_items(Some(merops), Some(redis)) || *merops == Reply::Array(Vec::new()))
        },
    },
    Meant {
        what: "scores of 17 digits",
        reason: "Redis 8 prints the shortest text that reads back; 7.0 printed 17 digits",
        is_case: |_, redis, merops| redis != merops && same_numbers(redis, merops),
    },
    Meant {
        what: "texts of a script with a zero byte in them, as an error or a status",
        reason: "they do not end there; in Redis's C strings they do",
        is_case: |words, redis, merops| {
            let is_text = |body: &Vec<u8>| body.windows(7).any(|part| part == b"_reply(");
            is_any(words, &["EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO"])
                && words.get(1).is_some_and(is_text)
                && words.iter().any(|word| word.contains(&0))
                && redis != merops
        },
    },
    Meant {
        what: "what is no number, from a script",
        reason: "Redis 8 has no sign for it; 7.0 wrote what C's library did",
        is_case: |words, redis, merops| {
            is_any(words, &["EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO"])
                && testkit::show(redis).replace("-nan", "nan") == testkit::show(merops)
        },
    },
    Meant {
        what: "errors that repeat a word with a zero byte in it",
        reason: "a word does not end there; in Redis's C strings it does",
        is_case: |words, redis, merops| match (redis, merops) {
            (Reply::Error(redis), Reply::Error(merops)) => {
                let cut = words.iter().fold(merops.clone(), |text, word| {
                    match word.iter().position(|&byte| byte == 0) {
                        Some(end) => replace(&text, word, &word[..end]),
                        None => text,
                    }
                });
                cut == *redis && redis != merops
            }
            _ => false,
        },
    },
];

/// Commands whose replies show scores, or what follows from them.
pub(crate) const SORTED_SET_READERS: &[&str] = &[
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZREVRANGE",
    "ZREVRANGEBYSCORE",
    "ZSCORE",
    "ZMSCORE",
    "ZPOPMIN",
    "ZPOPMAX",
    "ZMPOP",
    "BZPOPMIN",
    "BZPOPMAX",
    "BZMPOP",
    "ZRANDMEMBER",
    "ZINCRBY",
    "ZADD",
    "ZUNION",
    "ZINTER",
    "ZDIFF",
    "ZRANK",
    "ZREVRANK",
];

const SEARCHES: &[&str] =
    &["GEOSEARCH", "GEORADIUS", "GEORADIUS_RO", "GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"];

/// Whether two replies differ in how they write numbers only; 0 and -0 are not one.
fn same_numbers(left: &Reply, right: &Reply) -> bool {
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<f64>().ok();
    match (left, right) {
        (Reply::Array(left), Reply::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same_numbers(left, right))
        }
        (Reply::Bulk(left), Reply::Bulk(right)) if left.windows(3).any(|part| part == b"\r\n,") => {
            same_doubles(left, right)
        }
        (Reply::Bulk(left), Reply::Bulk(right)) => {
            let bits = |text: &[u8]| number(text).map(f64::to_bits);
            let is_long = left.len() > 16 && bits(left).is_some();
            left == right || is_long && bits(left) == bits(right)
        }
        _ => left == right,
    }
}

/// The same for replies of the newer protocol as they came.
fn same_doubles(left: &[u8], right: &[u8]) -> bool {
    let lines = |text: &[u8]| -> Vec<Reply> {
        let lines = text.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
        lines.map(|line| Reply::Bulk(line.strip_prefix(b",").unwrap_or(line).to_vec())).collect()
    };
    let (left, right) = (Reply::Array(lines(left)), Reply::Array(lines(right)));
    same_numbers(&left, &right)
}

/// Whether two replies are the same where -0 and 0 are.
fn same_but_for_zeros(redis: &Reply, merops: &Reply) -> bool {
    match (redis, merops) {
        (Reply::Array(redis), Reply::Array(merops)) => {
            redis.len() == merops.len()
                && redis.iter().zip(merops).all(|(redis, merops)| same_but_for_zeros(redis, merops))
        }
        (Reply::Bulk(redis), Reply::Bulk(merops)) => {
            let text = |bytes| String::from_utf8_lossy(bytes).replace(",-0\r\n", ",0\r\n");
            redis == b"-0" && merops == b"0"
                || text(redis) == text(merops)
                || same_numbers(&Reply::Bulk(redis.clone()), &Reply::Bulk(merops.clone()))
        }
        _ => redis == merops,
    }
}

/// Whether two replies are the same but for a higher number of consumers in the first.
fn has_more_consumers(more: &Reply, less: &Reply) -> bool {
    let (Reply::Array(more), Reply::Array(less)) = (more, less) else { return more == less };
    let mut is_count = false;
    more.len() == less.len()
        && more.iter().zip(less).all(|(more, less)| {
            let was_count = is_count;
            is_count = *more == Reply::Bulk(b"consumers".to_vec());
            match (was_count, more, less) {
                (true, Reply::Integer(more), Reply::Integer(less)) => more >= less,
                _ => has_more_consumers(more, less),
            }
        })
}

/// Whether two replies are the same but for groups that have read less in the first, and lag behind
/// otherwise, and may have more consumers.
fn has_read_less(less: &Reply, more: &Reply) -> bool {
    let (Reply::Array(less), Reply::Array(more)) = (less, more) else { return less == more };
    let mut named: &Reply = &Reply::Integer(0);
    less.len() == more.len()
        && less.iter().zip(more).all(|(less, more)| {
            let of = std::mem::replace(&mut named, less);
            match (of, less, more) {
                (Reply::Bulk(name), Reply::Integer(less), Reply::Integer(more))
                    if name == b"entries-read" =>
                {
                    less <= more
                }
                (Reply::Bulk(name), Reply::Integer(less), Reply::Integer(more))
                    if name == b"consumers" =>
                {
                    less >= more
                }
                (Reply::Bulk(name), ..) if name == b"lag" => true,
                _ => has_read_less(less, more),
            }
        })
}

/// Whether an array has all elements of another one, in whatever order.
fn has_items(all: Option<&Reply>, some: Option<&Reply>) -> bool {
    match (all, some) {
        (Some(Reply::Array(all)), Some(Reply::Array(some))) => {
            some.iter().all(|item| all.contains(item))
        }
        _ => false,
    }
}

/// Whether a difference is a meant one.
pub fn is_meant(words: &[Vec<u8>], redis: &Reply, merops: &Reply) -> bool {
    let (redis, merops) = (&flat(redis), &flat(merops));
    MEANT.iter().any(|meant| (meant.is_case)(words, redis, merops))
}

/// Maps as the older protocol has them.
fn flat(reply: &Reply) -> Reply {
    match reply {
        Reply::Map(pairs) => {
            Reply::Array(pairs.iter().flat_map(|(name, value)| [flat(name), flat(value)]).collect())
        }
        Reply::Array(items) => Reply::Array(items.iter().map(flat).collect()),
        reply => reply.clone(),
    }
}

fn is_any(words: &[Vec<u8>], commands: &[&str]) -> bool {
    let name = words.first().map_or(b"".as_slice(), Vec::as_slice);
    commands.iter().any(|command| name.eq_ignore_ascii_case(command.as_bytes()))
}

fn is_error(reply: &Reply, start: &str) -> bool {
    matches!(reply, Reply::Error(text) if text.starts_with(start.as_bytes()))
}

/// `text` with every `from` replaced. Line ends come as spaces in errors, so they match those.
fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let from: Vec<u8> =
        from.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }).collect();
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.windows(from.len()).position(|part| part == from) {
        out.extend_from_slice(&rest[..place]);
        out.extend_from_slice(to);
        rest = &rest[place + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests;
