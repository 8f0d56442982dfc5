//! Directives: what every source of parameters is turned into. The redis.conf dialect.

use crate::error::{Error, Place, Source};

/// A name and its words, not yet looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The name, as written.
    pub name: Vec<u8>,
    /// What follows it.
    pub words: Vec<Vec<u8>>,
    /// Where it stands.
    pub place: Place,
}

impl Directive {
    /// A directive of a name and its words; `None` where there is not even a name.
    pub(crate) fn new(words: Vec<Vec<u8>>, place: Place) -> Option<Directive> {
        let mut words = words.into_iter();
        let name = words.next()?;
        Some(Directive { name, words: words.collect(), place })
    }
}

/// Splits a file in the redis.conf dialect into its directives.
pub fn parse_conf(text: &[u8], source: &Source) -> Result<Vec<Directive>, Error> {
    let mut directives = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let place = Place { source: source.clone(), line: index + 1 };
        let Ok(words) = split_line(line) else {
            return Err(Error::Syntax { place, reason: "quotes are not balanced".to_owned() });
        };
        directives.extend(Directive::new(words, place));
    }
    Ok(directives)
}

/// The words of a line; none for a comment or an empty line.
pub(crate) fn split_line(line: &[u8]) -> Result<Vec<Vec<u8>>, resp::UnbalancedQuotes> {
    let line = line.trim_ascii();
    if line.starts_with(b"#") { Ok(Vec::new()) } else { resp::split_args(line) }
}

#[cfg(test)]
mod tests;
