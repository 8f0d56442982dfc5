//! Kinds of arguments, and values of each kind: mostly good ones, some on the edge, some wrong.

use testkit::Random;

use crate::scripts;

/// A kind of argument; see [`Shape::draw`] for what each is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the pools below say it")]
pub enum Shape {
    Key,
    Value,
    Integer,
    Float,
    Score,
    Bound,
    Lex,
    StreamId,
    Index,
    Offset,
    Seconds,
    Milliseconds,
    UnlikeSeconds,
    UnlikeMilliseconds,
    UnixSeconds,
    UnixMilliseconds,
    Past,
    Database,
    Pattern,
    Cursor,
    Count,
    Field,
    Member,
    Draws,
    BitOffset,
    FieldOffset,
    FieldType,
    Element,
    HyperLogLog,
    SortedBy,
    Longitude,
    Latitude,
    Length,
    Channel,
    ChannelPattern,
    Script,
    Digest,
    Library,
    Payload,
    Junk,
}

/// Keys: few, so that commands meet; binary, empty, tagged and long ones among them.
pub const KEYS: &[&[u8]] = &[
    b"k1",
    b"k2",
    b"k3",
    b"k4",
    b"k5",
    b"{tag}a",
    b"{tag}b",
    b"",
    b"\x00\xff\r\n",
    b"a key with spaces",
    b"a-key-that-is-longer-than-what-fits-into-any-small-buffer-that-somebody-may-have-thought-of-0",
];

const VALUES: &[&[u8]] = &[
    b"",
    b"x",
    b"hello world",
    b"0",
    b"1",
    b"-1",
    b"10",
    b"12345",
    b"9223372036854775807",
    b"9223372036854775806",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"3.0",
    b"1e3",
    b"0.1",
    b"-2.5",
    b" 1",
    b"1 ",
    b"+1",
    b"007",
    b"-0",
    b"nan",
    b"inf",
    b"\x00\x01\x02\xff",
    b"line\r\nbreak",
    b"01234567890123456789012345678901234567890123",
    b"012345678901234567890123456789012345678901234",
    b"a value of more than sixty-four bytes, which is where some servers change their encoding",
];

/// Fields and members: few, so that calls meet.
const FIELDS: &[&[u8]] = &[b"f1", b"f2", b"f3", b"n1", b"n2", b"", b"7", b"-1", b"\x00\r\n"];

const MEMBERS: &[&[u8]] = &[
    b"0",
    b"1",
    b"2",
    b"3",
    b"40000",
    b"-70000",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"007",
    b"-0",
    b"",
    b"a",
    b"b",
    b"c",
    b"\x00\r\n",
];

/// How many random elements are asked for. Not millions, which would all be sent.
const DRAWS: &[&[u8]] =
    &[b"0", b"1", b"2", b"-1", b"-2", b"-5", b"3", b"x", b"-9223372036854775808", b"1.5", b""];

const EDGES: &[&[u8]] = &[
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"18446744073709551615",
    b"2147483648",
    b"-2147483649",
    b"1.0",
    b"1e2",
    b" 1",
    b"1 ",
    b"+1",
    b"01",
    b"-0",
    b"",
    b"abc",
    b"0x10",
];

const FLOATS: &[&[u8]] = &[
    b"0",
    b"1",
    b"-1",
    b"0.1",
    b"-0.1",
    b"1.5",
    b"3.25e2",
    b"-1e-3",
    b"100",
    b"0.5",
    b"1e10",
    b"123456.789",
];
const FLOAT_EDGES: &[&[u8]] = &[
    b"inf",
    b"-inf",
    b"+inf",
    b"nan",
    b"-nan",
    b"infinity",
    b"1e17",
    b"1e-17",
    b"1e-20",
    b"0x10",
    b"0x1p-2",
    b"",
    b" 1",
    b"1 ",
    b"1.",
    b".5",
    b"e5",
    b"1e",
    b"--1",
    b"9223372036854775807",
    b"1e400",
    b"-1e5000",
    b"1e-400",
    b"abc",
    b"5e-324",
    b"1.7e308",
];

