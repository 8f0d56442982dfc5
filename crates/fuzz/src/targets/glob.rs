//! Patterns: laws that hold of any pattern and text, in time that does not explode.

use stdx::glob::matches;

use crate::{Target, targets};

pub(crate) const TARGET: Target = Target { name: "glob", run, words: targets::no_words };

/// The pattern, a line end, the text.
fn run(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (pattern, text) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    for nocase in [false, true] {
        let found = matches(pattern, text, nocase);
        let with_star = [b"*", pattern].concat();
        let longer = [b"xyz", text].concat();
        assert!(!found || matches(&with_star, &longer, nocase), "a star takes what comes before");
        let takes_nothing = matches(&with_star, text, nocase);
        assert!(!found || text.is_empty() || takes_nothing, "a star may take nothing");
        assert!(matches(&escaped(text), text, nocase), "an escaped text matches itself");
    }
    let (upper, lower) = (text.to_ascii_uppercase(), text.to_ascii_lowercase());
    assert!(special(text) || matches(&upper, &lower, true), "case does not matter");
}

fn escaped(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| [b'\\', *byte]).collect()
}

/// Whether a text means more than itself as a pattern.
fn special(text: &[u8]) -> bool {
    text.iter().any(|byte| b"*?[\\".contains(byte))
}
