//! What a call asks for.

use std::ops::Range;

use command::{Args, Error, Result};

use super::pattern::Pattern;
use crate::options::is;

/// The options of a call.
#[derive(Debug)]
pub(super) struct Query<'a> {
    /// What elements are ordered by, if not by themselves.
    by: Option<Pattern<'a>>,
    /// What is answered for each element, if not itself.
    pub(super) gets: Vec<Pattern<'a>>,
    /// Ordered as texts and not as numbers.
    pub(super) is_alpha: bool,
    /// Whether a script calls, to which a set has no order of its own.
    pub(super) in_script: bool,
    /// Where in the call the key is that gets the result.
    pub(super) store_at: Option<usize>,
    /// Which elements, and in which direction.
    pub(super) window: Window,
}

/// Which of the elements in order are answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    /// Whether elements stay in their own order: BY a pattern without a star.
    pub(super) is_native: bool,
    /// From the last to the first.
    pub(super) is_descending: bool,
    skipped: i64,
    most: Option<i64>,
}

impl<'a> Query<'a> {
    pub(super) fn parse(args: Args<'a>, may_store: bool, in_script: bool) -> Result<Self> {
        let mut query = Self {
            by: None,
            gets: Vec::new(),
            is_alpha: false,
            in_script,
            store_at: None,
            window: Window::default(),
        };
        let window = &mut query.window;
        let mut words = args.words_from(2);
        while let Some(word) = words.next_word() {
            let values = words.remaining();
            if is(word, "ASC") {
                window.is_descending = false;
            } else if is(word, "DESC") {
                window.is_descending = true;
            } else if is(word, "ALPHA") {
                query.is_alpha = true;
            } else if is(word, "LIMIT") && values >= 2 {
                (window.skipped, window.most) = (words.int()?, Some(words.int()?));
            } else if is(word, "STORE") && may_store && values >= 1 {
                query.store_at = Some(words.position());
                words.value()?;
            } else if is(word, "BY") && values >= 1 {
                let pattern = words.value()?;
                // Once native, it stays so, whatever other BY follows.
                window.is_native |= !pattern.contains(&b'*');
                query.by = Some(Pattern::parse(pattern));
            } else if is(word, "GET") && values >= 1 {
                query.gets.push(Pattern::parse(words.value()?));
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(query)
    }

    /// What elements are ordered by, if keys are made of it.
    pub(super) fn weighed_by(&self) -> Option<Pattern<'a>> {
        self.by.filter(|_| !self.window.is_native)
    }
}

impl Window {
    /// Which of so many elements, once in order, are answered.
    pub(super) fn range(&self, len: usize) -> Range<usize> {
        let clamp = |number: i64| usize::try_from(number).unwrap_or(0).min(len);
        let start = clamp(self.skipped);
        match self.most {
            Some(most) if most >= 0 => start..(start + clamp(most)).min(len),
            _ => start..len,
        }
    }
}

/// Whether a call reads keys that it does not name.
pub(super) fn reaches(args: Args<'_>) -> bool {
    Query::parse(args, true, false)
        .is_ok_and(|query| query.weighed_by().iter().chain(&query.gets).any(Pattern::is_key))
}