/// Numbers that 7.0, which printed 17 digits, and its successors print alike.
const SCORES: &[&[u8]] = &[
    b"0",
    b"1",
    b"-1",
    b"2",
    b"3",
    b"0.5",
    b"-0.25",
    b"1.5",
    b"100",
    b"1e3",
    b"-0",
    b"1024.125",
    b"4503599627370496",
    b"-7",
    b"10",
];
const SCORE_EDGES: &[&[u8]] =
    &[b"inf", b"-inf", b"+inf", b"nan", b"abc", b"", b"1x", b"0x10", b"infinity"];
const LEXES: &[&[u8]] =
    &[b"-", b"+", b"[1", b"(1", b"[hello world", b"(x", b"[x", b"[", b"(", b"[-1", b"[zz"];
const LEX_EDGES: &[&[u8]] = &[b"x", b"", b"-x", b"++", b"1", b"]x"];

const BOUND_EDGES: &[&[u8]] = &[b"(", b"x", b"(x", b"nan", b"(nan", b""];
const INFINITIES: &[&[u8]] = &[b"-inf", b"+inf", b"(inf", b"(-inf"];

const STREAM_ID_EDGES: &[&[u8]] = &[
    b"0-0",
    b"0",
    b"-",
    b"+",
    b"x",
    b"1-",
    b"-1",
    b"1-1-1",
    b"18446744073709551616",
    b"",
    b"(3-1",
    b"(0-0",
    b"99999-1",
];

/// Times are far away or past: when a key expires must not hang on the speed of the test.
const SECONDS: &[&[u8]] = &[b"100", b"1000", b"86400", b"100000000"];
const SECONDS_EDGES: &[&[u8]] =
    &[b"0", b"-1", b"9223372036854775", b"9223372036854776", b"99999999999999999"];
const MILLISECONDS: &[&[u8]] = &[b"100000", b"1000000", b"86400500", b"100000000000"];
const MILLISECONDS_EDGES: &[&[u8]] = &[b"0", b"-1", b"9223372036854775000"];
const UNIX_SECONDS: &[&[u8]] = &[b"99999999999", b"4000000000"];
const UNIX_MILLISECONDS: &[&[u8]] = &[b"99999999999000", b"4000000000123"];
/// Only where it removes the key at once. SET leaves such a key until somebody looks, or not.
const PAST: &[&[u8]] = &[b"1", b"1000", b"1600000000"];

const PATTERNS: &[&[u8]] = &[
    b"*",
    b"k*",
    b"k?",
    b"?",
    b"",
    b"[k]1",
    b"k[1-3]",
    b"k[^1]",
    b"k[3-1]",
    b"\\k1",
    b"*tag*",
    b"{tag}[ab]",
    b"none",
    b"[",
    b"k[",
    b"k[1",
    b"k\\",
    b"**1",
    b"*\xff*",
    b"k[\\1]",
    b"k1*",
    b"[^",
    b"??",
    b"k[]1]",
];

/// Far beyond the limit, or no numbers: what lies just below it would be allocated.
const BIT_OFFSET_EDGES: &[&[u8]] =
    &[b"4294967296", b"9223372036854775807", b"-1", b"x", b"", b"#", b"##1", b"01"];

impl Shape {
    /// The shape that a grammar calls so.
    pub fn named(name: &str) -> Option<Shape> {
        Some(match name {
            "key" => Shape::Key,
            "value" => Shape::Value,
            "int" => Shape::Integer,
            "float" => Shape::Float,
            "score" => Shape::Score,
            "bound" => Shape::Bound,
            "lex" => Shape::Lex,
            "id" => Shape::StreamId,
            "index" => Shape::Index,
            "offset" => Shape::Offset,
            "s" => Shape::Seconds,
            "ms" => Shape::Milliseconds,
            "unlike-s" => Shape::UnlikeSeconds,
            "unlike-ms" => Shape::UnlikeMilliseconds,
            "at-s" => Shape::UnixSeconds,
            "at-ms" => Shape::UnixMilliseconds,
            "past" => Shape::Past,
            "db" => Shape::Database,
            "pattern" => Shape::Pattern,
            "cursor" => Shape::Cursor,
            "count" => Shape::Count,
            "field" => Shape::Field,
            "member" => Shape::Member,
            "draws" => Shape::Draws,
            "bit-offset" => Shape::BitOffset,
            "field-offset" => Shape::FieldOffset,
            "bit-field" => Shape::FieldType,
            "element" => Shape::Element,
            "hll" => Shape::HyperLogLog,
            "sorted-by" => Shape::SortedBy,
            "lon" => Shape::Longitude,
            "lat" => Shape::Latitude,
            "length" => Shape::Length,
            "channel" => Shape::Channel,
            "channel-pattern" => Shape::ChannelPattern,
            "script" => Shape::Script,
            "digest" => Shape::Digest,
            "library" => Shape::Library,
            "functions" => Shape::Payload,
            "junk" => Shape::Junk,
            _ => return None,
        })
    }

