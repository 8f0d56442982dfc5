//! Comparing a string, or its digest, before changing the key: for optimistic locking without
//! WATCH.

use command::{Args, Error, Result, Words};
use engine::Context;
use keyspace::StringRef;
use resp::Writer;
use stdx::number::Decimal;
use xxhash_rust::xxh3::xxh3_64;

use super::old_string;
use crate::effect::remove_logged;
use crate::options::is;

/// Characters of a digest.
const DIGEST_LEN: usize = 16;

/// What a key's string must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison<'a> {
    /// `IFEQ`.
    Equal(&'a [u8]),
    /// `IFNE`.
    Unequal(&'a [u8]),
    /// `IFDEQ`.
    DigestEqual(&'a [u8]),
    /// `IFDNE`.
    DigestUnequal(&'a [u8]),
}

impl<'a> Comparison<'a> {
    /// `word`, with what is behind it, if it names a comparison.
    pub(super) fn parse(word: &[u8], words: &mut Words<'a>) -> Result<Option<Self>> {
        Ok(Some(if is(word, "IFEQ") {
            Self::Equal(words.value()?)
        } else if is(word, "IFNE") {
            Self::Unequal(words.value()?)
        } else if is(word, "IFDEQ") {
            Self::DigestEqual(words.value()?)
        } else if is(word, "IFDNE") {
            Self::DigestUnequal(words.value()?)
        } else {
            return Ok(None);
        }))
    }

    /// Whether a string is as it must be.
    pub(super) fn holds(self, string: StringRef<'_>) -> Result<bool> {
        Ok(match self {
            Self::Equal(bytes) => is_equal(string, bytes),
            Self::Unequal(bytes) => !is_equal(string, bytes),
            Self::DigestEqual(digest) => has_digest(string, digest)?,
            Self::DigestUnequal(digest) => !has_digest(string, digest)?,
        })
    }

    /// Whether the absence of the key is as it must be.
    pub(super) fn holds_without_key(self) -> bool {
        matches!(self, Self::Unequal(_) | Self::DigestUnequal(_))
    }
}

fn is_equal(string: StringRef<'_>, bytes: &[u8]) -> bool {
    string.bytes(&mut Decimal::new()) == bytes
}

fn has_digest(string: StringRef<'_>, digest: &[u8]) -> Result<bool> {
    if digest.len() != DIGEST_LEN {
        return Err(Error::new("must be exactly 16 hexadecimal characters"));
    }
    Ok(digest_text(string).as_bytes().eq_ignore_ascii_case(digest))
}

fn digest_text(string: StringRef<'_>) -> String {
    let digest = xxh3_64(string.bytes(&mut Decimal::new()));
    format!("{digest:0DIGEST_LEN$x}")
}

/// DIGEST key
pub(super) fn digest(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    match context.read(context.key(args, 1)) {
        None => reply.null(),
        Some(entry) => {
            let string = entry.string()?;
            reply.bulk(digest_text(string).as_bytes());
        }
    }
    Ok(())
}

/// DELIFEQ key value
pub(super) fn delifeq(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let mut edit = context.edit(context.key(args, 1));
    let equal = old_string(&edit)?.is_some_and(|string| is_equal(string, args.at(2)));
    reply.integer(i64::from(equal && remove_logged(&mut edit)));
    Ok(())
}

/// DELEX key [IFEQ value | IFNE value | IFDEQ digest | IFDNE digest]
pub(super) fn delex(context: &mut Context<'_>, args: Args<'_>, reply: &mut Writer<'_>) -> Result {
    let comparison = parse_delex(args)?;
    let mut edit = context.edit(context.key(args, 1));
    let holds = match (comparison, edit.string()) {
        (None, _) => true,
        (Some(_), Ok(None)) => false,
        (Some(comparison), Ok(Some(string))) => comparison.holds(string)?,
        (Some(_), Err(_)) => {
            let text = "Key should be of string type if conditions are specified";
            return Err(Error::new(text));
        }
    };
    reply.integer(i64::from(holds && remove_logged(&mut edit)));
    Ok(())
}

fn parse_delex(args: Args<'_>) -> Result<Option<Comparison<'_>>> {
    let mut words = args.words_from(2);
    match (words.next_word(), words.remaining()) {
        (None, _) => Ok(None),
        (Some(word), 1) => match Comparison::parse(word, &mut words)? {
            None => Err(Error::new("Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE")),
            comparison => Ok(comparison),
        },
        (Some(_), _) => Err(Error::WrongArity("delex".into())),
    }
}

#[cfg(test)]
mod tests;
