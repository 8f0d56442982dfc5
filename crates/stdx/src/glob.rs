//! Redis's glob patterns: `*`, `?`, `[a-z]`, `[^x]`, and `\` before a literal.

/// A pattern matches nothing if it gets beyond so many stars: Redis's protection against patterns
/// that take long, which programs can see.
const STARS_MAX: usize = 1000;

/// Whether `text` matches `pattern` as a whole; with `nocase`, ASCII letters match either case.
///
/// Takes at most `pattern.len() * text.len()` steps: as everything but `*` matches exactly one
/// byte, going back to the latest `*` is enough.
pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    if text.is_empty() {
        // Programs can see that, too: for Redis a star matches what has a first byte.
        return pattern.is_empty();
    }
    let (mut at, mut seen) = (0, 0);
    // Where to go on after giving the latest `*` one more byte.
    let mut retry: Option<(usize, usize)> = None;
    let mut stars = 0;
    while seen < text.len() {
        if pattern.get(at) == Some(&b'*') {
            // Several in a row are one.
            at += pattern[at..].iter().take_while(|byte| **byte == b'*').count();
            if at == pattern.len() {
                return true;
            }
            stars += 1;
            if stars > STARS_MAX {
                return false;
            }
            retry = Some((at, seen));
            continue;
        }
        if at < pattern.len() {
            let (matched, length) = matches_one(&pattern[at..], text[seen], nocase);
            if matched {
                at += length;
                seen += 1;
                continue;
            }
        }
        let Some((after_star, from)) = retry else { return false };
        retry = Some((after_star, from + 1));
        (at, seen) = (after_star, from + 1);
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// Whether the first element of `pattern` (not empty, not `*`) matches `byte`, and its length.
fn matches_one(pattern: &[u8], byte: u8, nocase: bool) -> (bool, usize) {
    match pattern[0] {
        b'?' => (true, 1),
        b'[' => matches_class(pattern, byte, nocase),
        b'\\' if pattern.len() >= 2 => (same(pattern[1], byte, nocase), 2),
        literal => (same(literal, byte, nocase), 1),
    }
}

/// A class, from its `[` to its `]`, or to the end of the pattern where that is missing.
fn matches_class(pattern: &[u8], byte: u8, nocase: bool) -> (bool, usize) {
    let fold = |byte: u8| if nocase { byte.to_ascii_lowercase() } else { byte };
    let negated = pattern.get(1) == Some(&b'^');
    let mut at = if negated { 2 } else { 1 };
    let mut found = false;
    loop {
        match pattern[at..] {
            [] => return (found != negated, at),
            [b']', ..] => return (found != negated, at + 1),
            [b'\\', literal, ..] => {
                found |= literal == byte;
                at += 2;
            }
            [first, b'-', last, ..] => {
                let (low, high) = (fold(first.min(last)), fold(first.max(last)));
                found |= (low..=high).contains(&fold(byte));
                at += 3;
            }
            [literal, ..] => {
                found |= same(literal, byte, nocase);
                at += 1;
            }
        }
    }
}

fn same(a: u8, b: u8, nocase: bool) -> bool {
    if nocase { a.eq_ignore_ascii_case(&b) } else { a == b }
}

#[cfg(test)]
mod tests;