    /// A value of this shape.
    pub fn draw(self, random: &mut Random) -> Vec<u8> {
        let pool: &[&[u8]] = match self {
            Shape::Key => KEYS,
            Shape::Value if random.one_in(60) => return vec![b'v'; 1 << random.below(17)],
            Shape::Value => VALUES,
            Shape::Integer if random.one_in(4) => EDGES,
            Shape::Integer => return number(random, -20, 200),
            Shape::Float if random.one_in(3) => FLOAT_EDGES,
            Shape::Float => FLOATS,
            Shape::Score if random.one_in(16) => SCORE_EDGES,
            Shape::Score => SCORES,
            Shape::Bound if random.one_in(10) => BOUND_EDGES,
            Shape::Bound if random.one_in(4) => INFINITIES,
            Shape::Bound if random.one_in(3) => {
                let mut bound = b"(".to_vec();
                bound.extend_from_slice(random.pick::<&[u8]>(SCORES));
                return bound;
            }
            Shape::Bound => SCORES,
            Shape::StreamId if random.one_in(12) => STREAM_ID_EDGES,
            Shape::StreamId => {
                let (ms, seq) = (random.below(40), random.below(4));
                return match random.below(8) {
                    0 => ms.to_string().into_bytes(),
                    1 => format!("{ms}-*").into_bytes(),
                    _ => format!("{ms}-{seq}").into_bytes(),
                };
            }
            Shape::Lex if random.one_in(10) => LEX_EDGES,
            Shape::Lex => LEXES,
            Shape::Index if random.one_in(6) => EDGES,
            Shape::Index => return number(random, -60, 60),
            // Not far below the limit of 512 MB: that would be allocated.
            Shape::Offset if random.one_in(12) => {
                &[b"536870912", b"9223372036854775807", b"-1", b"x"]
            }
            Shape::Offset => return number(random, 0, 80),
            Shape::Seconds => edge(random, SECONDS, SECONDS_EDGES),
            Shape::Milliseconds => edge(random, MILLISECONDS, MILLISECONDS_EDGES),
            // The same twice would be later or not, as the millisecond would have it.
            Shape::UnlikeSeconds => return number(random, 100, 10_000_000),
            Shape::UnlikeMilliseconds => return number(random, 100_000, 10_000_000_000),
            Shape::UnixSeconds => edge(random, UNIX_SECONDS, SECONDS_EDGES),
            Shape::UnixMilliseconds => edge(random, UNIX_MILLISECONDS, MILLISECONDS_EDGES),
            Shape::Past => PAST,
            Shape::Database => {
                edge(random, &[b"0", b"1", b"2"], &[b"15", b"16", b"-1", b"x", b"0"])
            }
            Shape::Pattern => PATTERNS,
            Shape::Cursor => edge(random, &[b"0"], &[b"x", b"-1", b"18446744073709551616", b""]),
            _ => return self.draw_of_type(random),
        };
        random.pick(pool).to_vec()
    }

