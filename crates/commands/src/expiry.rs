//! When keys go: the words `EX`, `PX`, `EXAT`, `PXAT`, `KEEPTTL` and `PERSIST`, and the numbers
//! behind them.

use command::{Error, Result, Words};

use crate::options::is;

/// What a number that says when a key goes counts, and from when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds from now.
    Seconds,
    /// Milliseconds from now.
    Milliseconds,
    /// Seconds since 1970.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMilliseconds,
}

impl Unit {
    /// The moment in milliseconds since 1970; `None` if that does not fit.
    pub(crate) fn deadline_ms(self, number: i64, now_ms: i64) -> Option<i64> {
        match self {
            Self::Seconds => number.checked_mul(1000)?.checked_add(now_ms),
            Self::Milliseconds => number.checked_add(now_ms),
            Self::UnixSeconds => number.checked_mul(1000),
            Self::UnixMilliseconds => Some(number),
        }
    }

    /// [`Self::deadline_ms`] of a number that must be positive, of the named command.
    pub(crate) fn positive_deadline_ms(
        self,
        number: &[u8],
        now_ms: i64,
        command: &'static str,
    ) -> Result<i64> {
        let number = stdx::number::parse_i64(number).ok_or(Error::NotInteger)?;
        let deadline = if number > 0 { self.deadline_ms(number, now_ms) } else { None };
        deadline.ok_or(Error::invalid_expire(command))
    }
}

/// An option that says when the key goes. Its number is read only after all options, because
/// a syntax error anywhere comes before a bad number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expire<'a> {
    /// `EX`.
    In(&'a [u8]),
    /// `PX`.
    InMs(&'a [u8]),
    /// `EXAT`.
    At(&'a [u8]),
    /// `PXAT`.
    AtMs(&'a [u8]),
    /// `KEEPTTL`.
    Keep,
    /// `PERSIST`.
    Persist,
}

impl<'a> Expire<'a> {
    /// `word`, with the number behind it, if it is one of the four that name a moment.
    pub(crate) fn moment(word: &[u8], words: &mut Words<'a>) -> Result<Option<Self>> {
        Ok(Some(if is(word, "EX") {
            Self::In(words.value()?)
        } else if is(word, "PX") {
            Self::InMs(words.value()?)
        } else if is(word, "EXAT") {
            Self::At(words.value()?)
        } else if is(word, "PXAT") {
            Self::AtMs(words.value()?)
        } else {
            return Ok(None);
        }))
    }

    /// The moment in milliseconds since 1970, of an option that names one.
    pub(crate) fn deadline_ms(self, now_ms: i64, command: &'static str) -> Result<Option<i64>> {
        let (unit, number) = match self {
            Self::In(number) => (Unit::Seconds, number),
            Self::InMs(number) => (Unit::Milliseconds, number),
            Self::At(number) => (Unit::UnixSeconds, number),
            Self::AtMs(number) => (Unit::UnixMilliseconds, number),
            Self::Keep | Self::Persist => return Ok(None),
        };
        unit.positive_deadline_ms(number, now_ms, command).map(Some)
    }
}
