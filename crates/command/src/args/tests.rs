//! Integers and cursors.

use resp::Span;

use super::Args;
use crate::Error;

/// A line of words that can lend [`Args`].
pub(crate) struct Owned {
    data: Vec<u8>,
    spans: Vec<Span>,
}

impl Owned {
    pub(crate) fn new(line: &str) -> Self {
        let (mut data, mut spans) = (Vec::new(), Vec::new());
        for word in line.split_whitespace() {
            spans.push(Span { start: data.len() as u32, len: word.len() as u32 });
            data.extend_from_slice(word.as_bytes());
        }
        Self { data, spans }
    }

    pub(crate) fn args(&self) -> Args<'_> {
        Args::new(&self.data, &self.spans)
    }
}

#[test]
fn words_run_out_as_syntax_errors() {
    let owned = Owned::new("SET k v EX 10 PX x EX");
    let mut words = owned.args().words_from(3);
    assert_eq!(words.remaining(), 5);
    assert_eq!(words.next_word(), Some(&b"EX"[..]));
    assert_eq!(words.int(), Ok(10));
    assert_eq!(words.next_word(), Some(&b"PX"[..]));
    assert_eq!(words.int(), Err(Error::NotInteger));
    assert_eq!(words.next_word(), Some(&b"EX"[..]));
    assert_eq!(words.int(), Err(Error::Syntax));
    assert_eq!(words.next_word(), None);
}