    /// A value that one data type takes.
    fn draw_of_type(self, random: &mut Random) -> Vec<u8> {
        let pool: &[&[u8]] = match self {
            Shape::Field | Shape::Member if random.one_in(40) => return Shape::Value.draw(random),
            Shape::Field => FIELDS,
            Shape::Member => MEMBERS,
            Shape::Draws => DRAWS,
            Shape::Count => edge(random, &[b"1", b"10", b"1000"], EDGES),
            Shape::BitOffset if random.one_in(12) => BIT_OFFSET_EDGES,
            Shape::BitOffset => return number(random, 0, 600),
            Shape::FieldOffset if random.one_in(12) => BIT_OFFSET_EDGES,
            Shape::FieldOffset if random.one_in(2) => {
                return [b"#".as_slice(), &number(random, 0, 20)].concat();
            }
            Shape::FieldOffset => return number(random, 0, 300),
            Shape::FieldType if random.one_in(12) => {
                &[b"u64", b"i65", b"u0", b"i", b"x8", b"U8", b"", b"u-1", b"i08"]
            }
            Shape::FieldType => {
                let sign = random.pick(&[b"i", b"u"]).as_slice();
                return [sign, &number(random, 1, 63)].concat();
            }
            Shape::Element if random.one_in(4) => VALUES,
            Shape::Element => return number(random, 0, 20_000),
            Shape::SortedBy => &[
                b"k*", b"k*", b"*", b"{tag}*", b"k*->f", b"k*->g", b"k*->", b"->*", b"*->*",
                b"none*",
            ],
            Shape::Longitude if random.one_in(12) => {
                &[b"180", b"-180", b"180.1", b"0", b"x", b"inf", b"-0", b"1e400", b"nan"]
            }
            Shape::Longitude => return degrees(random, 179),
            Shape::Latitude if random.one_in(12) => {
                &[b"85.05112878", b"-85.05112878", b"85.06", b"0", b"x", b"-inf", b"90", b""]
            }
            Shape::Latitude => return degrees(random, 84),
            Shape::Length => edge(
                random,
                &[b"0", b"1", b"200", b"500.5", b"3000", b"20000", b"1e6", b"0.001"],
                &[b"-1", b"inf", b"1e300", b"-0", b"x", b"nan", b"5e-324"],
            ),
            Shape::HyperLogLog => return hyperloglog(random),
            Shape::Channel => &[b"c1", b"c2", b"news", b"", b"\x00\xff", b"k1"],
            Shape::ChannelPattern => &[b"c*", b"*", b"c?", b"[cn]*", b"news", b"", b"x*", b"\\c1"],
            Shape::Script => scripts::SCRIPTS,
            Shape::Digest => scripts::DIGESTS,
            Shape::Library => scripts::LIBRARIES,
            Shape::Payload => scripts::PAYLOADS,
            Shape::Junk => &[b"JUNK", b"", b"\x00", b"0", b"-1", b"NX", b"EX"],
            _ => unreachable!("drawn by `draw`"),
        };
        random.pick(pool).to_vec()
    }
}

/// The bytes of a HyperLogLog: good ones, and such whose runs do not add up.
fn hyperloglog(random: &mut Random) -> Vec<u8> {
    let mut bytes = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
    // Longer than what Redis would have to take out of its object before it is changed.
    bytes.extend_from_slice(&[0; 40]);
    match random.below(4) {
        0 => bytes.extend_from_slice(b"\x7f\xd7"),
        1 => bytes.extend_from_slice(b"\x7f\xc9\x83\x80\x84\x84\x02\x03"),
        2 => bytes.extend_from_slice(b"\x7f\xd2\x83\x00"),
        _ => {
            for _ in 0..random.below(30) {
                bytes.push(random.below(256) as u8);
            }
        }
    }
    if random.one_in(6) {
        let at = random.below(16);
        bytes[at] = random.below(4) as u8;
    }
    bytes
}

/// Mostly good values, once in eight one on the edge, once in twenty-four no number.
fn edge<'a>(random: &mut Random, good: &'a [&'a [u8]], edges: &'a [&'a [u8]]) -> &'a [&'a [u8]] {
    match random.below(24) {
        0..=2 => edges,
        3 => &[b"abc", b"1.5", b"", b"9223372036854775807", b"-9223372036854775808"],
        _ => good,
    }
}

/// An angle: often one of few, often near them.
fn degrees(random: &mut Random, limit: i64) -> Vec<u8> {
    match random.below(3) {
        0 => number(random, -limit, limit),
        1 => number(random, 10, 15),
        _ => [number(random, 10, 15), b".".to_vec(), number(random, 0, 99_999)].concat(),
    }
}

fn number(random: &mut Random, from: i64, to: i64) -> Vec<u8> {
    let offset = random.below((to - from) as usize + 1) as i64;
    (from + offset).to_string().into_bytes()
}
