//! Where the words of recorded commands lie in their block.

use resp::Span;

/// Words of a payload as spans. A round that the disk has kept waiting may be longer than spans can
/// tell; so these count from a window's beginning, which moves on.
pub(super) struct Words<'a> {
    payload: &'a [u8],
    pub(super) window: &'a [u8],
    window_bytes_max: usize,
    pub(super) spans: Vec<Span>,
}

/// How far in `bytes` a part of them begins.
fn place(bytes: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - bytes.as_ptr() as usize
}

impl<'a> Words<'a> {
    pub(super) fn new(payload: &'a [u8], window_bytes_max: usize) -> Self {
        Self { payload, window: payload, window_bytes_max, spans: Vec::new() }
    }

    /// Whether these words of the payload lie in the window.
    pub(super) fn have_room(&self, args: &[&[u8]]) -> bool {
        let last = args.last().copied().unwrap_or_default();
        args.is_empty() || place(self.window, last) + last.len() <= self.window_bytes_max
    }

    /// Forgets all words; the window begins with these now.
    pub(super) fn restart(&mut self, args: &[&[u8]]) {
        self.spans.clear();
        if let Some(first) = args.first() {
            self.window = &self.payload[place(self.payload, first)..];
        }
    }

    /// Takes in words of the payload; returns the place of the first one's span.
    pub(super) fn push(&mut self, args: &[&'a [u8]]) -> Result<usize, String> {
        let first_span = self.spans.len();
        locate(self.window, args, &mut self.spans)?;
        Ok(first_span)
    }
}

/// Pushes the spans of words that lie in `bytes`.
pub(super) fn locate(bytes: &[u8], args: &[&[u8]], spans: &mut Vec<Span>) -> Result<(), String> {
    for arg in args {
        let start = u32::try_from(place(bytes, arg)).ok();
        let span = start.zip(u32::try_from(arg.len()).ok());
        let (start, len) = span.ok_or("a record of a command that is too long")?;
        spans.push(Span { start, len });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use command::Args;

    use super::*;

    #[test]
    fn words_beyond_the_window_are_found_once_it_has_moved() {
        let payload = b"..SET.first.1....SET.second.2";
        let word = |at: usize, len: usize| &payload[at..at + len];
        let commands =
            [[word(2, 3), word(6, 5), word(12, 1)], [word(17, 3), word(21, 6), word(28, 1)]];
        let mut words = Words::new(payload, 14);
        for (round, args) in commands.iter().enumerate() {
            assert_eq!(words.have_room(args), round == 0);
            if round == 1 {
                words.restart(args);
            }
            let first_span = words.push(args).unwrap();
            let spans = &words.spans[first_span..];
            assert!(Args::new(words.window, spans).iter().eq(args.iter().copied()));
        }
    }
}
