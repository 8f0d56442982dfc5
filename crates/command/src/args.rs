//! The arguments of one call, borrowed from the buffer they arrived in.

use resp::Span;

use crate::{Error, Result};

/// A call's arguments; number 0 is the command's name.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    data: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Args<'a> {
    /// The arguments that `spans` mark in `data`.
    #[inline]
    pub fn new(data: &'a [u8], spans: &'a [Span]) -> Self {
        Self { data, spans }
    }

    /// How many, the name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is not even a name.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Argument `index`.
    ///
    /// # Panics
    /// If there are fewer: the arity was checked before the handler ran.
    #[inline]
    pub fn at(&self, index: usize) -> &'a [u8] {
        self.spans[index].of(self.data)
    }

    /// Argument `index`, if there is one.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| span.of(self.data))
    }

    /// Bytes from the first argument's start to the last one's end, with what lies between them
    /// where they arrived. O(1).
    #[inline]
    pub fn extent(&self) -> usize {
        match self.spans {
            [] => 0,
            [first, .., last] => (last.start + last.len - first.start) as usize,
            [only] => only.len as usize,
        }
    }

    /// Argument `index` as an integer.
    pub fn int(&self, index: usize) -> Result<i64> {
        stdx::number::parse_i64(self.at(index)).ok_or(Error::NotInteger)
    }

    /// The arguments from `index` on, one by one.
    pub fn iter_from(&self, index: usize) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let data = self.data;
        self.spans.get(index..).unwrap_or_default().iter().map(move |span| span.of(data))
    }

    /// All arguments, the name included.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        self.iter_from(0)
    }

    /// The arguments from `index` on, as a call of their own.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn tail(&self, index: usize) -> Args<'a> {
        Args { data: self.data, spans: &self.spans[index..] }
    }

    /// A copy that outlives the buffer.
    pub fn to_owned(self) -> OwnedArgs {
        let bytes = self.spans.iter().map(|span| span.len as usize).sum();
        let mut owned =
            OwnedArgs { data: Vec::with_capacity(bytes), spans: Vec::with_capacity(self.len()) };
        for arg in self.iter() {
            owned.spans.push(Span { start: owned.data.len() as u32, len: arg.len() as u32 });
            owned.data.extend_from_slice(arg);
        }
        owned
    }

    /// A cursor over the option words from `index` on.
    pub fn words_from(&self, index: usize) -> Words<'a> {
        Words { args: *self, next: index }
    }
}

/// Arguments with a buffer of their own, for a job on another shard.
#[derive(Clone, Debug)]
pub struct OwnedArgs {
    data: Vec<u8>,
    spans: Vec<Span>,
}

impl OwnedArgs {
    /// The arguments.
    pub fn args(&self) -> Args<'_> {
        Args::new(&self.data, &self.spans)
    }
}

/// A cursor over optional arguments: `NX EX 10 GET …`.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    args: Args<'a>,
    next: usize,
}

impl<'a> Words<'a> {
    /// The next argument, if any.
    pub fn next_word(&mut self) -> Option<&'a [u8]> {
        let word = self.args.get(self.next)?;
        self.next += 1;
        Some(word)
    }

    /// The value that must follow an option; a syntax error if none does.
    pub fn value(&mut self) -> Result<&'a [u8]> {
        self.next_word().ok_or(Error::Syntax)
    }

    /// The integer that must follow an option.
    pub fn int(&mut self) -> Result<i64> {
        stdx::number::parse_i64(self.value()?).ok_or(Error::NotInteger)
    }

    /// How many arguments are left.
    pub fn remaining(&self) -> usize {
        self.args.len().saturating_sub(self.next)
    }

    /// The position of the next argument.
    pub fn position(&self) -> usize {
        self.next
    }
}

#[cfg(test)]
pub(crate) mod tests;
