//! Mutations of inputs that are mostly text: lines of words.

use stdx::rng::Rng;

/// Numbers at which code changes its mind.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"-1",
    b"1",
    b"15",
    b"16",
    b"255",
    b"1024",
    b"65536",
    b"4294967295",
    b"4294967296",
    b"-9223372036854775808",
    b"9223372036854775807",
    b"9223372036854775808",
    b"0.1",
    b"-1e308",
    b"1e-320",
    b"inf",
    b"nan",
    b"0x1p-3",
    b"007",
    b"+1",
];

/// Changes `data` in a few places, with the help of `words`; it never exceeds `bytes_max`.
pub fn mutate(data: &mut Vec<u8>, words: &[&[u8]], rng: &mut Rng, bytes_max: usize) {
    for _ in 0..=rng.below(4) {
        let at = rng.below(data.len() as u64 + 1) as usize;
        match rng.below(9) {
            0 => flip(data, at, rng),
            1 => insert(data, at, &[rng.next_u64() as u8]),
            2 => drop(data.drain(at..at + length(data, at, rng))),
            3 => {
                let copied = data[at..at + length(data, at, rng)].to_vec();
                let to = rng.below(data.len() as u64 + 1) as usize;
                insert(data, to, &copied);
            }
            4 => insert(data, at, pick(words, rng)),
            5 => replace_word(data, at, pick(NUMBERS, rng)),
            6 | 7 => replace_word(data, at, pick(words, rng)),
            _ => repeat_line(data, at),
        }
    }
    data.truncate(bytes_max);
}

fn pick<'a>(words: &[&'a [u8]], rng: &mut Rng) -> &'a [u8] {
    match words.len() {
        0 => b" ",
        count => words[rng.below(count as u64) as usize],
    }
}

fn flip(data: &mut [u8], at: usize, rng: &mut Rng) {
    if let Some(byte) = data.get_mut(at) {
        *byte ^= 1 << rng.below(8);
    }
}

fn insert(data: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    data.splice(at..at, bytes.iter().copied());
}

/// How many bytes from `at` on to take: mostly few.
fn length(data: &[u8], at: usize, rng: &mut Rng) -> usize {
    let wanted = if rng.below(4) == 0 { data.len() as u64 } else { 16 };
    (rng.below(wanted + 1) as usize).min(data.len() - at)
}

/// Replaces the word around `at`, or the gap between two words, by `word`.
fn replace_word(data: &mut Vec<u8>, at: usize, word: &[u8]) {
    let start = data[..at].iter().rposition(u8::is_ascii_whitespace).map_or(0, |gap| gap + 1);
    let end = data[at..].iter().position(u8::is_ascii_whitespace).map_or(data.len(), |n| at + n);
    data.splice(start..end, word.iter().copied());
}

fn repeat_line(data: &mut Vec<u8>, at: usize) {
    let start = data[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let end = data[at..].iter().position(|byte| *byte == b'\n').map_or(data.len(), |n| at + n);
    let line = [b"\n", &data[start..end]].concat();
    data.extend_from_slice(&line);
}
